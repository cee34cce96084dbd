"""Stores that an older Livelog wrote open, and the next polls bring no update and no duplicate."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from entries import Cursor, Entry, from_micros
from feedstate import FeedState
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, NOW, commit, entry, titles
from tests.timeline.old_layouts import EVENTS, GONE, SEEN, A, B, C, fill_old_redis, fourth_database, stored
from timeline import DAY, Limits, Timeline, TimelineError, open_timeline
from timeline.retention import Retention


@pytest.fixture(params=["sqlite", "redis"])
async def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Timeline]:
    """A timeline that was opened on what an older Livelog wrote."""
    if request.param == "sqlite":
        url = f"sqlite:{tmp_path / 'livelog.db'}"
        fourth_database(str(tmp_path / "livelog.db"))
    else:
        redis: RedisServer = request.getfixturevalue("shared_redis")
        redis.ask("FLUSHALL")
        fill_old_redis(redis)
        url = redis.url
    opened = await open_timeline(url)
    yield opened
    await opened.close()


def reencoded(one: Entry) -> Entry:
    """The entry as a feed lists it today, with a digest of the new version."""
    return replace(one, digest=f"2new-{one.id}-digest.")


async def test_an_old_store_is_read_as_it_was_left(upgraded: Timeline) -> None:
    assert await titles(upgraded) == ["B", "A"]
    assert await upgraded.entry("blog", "a") == stored("a", 2)
    assert await upgraded.fate("blog", "c") == "withdrawn"
    assert [(gone.id, gone.at) for gone in await upgraded.withdrawn("blog", 0, 9)] == [("c", NOW)]
    head = await upgraded.head("blog")
    assert head.seq == 5
    replay = await upgraded.replay("blog", Cursor(head.epoch, 0), 10)
    kinds = [(event.cursor.seq, "delete" if event.id == "c" else event.kind, event.id) for event in replay.events]
    assert kinds == [(seq, "delete" if name == "c" else kind, name) for seq, kind, name in EVENTS]
    assert [state.etag for state in await upgraded.states()] == ['"1"']


async def test_what_an_old_store_has_is_unchanged_in_the_new_encoding(upgraded: Timeline) -> None:
    listed = [reencoded(A), reencoded(B)]
    moved = replace(reencoded(A), keys=("moved", "alias"))
    assert await commit(upgraded, *listed) == 0
    assert await commit(upgraded, moved, *listed) == 0
    assert await commit(upgraded, *listed) == 0, "it has the new digest"
    assert [await upgraded.entry("blog", name) for name in "ab"] == [stored("a", 2), stored("b", 1)]
    assert await upgraded.previous("blog", "a") is None
    assert (await upgraded.head("blog")).seq == 5


async def test_a_corrected_entry_of_an_old_store_keeps_its_position_and_counts_on(upgraded: Timeline) -> None:
    changed = entry("moved", "right", keys=("moved", "alias"), digest="2new-x-digest.", is_correction=True)
    assert await commit(upgraded, changed, reencoded(B)) == 1
    item = json.loads(await upgraded.entry("blog", "a") or "{}")
    assert item == json.loads(stored("a", 3)) | {"title": "right"}
    assert item["_livelog"]["position"] == from_micros(A.position)
    assert item["_livelog"]["seen"] == from_micros(int(SEEN * 1_000_000))
    assert await upgraded.previous("blog", "a") == stored("a", 2)
    assert await titles(upgraded) == ["B", "right"]


async def test_what_was_withdrawn_from_an_old_store_is_new_when_it_is_listed_again(upgraded: Timeline) -> None:
    assert await commit(upgraded, reencoded(C), withdrawn=[("blog", "a")]) == 2
    assert sorted(await titles(upgraded)) == ["B", "C"]
    assert json.loads(await upgraded.entry("blog", "c") or "{}")["_livelog"]["revision"] == 2
    assert await commit(upgraded, reencoded(A)) == 1
    assert json.loads(await upgraded.entry("blog", "a") or "{}")["_livelog"]["revision"] == 3, "1 + the last one"


async def test_a_feed_that_an_old_store_no_longer_followed_is_forgotten_in_time(upgraded: Timeline) -> None:
    for days in (0, 29):
        assert await Retention(upgraded, Limits(), lambda at=NOW + days * DAY: at).sweep() == 0  # type: ignore[misc]
    await upgraded.follow({FEED: 0.0, GONE: NOW * 2})
    await upgraded.follow({FEED: 0.0})
    assert await upgraded.retire(NOW + 40 * DAY, Limits(events_age=99 * DAY)) == 0, "it was followed again since"
    assert await upgraded.retire(NOW + 71 * DAY, Limits(events_age=99 * DAY)) == 1
    await upgraded.follow({GONE: 0.0})
    (lease,) = await upgraded.claim(NOW, 9, 60.0)
    assert lease.state == FeedState(url=GONE)


async def test_a_redis_of_a_newer_version_is_refused_and_left_alone(shared_redis: RedisServer) -> None:
    shared_redis.ask("FLUSHALL")
    shared_redis.ask("SET", "{livelog}:schema", 99)
    with pytest.raises(TimelineError, match="another version of Livelog") as raised:
        await open_timeline(shared_redis.url)
    assert "schema 99" in str(raised.value)
    assert "install that version again" in str(raised.value)
    assert shared_redis.ask("KEYS", "*") == ["{livelog}:schema"]


async def test_an_old_redis_with_many_feeds_is_upgraded_in_steps(
    shared_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.redis.schema.UPGRADE_STEP", 100)
    shared_redis.ask("FLUSHALL")
    urls = [f"https://example.org/{n}" for n in range(2_500)]
    shared_redis.ask("HSET", "{livelog}:fences", *(part for url in urls for part in (url, 1)))
    shared_redis.ask("ZADD", "{livelog}:due", *(part for url in urls[:500] for part in (0, url)))
    for _ in range(2):
        await (await open_timeline(shared_redis.url)).close()
        assert shared_redis.ask("ZCARD", "{livelog}:unfollowed") == 2_000
