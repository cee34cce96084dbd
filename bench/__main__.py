"""`python -m bench [NAME …]`: runs the benchmarks one after the other, and prints what each found."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

from bench import commit, first_import, hostile, latency, many, memory, nodes, parsing, slow, start, unchanged

BENCHMARKS: dict[str, Callable[[], Coroutine[None, None, None]]] = {
    "start": start.run,
    "latency": latency.run,
    "commit": commit.run,
    "memory": memory.run,
    "nodes": nodes.run,
    "import": first_import.run,
    "unchanged": unchanged.run,
    "hostile": hostile.run,
    "many": many.run,
    "parse": parsing.run,
    "slow": slow.run,
}


def main(names: list[str]) -> int:
    """Runs the named benchmarks, or all; returns the exit code."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There are {', '.join(BENCHMARKS)}; there is no {', '.join(unknown)}.")
        return 2
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name in names or BENCHMARKS:
        asyncio.run(BENCHMARKS[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
