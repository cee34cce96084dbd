"""The threads of a database: failures of the disk, too many jobs, the end."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from entries import Cursor
from tests.livelog import until
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import TimelineError
from timeline.sqlite import SqliteTimeline
from timeline.sqlite.worker import Worker, rows


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


async def test_jobs_that_waited_together_wake_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker("test", ":memory:")
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> bool:
        begun.set()
        return go_on.wait(30)

    held = asyncio.create_task(worker.run(hold))
    await until(begun.is_set)
    jobs = [asyncio.create_task(worker.run(lambda db: db.execute("SELECT 1").fetchone())) for _ in range(20)]
    bad = asyncio.create_task(worker.run(lambda _: int("a bug")))
    cancelled = asyncio.create_task(worker.run(lambda db: db.execute("SELECT 2").fetchone()))
    await until(lambda: worker._jobs.qsize() == 22)
    cancelled.cancel()
    loop, wakes = asyncio.get_running_loop(), list[object]()
    wake = loop.call_soon_threadsafe

    def count(callback: Callable[..., object], *arguments: Any) -> asyncio.Handle:
        wakes.append(callback)
        return wake(callback, *arguments)

    monkeypatch.setattr(loop, "call_soon_threadsafe", count)
    go_on.set()
    assert await held
    assert await asyncio.gather(*jobs) == [(1,)] * 20
    with pytest.raises(ValueError, match="a bug"):
        await bad
    assert cancelled.cancelled()
    assert len(wakes) == 2, "for the job that held the others, and for those"
    worker.close()


async def test_each_loop_has_its_own_results_and_a_closed_one_keeps_none_waiting() -> None:
    worker = Worker("test", ":memory:")
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> int:
        begun.set()
        go_on.wait(30)
        return 1

    async def ask_and_leave() -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(worker.run(lambda _: 2), 0.01)

    held = asyncio.create_task(worker.run(hold))
    await until(begun.is_set)
    await asyncio.to_thread(asyncio.run, ask_and_leave())
    mine = asyncio.create_task(worker.run(lambda _: 3))
    await asyncio.sleep(0)
    go_on.set()
    assert [await held, await mine] == [1, 3]
    assert await asyncio.to_thread(asyncio.run, worker.run(lambda _: 4)) == 4
    worker.close()


async def test_of_jobs_that_waited_together_a_failed_one_alone_leaves_nothing() -> None:
    worker = Worker("test", ":memory:")
    await worker.run(lambda db: db.execute("CREATE TABLE numbers (n)"))
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait(30)

    def add(number: int, db: sqlite3.Connection) -> float:
        db.execute("INSERT INTO numbers VALUES (?)", (number,))
        return 1 / (number % 2)

    held = asyncio.create_task(worker.run(hold))
    await until(begun.is_set)
    jobs = [asyncio.create_task(worker.run(partial(add, number))) for number in range(6)]
    await until(lambda: worker._jobs.qsize() == 6)
    go_on.set()
    await held
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    assert [isinstance(outcome, ZeroDivisionError) for outcome in outcomes] == [True, False] * 3
    assert await worker.run(rows("SELECT n FROM numbers ORDER BY n")) == [(1,), (3,), (5,)]
    await asyncio.to_thread(worker.close)
