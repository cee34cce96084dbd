"""The heartbeat: when clients are pinged and checked, and get a sign of life."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from fanout.heartbeat import Heartbeat
from tests.fanout.fake_connection import FakeConnection
from tests.livelog import until

INTERVAL, TIMEOUT, TICK = 2.5, 1.0, 0.1
BEATS = 25


class Pinged(FakeConnection):
    """A connection that notes when it was pinged, checked and sent a sign of life, by the beats of a clock."""

    def __init__(self, clock: list[int]) -> None:
        super().__init__()
        self.pinged: list[int] = []
        self.checked: list[int] = []
        self.signs: list[int] = []
        self._clock = clock

    def ping(self) -> None:
        self.pinged.append(self._clock[0])

    def send_alive(self) -> None:
        self.signs.append(self._clock[0])

    def check_alive(self) -> None:
        self.checked.append(self._clock[0])


class Clocked:
    """A heartbeat whose beats are counted."""

    def __init__(self) -> None:
        self.clock = [0]
        self.heartbeat = Heartbeat(INTERVAL, TIMEOUT, TICK)

    def add(self) -> Pinged:
        connection = Pinged(self.clock)
        self.heartbeat.add(connection)
        return connection

    def beat(self, times: int) -> None:
        for _ in range(times):
            self.heartbeat.beat()
            self.clock[0] += 1


class Leaving(Pinged):
    """It goes when it is pinged."""

    def __init__(self, clocked: Clocked) -> None:
        super().__init__(clocked.clock)
        self._ward = clocked

    def ping(self) -> None:
        super().ping()
        self._ward.heartbeat.remove(self)


@pytest.fixture
def clocked() -> Clocked:
    return Clocked()


def test_everyone_is_pinged_once_a_period_and_checked_a_while_later(clocked: Clocked) -> None:
    connection = clocked.add()
    clocked.beat(4 * BEATS)
    first = connection.pinged[0]
    assert BEATS // 2 <= first < BEATS
    assert connection.pinged == [first + n * BEATS for n in range(4)][: len(connection.pinged)]
    after_a_ping = [at for at in connection.checked if at > first]
    assert after_a_ping == [at + 10 for at in connection.pinged if at + 10 < 4 * BEATS]


def test_a_sign_of_life_comes_halfway_between_two_pings(clocked: Clocked) -> None:
    connection = clocked.add()
    clocked.beat(4 * BEATS)
    assert connection.signs == [(connection.pinged[0] + BEATS // 2) % BEATS + n * BEATS for n in range(4)]


def test_those_who_come_at_once_are_spread(clocked: Clocked) -> None:
    connections = [clocked.add() for _ in range(130)]
    clocked.beat(BEATS)
    at_once = Counter(connection.pinged[0] for connection in connections)
    assert set(at_once.values()) == {10}


def test_who_is_evicted_is_left_alone(clocked: Clocked) -> None:
    connection = clocked.add()
    clocked.heartbeat.remove(connection)
    clocked.heartbeat.remove(connection)
    clocked.beat(2 * BEATS)
    assert connection.pinged == connection.checked == []


def test_who_is_evicted_during_a_beat_does_not_disturb_it(clocked: Clocked) -> None:
    leaving = [Leaving(clocked) for _ in range(26)]
    for connection in leaving:
        clocked.heartbeat.add(connection)
    clocked.beat(2 * BEATS)
    assert all(len(connection.pinged) == 1 for connection in leaving)


async def test_it_beats_by_itself() -> None:
    heartbeat = Heartbeat(0.02, 0.01, 0.01)
    connection = Pinged([0])
    heartbeat.add(connection)
    running = asyncio.create_task(heartbeat.run())
    await until(lambda: len(connection.pinged) >= 3)
    running.cancel()
