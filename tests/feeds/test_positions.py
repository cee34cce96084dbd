"""positions.py: the position of an entry is the time it was first seen, or its own date if it is old."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from feeds.positions import LATE_AFTER, positioned
from tests.bare_entries import NOW, at, entry


def test_an_entry_stands_where_it_was_first_seen() -> None:
    (placed,) = positioned([entry(published=at(-3600))], "blog", NOW, backfill=False)
    assert (placed.blog, placed.seen, placed.position, placed.backfilled) == ("blog", NOW * 1e6, NOW * 1e6, False)


@pytest.mark.parametrize(
    ("dates", "backfill", "seconds"),
    [
        ({"published": at(-3600)}, True, -3600),
        ({"modified": at(-3600)}, True, -3600),
        ({"published": at(-7200), "modified": at(-3600)}, True, -7200),
        ({}, True, 0),
        ({"published": at(9e8)}, True, 0),
        ({"published": at(9e8)}, False, 0),
        ({"published": at(-LATE_AFTER.total_seconds() - 1)}, False, -LATE_AFTER.total_seconds() - 1),
        ({"published": at(-LATE_AFTER.total_seconds())}, False, 0),
        ({"published": datetime(1990, 1, 1, tzinfo=UTC)}, False, datetime(1990, 1, 1, tzinfo=UTC).timestamp() - NOW),
    ],
    ids=str,
)
def test_an_old_entry_stands_at_its_own_date_and_none_in_the_future(
    dates: dict[str, Any], seconds: float, *, backfill: bool
) -> None:
    (placed,) = positioned([entry(**dates)], "blog", NOW, backfill=backfill)
    assert placed.position == int((NOW + seconds) * 1e6)
    assert placed.backfilled is (backfill or seconds < 0)


def test_entries_seen_together_keep_the_order_of_their_document() -> None:
    placed = positioned([entry(name) for name in ["newest", "middle", "oldest"]], "blog", NOW, backfill=False)
    assert [one.id for one in placed] == ["oldest", "middle", "newest"]


@pytest.mark.parametrize(
    ("seconds", "order"),
    [
        ([-180, -120, -60], [0, 1, 2]),
        ([-60, -120, -180], [2, 1, 0]),
        ([-120, -60, -180], [2, 0, 1]),
        ([-60, -60, -60], [2, 1, 0]),
        ([-60, 90, 60, -90], [3, 0, 2, 1]),
        ([-60, None, -120], [2, 1, 0]),
        ([-180, None, -60], [1, 0, 2]),
        ([None, -180, -60], [1, 2, 0]),
    ],
    ids=str,
)
def test_new_entries_of_one_poll_stand_in_the_order_of_their_dates(
    seconds: Sequence[float | None], order: Sequence[int]
) -> None:
    """Some feeds list the oldest first. One without a date stays below the one that is listed before it."""
    listed = [entry(str(n), published=None if at_ is None else at(at_)) for n, at_ in enumerate(seconds)]
    placed = positioned(listed, "blog", NOW, backfill=False)
    assert [int(one.id) for one in placed] == order
    assert all(abs(one.position - NOW * 1e6) <= len(seconds) for one in placed)


def test_entries_dated_in_the_future_keep_the_order_of_their_document() -> None:
    entries = [entry("newest", published=at(60)), entry("oldest", published=at(90))]
    placed = positioned(entries, "blog", NOW, backfill=True)
    assert [one.id for one in placed] == ["oldest", "newest"]


def dated() -> st.SearchStrategy[datetime | None]:
    """Dates around now, many of them the same or a microsecond apart."""
    near = st.integers(-3, 3).map(lambda micros: at(0) + timedelta(microseconds=micros))
    return st.none() | near | near.map(lambda date: date - timedelta(days=2)) | st.datetimes(timezones=st.just(UTC))


@given(dates=st.lists(dated(), max_size=20), backfill=st.booleans())
def test_places_are_in_order_of_their_own_and_not_in_the_future(
    dates: Sequence[datetime | None], *, backfill: bool
) -> None:
    assume(all(date is None or date.year >= 1990 for date in dates))
    listed = [entry(str(n), published=date) for n, date in enumerate(dates)]
    placed = positioned(listed, "blog", NOW, backfill=backfill)
    positions = [one.position for one in placed]
    assert positions == sorted(set(positions)), "each has a place of its own"
    assert all(position <= NOW * 1e6 for position in positions)
    assert {one.id for one in placed} == {one.id for one in listed}
    for one in placed:
        own = (one.published or at(0)).timestamp() * 1e6 if one.backfilled else NOW * 1e6
        assert abs(one.position - min(own, NOW * 1e6)) <= 2 * len(dates), "no more is changed than order asks for"


@pytest.mark.parametrize(
    ("age", "old_before", "quiet"),
    [
        (3, math.inf, True),
        (3, -2, True),
        (3, -4, False),
        (3650, -3650, False),
        (0.5, math.inf, False),
    ],
    ids=["old", "dated before it could be new", "dated since", "ten years by a clock that is ahead", "not late"],
)
def test_a_late_entry_that_may_be_new_has_its_event(age: float, old_before: float, quiet: bool) -> None:
    day = 86_400
    (placed,) = positioned(
        [entry(published=at(-age * day))], "blog", NOW, backfill=False, old_before=NOW + old_before * day
    )
    assert placed.backfilled is quiet
    assert placed.position == (NOW - (age * day if age >= 1 else 0)) * 1e6
