"""A timeline on a Redis of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.redis import RedisServer
from timeline.redis import RedisTimeline


@pytest.fixture
async def timeline(redis: RedisServer) -> AsyncIterator[RedisTimeline]:
    opened = await RedisTimeline.open(redis.url)
    yield opened
    await opened.close()
