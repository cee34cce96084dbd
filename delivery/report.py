"""The log of the delivery queue: one line for a problem that ten thousand targets have."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from plurals import counted
from timeline import TimelineError

logger = logging.getLogger("livelog.delivery")

LOG_INTERVAL: Final = 10.0
MAX_NAMES: Final = 5


class Report:
    """Logs what happens to deliveries, at most one line of a kind per LOG_INTERVAL.

    ``trouble`` is the reason why the queue has ended, or None.
    """

    def __init__(self) -> None:
        self.trouble: str | None = None
        self._is_down = False
        self._missed: dict[str, None] = {}
        self._missed_count = 0
        self._timer: asyncio.TimerHandle | None = None

    def failed(self, error: TimelineError) -> None:
        """Logs that the store is down, once until it works again."""
        if not self._is_down:
            logger.error("Deliveries wait for the store: %s", error)
        self._is_down = True

    def worked(self) -> None:
        """Logs that the store works, if it was down."""
        if self._is_down:
            logger.warning("Deliveries go on.")
        self._is_down = False

    def ended(self, task: asyncio.Task[None]) -> None:
        """Logs the bug that a task of the queue has met. To be called when the task is done."""
        if not task.cancelled() and (error := task.exception()):
            self.trouble = "The delivery queue met a bug and ended; the log has the details."
            logger.critical(self.trouble, exc_info=error)

    def missed(self, name: str) -> None:
        """Logs soon that a target missed events."""
        self._missed_count += 1
        if len(self._missed) < MAX_NAMES:
            self._missed[name] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOG_INTERVAL, self.close)

    def close(self) -> None:
        """Logs what waits to be logged."""
        if self._timer is None:
            return
        self._timer.cancel()
        targets, names = counted(self._missed_count, "target"), ", ".join(self._missed)
        logger.warning("%s missed events that are no longer stored: %s.", targets, names)
        self._missed, self._missed_count, self._timer = {}, 0, None
