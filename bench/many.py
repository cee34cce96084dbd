"""What 100,000 feeds in config.yaml cost a process: its start, and what it uses while none of them is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.made import BLOG, LEASE_SECONDS, Used, resident_bytes, used
from bench.table import most, show
from entries import Mark, Marks
from tests.livelog import Livelog
from timeline import Lease, Timeline, open_timeline

FEEDS = 100_000
LISTED = 20
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 5.0
MOST_START_SECONDS = 10.0
MOST_IDLE_PERCENT = 2.0

_TOGETHER = 2_000
_LISTED = Marks({f"{number:016}": Mark(f"{number:013}") for number in range(LISTED)})


async def run() -> None:
    """Prints the seconds until it answers, the memory, and the CPU of a process that has nothing to do."""
    # Nobody listens there: what is due costs as little as can be.
    urls = [f"http://127.0.0.1:1/section-{number:06}/feed.xml" for number in range(FEEDS)]
    with TemporaryDirectory() as folder:
        livelog = await _start(Path(folder), urls)
        fresh = livelog.started_in, resident_bytes(livelog.pid)
        await livelog.kill()
    with TemporaryDirectory() as folder:
        await _know(f"sqlite:{Livelog(Path(folder)).database}", urls)
        livelog = await _start(Path(folder), urls)
        # What is left of the start is not idling.
        await asyncio.sleep(SETTLE_SECONDS)
        with used(livelog.pid) as (idle,):
            await asyncio.sleep(IDLE_SECONDS)
        known = livelog.started_in, resident_bytes(livelog.pid)
        await livelog.kill()
        assert "Next try" not in livelog.log, "a feed was polled that was not due"
    _report(fresh, known, idle)


async def _start(folder: Path, urls: Sequence[str]) -> Livelog:
    """A Livelog on a configuration as one would write it, a line for each feed."""
    livelog = Livelog(folder)
    head = f"server: {{port: 0}}\nstore: sqlite:{livelog.database}\nfetch: {{interval: 1d}}\n"
    feeds = "\n".join(f"      - {url}" for url in urls)
    config = folder / "config.yaml"
    config.write_text(f"{head}blogs:\n  {BLOG}:\n    feeds:\n{feeds}\n", encoding="ascii")
    await livelog.run(f"--config={config}")
    return livelog


def _report(fresh: tuple[float, int], known: tuple[float, int], idle: Used) -> None:
    percent = idle.cpu / idle.seconds * 100
    show(
        f"{FEEDS:,} feeds",
        ("", "new to the store", f"known with {LISTED} entries, none due"),
        (
            "start until it answers",
            *(most(seconds, MOST_START_SECONDS, ".1f", " s") for seconds, _ in (fresh, known)),
        ),
        ("memory", *(f"{size / 1e6:.0f} MB" for _, size in (fresh, known))),
        (f"CPU, {IDLE_SECONDS:.0f} s of nothing to do", "", most(percent, MOST_IDLE_PERCENT, ".1f", " %")),
    )


async def _know(store: str, urls: Sequence[str]) -> None:
    """A timeline that has polled them all a moment ago."""
    timeline = await open_timeline(store)
    await timeline.follow(dict.fromkeys(urls, 0.0))
    while leases := await timeline.claim(time.time(), _TOGETHER, LEASE_SECONDS):
        await asyncio.gather(*(_settle(timeline, leased) for leased in leases))
    await timeline.close()


async def _settle(timeline: Timeline, leased: Lease) -> None:
    now = time.time()
    state = replace(
        leased.state.succeeded(200, now, now + 86_400.0),
        etag='"0123456789abcdef"',
        last_modified="Mon, 23 Nov 2026 12:00:00 GMT",
        title="A section",
        blogs=(BLOG,),
        listed=_LISTED,
    )
    await timeline.commit(state, [], leased)
