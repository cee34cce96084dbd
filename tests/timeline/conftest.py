"""One contract, every store: a fixture that opens a fresh timeline of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.redis import RedisServer
from timeline import Timeline, open_timeline


@pytest.fixture(params=["sqlite-file", "sqlite-memory", "redis"])
async def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Timeline]:
    """An empty timeline."""
    opened = await open_timeline(_url(request, tmp_path))
    yield opened
    await opened.close()


def _url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite-memory":
        return "sqlite::memory:"
    if request.param == "sqlite-file":
        return f"sqlite:{tmp_path / 'livelog.db'}"
    if request.param == "own-redis":
        own: RedisServer = request.getfixturevalue("redis")
        return own.url
    # A server for all tests; each begins with nothing in it.
    redis: RedisServer = request.getfixturevalue("shared_redis")
    redis.ask("FLUSHALL")
    return redis.url
