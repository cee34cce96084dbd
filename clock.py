"""A clock that nobody sets, and the jumps of one that can be set, such as that of the machine or of Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

MIN_JUMP_SECONDS: Final = 1.0
"""Smaller jumps are not noticed: they delay nothing for long."""


def steady() -> float:
    """Seconds since the machine was started, also those in which it was suspended (CLOCK_BOOTTIME, Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Jumps:
    """Notices that ``clock`` (Unix seconds) was set. Without a ``steady`` clock only a set-back can be noticed."""

    def __init__(self, clock: Callable[[], float], steady: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._steady = steady
        self._last = self._read()

    def seconds(self) -> float:
        """Seconds by which the clock was set since the last call, negative if it was set back; 0 if it was not."""
        now, steady = self._read()
        (before, steady_before), self._last = self._last, (now, steady)
        jump = min(now - before, 0.0) if self._steady is None else now - before - (steady - steady_before)
        return jump if abs(jump) >= MIN_JUMP_SECONDS else 0.0

    def _read(self) -> tuple[float, float]:
        return self._clock(), self._steady() if self._steady else 0.0
