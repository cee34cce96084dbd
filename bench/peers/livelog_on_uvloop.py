"""Livelog on uvloop: `python -m bench.peers.livelog_on_uvloop FOLDER server.py …`; the folder has uvloop."""

from __future__ import annotations

import asyncio
import runpy
import sys
from importlib import import_module


def main(folder: str, script: str, *arguments: str) -> None:
    """Run the script with uvloop's event loop policy."""
    # Last, so that Livelog keeps its pinned versions of everything else.
    sys.path.append(folder)
    asyncio.set_event_loop_policy(import_module("uvloop").EventLoopPolicy())
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")


# Spawned processes import this module.
if __name__ == "__main__":
    main(*sys.argv[1:])
