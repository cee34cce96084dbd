"""What only the SQLite store does: the file, the lock, the epoch, and failures of the environment."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from entries import Cursor
from feedstate import Mark
from tests.livelog import PATIENCE, until
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from tests.timeline.old_layouts import first_database, fourth_database
from timeline import DAY, Limits, TimelineError
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


async def test_a_pause_outlives_the_process(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    await first.follow({FEED: 0.0})
    await first.postpone([FEED], NOW + 90)
    await first.close()
    second = await SqliteTimeline.open(path)
    await second.follow({FEED: 0.0})
    assert not await second.claim(NOW + 89, 1, LEASE_SECONDS)
    assert await second.claim(NOW + 90, 1, LEASE_SECONDS)
    await second.close()


async def test_a_second_process_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
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


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "livelog.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(TimelineError, match="another version of Livelog") as raised:
        await SqliteTimeline.open(str(path))
    assert "schema 99" in str(raised.value)
    assert "install that version again" in str(raised.value)


def layout(path: str) -> dict[str, list[object]]:
    """The columns of the tables and indexes of a database."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master ORDER BY name")]
        return {
            name: db.execute(f"PRAGMA table_info({name})").fetchall()
            + db.execute(f"PRAGMA index_xinfo({name})").fetchall()
            for name in names
        }


async def test_a_database_of_the_first_version_is_upgraded_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first_database(path)
    opened = await SqliteTimeline.open(path)
    head = await opened.head("blog")
    assert str(head) == "f1257.5"
    assert await titles(opened) == ["b", "corrected"]
    assert await opened.previous("blog", "a") is None, "it was not kept then"
    replay = await opened.replay("blog", Cursor("f1257", 0), 10)
    kinds = [(event.kind, event.id) for event in replay.events]
    assert kinds == [("entry", "a"), ("entry", "b"), ("delete", "c"), ("update", "a"), ("delete", "c")]
    (kept,) = await opened.states()
    assert (kept.etag, kept.problem) == ('"1"', "The answer was 500.")
    assert [feed.url for feed in await opened.failing(10)] == [FEED]
    (lease,) = await opened.claim(NOW, 1, LEASE_SECONDS)
    assert list(lease.state.listed.items()) == [
        (one.id, Mark(one.digest)) for one in (entry("c"), entry("a", "corrected"))
    ]
    await opened.commit(lease.state, [], lease)
    # Nothing comes back as new, and events are as old as the upgrade.
    listed = [entry("a", "corrected"), entry("x", "corrected", keys=("x", "alias")), entry("b"), entry("c", "again")]
    async with aclosing(opened.watch(["blog"])) as events:
        assert await anext(events) == []
        assert await commit(opened, *listed, entry("d"), checked_at=time.time()) == 2
        batch = await asyncio.wait_for(anext(events), PATIENCE)
        assert [(event.cursor.seq, event.kind, event.id) for event in batch] == [
            (6, "update", "a"),
            (7, "entry", "d"),
        ]
    assert await opened.retire(time.time(), Limits(events_age=DAY)) == 0
    assert await opened.retire(time.time() + 2 * DAY, Limits(events_age=DAY)) == 7
    await opened.close()


@pytest.mark.parametrize("make", [first_database, fourth_database])
async def test_an_upgraded_database_is_laid_out_as_a_new_one(tmp_path: Path, make: Callable[[str], None]) -> None:
    old, new = str(tmp_path / "old.db"), str(tmp_path / "new.db")
    make(old)
    for _ in range(2):
        for path in (old, new):
            await (await SqliteTimeline.open(path)).close()
        assert layout(old) == layout(new)


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


async def test_while_nothing_is_due_the_database_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await SqliteTimeline.open(":memory:")
    await opened.follow({FEED: NOW + 0.9})
    assert await opened.claim(NOW, 1, LEASE_SECONDS) == []
    with monkeypatch.context() as patch:
        patch.setattr(opened._queries, "run", None)
        assert await opened.claim(NOW + 0.8, 1, LEASE_SECONDS) == []
    assert len(await opened.claim(NOW + 0.9, 1, LEASE_SECONDS)) == 1
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
