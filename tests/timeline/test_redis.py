"""What only the Redis store does: whom it refuses, what it warns of, how it notices that data was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.redis import RedisServer
from timeline import TimelineError, open_timeline
from timeline.redis import RedisTimeline


@pytest.fixture
async def timeline(redis: RedisServer) -> AsyncIterator[RedisTimeline]:
    opened = await RedisTimeline.open(redis.url)
    yield opened
    await opened.close()


async def test_an_unreachable_redis_is_told_without_its_password(redis: RedisServer) -> None:
    redis.stop()
    with pytest.raises(TimelineError) as told:
        await open_timeline(f"redis://:s3cret@127.0.0.1:{redis.port}/0")
    assert str(told.value) == f"redis://127.0.0.1:{redis.port}/0: Connection refused"


async def test_a_wrong_password_is_told_without_it(redis: RedisServer) -> None:
    redis.ask("CONFIG", "SET", "requirepass", "right")
    for url in (redis.url, redis.url.replace("//", "//:s3cret@")):
        with pytest.raises(TimelineError, match=r"redis://127[^@]*: the user name or the password is wrong"):
            await open_timeline(url)


async def test_a_redis_that_may_forget_is_warned_of(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    redis.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    redis.ask("CONFIG", "SET", "appendonly", "no")
    await (await open_timeline(redis.url)).close()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "Redis may drop what it should keep: set its maxmemory-policy to noeviction (it is allkeys-lru).",
        "Redis writes no append-only file and may forget what it was given: set appendonly to yes.",
    ]
    caplog.clear()
