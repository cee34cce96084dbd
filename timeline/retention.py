"""Retention: what is beyond the limits goes, a little at a time, so that a store does not grow for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Final

from timeline import Limits, Timeline, TimelineError

logger = logging.getLogger("livelog.timeline")

EVERY_SECONDS: Final = 60.0
MOST_STEPS: Final = 100
"""How often a step is repeated at a time: what is left then is left for the next minute."""


class Retention:
    """Retires, every minute, what a store need not keep. That several nodes do so does no harm."""

    def __init__(
        self, timeline: Timeline, limits: Limits | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._timeline = timeline
        self._limits = limits or Limits()
        self._clock = clock
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; the first time is a minute from now, when a start is not kept waiting by it."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends."""
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def sweep(self) -> int:
        """Retires what is beyond the limits now; returns how much. Raises TimelineError."""
        total = 0
        for _ in range(MOST_STEPS):
            count = await self._timeline.retire(self._clock(), self._limits)
            total += count
            if not count:
                break
        return total

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                count = await self.sweep()
            except TimelineError:
                # Others tell of a store that is down; this can wait.
                continue
            except Exception:
                logger.exception("What is old was not retired: this is a bug.")
                continue
            if count:
                logger.info("Retired %d old entries, events and memories.", count)
