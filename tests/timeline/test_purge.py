"""The promise of `Timeline.purge`, in every store: the entries of a feed go, with events, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from entries import Entry, Source
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import LeaseLostError, Timeline

OTHER = "https://example.org/other.xml"


def of(url: str, name: str, blog: str = "blog") -> Entry:
    """An entry of a feed."""
    return replace(entry(name, blog=blog), source=Source("Example", None, url))


async def test_the_entries_of_a_feed_go_with_an_event_each_and_all_others_stay(timeline: Timeline) -> None:
    await commit(timeline, of(FEED, "a"), of(OTHER, "b"), of(FEED, "c"), of(FEED, "d", "second"))
    head = await timeline.head("blog")
    assert await timeline.purge(FEED, NOW) == 3
    assert await titles(timeline) == ["b"]
    assert await titles(timeline, "second") == []
    replay = await timeline.replay("blog", head, 10)
    assert {(event.kind, event.id) for event in replay.events} == {("delete", "a"), ("delete", "c")}
    assert await timeline.fate("blog", "a") == "withdrawn"
    assert await timeline.purge(FEED, NOW) == 0


async def test_watchers_get_the_events(timeline: Timeline) -> None:
    await commit(timeline, of(FEED, "a"))
    watching = timeline.watch(["blog"])
    assert await anext(watching) == []
    await timeline.purge(FEED, NOW)
    (event,) = await asyncio.wait_for(anext(watching), 30)
    assert (event.kind, event.id, event.item) == ("delete", "a", None)
    await watching.aclose()


async def test_the_feed_is_forgotten_and_new_when_it_is_followed_again(timeline: Timeline) -> None:
    await commit(timeline, of(FEED, "a"), etag='"1"', next_at=NOW * 2)
    await timeline.purge(FEED, NOW)
    assert not await timeline.states()
    assert await commit(timeline, of(FEED, "a")) == 1
    assert await titles(timeline) == ["a"]


async def test_a_poll_that_is_under_way_brings_nothing_back(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.purge(FEED, NOW)
    with pytest.raises(LeaseLostError):
        await timeline.commit(lease.state, [of(FEED, "a")], lease)


@pytest.mark.parametrize("named", ["city", OTHER, OTHER.replace("https", "http")])
async def test_a_feed_is_named_by_its_id_or_its_url(timeline: Timeline, named: str) -> None:
    await timeline.follow({"city": 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.commit(replace(lease.state, configured_url=OTHER), [of(OTHER, "a")], lease)
    assert await timeline.purge(named, NOW) == 1
    assert not await timeline.states()


async def test_a_feed_with_a_secret_is_named_by_its_url_with_it_or_without(timeline: Timeline) -> None:
    secret = "https://example.org/feed?token=s3cr3ts3cr3t"
    for named in (secret, "https://example.org/feed?token=***"):
        await commit(timeline, of(secret, "before it was hidden"), of("https://example.org/feed?token=***", "hidden"))
        assert await timeline.purge(named, NOW) == 2


async def test_more_entries_than_a_step_takes_go(timeline: Timeline) -> None:
    feeds = (FEED, OTHER)
    await commit(timeline, *(of(feeds[n % 2], f"{n}") for n in range(2_400)))
    assert await timeline.purge(FEED, NOW) == 1_200
    assert len(await titles(timeline)) == 200
    assert await timeline.purge(OTHER, NOW) == 1_200
    assert await titles(timeline) == []


async def test_a_feed_that_is_not_known_has_no_entries(timeline: Timeline) -> None:
    await commit(timeline, of(FEED, "a"))
    assert await timeline.purge("https://example.org/unknown", NOW) == 0
    assert await titles(timeline) == ["a"]
