"""Counts of one blog's channel: events, deliveries, clients, and the time until an entry was delivered.

An entry counts as delivered when the last live connection has been sent it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from entries import Event
from latency import Latency, percentile

DELIVERY_BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

MAX_FEEDS: Final = 10_000
NEWEST_OF_FEED: Final = 20

Joined = Literal["first", "resumed", "reset"]
"""The first messages of a client: news from now on, all that it missed, or a reset."""


class Counts:
    """Counts since the process started to serve the blog."""

    def __init__(self) -> None:
        self.events = 0
        self.deliveries = 0
        self.evicted = 0
        self.joined: dict[Joined, int] = {"first": 0, "resumed": 0, "reset": 0}
        self.latency = Latency(DELIVERY_BOUNDS)
        self._under_way: list[tuple[float, str]] = []
        self._of_feeds: dict[str, deque[float]] = {}

    def pushed(self, events: Sequence[Event], live: int) -> None:
        """Counts events that are about to be sent on so many live connections."""
        self.events += len(events)
        self.deliveries += len(events) * live
        if live:
            new = (event.item for event in events if event.kind == "entry" and event.item)
            self._under_way += [seen for item in new if (seen := _seen(item))]

    def sent(self, now: float) -> None:
        """Counts the events under way as delivered at a Unix time."""
        under_way, self._under_way = self._under_way, []
        for seen, feed_url in under_way:
            self.latency.observe(now - seen)
            if feed_url not in self._of_feeds and len(self._of_feeds) >= MAX_FEEDS:
                self._of_feeds.clear()
            self._of_feeds.setdefault(feed_url, deque(maxlen=NEWEST_OF_FEED)).append(max(now - seen, 0.0))

    def of_feed(self, public_url: str) -> float | None:
        """The median of the newest delivery latencies of a feed in seconds; None if nothing of it was delivered."""
        return percentile(self._of_feeds.get(public_url, ()), 50)


def _seen(item: str) -> tuple[float, str] | None:
    """When an item was first seen (Unix seconds), and the public URL of its feed, without parsing the whole of it.

    None for an item without that time: counts must not end the fan-out.
    """
    seen, feed_url = (item.rpartition(f'"{name}":"')[2].partition('"')[0] for name in ("seen", "feed_url"))
    try:
        return datetime.fromisoformat(seen).timestamp(), feed_url
    except ValueError:
        return None
