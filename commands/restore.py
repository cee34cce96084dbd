"""`restore`: replaces the store by a backup. Clients that know later entries get a reset."""

from __future__ import annotations

import argparse
import asyncio

import redaction
from commands.options import Options
from timeline import LockedError, TimelineError, transfer

HELP = "replace the store by a backup; the server must be stopped"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the file."""
    parser.add_argument("backup", metavar="FILE", help="a file that backup wrote, of either kind of store")
    parser.add_argument(
        "--force", action="store_true", help="replace a store in Redis even while nodes are connected to it"
    )


def run(options: Options) -> int:
    """Restores and prints what was kept; returns 0. Raises ConfigError and TimelineError."""
    file: str = options.backup
    store = options.load().store
    try:
        counts, kept = asyncio.run(transfer.restore(file, store, force=options.force))
    except LockedError as locked:
        raise TimelineError(f"{locked}: stop it first") from None
    print(f"{redaction.public_store(store)}: {counts}.")
    if kept:
        print(f"The former state is kept: {kept}")
    return 0
