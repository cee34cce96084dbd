"""Feed jobs of several nodes on one Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from tests.timeline.redis.nodes import (
    claimed,
    keep_copy,
    opened,
    put_back,
)
from timeline import HistoryLostError, LeaseLostError
from timeline.redis import RedisTimeline
from timeline.redis.feed_jobs import FENCE_RANDOM


async def test_a_redis_that_was_emptied_is_noticed_once_by_a_claim(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await commit(timeline, entry("a"))
    before = (await timeline.head("blog")).epoch
    late = await claimed(timeline)
    redis.ask("FLUSHALL")
    with pytest.raises(HistoryLostError) as raised:
        await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert raised.value.reason == "epoch"
    assert await timeline.claim(NOW, 1, LEASE_SECONDS) == [], "nothing is followed"
    lease = await claimed(timeline)
    with pytest.raises(LeaseLostError):
        await timeline.commit(late.state, [entry("late")], late)
    assert await timeline.commit(lease.state, [entry("b")], lease) == 1
    assert await titles(timeline) == ["b"]
    assert (await timeline.head("blog")).epoch != before


async def test_a_lease_of_before_an_older_copy_was_put_back_is_lost(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await timeline.follow({FEED: 0.0})
    copy = keep_copy(redis)
    (before,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await put_back(redis, copy)
    with pytest.raises(LeaseLostError):
        await timeline.commit(before.state, [entry("late")], before)
    async with opened(redis.url) as other:
        (after,) = await other.claim(NOW, 1, LEASE_SECONDS)
        assert after.fence // FENCE_RANDOM == before.fence // FENCE_RANDOM, "as many claims as then"
        assert await timeline.renew([before], NOW + LEASE_SECONDS) == []
        with pytest.raises(LeaseLostError):
            await timeline.commit(before.state, [entry("late")], before)
        assert await titles(timeline) == []
        assert await other.commit(after.state, [entry("good")], after) == 1


async def test_a_feed_is_claimed_by_one_of_many_nodes(redis: RedisServer, timeline: RedisTimeline) -> None:
    feeds = [f"https://example.org/{n}" for n in range(50)]
    await timeline.follow(dict.fromkeys(feeds, 0.0))
    async with opened(redis.url) as second, opened(redis.url) as third:
        nodes = [timeline, second, third]
        claims = await asyncio.gather(*(node.claim(NOW, 7, LEASE_SECONDS) for node in nodes * 10))
    assert sorted(lease.url for leases in claims for lease in leases) == sorted(feeds)


async def test_what_one_node_postpones_no_other_claims(redis: RedisServer, timeline: RedisTimeline) -> None:
    await timeline.follow({FEED: 0.0})
    async with opened(redis.url) as other:
        await other.postpone([FEED], NOW + 90)
        await timeline.follow({FEED: 0.0})
        assert await timeline.claim(NOW + 89, 1, LEASE_SECONDS) == []
        assert await timeline.claim(NOW + 90, 1, LEASE_SECONDS)


async def test_a_pause_is_forgotten_when_a_poll_has_come_after_it(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    lease = await claimed(timeline)
    await timeline.postpone([FEED], NOW)
    await timeline.commit(replace(lease.state, checked_at=NOW - 1), [], lease)
    assert redis.ask("HLEN", "{livelog}:pauses") == 1
    await commit(timeline)
    assert redis.ask("HLEN", "{livelog}:pauses") == 0
