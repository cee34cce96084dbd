"""Limits of the exchanges with publishers that run at the same time.

Each host gets few slots, all hosts together no more than the configuration allows. A quarter of these is reserved for
proven feeds. An exchange that takes long is parked: its slot is free for others while it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Final

from feedstate import FeedState
from outbound.host_limits import HostLimits
from outbound.resizable_semaphore import Slots

QUICK_SECONDS: Final = 3.0
"""An exchange that takes longer is parked, and its feed is not proven."""


def proven(state: FeedState) -> bool:
    """True if a feed's last exchange was good and quick, so that the next can be expected to be."""
    return bool(state.ok_at) and not state.failures and state.took < QUICK_SECONDS


class ExchangeSlots:
    """Slots for exchanges. ``working`` counts those that have a slot, or wait for one and for nothing else."""

    def __init__(self, concurrency: int, hosts: HostLimits, quick_seconds: float = QUICK_SECONDS) -> None:
        self.working = 0
        self._hosts = hosts
        self._quick_seconds = quick_seconds
        self._all = Slots(concurrency)
        self._unproven = Slots(_for_unproven(concurrency))
        self._parked = Slots(concurrency)

    def apply(self, concurrency: int) -> None:
        """Changes the number of slots; exchanges under way go on."""
        self._all.resize(concurrency)
        self._unproven.resize(_for_unproven(concurrency))
        self._parked.resize(concurrency)

    @asynccontextmanager
    async def slot(self, host: str, *, proven: bool) -> AsyncIterator[None]:
        """Waits for a slot, and gives it back at the end of the block, or earlier if the exchange is parked.

        ``host`` is a `host_key`. The host's own slot is kept until the end.
        """
        async with self._hosts.slot(host), AsyncExitStack() as slots:
            if not proven:
                await slots.enter_async_context(self._unproven)
            slots.enter_context(self._working())
            await slots.enter_async_context(self._all)
            with self._parked_later(slots):
                yield

    @contextmanager
    def _working(self) -> Iterator[None]:
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1

    @contextmanager
    def _parked_later(self, slots: AsyncExitStack) -> Iterator[None]:
        """Parks the exchange if it has not ended after QUICK_SECONDS."""
        parking: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        later = loop.call_later(self._quick_seconds, lambda: parking.append(loop.create_task(self._park(slots))))
        try:
            yield
        finally:
            later.cancel()
            for task in parking:
                task.cancel()

    async def _park(self, slots: AsyncExitStack) -> None:
        """Exchanges the slots for one of a parked exchange, as soon as there is one; holds it until cancelled."""
        async with slots.pop_all() as held, self._parked:
            await held.aclose()
            await asyncio.Event().wait()


def _for_unproven(concurrency: int) -> int:
    return max(concurrency * 3 // 4, 2)
