"""What is the embedded store's own: the file, the lock, the epoch, and failures of the environment."""

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


async def test_a_database_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    await commit(first, entry("a"))
    head = await first.head("blog")
    await first.close()
    second = await SqliteTimeline.open(path)
    assert await titles(second) == ["a"]
    assert await second.head("blog") == head
    await second.close()


async def test_a_new_database_has_a_new_epoch() -> None:
    first, second = await SqliteTimeline.open(":memory:"), await SqliteTimeline.open(":memory:")
    assert (await first.head("blog")).epoch != (await second.head("blog")).epoch
    await first.close()
    await second.close()


async def test_leases_of_a_process_that_died_do_not_outlive_it(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    await first.follow({FEED: 0.0})
    assert await first.claim(NOW, 1, LEASE_SECONDS)
    await first.close()
    second = await SqliteTimeline.open(path)
    assert await second.claim(NOW, 1, LEASE_SECONDS)
    await second.close()


async def test_a_second_opener_is_kept_out_and_told_of_the_first(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    with pytest.raises(TimelineError, match=r"another Livelog \(process \d+\) uses this database"):
        await SqliteTimeline.open(path)
    await first.close()
    await (await SqliteTimeline.open(path)).close()


async def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match="cannot be written: No such file or directory"):
        await SqliteTimeline.open(str(tmp_path / "missing" / "livelog.db"))


async def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    path.write_bytes(b"This is not a database, and it is longer than a header." * 20)
    with pytest.raises(TimelineError, match="file is not a database"):
        await SqliteTimeline.open(str(path))
    assert path.read_bytes().startswith(b"This is not")


async def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(TimelineError, match="another version of Livelog"):
        await SqliteTimeline.open(str(path))


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


async def test_a_closed_timeline_says_so() -> None:
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


async def test_a_database_that_is_asked_for_too_much_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.sqlite.MOST_WAITING", 10)
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
