"""Follows the lists of a configuration while the process runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from timeline import TimelineError

logger = logging.getLogger("livelog")

INTERVAL: Final = 5.0
"""Seconds between two updates: a list that another node requested is applied after so long."""


class ListFollowing:
    """Updates lists from `start` to `stop`, every INTERVAL.

    ``update`` requests the lists that are due, and applies those that changed. It may raise TimelineError, or OSError
    for a file of the configuration.
    """

    def __init__(self, update: Callable[[], Awaitable[None]]) -> None:
        self._update = update
        self._wanted = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Updates now, and from now on."""
        self._running = asyncio.create_task(self._run())

    def update_now(self) -> None:
        """Updates soon: the configuration may have a new list."""
        self._wanted.set()

    async def stop(self) -> None:
        """Ends, also an update under way."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        while True:
            try:
                await self._update()
            except (TimelineError, OSError) as error:
                # Lists wait for the store, whose trouble the poller reports.
                logger.debug("Lists are not applied: %s", error)
            except Exception:
                logger.exception("Following the lists met a bug.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), INTERVAL)
            self._wanted.clear()
