"""The threads of a database: failures of the disk, too many jobs, the end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from entries import Cursor
from tests.livelog import until
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import TimelineError
from timeline.sqlite import SqliteTimeline


async def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    path.write_bytes(b"This is not a database, and it is longer than a header." * 20)
    with pytest.raises(TimelineError, match="file is not a database"):
        await SqliteTimeline.open(str(path))
    assert path.read_bytes().startswith(b"This is not")


async def test_a_full_disk_is_a_timeline_error_and_is_recovered_from(tmp_path: Path) -> None:
    opened = await SqliteTimeline.open(str(tmp_path / "livelog.db"))
    await commit(opened, entry("a"))
    pages = (await opened._writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()))[0]
    await opened._writer.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    await opened.follow({FEED: 0.0})
    (lease,) = await opened.claim(NOW, 1, LEASE_SECONDS)
    big = [entry(f"big{n}", "x" * 5_000) for n in range(100)]
    with pytest.raises(TimelineError, match="full"):
        await opened.commit(lease.state, big, lease)
    assert await titles(opened) == ["a"], "all or nothing"
    await opened._writer.run(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert await opened.commit(lease.state, big, lease) == 100
    await opened.close()


async def test_a_closed_timeline_raises() -> None:
    opened = await SqliteTimeline.open(":memory:")
    await opened.close()
    with pytest.raises(TimelineError, match="closed"):
        await opened.head("blog")


async def test_what_is_asked_before_the_end_is_answered_and_what_comes_after_is_refused() -> None:
    opened = await SqliteTimeline.open(":memory:")
    before = [asyncio.create_task(opened.head("blog")) for _ in range(200)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(opened.close())
    after = [asyncio.create_task(opened.head("blog")) for _ in range(200)]
    answers = await asyncio.wait_for(asyncio.gather(*before, *after, return_exceptions=True), 30)
    await closing
    assert all(isinstance(answer, Cursor) for answer in answers[:200])
    assert all(isinstance(answer, Cursor | TimelineError) for answer in answers)


async def test_a_database_with_too_many_jobs_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.sqlite.worker.MAX_QUEUED_JOBS", 10)
    opened = await SqliteTimeline.open(":memory:")
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait(30)

    held = asyncio.create_task(opened._writer.run(hold))
    await until(begun.is_set)
    waiting = [asyncio.create_task(opened.head("blog")) for _ in range(10)]
    await until(lambda: opened._writer._jobs.qsize() == 10)
    with pytest.raises(TimelineError, match="more than it can do"):
        await opened.head("blog")
    go_on.set()
    assert len(await asyncio.gather(*waiting)) == 10
    await held
    await opened.close()
