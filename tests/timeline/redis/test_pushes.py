"""Pushes in a Redis: they leave nothing behind, and one node claims them."""

from __future__ import annotations

import asyncio

import pytest

from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit
from tests.timeline.redis.nodes import opened
from timeline.feed_jobs import MAX_PUSHES
from timeline.redis import RedisTimeline


@pytest.mark.parametrize("end", ["commit", "unfollow", "purge"])
async def test_nothing_is_left_of_pushes(redis: RedisServer, timeline: RedisTimeline, end: str) -> None:
    await commit(timeline, next_at=NOW + 900)
    before = set(redis.ask("KEYS", "*"))
    for _ in range(MAX_PUSHES + 1):
        await timeline.push(FEED, b"", None)
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    if end == "commit":
        await timeline.commit(lease.state, [], lease)
        (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
        await timeline.commit(lease.state, [], lease)
    elif end == "unfollow":
        await timeline.follow({})
    else:
        await timeline.purge(FEED, NOW)
    assert set(redis.ask("KEYS", "*")) - before <= {"{livelog}:push_number", "{livelog}:unfollowed"}


async def test_a_push_is_claimed_by_one_of_many_nodes(redis: RedisServer, timeline: RedisTimeline) -> None:
    await commit(timeline, next_at=NOW + 900)
    async with opened(redis.url) as second, opened(redis.url) as third:
        await third.push(FEED, b"pushed", None)
        nodes = [timeline, second, third]
        claims = await asyncio.gather(*(node.claim(NOW, 7, LEASE_SECONDS) for node in nodes * 3))
    assert [push.body for leases in claims for lease in leases for push in lease.pushes] == [b"pushed"]
