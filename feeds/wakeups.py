"""Timers that call back shortly after given times, one for all times of the same step."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

WITHIN_SECONDS: Final = 60.0
STEP_SECONDS: Final = 0.02
"""Times are rounded up to steps, so that many feeds share a timer."""


class Wakeups:
    """Calls ``callback`` at times that are less than WITHIN_SECONDS away. ``clock`` gives Unix seconds."""

    def __init__(self, callback: Callable[[], None], clock: Callable[[], float]) -> None:
        self._callback = callback
        self._clock = clock
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def add(self, at: float) -> None:
        """Calls back at a Unix time; does nothing if that is further away."""
        now, step = self._clock(), math.ceil(at / STEP_SECONDS)
        if at > now + WITHIN_SECONDS or step in self._timers:
            return
        self._timers[step] = asyncio.get_running_loop().call_later(step * STEP_SECONDS - now, self._ring, step)

    def cancel(self) -> None:
        """Cancels all calls."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _ring(self, step: int) -> None:
        del self._timers[step]
        self._callback()
