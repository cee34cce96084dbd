"""What tests of the feeds share: the processes that read documents, origins, and a poller whose clock they move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from feeds.parser_pool import ParserPool
from tests.feeds.origins import RawOrigin, raw_origin
from tests.feeds.polling import Desk, FaultyTimeline, Log, WatchedParserPool


@pytest.fixture
async def parser_pool() -> AsyncIterator[ParserPool]:
    """A parser pool of one process, with the limits that Livelog has."""
    box = ParserPool(processes=1, reserve=0)
    yield box
    await box.close()


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    """An origin that says whatever bytes it is given."""
    async with raw_origin() as listening:
        yield listening


@pytest.fixture(scope="module")
def processes() -> Iterator[WatchedParserPool]:
    """The parser's processes, started once."""
    parser_pool = WatchedParserPool()
    yield parser_pool
    asyncio.run(parser_pool.close())


@pytest.fixture
async def desk(processes: WatchedParserPool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A poller yet to be started. Only the test ticks, and nothing waits for real."""
    monkeypatch.setattr("feeds.poller.TICK_INTERVAL", 3_600.0)
    monkeypatch.setattr("feeds.commits.RETRY_INTERVAL", 0.01)
    processes.fault, processes.documents = None, 0
    timeline = await FaultyTimeline.open(":memory:")
    assert isinstance(timeline, FaultyTimeline)
    made = Desk(timeline, processes)
    yield made
    await made.stop()
    await timeline.close()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    """What was logged of note since it was last looked at."""
    return Log(caplog)
