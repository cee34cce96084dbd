"""What the tests share: real newsrooms, a real server in a process of its own, and no log line unheard."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from demo.newsroom import Newsroom
from tests.corpus import find_corpus
from tests.feeds.websub.hub import Hub
from tests.livelog import Livelog
from tests.nodes.installation import Installation
from tests.redis import RedisServer

# No time limit for an example: the machine may be busy with something else.
settings.register_profile("livelog", deadline=None, max_examples=30)
settings.register_profile("soak", deadline=None, max_examples=1_000)
settings.load_profile("livelog")


WAITING = ("test_crashes.py", "test_clocks.py", "nodes")
"""Tests of the whole that wait more than they work: first, so that others work meanwhile."""

Livelog.is_warm = True


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Orders the tests, module by module."""
    items.sort(key=lambda item: not any(name in item.path.parts for name in WAITING))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows what the servers of a failed test have logged."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for name, value in item.funcargs.items():
            nodes = value.nodes if isinstance(value, Installation) else [value]
            found = [node for node in nodes if isinstance(node, Livelog)]
            report.sections.extend((f"log of {name}", node.whole_log) for node in found)
    return report


@pytest.fixture(autouse=True)
def no_unexpected_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test that logs a warning or worse, unless it looked at the log (`caplog.records`) and cleared it."""
    caplog.set_level(logging.INFO, logger="livelog")
    yield
    unheard = [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert not unheard, [record.getMessage() for record in unheard]


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    """A publisher on loopback."""
    room = Newsroom()
    await room.start()
    yield room
    await room.stop()


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A publisher with a WebSub hub, on loopback."""
    made = Hub()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def livelog(tmp_path: Path) -> AsyncIterator[Livelog]:
    """A Livelog in a process of its own, yet to be started."""
    process = Livelog(tmp_path)
    yield process
    await process.kill()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A redis-server of the test's own, to be mistreated."""
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A redis-server for tests that only need one: they empty it before they begin."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real and malformed feeds; tests that use it are skipped where it is absent, but for CI."""
    return find_corpus()
