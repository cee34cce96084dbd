"""Livelog itself, on uvloop: `python -m bench.peers.livelog_on_uvloop FOLDER server.py …`; the folder has uvloop."""

from __future__ import annotations

import asyncio
import runpy
import sys
from importlib import import_module


def main(folder: str, script: str, *arguments: str) -> None:
    """Runs the script as its user would, but for the event loop."""
    # Last: it is for uvloop alone, not for other versions of what Livelog is pinned to.
    sys.path.append(folder)
    asyncio.set_event_loop_policy(import_module("uvloop").EventLoopPolicy())
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


# The parsers' processes import this, too.
if __name__ == "__main__":
    main(*sys.argv[1:])
