"""Lanes: how many exchanges there are at a time, and who waits for whom.

One host gets few at a time, all hosts together no more than the configuration allows. A quarter of these is kept for
feeds that have answered well; and an exchange that takes long is parked, so that its place is free for others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final

QUICK_SECONDS: Final = 3.0
"""How long an exchange takes up a place; and within how long a feed has to answer, to be one that answers well."""


class Lanes:
    """Places for exchanges. ``working`` is how many are taken, or waited for by those who may have one next."""

    def __init__(self, concurrency: int, per_host: int, quick_seconds: float = QUICK_SECONDS) -> None:
        self.working = 0
        self._quick_seconds = quick_seconds
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))
        self._all = asyncio.Semaphore(concurrency)
        self._unproven = asyncio.Semaphore(max(concurrency * 3 // 4, 2))
        self._parking = asyncio.Semaphore(concurrency)

    @asynccontextmanager
    async def turn(self, host: str, *, proven: bool) -> AsyncIterator[None]:
        """Waits for a place, and gives it back at the end of the block, or when that takes long."""
        async with self._hosts[host], AsyncExitStack() as places:
            if not proven:
                await places.enter_async_context(self._unproven)
            places.enter_context(self._at_work())
            await places.enter_async_context(self._all)
            with self._parked_later(places):
                yield

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1

    @contextmanager
    def _parked_later(self, places: AsyncExitStack) -> Iterator[None]:
        """Gives the places up before the end of the block, if that is long in coming and there is room to park."""
        parking: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        later = loop.call_later(self._quick_seconds, lambda: parking.append(loop.create_task(self._park(places))))
        try:
            yield
        finally:
            later.cancel()
            for task in parking:
                task.cancel()

    async def _park(self, places: AsyncExitStack) -> None:
        """Holds the places until there is room to park, then that room, until the exchange ends this."""
        async with places.pop_all() as held, self._parking:
            await held.aclose()
            await asyncio.Event().wait()
