"""`copy`: copies a store to another kind of store, or to another place. The target begins a new epoch."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Final

import redaction
from commands.options import Options
from config import Config, ConfigError, override
from timeline import LockedError, TimelineError, transfer

HELP = "copy a store to an empty one, also from SQLite to Redis and back"

_FORM: Final = "sqlite:PATH or redis://HOST:PORT/DB"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds both stores."""
    parser.add_argument("from_store", metavar="FROM", help=_FORM)
    parser.add_argument("to_store", metavar="TO", help=f"{_FORM}; empty")


def run(options: Options) -> int:
    """Copies and prints the amount; returns 0. Raises ConfigError and TimelineError."""
    source, target = _store("FROM", options.from_store), _store("TO", options.to_store)
    try:
        counts = asyncio.run(transfer.copy(source, target))
    except LockedError as locked:
        raise TimelineError(f"{locked}: stop it first") from None
    print(f"{redaction.public_store(target)}: {counts}.")
    if transfer.is_in_use(source):
        print("The source is in use: entries of the meantime are not in the copy.", file=sys.stderr)
    return 0


def _store(name: str, url: str) -> str:
    """A store of the command line. Raises ConfigError."""
    try:
        return override(Config(blogs=()), address=None, port=None, store=url).store
    except ConfigError:
        raise ConfigError(f"command line: {name}: must be {_FORM}") from None
