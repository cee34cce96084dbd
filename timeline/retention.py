"""The task that retires rows beyond the limits, a few every minute, so that a store does not grow without end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from clock import Jumps
from timeline import Limits, Timeline, TimelineError

logger = logging.getLogger("livelog.timeline")

SWEEP_INTERVAL: Final = 60.0
MAX_STEPS: Final = 100
"""Steps of one sweep. What is left then waits for the next, so that retention never delays polls for long."""

SWEEPS_LEFT_OUT: Final = 60
"""Sweeps left out after a jump of the clock: by one that is years ahead, until NTP corrects it, everything is old."""


class Retention:
    """Calls `Timeline.retire` every SWEEP_INTERVAL seconds. Several nodes may do so at once.

    ``clock`` gives Unix seconds: the timeline's, if there is none. ``steady`` gives those of a clock that is never
    set, by which its jumps are noticed.
    """

    def __init__(
        self,
        timeline: Timeline,
        limits: Limits | None = None,
        clock: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
    ) -> None:
        self._timeline = timeline
        self._limits = limits or Limits()
        self._clock = clock or timeline.now
        self._jumps = Jumps(self._clock, steady)
        self._left_out = 0
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the task. Its first sweep is one interval from now: it must not slow a start down."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the task."""
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def sweep(self) -> int:
        """Retires rows beyond the limits, in at most MAX_STEPS steps; returns how much. Raises TimelineError."""
        total = 0
        for _ in range(MAX_STEPS):
            count = await self._timeline.retire(self._clock(), self._limits)
            total += count
            if not count:
                break
        return total

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_INTERVAL)
            if not self._is_clock_settled():
                continue
            try:
                count = await self.sweep()
            except TimelineError:
                # The poller and the fan-out log that the store is down; retention can wait.
                continue
            except Exception:
                logger.exception("Retention failed: this is a bug.")
                continue
            if count:
                logger.info("Retired %d old entries, events, keys and feeds.", count)

    def _is_clock_settled(self) -> bool:
        if abs(self._jumps.seconds()) > SWEEP_INTERVAL:
            self._left_out = SWEEPS_LEFT_OUT
        if self._left_out == 0:
            return True
        self._left_out -= 1
        return False
