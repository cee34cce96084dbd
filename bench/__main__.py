"""`python -m bench [NAME …]`: run the benchmarks one after the other and print their figures.

`fanout --quick` and `hostile --quick` are short runs, `fanout --markdown` prints the form of docs/performance.md.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial

from bench import (
    commit,
    crowd,
    fanout,
    feeds,
    first_import,
    hostile,
    hub,
    identity,
    latency,
    lighthouse,
    many,
    memory,
    nodes,
    page,
    pages,
    parsing,
    relay,
    reload,
    slow,
    start,
    unchanged,
)

BENCHMARKS: dict[str, Callable[[], Coroutine[None, None, None]]] = {
    "start": start.run,
    "latency": latency.run,
    "commit": commit.run,
    "memory": memory.run,
    "nodes": nodes.run,
    "import": first_import.run,
    "unchanged": unchanged.run,
    "hostile": hostile.run,
    "crowd": crowd.run,
    "hub": hub.run,
    "reload": reload.run,
    "relay": relay.run,
    "many": many.run,
    "parse": parsing.run,
    "identity": identity.run,
    "slow": slow.run,
    "page": page.run,
    "pages": pages.run,
    "feeds": feeds.run,
    "fanout": fanout.run,
}

BY_NAME: dict[str, Callable[[], Coroutine[None, None, None]]] = {"lighthouse": lighthouse.run}
"""Benchmarks that run only if they are named: they need more than `make setup` installs."""

OPTIONS = ("--quick", "--markdown")


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all. Return the exit code."""
    names = [argument for argument in arguments if argument not in OPTIONS]
    unknown = [name for name in names if name not in BENCHMARKS | BY_NAME]
    if unknown:
        print(f"There are {', '.join(BENCHMARKS | BY_NAME)}; there is no {', '.join(unknown)}.")
        return 2
    quick, markdown = (option in arguments for option in OPTIONS)
    if not markdown:
        print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores")
    benchmarks = BENCHMARKS | BY_NAME
    benchmarks |= {
        "fanout": partial(fanout.run, quick=quick, markdown=markdown),
        "hostile": partial(hostile.run, quick=quick),
    }
    for name in names or BENCHMARKS:
        asyncio.run(benchmarks[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
