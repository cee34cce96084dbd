"""redis/clock.py: nodes count by the clock of Redis, whatever their own says."""

from __future__ import annotations

import logging

import pytest

from tests.redis import RedisServer
from tests.timeline.redis.nodes import opened
from timeline.redis.clock import RedisClock

TOLD = 1_800_000_000


class Moved:
    """Seconds that a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def clocks() -> tuple[RedisClock, Moved, Moved]:
    """A clock that Redis has set, the steady one, and that of the machine."""
    steady, machine = Moved(50.0), Moved(TOLD + 0.0)
    clock = RedisClock(steady, machine)
    clock.set((TOLD, 0), 50.0)
    return clock, steady, machine


def test_time_passes_between_answers() -> None:
    clock, steady, _ = clocks()
    steady.now += 7
    assert clock() == TOLD + 7


@pytest.mark.parametrize("ahead", [60, -60, 3600, -3600, 3.15e8, -3.15e8])
def test_the_clock_of_the_machine_does_not_matter_and_its_jump_is_one_line(
    ahead: float, caplog: pytest.LogCaptureFixture
) -> None:
    clock, steady, machine = clocks()
    machine.now += ahead
    for _ in range(3):
        steady.now += 1
        machine.now += 1
        clock.set((str(int(clock())), "0"), steady.now)
    assert clock() == TOLD + 3
    side = "ahead of" if ahead > 0 else "behind"
    line = f"The clock of this machine is {abs(ahead):.0f} s {side} that of Redis, by which Livelog counts."
    assert [record.getMessage() for record in caplog.records] == [line]
    caplog.clear()


@pytest.mark.parametrize("jump", [60, -60, 3.15e8, -3.15e8])
def test_a_jump_of_redis_is_followed_and_is_not_taken_for_one_of_the_machine(
    jump: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock, steady, _ = clocks()
    clock.set((TOLD + int(jump), 0), steady.now)
    assert clock() == TOLD + jump
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("late", [0.5, 4.0])
def test_an_answer_that_is_late_moves_nothing(late: float) -> None:
    clock, steady, _ = clocks()
    sent = steady.now
    steady.now += late
    clock.set((TOLD, 0), sent)
    assert clock() == TOLD + late


async def test_nodes_have_the_time_of_redis(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    async with opened(redis.url) as node:
        assert abs(node.now() - int(redis.ask("TIME")[0])) < 60
