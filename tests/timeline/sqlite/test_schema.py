"""The tables of a database: found again as they were, upgraded, or refused."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from entries import Cursor
from feedstate import Mark
from tests.livelog import PATIENCE
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
