"""fanout/counts.py: events, deliveries, and the time from an entry's first sight to its delivery."""

from __future__ import annotations

from entries import Cursor, Event, Kind
from fanout import counts
from fanout.counts import Counts

ITEM = (
    '{"id":"%s","title":"Says \\"seen\\":\\"never\\"","_livelog":{"source":{"title":"T","feed_url":"%s"},'
    '"position":"2026-11-30T12:00:00.000000Z","seen":"2026-11-30T12:00:00.000000Z","revision":1}}'
)
SEEN = 1_796_040_000.0


def event(kind: Kind = "entry", feed: str = "https://a.example/") -> Event:
    return Event("blog", Cursor("e", 1), kind, "a", ITEM % ("a", feed))


def test_events_count_once_and_deliveries_by_connection() -> None:
    counted = Counts()
    counted.pushed([event(), event("update")], live=3)
    assert (counted.events, counted.deliveries) == (2, 6)


def test_new_entries_are_timed_until_the_last_connection_was_sent_them() -> None:
    counted = Counts()
    counted.pushed([event(), event("update"), Event("blog", Cursor("e", 2), "delete", "b", None)], live=1)
    counted.sent(SEEN + 0.25)
    counted.sent(SEEN + 9.0)
    assert sum(counted.latency.counts) == 1
    assert counted.latency.percentile(50) == 0.25
    assert counted.of_feed("https://a.example/") == 0.25
    assert counted.of_feed("https://b.example/") is None


def test_without_readers_nothing_is_delivered() -> None:
    counted = Counts()
    counted.pushed([event()], live=0)
    counted.sent(SEEN + 1)
    assert sum(counted.latency.counts) == 0


def test_feeds_that_are_remembered_are_bounded() -> None:
    counted = Counts()
    for n in range(counts.MAX_FEEDS + 10):
        counted.pushed([event(feed=f"https://a.example/{n}")], live=1)
    counted.sent(SEEN)
    assert len(counted._of_feeds) == 10


def test_an_item_without_a_time_is_not_counted() -> None:
    counted = Counts()
    counted.pushed([Event("blog", Cursor("e", 1), "entry", "a", "{}")], live=1)
    counted.sent(SEEN)
    assert sum(counted.latency.counts) == 0
