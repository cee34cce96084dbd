"""What 100,000 feeds in config.yaml cost a process: its start, and what it uses while none of them is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.made import BLOG, LEASE_SECONDS, cpu_seconds, resident_bytes, used
from bench.table import most, show
from feedstate import Mark, Marks
from tests.livelog import Livelog
from timeline import Lease, Timeline, open_timeline

FEEDS = 100_000
LISTED = 20
IDLE_SECONDS = 20.0
QUIET = 0.1
"""Of a core: a process that uses less has started."""

PATIENCE = 60.0
MOST_START_SECONDS = 10.0
MOST_IDLE_PERCENT = 2.0

_TOGETHER = 2_000
_LISTED = Marks({f"{number:016}": Mark(f"{number:013}") for number in range(LISTED)})


async def run() -> None:
    """Prints the seconds until it answers, the memory, and the CPU of a process that has nothing to do."""
    # Nobody listens there: what is due costs as little as can be.
    urls = [f"http://127.0.0.1:1/section-{number:06}/feed.xml" for number in range(FEEDS)]
    async with _started(urls) as livelog:
        fresh, fresh_cpu, fresh_bytes = livelog.started_in, cpu_seconds([livelog.pid]), resident_bytes(livelog.pid)
    async with _started(urls, known=True) as livelog:
        known, known_cpu = livelog.started_in, cpu_seconds([livelog.pid])
        working = await _quiet(livelog)
        with used(livelog.pid) as (idle,):
            await asyncio.sleep(IDLE_SECONDS)
        known_bytes = resident_bytes(livelog.pid)
        assert "Next try" not in livelog.log, "a feed was polled that was not due"
    percent = idle.cpu / idle.seconds * 100
    show(
        f"many: {FEEDS:,} feeds",
        ("", "new to the store", f"known with {LISTED} entries, none due"),
        ("start until it answers", *(most(seconds, MOST_START_SECONDS, ".1f", " s") for seconds in (fresh, known))),
        ("  CPU until then", *(f"{cpu:.1f} s" for cpu in (fresh_cpu, known_cpu))),
        ("  and until it is quiet", "", f"{working:.0f} s more"),
        ("memory", *(f"{size / 1e6:.0f} MB" for size in (fresh_bytes, known_bytes))),
        (f"CPU, {IDLE_SECONDS:.0f} s of nothing to do", "", most(percent, MOST_IDLE_PERCENT, ".1f", " %")),
    )


@asynccontextmanager
async def _started(urls: Sequence[str], *, known: bool = False) -> AsyncIterator[Livelog]:
    """A Livelog on a configuration as one would write it, a line for each feed."""
    with TemporaryDirectory() as folder:
        livelog = Livelog(Path(folder))
        if known:
            await _know(f"sqlite:{livelog.database}", urls)
        head = f"server: {{port: 0}}\nstore: sqlite:{livelog.database}\nfetch: {{interval: 1d}}\n"
        feeds = "\n".join(f"      - {url}" for url in urls)
        config = livelog.folder / "config.yaml"
        config.write_text(f"{head}blogs:\n  {BLOG}:\n    feeds:\n{feeds}\n", encoding="ascii")
        try:
            await livelog.run(f"--config={config}")
            yield livelog
        finally:
            await livelog.kill()


async def _quiet(livelog: Livelog) -> float:
    """Waits until a process that has answered has done what is left of its start; returns how long that took."""
    began = time.monotonic()
    while time.monotonic() < began + PATIENCE:
        with used(livelog.pid) as (use,):
            await asyncio.sleep(1)
        if use.cpu < QUIET * use.seconds:
            break
    return time.monotonic() - began - 1


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
