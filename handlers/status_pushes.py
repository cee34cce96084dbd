"""The subscriptions at WebSub hubs, as `/status` shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from config import Config
from feed_subscription import KIND
from feedstate import FeedState
from pages import status_pushes
from pages.status_pushes import PushRows
from timeline import Job, Timeline

MAX_SUBSCRIPTIONS: Final = 20_000

MAX_CHEAP: Final = 1_000
"""Subscriptions that are read for each page."""

COST_FACTOR: Final = 100
"""More are read once in so many times the time that it took: reading takes at most 1 % of the time."""


class Pushes:
    """Reads the subscriptions of a timeline. ``steady`` gives seconds of a clock that is never set."""

    def __init__(self, timeline: Timeline, steady: Callable[[], float] = monotonic) -> None:
        self._timeline = timeline
        self._steady = steady
        self._kept: tuple[Config, PushRows] | None = None
        self._until = 0.0
        self._reading = asyncio.Lock()

    async def rows(self, config: Config, states: Mapping[str, FeedState]) -> PushRows:
        """The sources with a hub, of at most MAX_SUBSCRIPTIONS. Raises TimelineError."""
        async with self._reading:
            if self._kept and self._kept[0] is config and self._steady() < self._until:
                return self._kept[1]
            began = self._steady()
            found = await self._read()
            # In a thread: the rows of thousands take long.
            rows = await asyncio.to_thread(status_pushes.rows, config, states, found, self._timeline.now())
            if len(found) > MAX_CHEAP:
                now = self._steady()
                self._kept, self._until = (config, rows), now + COST_FACTOR * (now - began)
        return rows

    async def _read(self) -> list[Job]:
        found: list[Job] = []
        while len(found) < MAX_SUBSCRIPTIONS:
            jobs = await self._timeline.jobs(KIND, after=found[-1].id if found else "")
            if not jobs:
                break
            found += jobs
        return found
