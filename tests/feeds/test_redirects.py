"""Where a feed is asked for, after it has moved, or was found through a page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from feeds.redirects import MOVED_AFTER_SECONDS, after_answer, after_failure, start
from feedstate import FeedState

NOW = 1_800_000_000.0
OLD, NEW, NEWER = "https://old.example.org/feed", "https://new.example.org/feed", "https://newer.example.org/feed"
FEED = FeedState(url=OLD)


def test_a_feed_is_asked_for_where_the_configuration_says() -> None:
    assert start(FEED, NOW) == OLD


def test_a_move_is_believed_after_seven_days() -> None:
    moved = after_answer(FEED, NEW, NOW)
    assert start(moved, NOW + MOVED_AFTER_SECONDS - 1) == OLD
    assert start(moved, NOW + MOVED_AFTER_SECONDS) == NEW
    assert after_answer(moved, NEW, NOW + 60) == moved, "seen again it does not begin anew"


@pytest.mark.parametrize("led_to", [None, NEWER])
def test_a_move_that_does_not_last_begins_anew(led_to: str | None) -> None:
    moved = after_answer(after_answer(FEED, NEW, NOW), led_to, NOW + 60)
    back = after_answer(moved, NEW, NOW + 120)
    assert start(back, NOW + MOVED_AFTER_SECONDS + 119) == OLD
    assert start(back, NOW + MOVED_AFTER_SECONDS + 120) == NEW


def test_a_move_to_https_on_the_same_host_is_believed_at_once() -> None:
    plain = replace(FEED, url="http://old.example.org/feed")
    assert start(after_answer(plain, "https://old.example.org/feed", NOW), NOW) == "https://old.example.org/feed"
    for other in ("https://www.old.example.org/feed", "https://old.example.org/feed/", "http://old.example.org/f"):
        assert start(after_answer(plain, other, NOW), NOW) == plain.url
    assert start(after_answer(FEED, "http://old.example.org/feed", NOW), NOW) == OLD, "and never the other way"


def test_a_feed_that_has_moved_may_move_on() -> None:
    settled = after_answer(FEED, NEW, NOW)
    later = NOW + MOVED_AFTER_SECONDS
    assert after_answer(settled, None, later) == settled, "asked at its new place, it is not back at the old"
    further = after_answer(settled, NEWER, later)
    assert start(further, later) == OLD
    assert start(further, later + MOVED_AFTER_SECONDS) == NEWER


def test_a_failure_undoes_a_move() -> None:
    settled = after_answer(FEED, NEW, NOW)
    assert start(after_failure(settled, no_feed_there=False), NOW + MOVED_AFTER_SECONDS) == OLD


def test_a_feed_that_a_page_led_to_is_asked_for_itself() -> None:
    found = replace(FEED, found_url=NEW, validated_url=NEW, etag='"1"')
    assert start(found, NOW) == NEW
    assert start(after_failure(found, no_feed_there=False), NOW) == NEW
    lost = after_failure(found, no_feed_there=True)
    assert (start(lost, NOW), lost.validated_url, lost.etag) == (OLD, None, None)


def test_a_feed_that_is_named_keeps_its_validators_through_a_failure() -> None:
    named = replace(FEED, validated_url=OLD, etag='"1"')
    assert after_failure(named, no_feed_there=True) == named
