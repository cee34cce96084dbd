"""Pushed documents: parsed and committed as partial answers, without a request, under the lease of the feed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import pytest

from entries import Entry
from feeds.parser_pool import ParserKilledError
from feedstate import FeedState
from tests.feeds.documents import atom, json_feed, rss
from tests.feeds.held_claims import HeldClaims
from tests.feeds.polling import DAY, HOUR, MINUTE, Log
from tests.feeds.websub.conftest import Subscriber
from tests.feeds.websub.hub import Hub, HubSubscription
from tests.livelog import until

ONE, TWO, THREE = (f"<guid>{n}</guid><title>{title}</title>" for n, title in enumerate(("One", "Two", "Three"), 1))
TOMBSTONE = (
    '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
    '<title>News</title><at:deleted-entry ref="1" when="2030-01-01T00:00:00Z"/></feed>'
)


@pytest.fixture
async def pushing(subscriber: Subscriber, hub: Hub) -> HubSubscription:
    """The subscription of a feed with one entry, whose poll is an hour away."""
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE, TWO)), "interval": HOUR})
    return await hub.subscribed()


async def read(subscriber: Subscriber, count: int) -> None:
    """Waits until so many pushes were committed."""
    await until(lambda: subscriber.poller.pushes.total() >= count)


async def test_a_push_costs_no_request_and_moves_no_poll(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription
) -> None:
    before, requests = await subscriber.state(), hub.topics["/feed"].requests
    subscriber.clock.now += MINUTE
    assert await hub.push(pushing, rss(THREE)) == 202
    await subscriber.shows("Three", "Two", "One")
    after = await subscriber.state()
    assert hub.topics["/feed"].requests == requests
    assert (after.next_at, after.checked_at, after.etag) == (before.next_at, before.checked_at, before.etag)
    assert (after.pushes, after.pushed_at, after.push_trusted) == (1, subscriber.clock.now, True)
    await subscriber.later(HOUR - MINUTE - 1)
    assert hub.topics["/feed"].requests == requests
    await subscriber.later(MINUTE * 10)
    assert hub.topics["/feed"].requests == requests + 1


async def test_what_a_push_leaves_out_stays(subscriber: Subscriber, hub: Hub, pushing: HubSubscription) -> None:
    await hub.push(pushing, rss("<guid>1</guid><title>One, corrected</title>"))
    await subscriber.shows("One, corrected", "Two")
    assert [event.kind for event in await subscriber.events()][-1] == "update"
    await hub.push(pushing, rss("<guid>1</guid><title>One, corrected</title>"))
    await read(subscriber, 2)
    assert [event.kind for event in await subscriber.events()].count("update") == 1


async def test_a_tombstone_in_a_push_withdraws(subscriber: Subscriber, hub: Hub, pushing: HubSubscription) -> None:
    await hub.push(pushing, TOMBSTONE.encode(), headers={"Content-Type": "application/atom+xml"})
    await subscriber.shows("Two")


async def test_a_json_feed_is_pushed(subscriber: Subscriber, hub: Hub, pushing: HubSubscription) -> None:
    body = json_feed({"id": "3", "title": "Three", "content_text": "…"})
    await hub.push(pushing, body, headers={"Content-Type": "application/feed+json"})
    await subscriber.shows("One", "Two", "Three")


async def test_pushed_entries_have_the_title_of_the_feed(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription
) -> None:
    """YouTube's hub pushes documents with a title of their own."""
    await hub.push(
        pushing, rss(THREE, channel="<title>YouTube video feed</title><link>https://other.example/</link>")
    )
    await subscriber.shows("One", "Two", "Three")
    assert {item["_livelog"]["source"]["title"] for item in await subscriber.items()} == {"News"}
    assert {item["_livelog"]["source"]["url"] for item in await subscriber.items()} == {"https://example.org/"}
    assert (await subscriber.state()).title == "News"


async def test_nothing_in_a_push_changes_hub_or_topic(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription
) -> None:
    links = '<link rel="self" href="https://evil.example/"/><link rel="hub" href="https://evil.example/hub"/>'
    body = atom("<id>3</id><title>Three</title>", feed=f"<title>News</title>{links}")
    await hub.push(pushing, body, headers={"Link": '<https://evil.example/>; rel="self"'})
    await subscriber.shows("One", "Two", "Three")
    state = await subscriber.state()
    assert (state.hub, state.topic) == (hub.url("/hub"), hub.url("/feed"))


async def test_several_pushes_are_read_in_their_order(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = HeldClaims(subscriber.timeline, monkeypatch, early=True)
    for title in ("Three, first", "Three, second", "Three, third"):
        await hub.push(pushing, rss(f"<guid>3</guid><title>{title}</title>"))
    claims.go_on.set()
    await subscriber.shows("One", "Two", "Three, third")
    assert (await subscriber.state()).pushes == 3
    assert len([event for event in await subscriber.events() if event.kind != "update"]) == 3


@pytest.mark.parametrize("body", [b"", b"<html><body>Hello</body></html>", b"{", rss(THREE)[:60], b"\x1f\x8b0"])
async def test_a_push_that_cannot_be_read_leads_to_a_poll(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription, body: bytes
) -> None:
    requests = hub.topics["/feed"].requests
    hub.publish("/feed", rss(THREE, TWO, ONE))
    assert await hub.push(pushing, body) == 202
    await read(subscriber, 1)
    await subscriber.later(1)
    assert hub.topics["/feed"].requests == requests, "not at the pace of the hub"
    await subscriber.later(MINUTE)
    assert hub.topics["/feed"].requests == requests + 1
    assert sorted(await subscriber.titles(), key=str) == ["One", "Three", "Two"]


async def test_a_bug_in_reading_drops_the_push_and_polls(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription, log: Log
) -> None:
    subscriber.parser_pool.fault = RuntimeError("bug")
    await hub.push(pushing, rss(THREE))
    await read(subscriber, 1)
    subscriber.parser_pool.fault = None
    assert any("met a bug" in line for line in log.heard())
    hub.publish("/feed", rss(THREE, TWO, ONE))
    await subscriber.later(MINUTE)
    await subscriber.shows("One", "Two", "Three")


async def test_a_push_that_the_store_refuses_is_dropped_and_the_feed_polled(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = subscriber.timeline.commit

    async def refused(state: FeedState, entries: Sequence[Entry], *arguments: Any) -> int:
        if entries:
            raise ValueError("bug")
        return await commit(state, entries, *arguments)

    monkeypatch.setattr(subscriber.timeline, "commit", refused)
    await hub.push(pushing, rss(THREE))
    await read(subscriber, 1)
    monkeypatch.undo()
    assert any("met a bug" in line for line in log.heard())
    hub.publish("/feed", rss(THREE, TWO, ONE))
    await subscriber.later(MINUTE)
    await subscriber.shows("One", "Two", "Three")


async def test_a_push_that_costs_a_process_is_the_last_of_its_lease(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = HeldClaims(subscriber.timeline, monkeypatch, early=True)
    subscriber.parser_pool.fault = ParserKilledError("It took too long.")
    documents = subscriber.parser_pool.documents
    for _ in range(3):
        await hub.push(pushing, rss(THREE))
    claims.go_on.set()
    await read(subscriber, 3)
    assert subscriber.parser_pool.documents == documents + 1


async def test_a_push_and_a_poll_of_one_entry_are_one_event(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription
) -> None:
    hub.publish("/feed", rss(THREE, TWO, ONE))
    subscriber.clock.now += 2 * HOUR
    poll = asyncio.create_task(subscriber.poller.tick())
    for _ in range(5):
        assert await hub.push(pushing, rss(THREE)) == 202
    await poll
    await read(subscriber, 5)
    await subscriber.settled()
    await subscriber.later(2 * HOUR)
    assert sorted(await subscriber.titles(), key=str) == ["One", "Three", "Two"]
    assert [event.kind for event in await subscriber.events()].count("entry") == 3


async def test_the_filters_of_a_blog_hold_for_pushes(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE)), "exclude": ["sport"]})
    one = await hub.subscribed()
    await hub.push(one, rss("<guid>2</guid><title>Sport</title>", THREE))
    await subscriber.shows("One", "Three")
    assert sum((await subscriber.state()).filtered) == 1


async def test_a_poll_of_a_stale_cache_costs_a_hub_no_trust(subscriber: Subscriber, hub: Hub) -> None:
    now = subscriber.clock.now
    posts = [
        f"<guid>{n}</guid><title>{n}</title><pubDate>{formatdate(now + n * MINUTE)}</pubDate>" for n in range(1, 5)
    ]
    await subscriber.follow({"url": hub.publish("/feed", rss(posts[1], posts[0])), "interval": HOUR})
    one = await hub.subscribed()
    subscriber.clock.now += 4 * MINUTE
    await hub.push(one, rss(posts[3]))
    await subscriber.shows("1", "2", "4")
    # The answer of a cache that is older than the push.
    hub.publish("/feed", rss(*posts[:2], channel="<title>As it was</title>"))
    await subscriber.later(2 * HOUR)
    hub.publish("/feed", rss(posts[3], posts[1], posts[0]))
    await subscriber.later(DAY)
    state = await subscriber.state()
    assert (state.missed, state.push_trusted, state.listing) == (0, True, 3)


async def test_backup_polls_begin_with_the_first_push_and_end_when_a_poll_makes_up_for_one(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription
) -> None:
    await hub.push(pushing, rss(THREE))
    await subscriber.shows("One", "Two", "Three")
    hub.publish("/feed", rss(THREE, TWO, ONE))
    await subscriber.later(2 * HOUR)
    state = await subscriber.state()
    assert state.next_at - subscriber.clock.now >= 12 * HOUR
    dated = datetime.fromtimestamp(subscriber.clock.now + HOUR, UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    hub.publish("/feed", rss(f"<guid>4</guid><title>Four</title><pubDate>{dated}</pubDate>", THREE, TWO, ONE))
    await subscriber.later(14 * HOUR)
    state = await subscriber.state()
    assert (state.missed, state.push_trusted) == (1, False)
    assert state.next_at - subscriber.clock.now < 2 * HOUR
    assert await hub.push(pushing, rss("<guid>5</guid><title>Five</title>")) == 202
    await subscriber.shows("One", "Two", "Three", "Four", "Five")
    assert (await subscriber.state()).is_pushed(subscriber.clock.now)


async def test_a_pushed_event_is_as_old_as_the_push(
    subscriber: Subscriber, hub: Hub, pushing: HubSubscription
) -> None:
    """Events are kept for a day: one with the time of the last poll could be gone at once."""
    subscriber.clock.now += 40 * MINUTE
    await hub.push(pushing, rss(THREE))
    await subscriber.shows("One", "Two", "Three")
    rows = await subscriber.timeline._queries.run(lambda db: db.execute("SELECT max(at) FROM events").fetchall())
    assert rows == [(subscriber.clock.now,)]
    item = json.loads(next(text for text in (await subscriber.timeline.page("blog", None, 1)).items))
    assert item["title"] == "Three"
