"""Retention by several nodes on one Redis, and without free memory."""

from __future__ import annotations

import asyncio

from feedstate import Mark, Marks
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, NOW, commit, entry, titles
from tests.timeline.redis.nodes import (
    contents,
    opened,
)
from timeline import DAY, Limits
from timeline.redis import RedisTimeline
from timeline.retention import Retention


async def test_a_redis_without_memory_is_freed_by_what_is_retired(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, *(entry(f"e{n}", "x" * 1_000, at=NOW + n) for n in range(10)))
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    assert await timeline.retire(NOW, Limits(entries=2, events=3)) == 8 + 7
    assert redis.ask("HLEN", "{livelog}:blog:items") == 2


async def test_a_redis_without_memory_is_freed_though_feeds_cannot_be_dated(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, *(entry(f"e{n}", "x" * 1_000, at=NOW + n) for n in range(10)))
    await timeline.follow({})
    redis.ask("CONFIG", "SET", "maxmemory", "1")
    assert await timeline.retire(NOW, Limits(entries=2, events=3)) == 8 + 7
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    assert await timeline.retire(NOW, Limits(entries=2, events=3)) == 0
    assert redis.ask("ZSCORE", "{livelog}:unfollowed", FEED) == NOW


async def test_nothing_is_left_of_a_feed_that_was_forgotten(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, listed=Marks({"a": Mark("1")}), problem="500", failures=1)
    await timeline.postpone([FEED], NOW * 2)
    await timeline.follow({})
    await timeline.retire(NOW, Limits())
    await timeline.retire(NOW + 31 * DAY, Limits())
    assert sorted(contents(redis)) == [b"{livelog}:epoch", b"{livelog}:schema"]


async def test_several_nodes_may_retire_at_once(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, *(entry(f"e{n:02}", at=NOW + n) for n in range(60)))
    limits = Limits(entries=20, events=10, memory=5)
    async with opened(redis.url) as second, opened(redis.url) as third:
        sweeps = (Retention(node, limits, lambda: NOW).sweep() for node in (timeline, second, third))
        assert sum(await asyncio.gather(*sweeps)) == 40 + 50 + 35
    assert await titles(timeline) == [f"e{n}" for n in reversed(range(40, 60))]
