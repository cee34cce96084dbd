"""Jobs of several nodes on one Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW
from tests.timeline.redis.nodes import keep_copy, opened, put_back
from timeline import HistoryLostError, Job, LeaseLostError
from timeline.redis import RedisTimeline

JOB = Job("delivery", "a", "blog", "{}")


async def test_a_job_is_claimed_by_one_of_many_nodes(redis: RedisServer, timeline: RedisTimeline) -> None:
    ids = [f"{n:02}" for n in range(50)]
    for job_id in ids:
        await timeline.put_job(replace(JOB, id=job_id), NOW)
    async with opened(redis.url) as second, opened(redis.url) as third:
        nodes = [timeline, second, third]
        claims = await asyncio.gather(*(node.claim_jobs("delivery", NOW, 7, LEASE_SECONDS) for node in nodes * 10))
    assert sorted(lease.job.id for leases in claims for lease in leases) == ids


async def test_a_redis_that_was_emptied_has_no_jobs_and_the_claim_of_feeds_notices(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await timeline.follow({FEED: 0.0})
    await timeline.put_job(JOB, NOW)
    (lease,) = await timeline.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
    redis.ask("FLUSHALL")
    assert await timeline.claim_jobs("delivery", NOW, 1, LEASE_SECONDS) == []
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(lease, "late", NOW)
    with pytest.raises(HistoryLostError):
        await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.put_job(JOB, NOW)
    (again,) = await timeline.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
    assert again.fence != lease.fence


async def test_a_lease_of_before_an_older_copy_was_put_back_is_lost(
    redis: RedisServer, timeline: RedisTimeline
) -> None:
    await timeline.put_job(JOB, NOW)
    copy = keep_copy(redis)
    (before,) = await timeline.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
    await put_back(redis, copy)
    async with opened(redis.url) as other:
        (after,) = await other.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
        with pytest.raises(LeaseLostError):
            await other.settle_job(before, "late", NOW)
        await other.settle_job(after, "good", NOW)


async def test_nothing_is_left_of_jobs_that_were_removed(redis: RedisServer, timeline: RedisTimeline) -> None:
    before = set(redis.ask("KEYS", "*"))
    await timeline.put_job(JOB, NOW)
    await timeline.put_job(replace(JOB, group="other"), NOW)
    await timeline.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
    await timeline.remove_job("delivery", "a")
    assert set(redis.ask("KEYS", "*")) - before == {"{livelog}:jobs"}
