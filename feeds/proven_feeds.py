"""The proven feeds of this node, by the time when they are due: they are claimed by name, before all others.

A claim of the feeds that are due longest gives a proven feed its turn only after all feeds that hang and were due
before it. A list of this node is enough: a feed that another node has polled meanwhile is not claimed, and those that
this node does not know are claimed with the others.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence


class ProvenFeeds:
    """URLs by due time, in Unix seconds."""

    def __init__(self) -> None:
        self._due: list[tuple[float, str]] = []

    def replace(self, due: Iterable[tuple[float, str]]) -> None:
        """Forgets all, and adds these."""
        self._due = list(due)
        heapq.heapify(self._due)

    def add(self, due: float, url: str) -> None:
        """Adds a feed. It may be listed already, for another time."""
        heapq.heappush(self._due, (due, url))

    def take(self, now: float, limit: int) -> Sequence[str]:
        """Removes and returns the feeds that are due longest, at most ``limit``."""
        urls: dict[str, None] = {}
        while self._due and self._due[0][0] <= now and len(urls) < limit:
            urls[heapq.heappop(self._due)[1]] = None
        return list(urls)
