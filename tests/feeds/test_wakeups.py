"""Timers: at the time, once for a step, and not after they were cancelled."""

from __future__ import annotations

import asyncio
import time

from feeds.wakeups import STEP_SECONDS, WITHIN_SECONDS, Wakeups
from tests.livelog import until


async def test_it_calls_back_at_the_time_and_once_for_a_step() -> None:
    rung: list[float] = []
    wakeups = Wakeups(lambda: rung.append(time.time()), time.time)
    at = (time.time() // STEP_SECONDS + 5.5) * STEP_SECONDS
    for _ in range(3):
        wakeups.add(at)
    await until(lambda: rung)
    await asyncio.sleep(3 * STEP_SECONDS)
    assert len(rung) == 1
    # time.time() and the event loop's clock are not read at the same moment.
    assert rung[0] >= at - STEP_SECONDS
    assert not wakeups._timers


async def test_a_time_that_is_far_away_is_left_to_others() -> None:
    wakeups = Wakeups(lambda: None, lambda: 0.0)
    wakeups.add(WITHIN_SECONDS + 1)
    assert not wakeups._timers


async def test_it_does_not_call_back_after_it_was_cancelled() -> None:
    rung: list[bool] = []
    wakeups = Wakeups(lambda: rung.append(True), time.time)
    wakeups.add(time.time() + 0.01)
    wakeups.cancel()
    await asyncio.sleep(0.1)
    assert not rung
