"""The cost of a commit of 20 known entries to a timeline of a million entries, compared with one of a thousand.

Both timelines are open in one run and take turns. They are filled directly, as a million commits would take long; the
entries are recognised afterwards, which shows that the layout is the store's.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from redis import Redis

from bench.posts import BLOG, digest, keys, lease, position, post
from bench.processes import cpu_clock
from bench.report import spread
from entries import dump
from tests.redis import RedisServer
from timeline import Timeline, open_timeline
from timeline.redis import PREFIX

FEW, MANY = 1_000, 1_000_000
LISTED = 20
ROUNDS = 15
COMMITS = 60
"""Commits of a round to each timeline; the first round is a warm-up."""

FILL_BATCH = 1_000
MAX_RATIO = 1.2


class Row(NamedTuple):
    """The stored fields of an entry."""

    number: int
    id: str
    alias: str
    digest: str
    position: int
    item: str


@dataclass
class Subject:
    """A timeline under test and its seconds by round; ``clock`` is the CPU clock of the store's thread or process."""

    timeline: Timeline
    entries: int
    clock: int
    wall: list[list[float]] = field(default_factory=list)
    cpu: list[list[float]] = field(default_factory=list)


async def run() -> None:
    """Print medians, 95th percentiles and ratios."""
    with TemporaryDirectory() as folder:
        await _of_sqlite(Path(folder))
        await _of_redis(Path(folder))


async def _of_sqlite(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        subjects = []
        for entries in (FEW, MANY):
            path = folder / f"{entries}.db"
            await (await open_timeline(f"sqlite:{path}")).close()
            _fill_sqlite(path, entries)
            before = set(threading.enumerate())
            timeline = await open_timeline(f"sqlite:{path}")
            stack.push_async_callback(timeline.close)
            (writer,) = (thread for thread in set(threading.enumerate()) - before if "writer" in thread.name)
            assert writer.ident is not None
            subjects.append(Subject(timeline, entries, time.pthread_getcpuclockid(writer.ident)))
        await _compare("SQLite", subjects)


async def _of_redis(folder: Path) -> None:
    async with AsyncExitStack() as stack:
        subjects = []
        for entries in (FEW, MANY):
            redis = RedisServer(folder / f"redis-{entries}")
            # No rewrite of the file after the filling: it would disturb the measurement.
            redis.start("--auto-aof-rewrite-percentage", "0")
            stack.callback(redis.stop)
            _fill_redis(redis.url, entries)
            timeline = await open_timeline(redis.url)
            stack.push_async_callback(timeline.close)
            subjects.append(Subject(timeline, entries, cpu_clock(redis.ask("INFO", "server")["process_id"])))
        await _compare("Redis", subjects)


async def _compare(store: str, subjects: Sequence[Subject]) -> None:
    few, many = subjects
    for new in (0, 1):
        for subject in subjects:
            subject.wall = [[] for _ in range(ROUNDS + 1)]
            subject.cpu = [[] for _ in range(ROUNDS + 1)]
        for number in range((ROUNDS + 1) * COMMITS):
            for subject in random.sample(subjects, len(subjects)):
                wall, cpu = await _commit(subject, new)
                subject.wall[number // COMMITS].append(wall)
                subject.cpu[number // COMMITS].append(cpu)
        print(f"{store}, {LISTED - new} entries known and {new} new, {ROUNDS} × {COMMITS} commits to each by turns:")
        _report("time", few.wall[1:], many.wall[1:])
        _report("CPU of the store", few.cpu[1:], many.cpu[1:])


def _report(what: str, few: Sequence[Sequence[float]], many: Sequence[Sequence[float]]) -> None:
    ratios = [median(long) / median(short) for short, long in zip(few, many, strict=True)]
    verdict = "" if median(ratios) <= MAX_RATIO else ": MISSED"
    print(
        f"  {what}: {FEW:,} entries {spread(list(chain(*few)))}, {MANY:,} {spread(list(chain(*many)))}, "
        f"ratio {median(ratios):.2f}, rounds {min(ratios):.2f} to {max(ratios):.2f} (≤ {MAX_RATIO}{verdict})"
    )


async def _commit(subject: Subject, new: int) -> tuple[float, float]:
    """Commit the newest entries; return seconds, and CPU seconds of the store."""
    leased = await lease(subject.timeline)
    state = replace(leased.state, next_at=0.0, checked_at=time.time())
    subject.entries += new
    listed = [post(number) for number in range(subject.entries - LISTED, subject.entries)]
    cpu, began = time.clock_gettime(subject.clock), time.perf_counter()
    events = await subject.timeline.commit(state, listed, leased)
    wall = time.perf_counter() - began
    assert events == new, "the filled layout differs from the store's"
    return wall, time.clock_gettime(subject.clock) - cpu


def _fill_sqlite(path: Path, entries: int) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA cache_size = -1000000")
        for rows in _batches(entries):
            db.executemany(
                "INSERT INTO entries (blog, id, position, seen, revision, item) VALUES (?, ?, ?, ?, 1, ?)",
                [(BLOG, row.id, row.position, row.position, row.item) for row in rows],
            )
            db.executemany(
                "INSERT INTO keys (blog, key, id, digest) VALUES (?, ?, ?, ?)",
                [(BLOG, key, row.id, row.digest) for row in rows for key in (row.id, row.alias)],
            )
            db.executemany(
                "INSERT INTO events (blog, seq, kind, id, at) VALUES (?, ?, 'entry', ?, 0)",
                [(BLOG, row.number, row.id) for row in rows],
            )
        db.execute("INSERT INTO blogs VALUES (?, ?)", (BLOG, entries))
    db.close()
    # Pending writes would keep the disk busy during the measurement.
    os.sync()


def _fill_redis(url: str, entries: int) -> None:
    items, places, memory, aliases, events = (
        f"{PREFIX}{BLOG}:{part}" for part in ("items", "places", "memory", "aliases", "events")
    )
    with Redis.from_url(url) as redis:
        for rows in _batches(entries):
            pipeline = redis.pipeline(transaction=False)
            pipeline.hset(items, mapping={row.id: row.item for row in rows})
            pipeline.zadd(places, {row.id: row.position for row in rows})
            pipeline.hset(memory, mapping={row.id: f"{row.digest} {row.alias}" for row in rows})
            pipeline.hset(aliases, mapping={row.alias: row.id for row in rows})
            for row in rows:
                event: dict[Any, Any] = {"kind": "entry", "id": row.id, "at": "0", "by": "0"}
                pipeline.xadd(events, event, id=f"{row.number}-0")
            pipeline.execute()
        redis.hset(f"{PREFIX}heads", BLOG, str(entries))
    os.sync()


def _batches(entries: int) -> Iterator[list[Row]]:
    """Yield the rows of all entries, numbered from 1, in batches."""
    model = post(0)
    item = dump(model.item(id=model.id, position=model.position, seen=model.seen, revision=1))
    for first in range(0, entries, FILL_BATCH):
        rows = []
        for number in range(first, first + FILL_BATCH):
            entry_id, alias = keys(number)
            text = item.replace(model.id, entry_id)
            rows.append(Row(number + 1, entry_id, alias, digest(number), position(number), text))
        yield rows
