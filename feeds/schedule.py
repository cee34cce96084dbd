"""The time of a feed's next poll. Pure functions: times are Unix seconds, intervals seconds, jitter is 0 to 1."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final

from feedstate import FeedState

MIN_INTERVAL: Final = 5 * 60.0
MAX_INTERVAL: Final = 4 * 3600.0
MAX_BACKOFF_INTERVAL: Final = 24 * 3600.0
MAX_REQUESTED_INTERVAL: Final = 24 * 3600.0
"""The longest wait that a publisher's max-age and ttl, or missing validators, give `auto`."""

FORBIDDEN_INTERVAL: Final = 4 * 3600.0
"""The first wait of `auto` after 401 or 403, which rarely pass within minutes."""

GONE_INTERVAL: Final = 365 * 24 * 3600.0
"""The wait after 410 Gone."""

MAX_SKIPPED_HOURS: Final = 7 * 24
BACKUP_FACTOR: Final = 12
MAX_BACKUP_INTERVAL: Final = 24 * 3600.0
"""While a hub pushes a feed, polls are a backup: the interval is as many times as long, up to a day."""

JITTER: Final = 0.1
"""The largest share of a wait that jitter adds: feeds that were added together do not stay in step."""

SAMPLE_SIZE: Final = 20
"""Number of the newest entries of a feed that its pace is measured by."""


def pace(published: Iterable[float]) -> float:
    """Half the median gap between a feed's newest entries, from MIN_INTERVAL to MAX_INTERVAL."""
    newest = sorted(published, reverse=True)[:SAMPLE_SIZE]
    gaps = [later - earlier for later, earlier in itertools.pairwise(newest)]
    if not gaps:
        return MAX_INTERVAL / 4
    return min(max(statistics.median(gaps) / 2, MIN_INTERVAL), MAX_INTERVAL)


def auto_interval(state: FeedState, started: float) -> float:
    """The interval `auto`: the feed's pace, or its publisher's wish if that is longer.

    A feed without validators is sent whole each time. It is requested as rarely as misses no entry: four times in
    the time that its newest entries span, and at least daily.
    """
    requested = max(pace(state.newest), min(max(state.max_age, state.ttl), MAX_REQUESTED_INTERVAL))
    if state.etag or state.last_modified or not state.newest:
        return requested
    return max(requested, min((started - min(state.newest)) / 4, MAX_REQUESTED_INTERVAL))


def after_answer(state: FeedState, started: float, interval: float | None, jitter: float) -> float:
    """The time of the next poll after a good answer, counted from the start of this one.

    ``interval`` is the configured one, used as it is; None is `auto`. ``state`` is the one after the answer. Jitter
    only delays.
    """
    wait = backed_up(state, auto_interval(state, started) if interval is None else interval, started)
    if interval is not None and interval < MIN_INTERVAL:
        return started + wait
    next_at = started + wait * (1 + JITTER * jitter)
    return next_at if interval is not None else _not_skipped(next_at, state.skip_hours, state.skip_days)


def catching_up(state: FeedState, next_at: float, started: float) -> float:
    """The time of the next poll, earlier while further pages are to be read; no earlier than the publisher asks."""
    if state.gap is None or not state.is_catching_up:
        return next_at
    wait = max(MIN_INTERVAL, state.max_age, state.ttl)
    return min(next_at, max(state.gap.due, started + wait))


def backed_up(state: FeedState, wait: float, now: float) -> float:
    """The wait until the next poll, longer while a hub pushes the feed: until its subscription ends at the latest."""
    if not state.is_pushed(now):
        return wait
    return max(wait, min(wait * BACKUP_FACTOR, MAX_BACKUP_INTERVAL, state.pushed_until - now))


def after_failure(
    now: float, interval: float | None, failures: int, jitter: float, *, status: int | None, retry_after: float | None
) -> float:
    """The time of the next poll after ``failures`` failures in a row: exponential back-off, up to a day.

    It is never before the end of a Retry-After. After 410 Gone it is a year away.
    """
    if status == 410:
        return now + GONE_INTERVAL
    first = interval or (FORBIDDEN_INTERVAL if status in (401, 403) else MIN_INTERVAL)
    wait = min(first * 2.0 ** min(failures - 1, 30), max(MAX_BACKOFF_INTERVAL, first))
    return now + max(wait * (1 + JITTER * jitter), retry_after or 0.0)


def latest_due(state: FeedState, interval: float | None, blogs: Iterable[str], now: float) -> float:
    """The latest time at which a feed is due that is known from an earlier run.

    A restart alone polls no feed early. A configured interval that became shorter counts from the last poll, and a
    blog that is new to the feed makes it due at once. A failing feed keeps its back-off. If the last poll is in the
    future, the clock was set back: the feed is due as long after ``now`` as it was after that poll.
    """
    due = state.due_by(now)
    if state.failures:
        return due
    if set(blogs) - set(state.blogs):
        return 0.0
    if interval is not None:
        checked = min(state.checked_at, now)
        return min(due, checked + backed_up(state, interval, checked))
    # `auto` measures by the clock, too: one that was years ahead made every feed look like a slow one.
    return min(due, after_answer(state, now, None, 0.0)) if state.checked_at > now else due


def in_words(seconds: float) -> str:
    """A wait in words: 90 seconds, 5 minutes, 3 hours, 2 days."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 2):.0f} seconds"


def _not_skipped(at: float, hours: Collection[int], days: Collection[int]) -> float:
    """The first time from ``at`` on that is outside a publisher's skipHours (UTC) and skipDays (0 for Monday)."""
    for later in range(MAX_SKIPPED_HOURS):
        moment = datetime.fromtimestamp(at + later * 3600, UTC)
        if moment.hour not in hours and moment.weekday() not in days:
            # The minute stays: not all feeds are due at the full hour.
            return at + later * 3600
    return at
