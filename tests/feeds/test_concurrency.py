"""Who may be asked now, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from feeds.concurrency import ExchangeSlots
from outbound.host_limits import HostLimits
from tests.livelog import until


class Exchanges:
    """Exchanges that go on until they are ended."""

    def __init__(self) -> None:
        self.going: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    def begin(self, slots: ExchangeSlots, name: str, host: str | None = None, *, proven: bool = False) -> None:
        """Begins one as soon as it is its turn, on a host of its own if none is named."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._go(slots, name, host or name, proven=proven))

    async def end(self, *names: str) -> None:
        """Ends some."""
        for name in names:
            self._ends[name].set()
        await asyncio.gather(*(self._tasks.pop(name) for name in names))

    async def end_all(self) -> None:
        """Ends all, those that still wait as well."""
        await self.end(*self._tasks)

    async def _go(self, slots: ExchangeSlots, name: str, host: str, *, proven: bool) -> None:
        async with slots.slot(host, proven=proven):
            self.going.add(name)
            await self._ends[name].wait()
            self.going.discard(name)


@pytest.fixture
async def exchanges() -> AsyncIterator[Exchanges]:
    """None at first; all are ended after the test."""
    made = Exchanges()
    yield made
    await made.end_all()


async def settled() -> None:
    """After what was to be done at once."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_host_gets_few_at_a_time(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(8, HostLimits(per_host=2))
    for name in "abc":
        exchanges.begin(slots, name, "example.org", proven=True)
    exchanges.begin(slots, "d", "example.net", proven=True)
    await settled()
    assert exchanges.going == {"a", "b", "d"}
    assert slots.working == 3, "who waits for its host takes no place"
    await exchanges.end("a")
    await settled()
    assert exchanges.going == {"b", "c", "d"}


async def test_all_hosts_together_get_no_more_than_they_should(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(4, HostLimits(per_host=2))
    for name in "abcdef":
        exchanges.begin(slots, name, proven=True)
    await settled()
    assert len(exchanges.going) == 4


async def test_a_quarter_is_kept_for_feeds_that_answer_well(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(8, HostLimits(per_host=2))
    for name in "abcdefgh":
        exchanges.begin(slots, name)
    await settled()
    assert len(exchanges.going) == 6
    exchanges.begin(slots, "well", proven=True)
    await settled()
    assert "well" in exchanges.going


async def test_who_takes_long_is_parked_and_others_have_their_turn(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(4, HostLimits(per_host=2), quick_seconds=0.01)
    for name in "abcdefghijkl":
        exchanges.begin(slots, name)
    await until(lambda: len(exchanges.going) == 7)
    await asyncio.sleep(0.1)
    assert len(exchanges.going) == 7, "as many are parked as there are places, and no more"
    await exchanges.end(*sorted(exchanges.going)[:4])
    await until(lambda: len(exchanges.going) == 7)


async def test_everything_is_given_back_in_the_end(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(4, HostLimits(per_host=2), quick_seconds=0.01)
    for _ in range(3):
        for name in "abcdefghijkl":
            exchanges.begin(slots, name)
        await until(lambda: len(exchanges.going) == 7)
        await exchanges.end_all()
        await settled()
        assert (slots.working, exchanges.going) == (0, set())


async def test_another_concurrency_counts_at_once(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(2, HostLimits(per_host=2))
    for name in "abcdef":
        exchanges.begin(slots, name, proven=True)
    await settled()
    assert exchanges.going == {"a", "b"}
    slots.apply(4)
    await settled()
    assert exchanges.going == {"a", "b", "c", "d"}
    slots.apply(1)
    await exchanges.end("a", "b", "c")
    await settled()
    assert exchanges.going == {"d"}
