"""The connections to Redis: servers that are refused or warned of, failures, reads that are given up."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from tests.redis import RedisServer
from tests.timeline.drafts import commit, entry
from tests.timeline.redis.nodes import (
    impostor,
)
from timeline import TimelineError, open_timeline
from timeline.redis import RedisTimeline


async def test_an_unreachable_redis_is_reported_without_its_password(redis: RedisServer) -> None:
    redis.stop()
    with pytest.raises(TimelineError) as raised:
        await open_timeline(f"redis://:s3cret@127.0.0.1:{redis.port}/0")
    assert str(raised.value) == f"redis://127.0.0.1:{redis.port}/0: Connection refused"


async def test_a_wrong_password_is_not_in_the_error(redis: RedisServer) -> None:
    redis.ask("CONFIG", "SET", "requirepass", "right")
    for url in (redis.url, redis.url.replace("//", "//:s3cret@")):
        with pytest.raises(TimelineError, match=r"redis://127[^@]*: the user name or the password is wrong"):
            await open_timeline(url)


async def test_a_redis_that_may_forget_is_warned_of(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis.ask("CONFIG", "SET", "appendonly", "no")
    await (await open_timeline(redis.url)).close()
    logged = [record.getMessage() for record in caplog.records]
    assert logged == [
        "Redis may drop what it should keep: set its maxmemory-policy to noeviction (it is allkeys-lru).",
        "Redis writes no append-only file and may forget what it was given: set appendonly to yes.",
    ]
    caplog.clear()


async def test_a_redis_that_is_too_old_is_refused() -> None:
    async with impostor(INFO="$20\r\nredis_version:5.0.14") as url:
        with pytest.raises(TimelineError) as raised:
            await open_timeline(url)
    assert str(raised.value) == f"{url}: Redis 5.0.14 is too old, 6.2 or later is needed"


async def test_a_trouble_is_recognised_in_the_words_of_redis_6() -> None:
    refusal = "-ERR Error running script (call to f_1f): @user_script:8: @user_script: 8: -OOM command not allowed"
    now = f"{int(time.time())}"
    answers = {"INFO": "$20\r\nredis_version:6.2.14", "GET": "$-1", "TIME": f"*2\r\n${len(now)}\r\n{now}\r\n$1\r\n0"}
    async with impostor(**answers, EVALSHA=refusal) as url:
        with pytest.raises(TimelineError, match="OOM command not allowed"):
            await open_timeline(url)


@pytest.mark.parametrize("many", [2_000, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_reads_that_are_given_up_at_any_moment_end_and_cross_no_answers(
    redis: RedisServer, timeline: RedisTimeline, many: int
) -> None:
    chance = random.Random(8)
    ids = [f"e{n}" for n in range(100)]
    await commit(timeline, *(entry(name, f"The text of {name}.") for name in ids))

    async def read(name: str) -> bool:
        return f'"The text of {name}."' in (await timeline.entry("blog", name) or "")

    given_up = 0
    while given_up < many:
        reads = [asyncio.create_task(read(chance.choice(ids))) for _ in range(40)]
        cancelled = set()
        while waiting := [one for one in reads if not one.done()]:
            await asyncio.sleep(0)
            if chance.random() < 0.3 and (one := chance.choice(waiting)).cancel():
                cancelled.add(one)
        for one in reads:
            assert one.cancelled() if one in cancelled else one.result()
        given_up += len(cancelled)
    # Nor is any connection lost to the pool.
    assert all(await asyncio.gather(*(read(name) for name in ids)))
