"""When a feed is polled next. Pure functions: times are Unix seconds, intervals seconds."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable
from typing import Final

from entries import FeedState

SHORTEST: Final = 5 * 60.0
LONGEST: Final = 4 * 3600.0
LONGEST_BACK_OFF: Final = 24 * 3600.0
SAMPLE: Final = 20
"""How many of a feed's newest entries tell its pace."""

GONE: Final = 365 * 24 * 3600.0
"""A feed that answers 410 Gone is asked again after a year, or when it is named anew."""


def adapted(published: Iterable[float]) -> float:
    """The interval `auto`: half the median gap between a feed's newest entries, 5 minutes to 4 hours."""
    newest = sorted(published, reverse=True)[:SAMPLE]
    gaps = [later - earlier for later, earlier in itertools.pairwise(newest)]
    if not gaps:
        return LONGEST / 4
    return min(max(statistics.median(gaps) / 2, SHORTEST), LONGEST)


def after_answer(started: float, interval: float, jitter: float) -> float:
    """The next poll after a good answer, counted from the start of this one. ``jitter`` (0 to 1) only delays."""
    spread = 0.0 if interval < SHORTEST else interval * 0.1
    return started + interval + spread * jitter


def after_failure(
    now: float, interval: float, failures: int, jitter: float, *, status: int | None, retry_after: float | None
) -> float:
    """The next try after the ``failures``-th failure in a row: exponential back-off to 24 hours.

    What the publisher asks for (Retry-After) is never undercut; 410 Gone means stop.
    """
    if status == 410:
        return now + GONE
    wait = min(interval * 2.0 ** min(failures - 1, 30), max(LONGEST_BACK_OFF, interval))
    return now + max(wait * (1 + 0.1 * jitter), retry_after or 0.0)


def spoken(seconds: float) -> str:
    """A wait in words: 90 seconds, 5 minutes, 3 hours, 2 days."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 2):.0f} seconds"


def no_later_than(state: FeedState, interval: float | None, blogs: Iterable[str]) -> float:
    """When a feed that is known from an earlier run is due at the latest.

    A restart alone never polls early. An interval that the operator shortened counts from the last poll, and a
    blog that is new to a feed should not wait for it; unless the feed is failing, which has its own pace.
    """
    if state.failures:
        return state.next_at
    if set(blogs) - set(state.blogs):
        return 0.0
    return state.next_at if interval is None else min(state.next_at, state.checked_at + interval)
