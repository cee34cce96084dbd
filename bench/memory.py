"""Bytes of Redis memory and SQLite disk for each entry, previous form, event, remembered entry and feed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.posts import BLOG, LEASE_SECONDS, digest, keys, poll, post
from feedstate import Mark, Marks
from tests.redis import RedisServer
from timeline import Limits, Timeline, open_timeline

COUNT = 100_000
BATCH = 1_000
FEEDS_POLLED = 10_000
POLLS_TOGETHER = 50
LISTED = 20

Used = Callable[[], int]
"""Returns the bytes that a store uses."""


async def run() -> None:
    """Print the bytes of each, and of a blog at all limits."""
    with TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder) / "redis")
        redis.start()
        try:
            await _measure("Redis memory", redis.url, lambda: int(redis.ask("INFO", "memory")["used_memory"]))
        finally:
            redis.stop()
        database = Path(folder) / "livelog.db"
        await _measure("SQLite disk", f"sqlite:{database}", lambda: _pages_in_use(database))


async def _measure(what: str, url: str, used: Used) -> None:
    timeline = await open_timeline(url)
    empty = used()
    await _commit_old(timeline)
    entry = (used() - empty) / COUNT
    before = used()
    await _correct(timeline, 1)
    first = (used() - before) / COUNT
    before = used()
    await _correct(timeline, 2)
    event = (used() - before) / COUNT
    former = first - event
    await _retire(timeline)
    remembered = (used() - empty) / COUNT - 2 * event
    before = used()
    urls = [f"https://newsroom.example/section-{number:06}/feed.xml" for number in range(COUNT)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    feed = (used() - before) / COUNT
    before = used()
    await _poll_some(timeline)
    listed = (used() - before) / FEEDS_POLLED
    await timeline.close()
    limits = Limits()
    full = entry * limits.entries + event * limits.events + remembered * limits.memory
    print(
        f"{what} at {COUNT:,} of each: entry of 1 KB {entry:.0f} bytes, its previous form {former:.0f}, "
        f"event {event:.0f}, remembered entry {remembered:.0f}, "
        f"followed feed {feed:.0f} and {listed:.0f} more once it has listed {LISTED} entries; "
        f"a blog at all its limits {full / 1e6:.0f} MB"
    )


async def _commit_old(timeline: Timeline) -> None:
    """Commit entries without events: a backfill, newest first, so that later ones are beyond the front page."""
    for last in range(COUNT, 0, -BATCH):
        batch = [replace(post(number), backfilled=True) for number in range(last - BATCH, last)]
        await poll(timeline, batch)


async def _correct(timeline: Timeline, version: int) -> None:
    """Replace all entries by ones of the same size: adds an event each, and the first time a previous form."""
    for first in range(0, COUNT, BATCH):
        await poll(timeline, [post(number, version=version) for number in range(first, first + BATCH)])


async def _retire(timeline: Timeline) -> None:
    """Retire all entries, so that only their keys are remembered."""
    now = time.time()
    limits = Limits(entries=1, old_entries=0, events=3 * COUNT, events_age=now)
    while await timeline.retire(now, limits):
        pass
    assert not (await timeline.page(BLOG, None, 2)).items[1:]


async def _poll_some(timeline: Timeline) -> None:
    names = [keys(number) for number in range(LISTED)]
    listed = Marks({key: Mark(digest(number), 1_800_000_000, link) for number, (key, link) in enumerate(names)})
    for _ in range(0, FEEDS_POLLED, POLLS_TOGETHER):
        now = time.time()
        leases = await timeline.claim(now, POLLS_TOGETHER, LEASE_SECONDS)
        states = [
            replace(
                lease.state.succeeded(200, now, now + LEASE_SECONDS),
                etag='"0123456789abcdef"',
                last_modified="Mon, 23 Nov 2026 12:00:00 GMT",
                title="A section",
                listed=listed,
            )
            for lease in leases
        ]
        await asyncio.gather(
            *(timeline.commit(state, [], lease) for state, lease in zip(states, leases, strict=True))
        )


def _pages_in_use(database: Path) -> int:
    with sqlite3.connect(database) as db:
        count, free, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    db.close()
    return int((count - free) * size)
