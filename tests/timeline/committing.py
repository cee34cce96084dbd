"""A process that commits to a store all the time: `python -m tests.timeline.committing STORE`.

It prints a line after its first commits, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys

from tests.timeline.drafts import NOW, commit, entry
from timeline import open_timeline


async def main(store: str) -> None:
    """Publishes, corrects and withdraws entries, over an archive of some MB."""
    timeline = await open_timeline(store)
    for n in range(20):
        await commit(timeline, *(entry(f"old{n}x{m}", "x" * 2_000, at=NOW - n) for m in range(200)))
    print("committing", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    n = 0
    while not ended.done():
        gone = [("blog", f"e{n - 3}")] if n % 3 == 0 else []
        await commit(timeline, entry(f"e{n}"), entry(f"e{n - 1}", "corrected"), withdrawn=gone)
        n += 1
    await timeline.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
