"""The number of subscriptions at our hub, in all and by host of their callbacks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

from delivery.target import all_targets
from timeline import Timeline

MAX_SUBSCRIPTIONS: Final = 10_000
MAX_SUBSCRIPTIONS_PER_HOST: Final = 500

COUNT_INTERVAL: Final = 60.0
"""Seconds between two counts: meanwhile the accepted requests of this process are added."""


class SubscriberCounts:
    """Counts subscriptions. ``steady`` gives seconds of a clock that is never set."""

    def __init__(self, timeline: Timeline, steady: Callable[[], float] = monotonic) -> None:
        self._timeline = timeline
        self._steady = steady
        self._by_host: Counter[str] = Counter()
        self._counted_at: float | None = None
        self._counting = asyncio.Lock()

    async def has_room(self, host: str) -> bool:
        """True if there may be another subscription of a host. Raises TimelineError."""
        async with self._counting:
            if self._counted_at is None or self._steady() - self._counted_at >= COUNT_INTERVAL:
                await self._count()
        return self._by_host.total() < MAX_SUBSCRIPTIONS and self._by_host[host] < MAX_SUBSCRIPTIONS_PER_HOST

    def add(self, host: str) -> None:
        """Counts a subscription that was accepted."""
        self._by_host[host] += 1

    async def _count(self) -> None:
        by_host: Counter[str] = Counter()
        async for target in all_targets(self._timeline):
            if target.sort == "hub":
                by_host[target.host] += 1
        self._by_host, self._counted_at = by_host, self._steady()
