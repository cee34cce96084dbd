"""feedstate.py: marks and the state of a feed survive their JSON, whichever version wrote it."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import dump
from feedstate import FeedState, Mark, Marks

FEED = "https://example.org/feed.xml"
NOW = 1_800_000_000.0
LISTED = Marks({"a": Mark("1")})


def marks() -> st.SearchStrategy[Marks]:
    """Any marks."""
    return st.dictionaries(st.text(), st.builds(Mark, st.text(), st.integers(), st.text(), st.booleans())).map(Marks)


@given(marks())
def test_marks_survive_their_json_in_their_order(listed: Marks) -> None:
    read = Marks(text=listed.to_json())
    assert read == listed
    assert list(read) == list(listed)
    assert len(read) == len(listed)
    assert all(isinstance(mark, Mark) for mark in read.values())


@given(marks())
def test_marks_survive_the_way_to_another_process(listed: Marks) -> None:
    assert pickle.loads(pickle.dumps(listed)) == listed
    assert pickle.loads(pickle.dumps(Marks(text=listed.to_json()))) == listed


def test_marks_are_read_when_they_are_looked_at_and_not_before() -> None:
    broken = Marks(text="broken")
    assert broken.to_json() == "broken"
    assert pickle.loads(pickle.dumps(broken)).to_json() == "broken"
    with pytest.raises(ValueError, match="Expecting value"):
        broken.get("a")


def test_marks_of_an_earlier_version_are_read_as_far_as_they_go() -> None:
    earlier = Marks(text='{"a":["1"],"b":["2",1800000000]}')
    assert earlier == {"a": Mark("1"), "b": Mark("2", 1_800_000_000)}


def test_there_may_be_no_marks() -> None:
    assert Marks() == Marks(text="{}") == Marks(text=None) == {}
    assert Marks().to_json() == "{}"


def feed_states() -> st.SearchStrategy[FeedState]:
    """Any state."""
    times = st.floats(0, 1e11)
    words = st.none() | st.text()
    return st.builds(
        FeedState,
        url=st.text(),
        next_at=times,
        checked_at=times,
        ok_at=times,
        validated_url=words,
        etag=words,
        last_modified=words,
        body_digest=words,
        found_url=words,
        moved_to=words,
        moved_since=times,
        max_age=times,
        ttl=times,
        took=times,
        title=words,
        site_url=words,
        status=st.none() | st.integers(),
        problem=words,
        failures=st.integers(0),
        failing_since=times,
        newest=st.lists(times).map(tuple),
        blogs=st.lists(st.text()).map(tuple),
        skip_hours=st.lists(st.integers(0, 23)).map(tuple),
        skip_days=st.lists(st.integers(0, 6)).map(tuple),
        listed=marks(),
    )


@given(feed_states())
def test_a_feed_state_survives_its_json(state: FeedState) -> None:
    assert FeedState.from_json(state.to_json(), state.listed.to_json()) == state
    assert FeedState.from_json(state.to_json()) == replace(state, listed=Marks())


def test_a_feed_states_json_has_only_what_is_set() -> None:
    assert FeedState(url=FEED, etag='"1"', listed=Marks({"a": Mark("1")})).to_json() == dump(
        {"url": FEED, "etag": '"1"'}
    )


def test_a_feed_state_of_another_version_is_read_as_far_as_it_is_known() -> None:
    text = json.dumps({"url": FEED, "etag": '"1"', "listed": {"a": "1"}, "invented_later": [1]})
    assert FeedState.from_json(text) == FeedState(url=FEED, etag='"1"')


def test_a_failure_keeps_what_is_known_and_counts_from_the_first_one() -> None:
    good = FeedState(url=FEED, etag='"1"', listed=LISTED, title="Example").succeeded(200, NOW, NOW + 60)
    once = good.failed("Gone.", 404, NOW + 60, NOW + 120)
    twice = once.failed("Slow.", None, NOW + 120, NOW + 240)
    assert twice == replace(
        good,
        status=None,
        problem="Slow.",
        failures=2,
        failing_since=NOW + 60,
        checked_at=NOW + 120,
        next_at=NOW + 240,
    )
    assert (twice.ok_at, twice.etag, twice.listed) == (NOW, '"1"', LISTED)


def test_a_success_ends_a_failure() -> None:
    failing = FeedState(url=FEED).failed("Gone.", 404, NOW, NOW + 60)
    well = failing.succeeded(304, NOW + 60, NOW + 120)
    assert well == FeedState(url=FEED, status=304, checked_at=NOW + 60, ok_at=NOW + 60, next_at=NOW + 120)


@pytest.mark.parametrize("back", [60, 3600, 3.15e8])
def test_a_feed_that_fails_has_not_failed_since_a_time_that_is_to_come(back: float) -> None:
    first = FeedState(url="https://example.org/").failed("500", 500, 2e9, 2e9)
    again = first.failed("500", 500, 2e9 - back, 2e9)
    assert (again.failing_since, again.failures) == (2e9 - back, 2)


def test_new_entries_are_counted_by_the_hour_for_a_day() -> None:
    state = FeedState(url="u").counted(3600 * 100, taken=2, filtered=1, delays=[3.4])
    state = state.counted(3600 * 100 + 3599, taken=1, filtered=0)
    state = state.counted(3600 * 103, taken=4, filtered=0, delays=[9.0])
    assert (state.taken, state.filtered, state.delays) == ((3, 0, 0, 4), (1, 0, 0, 0), (9, 3))
    assert state.by_hour(state.taken, 3600 * 103) == [0] * 20 + [3, 0, 0, 4]
    assert state.by_hour(state.taken, 3600 * 104) == [0] * 19 + [3, 0, 0, 4, 0]
    assert state.by_hour(state.taken, 3600 * 1_000) == [0] * 24
    assert FeedState.from_json(state.to_json()) == state


def test_a_day_of_counts_is_all_that_is_kept() -> None:
    state = FeedState(url="u")
    for hour in range(100):
        state = state.counted(hour * 3600, taken=1, filtered=0, delays=[1.0] * 5)
    assert (len(state.taken), len(state.filtered), len(state.delays)) == (24, 0, 20)


def test_a_document_without_news_changes_no_count() -> None:
    state = FeedState(url="u")
    assert state.counted(1.0, taken=0, filtered=0) is state
