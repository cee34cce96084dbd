"""Wakes the targets of blogs that have new events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import aclosing
from time import monotonic
from typing import Final

from delivery.target import KIND
from timeline import HistoryLostError, Timeline, TimelineError

TARGETS_PER_SECOND: Final = 500
"""Pace at which the targets of one blog are woken: ten thousand of them leave time for those of other blogs."""

MIN_INTERVAL: Final = 0.02
REST: Final = 4
"""Wakes of a blog take at most one part in REST + 1 of the time: events that come fast are delivered together."""

RETRY_SECONDS: Final = 1.0


class Wakeups:
    """Watches blogs, and wakes their targets.

    ``changed`` is called with each blog that has events, ``woken`` after its targets were woken, and ``ended`` with
    a task that is done.
    """

    def __init__(
        self,
        timeline: Timeline,
        changed: Callable[[str], None],
        woken: Callable[[], None],
        ended: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self._timeline = timeline
        self._ended = ended
        self._changed = changed
        self._woken = woken
        self._wanted: set[str] = set()
        self._waking: dict[str, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None

    def watch(self, blogs: Collection[str]) -> None:
        """Watches exactly these blogs from now on, and wakes all their targets once: events may have been missed."""
        if self._watching:
            self._watching.cancel()
        self._watching = asyncio.create_task(self._watch(tuple(blogs)))
        self._watching.add_done_callback(self._ended)

    def wake(self, blog: str) -> None:
        """Wakes the targets of a blog soon."""
        self._changed(blog)
        self._wanted.add(blog)
        if blog not in self._waking:
            # Each in a task of its own: a blog of many targets does not keep others waiting.
            self._waking[blog] = asyncio.create_task(self._wake(blog))
            self._waking[blog].add_done_callback(self._ended)

    async def stop(self) -> None:
        """Wakes no more."""
        tasks = [*self._waking.values(), *filter(None, [self._watching])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _watch(self, blogs: Collection[str]) -> None:
        while True:
            try:
                async with aclosing(self._timeline.watch(blogs)) as batches:
                    async for batch in batches:
                        # The first is empty.
                        for blog in {event.blog for event in batch} if batch else blogs:
                            self.wake(blog)
            except HistoryLostError:
                continue
            except TimelineError:
                # The queue logs that the store is down.
                await asyncio.sleep(RETRY_SECONDS)

    async def _wake(self, blog: str) -> None:
        while blog in self._wanted:
            self._wanted.remove(blog)
            began = monotonic()
            try:
                await self._timeline.wake_jobs(KIND, blog, self._timeline.now(), 1 / TARGETS_PER_SECOND)
            except TimelineError:
                self._wanted.add(blog)
                await asyncio.sleep(RETRY_SECONDS)
            self._woken()
            await asyncio.sleep(max(REST * (monotonic() - began), MIN_INTERVAL))
        del self._waking[blog]
