"""Latencies: a histogram for Prometheus, and the newest ones for percentiles."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from typing import Final

MAX_NEWEST: Final = 1_000
"""Latencies that percentiles are of."""


class Latency:
    """Counts latencies by the upper ``bounds`` (seconds, ascending) of their buckets, and sums them."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._newest: deque[float] = deque(maxlen=MAX_NEWEST)

    def observe(self, seconds: float) -> None:
        """Counts a latency; a negative one, of clocks that differ, is 0."""
        seconds = max(seconds, 0.0)
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds
        self._newest.append(seconds)

    def percentile(self, percent: float) -> float | None:
        """A percentile of the newest MAX_NEWEST latencies in seconds; None before the first."""
        return percentile(self._newest, percent)


def percentile(values: Sequence[float] | deque[float], percent: float) -> float | None:
    """The smallest value that ``percent`` of the values do not exceed; None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]
