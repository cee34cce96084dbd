"""100,000 feeds in config.yaml: start, memory, and CPU while none of them is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.posts import BLOG, LEASE_SECONDS
from bench.processes import cpu_seconds_with_children, resident_bytes, used
from bench.report import at_most, show
from feedstate import Mark, Marks
from tests.livelog import Livelog
from timeline import Lease, Timeline, open_timeline

FEEDS = 100_000
LISTED = 20
IDLE_SECONDS = 20.0
QUIET = 0.1
"""Share of a core below which the start is over."""

TIMEOUT = 60.0
MAX_START_SECONDS = 10.0
MAX_IDLE_PERCENT = 2.0

_BATCH = 2_000
_LISTED = Marks({f"{number:016}": Mark(f"{number:013}") for number in range(LISTED)})


async def run() -> None:
    """Print the seconds until it answers, the memory, and the CPU of an idle process."""
    # Port 1 refuses connections, so a due feed costs little.
    urls = [f"http://127.0.0.1:1/section-{number:06}/feed.xml" for number in range(FEEDS)]
    async with _started(urls) as livelog:
        fresh, fresh_cpu, fresh_bytes = (
            livelog.started_in,
            cpu_seconds_with_children([livelog.pid]),
            resident_bytes(livelog.pid),
        )
    async with _started(urls, known=True) as livelog:
        known, known_cpu = livelog.started_in, cpu_seconds_with_children([livelog.pid])
        working = await _quiet(livelog)
        with used(livelog.pid) as (idle,):
            await asyncio.sleep(IDLE_SECONDS)
        known_bytes = resident_bytes(livelog.pid)
        assert "Next try" not in livelog.log, "a feed was polled that was not due"
    percent = idle.cpu / idle.seconds * 100
    show(
        f"many: {FEEDS:,} feeds",
        ("", "new to the store", f"known with {LISTED} entries, none due"),
        ("start until it answers", *(at_most(seconds, MAX_START_SECONDS, ".1f", " s") for seconds in (fresh, known))),
        ("  CPU until then", *(f"{cpu:.1f} s" for cpu in (fresh_cpu, known_cpu))),
        ("  and until it is quiet", "", f"{working:.0f} s more"),
        ("memory", *(f"{size / 1e6:.0f} MB" for size in (fresh_bytes, known_bytes))),
        (f"CPU, {IDLE_SECONDS:.0f} s of nothing to do", "", at_most(percent, MAX_IDLE_PERCENT, ".1f", " %")),
    )


@asynccontextmanager
async def _started(urls: Sequence[str], *, known: bool = False) -> AsyncIterator[Livelog]:
    """A Livelog whose config.yaml has a line for each feed."""
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
    """Wait until the CPU use falls below QUIET; return the seconds."""
    began = time.monotonic()
    while time.monotonic() < began + TIMEOUT:
        with used(livelog.pid) as (use,):
            await asyncio.sleep(1)
        if use.cpu < QUIET * use.seconds:
            break
    return time.monotonic() - began - 1


async def _know(store: str, urls: Sequence[str]) -> None:
    """Fill a timeline as if all feeds had just been polled."""
    timeline = await open_timeline(store)
    await timeline.follow(dict.fromkeys(urls, 0.0))
    while leases := await timeline.claim(time.time(), _BATCH, LEASE_SECONDS):
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
