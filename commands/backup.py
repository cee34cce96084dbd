"""`backup`: a consistent copy of the store in one file, while the server runs or not."""

from __future__ import annotations

import argparse
import asyncio

from commands.options import Options
from timeline import transfer

HELP = "write a copy of the store to a file, while the server runs or not"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the file."""
    parser.add_argument("target", metavar="FILE", help="a new file, which only its owner can read")
    parser.add_argument("--force", action="store_true", help="replace the file if there is one")


def run(options: Options) -> int:
    """Writes the file and prints its amount; returns 0. Raises ConfigError and TimelineError."""
    file: str = options.target
    counts = asyncio.run(transfer.backup(options.load().store, file, force=options.force))
    print(f"{file}: {counts}.")
    return 0
