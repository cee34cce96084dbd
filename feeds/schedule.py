"""When a feed is polled next. Pure functions: times are Unix seconds, intervals seconds."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final

from feedstate import FeedState

SHORTEST: Final = 5 * 60.0
LONGEST: Final = 4 * 3600.0
LONGEST_BACK_OFF: Final = 24 * 3600.0
LONGEST_WISH: Final = 24 * 3600.0
"""The longest that a publisher's max-age, ttl or missing validators keep `auto` from asking."""

FORBIDDEN: Final = 4 * 3600.0
"""The first wait of `auto` after 401 or 403: asking on does not make a publisher change its mind."""

MOST_SKIPPED_HOURS: Final = 7 * 24
SPREAD: Final = 0.1
"""The share of a wait that jitter adds at most, so that feeds that were added together do not stay in step."""

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


def wished(state: FeedState, started: float) -> float:
    """The interval that `auto` comes to: the feed's pace, and what its publisher asked for where that is longer.

    A publisher whose feed has no validators sends the whole document each time. It is asked as seldom as loses
    nothing: four times in the time that the newest entries span, at least daily.
    """
    asked_for = max(adapted(state.newest), min(max(state.max_age, state.ttl), LONGEST_WISH))
    if state.etag or state.last_modified or not state.newest:
        return asked_for
    return max(asked_for, min((started - min(state.newest)) / 4, LONGEST_WISH))


def after_answer(state: FeedState, started: float, interval: float | None, jitter: float) -> float:
    """The next poll after a good answer, counted from the start of this one. ``jitter`` (0 to 1) only delays.

    ``interval`` is the operator's, which counts as it is; None is `auto`. ``state`` is that of after the answer.
    """
    if interval is not None and interval < SHORTEST:
        return started + interval
    wait = wished(state, started) if interval is None else interval
    next_at = started + wait * (1 + SPREAD * jitter)
    return next_at if interval is not None else _awake(next_at, state.skip_hours, state.skip_days)


def after_failure(
    now: float, interval: float | None, failures: int, jitter: float, *, status: int | None, retry_after: float | None
) -> float:
    """The next try after the ``failures``-th failure in a row: exponential back-off to 24 hours.

    What the publisher asks for (Retry-After) is never undercut; 410 Gone means stop.
    """
    if status == 410:
        return now + GONE
    first = interval or (FORBIDDEN if status in (401, 403) else SHORTEST)
    wait = min(first * 2.0 ** min(failures - 1, 30), max(LONGEST_BACK_OFF, first))
    return now + max(wait * (1 + SPREAD * jitter), retry_after or 0.0)


def _awake(at: float, hours: Collection[int], days: Collection[int]) -> float:
    """The first moment from ``at`` on that is not in hours (UTC) or on days (0 for Monday) that a publisher skips."""
    for later in range(MOST_SKIPPED_HOURS):
        moment = datetime.fromtimestamp(at + later * 3600, UTC)
        if moment.hour not in hours and moment.weekday() not in days:
            # Not in step with all the others at the full hour: the minute stays.
            return at + later * 3600
    return at


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
