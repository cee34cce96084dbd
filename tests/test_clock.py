"""clock.py: a jump is noticed once, and what the other clock does as well is none."""

from __future__ import annotations

import pytest

from clock import Jumps, steady


class Moved:
    """Seconds that a test moves."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("jump", [60, -60, 3600, -3600, 3.15e8, -3.15e8])
def test_a_jump_is_noticed_once(jump: float) -> None:
    clock, other = Moved(), Moved()
    jumps = Jumps(clock, other)
    clock.now += 5 + jump
    other.now += 5
    assert (jumps.seconds(), jumps.seconds()) == (jump, 0)


@pytest.mark.parametrize(("clock_seconds", "steady_seconds"), [(3600, 3600), (5.9, 5), (5, 5.9)])
def test_time_that_passes_is_no_jump(clock_seconds: float, steady_seconds: float) -> None:
    clock, other = Moved(), Moved()
    jumps = Jumps(clock, other)
    clock.now += clock_seconds
    other.now += steady_seconds
    assert jumps.seconds() == 0


@pytest.mark.parametrize(("moved", "jump"), [(3600, 0), (-60, -60), (-0.5, 0)])
def test_without_another_clock_a_set_back_is_noticed(moved: float, jump: float) -> None:
    clock = Moved()
    jumps = Jumps(clock)
    clock.now += moved
    assert jumps.seconds() == jump


def test_the_steady_clock_goes_on() -> None:
    assert steady() <= steady()
