"""The list of proven feeds: those that are due longest come first, once."""

from __future__ import annotations

from feeds.proven_feeds import ProvenFeeds


def test_those_that_are_due_longest_come_first_and_once() -> None:
    feeds = ProvenFeeds()
    feeds.replace([(3.0, "c"), (1.0, "a"), (9.0, "late")])
    feeds.add(2.0, "b")
    feeds.add(2.5, "a")
    assert feeds.take(5.0, 2) == ["a", "b"]
    assert feeds.take(5.0, 9) == ["a", "c"]
    assert feeds.take(5.0, 9) == []


def test_no_room_takes_none_and_all_can_be_replaced() -> None:
    feeds = ProvenFeeds()
    feeds.replace([(1.0, "a")])
    assert feeds.take(5.0, 0) == []
    feeds.replace([(1.0, "b")])
    assert feeds.take(5.0, 9) == ["b"]
