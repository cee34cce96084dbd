"""Calls the poller again and again, by the clock of the event loop, which nobody sets."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

logger = logging.getLogger("livelog.feeds")

JITTER: Final = 0.1
"""Share of the interval: of nodes in step, the one that is a millisecond ahead would claim every feed."""


class Ticker:
    """Calls ``callback`` ``interval`` seconds after it has ended.

    Tornado's PeriodicCallback goes by the clock of the machine: set back by an hour, it does not call for an hour.
    """

    def __init__(self, callback: Callable[[], Awaitable[None]], interval: float) -> None:
        self._callback = callback
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Calls for the first time after an interval."""
        wait = self._interval * (1 + JITTER * (random.random() - 0.5))
        self._timer = asyncio.get_running_loop().call_later(wait, self._begin)

    def stop(self) -> None:
        """Calls no more. A call under way goes on."""
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def is_running(self) -> bool:
        """True between `start` and `stop`."""
        return self._timer is not None

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._call())

    async def _call(self) -> None:
        try:
            await self._callback()
        except Exception:
            logger.exception("Claiming feeds failed: this is a bug.")
        if self._timer:
            self.start()
