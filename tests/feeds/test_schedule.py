"""When a feed is polled next. All of it is arithmetic on given times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.schedule import (
    FORBIDDEN_INTERVAL,
    GONE_INTERVAL,
    MAX_BACKOFF_INTERVAL,
    MAX_INTERVAL,
    MAX_REQUESTED_INTERVAL,
    MIN_INTERVAL,
    SAMPLE_SIZE,
    after_answer,
    after_failure,
    in_words,
    latest_due,
    pace,
)
from feedstate import FeedState

NOW = 1_800_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
FRIDAY = 4


def state(**known: Any) -> FeedState:
    """A feed's state."""
    return FeedState(url="https://example.org/", **known)


def every(gap: float, count: int = SAMPLE_SIZE) -> list[float]:
    """The dates of so many entries."""
    return [NOW - gap * n for n in range(count)]


@pytest.mark.parametrize(
    ("published", "interval"),
    [
        ([], HOUR),
        ([NOW], HOUR),
        (every(HOUR), HOUR / 2),
        (every(20 * MINUTE), 10 * MINUTE),
        (every(20 * MINUTE, 2), 10 * MINUTE),
        (every(MINUTE), MIN_INTERVAL),
        ([NOW] * 20, MIN_INTERVAL),
        (every(DAY), MAX_INTERVAL),
        (every(365 * DAY), MAX_INTERVAL),
        ([*every(HOUR, 10), NOW - 900 * DAY], HOUR / 2),
        (every(HOUR)[::-1], HOUR / 2),
        ([*every(HOUR), *(NOW - 50 * HOUR - MINUTE * n for n in range(500))], HOUR / 2),
    ],
    ids=["none", "one", "1/h", "3/h", "two", "flood", "at once", "daily", "yearly", "pause", "any order", "many"],
)
def test_auto_is_half_the_usual_gap_within_its_bounds(published: Sequence[float], interval: float) -> None:
    assert pace(published) == interval


@given(st.lists(st.floats(0, 1e11)))
def test_auto_stays_within_its_bounds_whatever_the_dates(published: list[float]) -> None:
    assert MIN_INTERVAL <= pace(published) <= MAX_INTERVAL


@pytest.mark.parametrize(
    ("interval", "jitter", "later"),
    [
        (1.0, 0.0, 1.0),
        (1.0, 1.0, 1.0),
        (MIN_INTERVAL - 1, 1.0, MIN_INTERVAL - 1),
        (MIN_INTERVAL, 0.0, MIN_INTERVAL),
        (MIN_INTERVAL, 1.0, MIN_INTERVAL * 1.1),
        (HOUR, 0.5, HOUR * 1.05),
        (31 * DAY, 1.0, 31 * DAY * 1.1),
    ],
)
def test_the_operators_interval_is_kept_and_jitter_only_delays_it(
    interval: float, jitter: float, later: float
) -> None:
    asks_for_more = state(newest=every(DAY), max_age=DAY, ttl=DAY, skip_hours=range(24))
    assert after_answer(asks_for_more, NOW, interval, jitter) == pytest.approx(NOW + later)


@pytest.mark.parametrize(
    ("known", "wait"),
    [
        ({}, MAX_INTERVAL),
        ({"newest": every(HOUR)}, HOUR / 2),
        ({"max_age": 6 * HOUR}, 6 * HOUR),
        ({"ttl": 6 * HOUR}, 6 * HOUR),
        ({"max_age": 5 * HOUR, "ttl": 6 * HOUR}, 6 * HOUR),
        ({"max_age": MINUTE, "ttl": MINUTE}, MAX_INTERVAL),
        ({"max_age": 365 * DAY}, MAX_REQUESTED_INTERVAL),
    ],
    ids=["pace", "quick pace", "max-age", "ttl", "the longer", "the pace is longer", "bounded"],
)
def test_auto_is_raised_by_what_the_publisher_asks_for(known: dict[str, Any], wait: float) -> None:
    known = {"newest": every(DAY), "etag": '"1"', **known}
    assert after_answer(state(**known), NOW, None, 0.0) == NOW + wait
    assert after_answer(state(**known), NOW, None, 1.0) == pytest.approx(NOW + wait * 1.1)


@pytest.mark.parametrize(
    ("newest", "wait"),
    [
        (every(10 * DAY), DAY),
        (every(DAY), DAY),
        (every(HOUR), 19 * HOUR / 4),
        (every(MINUTE), MIN_INTERVAL),
        ([], HOUR),
    ],
    ids=["slow", "daily", "hourly", "quick", "undated"],
)
def test_a_feed_without_validators_is_asked_as_seldom_as_loses_nothing(newest: list[float], wait: float) -> None:
    assert after_answer(state(newest=newest), NOW, None, 0.0) == NOW + wait
    assert wait <= max(NOW - min(newest, default=0), MIN_INTERVAL), "before what is listed now has rolled off"


@pytest.mark.parametrize(
    ("hours", "days", "due"),
    [
        ([], [], MIDNIGHT + 4 * HOUR),
        ([4], [], MIDNIGHT + 5 * HOUR),
        ([4, 5, 6, 8], [], MIDNIGHT + 7 * HOUR),
        ([3, 5], [], MIDNIGHT + 4 * HOUR),
        ([], [FRIDAY], MIDNIGHT + DAY + 4 * HOUR - 4 * HOUR),
        ([0, 1], [FRIDAY, FRIDAY + 1], MIDNIGHT + 2 * DAY + 2 * HOUR),
        (range(24), [], MIDNIGHT + 4 * HOUR),
        ([], range(7), MIDNIGHT + 4 * HOUR),
    ],
    ids=["none", "one", "several", "others", "day", "both", "all hours", "all days"],
)
def test_hours_and_days_that_the_publisher_skips_are_slept_through(
    hours: Sequence[int], days: Sequence[int], due: float
) -> None:
    sleepy = state(newest=every(DAY), etag='"1"', skip_hours=tuple(hours), skip_days=tuple(days))
    assert after_answer(sleepy, MIDNIGHT, None, 0.0) == due


@given(
    st.sets(st.integers(0, 23), max_size=23),
    st.sets(st.integers(0, 6), max_size=6),
    st.floats(0, 1e10),
    st.floats(0, 1),
)
def test_no_skipped_hour_is_ever_chosen_and_none_is_undercut(
    hours: set[int], days: set[int], started: float, jitter: float
) -> None:
    sleepy = state(etag='"1"', skip_hours=tuple(hours), skip_days=tuple(days))
    due = after_answer(sleepy, started, None, jitter)
    moment = datetime.fromtimestamp(due, UTC)
    assert moment.hour not in hours
    assert moment.weekday() not in days
    assert due >= started + HOUR


@pytest.mark.parametrize(
    ("interval", "failures", "wait"),
    [
        (1.0, 1, 1.0),
        (1.0, 2, 2.0),
        (1.0, 5, 16.0),
        (1.0, 30, MAX_BACKOFF_INTERVAL),
        (5 * MINUTE, 1, 5 * MINUTE),
        (5 * MINUTE, 4, 40 * MINUTE),
        (5 * MINUTE, 10, MAX_BACKOFF_INTERVAL),
        (HOUR, 100_000, MAX_BACKOFF_INTERVAL),
        (7 * DAY, 1, 7 * DAY),
        (7 * DAY, 9, 7 * DAY),
    ],
)
def test_failures_are_backed_off_from_exponentially_to_a_day(interval: float, failures: int, wait: float) -> None:
    assert after_failure(NOW, interval, failures, 0.0, status=None, retry_after=None) == NOW + wait
    assert after_failure(NOW, interval, failures, 1.0, status=500, retry_after=None) == pytest.approx(
        NOW + wait * 1.1
    )


@pytest.mark.parametrize(
    ("retry_after", "wait"), [(None, MINUTE), (0.0, MINUTE), (30.0, MINUTE), (120.0, 120.0), (10 * DAY, 10 * DAY)]
)
def test_what_the_publisher_asks_for_is_never_undercut(retry_after: float | None, wait: float) -> None:
    assert after_failure(NOW, MINUTE, 1, 0.0, status=429, retry_after=retry_after) == NOW + wait


@pytest.mark.parametrize("status", [401, 403])
def test_auto_does_not_press_a_publisher_who_refuses(status: int) -> None:
    assert after_failure(NOW, None, 1, 0.0, status=status, retry_after=None) == NOW + FORBIDDEN_INTERVAL
    assert after_failure(NOW, MINUTE, 1, 0.0, status=status, retry_after=None) == NOW + MINUTE
    assert after_failure(NOW, None, 1, 0.0, status=500, retry_after=None) == NOW + MIN_INTERVAL


def test_a_feed_that_is_gone_is_left_alone() -> None:
    assert after_failure(NOW, 1.0, 1, 0.0, status=410, retry_after=5.0) == NOW + GONE_INTERVAL


@pytest.mark.parametrize(
    ("state", "interval", "blogs", "due"),
    [
        ({}, None, ["blog"], NOW + HOUR),
        ({}, DAY, ["blog"], NOW + HOUR),
        ({}, 10 * MINUTE, ["blog"], NOW + 10 * MINUTE),
        ({}, 10 * MINUTE, [], NOW + 10 * MINUTE),
        ({}, None, ["blog", "new"], 0.0),
        ({"failures": 3}, 1.0, ["blog"], NOW + HOUR),
        ({"failures": 3}, None, ["new"], NOW + HOUR),
        ({"blogs": ()}, None, ["blog"], 0.0),
    ],
    ids=["restart", "longer", "shorter", "in no blog", "new blog", "failing", "failing and new blog", "never read"],
)
def test_a_restart_polls_no_earlier_than_its_reason(
    state: dict[str, int], interval: float | None, blogs: list[str], due: float
) -> None:
    known: dict[str, Any] = {
        "url": "https://example.org/",
        "checked_at": NOW,
        "next_at": NOW + HOUR,
        "blogs": ("blog",),
        **state,
    }
    assert latest_due(FeedState(**known), interval, blogs, NOW) == due


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "2 seconds"),
        (1, "2 seconds"),
        (90, "90 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (3_599, "60 minutes"),
        (2 * HOUR, "2 hours"),
        (2 * DAY, "2 days"),
        (GONE_INTERVAL, "365 days"),
    ],
)
def test_a_wait_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize("back", [MINUTE, HOUR, 3650 * DAY])
@pytest.mark.parametrize(
    ("state", "interval", "wait"),
    [
        ({}, DAY, HOUR),
        ({}, 10 * MINUTE, 10 * MINUTE),
        ({}, None, HOUR),
        ({"failures": 3}, MINUTE, HOUR),
        ({"failures": 3, "next_at": NOW + 365 * DAY}, None, 365 * DAY),
        ({"next_at": NOW + DAY, "newest": tuple(every(20 * MINUTE, 20))}, None, 10 * MINUTE),
    ],
    ids=["interval", "shorter", "auto", "failing", "gone", "auto that was measured by another clock"],
)
def test_after_a_set_back_a_feed_is_due_no_later_than_it_was_after_its_last_poll(
    state: dict[str, int], interval: float | None, wait: float, back: float
) -> None:
    known: dict[str, Any] = {
        "url": "https://example.org/",
        "checked_at": NOW,
        "next_at": NOW + HOUR,
        "etag": "1",
        **state,
    }
    due = latest_due(FeedState(**known), interval, [], NOW - back)
    assert due == NOW - back + wait


def test_a_feed_that_was_never_polled_does_not_wait_for_a_pause_that_another_clock_set() -> None:
    assert latest_due(FeedState(url="https://example.org/", next_at=NOW + 3650 * DAY), MINUTE, [], NOW) <= NOW
