"""Turns of requests: in order, few at a time, after events, and never starved."""

from __future__ import annotations

import asyncio

import pytest

from connections.limits import RefusedError
from handlers import turns
from handlers.turns import MAX_PAUSE_SECONDS, MAX_SHORT, Turns
from tests.livelog import until


class Road:
    """An event that is on its way or not, and a clock."""

    def __init__(self) -> None:
        self.is_busy = False
        self.seconds = 100.0
        self.turns = Turns(lambda: self.is_busy, lambda: self.seconds)
        self.begun: list[int] = []

    def ask(self, count: int, *, is_short: bool = False) -> list[asyncio.Task[None]]:
        """Requests, numbered in the order in which they come."""
        first = len(self.begun)
        return [asyncio.create_task(self._request(number, is_short)) for number in range(first, first + count)]

    async def _request(self, number: int, is_short: bool) -> None:
        await self.turns.next(is_short=is_short)
        self.begun.append(number)


async def iterations(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_request_alone_does_not_wait() -> None:
    road = Road()
    road.ask(1)
    await iterations(1)
    assert road.begun == [0]


async def test_one_request_begins_in_an_iteration_and_all_in_order() -> None:
    road = Road()
    road.ask(50)
    begun = 0
    while begun < 50:
        await iterations(1)
        assert len(road.begun) - begun <= 2
        begun = len(road.begun)
    assert road.begun == list(range(50))


async def test_some_short_requests_begin_together_and_all_in_order() -> None:
    road = Road()
    road.ask(50, is_short=True)
    steps = []
    while len(road.begun) < 50:
        begun = len(road.begun)
        await iterations(1)
        steps.append(len(road.begun) - begun)
    assert max(steps) == MAX_SHORT
    assert road.begun == list(range(50))


async def test_requests_wait_while_an_event_is_on_its_way() -> None:
    road = Road()
    road.is_busy = True
    road.ask(3)
    await iterations(100)
    assert road.begun == []
    road.is_busy = False
    await until(lambda: road.begun == [0, 1, 2])


async def test_with_events_without_end_requests_have_half_of_the_time() -> None:
    road = Road()
    road.is_busy = True
    road.ask(5)
    await iterations(10)
    road.seconds += MAX_PAUSE_SECONDS
    await until(lambda: len(road.begun) == 5)
    road.ask(5)
    await until(lambda: len(road.begun) == 10)
    road.seconds += MAX_PAUSE_SECONDS
    road.ask(1)
    await iterations(100)
    assert len(road.begun) == 10, "the next event has its pause, too"
    road.seconds += MAX_PAUSE_SECONDS
    await until(lambda: len(road.begun) == 11)


async def test_a_request_that_ended_meanwhile_takes_no_turn() -> None:
    road = Road()
    road.is_busy = True
    first, *_ = road.ask(3)
    await iterations(1)
    first.cancel()
    road.is_busy = False
    await until(lambda: road.begun == [1, 2])


async def test_beyond_the_limit_requests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MAX_WAITING", 4)
    road = Road()
    road.is_busy = True
    requests = road.ask(5)
    await iterations(1)
    with pytest.raises(RefusedError):
        await requests[4]
    road.is_busy = False
    await until(lambda: road.begun == [0, 1, 2, 3])
