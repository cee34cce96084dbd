"""How fresh each source of a blog is, read from the timeline now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from config import Blog, Config, Feed
from entries import Source
from feedstate import FeedState
from pages.freshness import CACHE_SECONDS, Freshness, SourceState
from tests.pages.sources import FEEDS, SETTINGS, filled, poll
from tests.site import Site
from tests.timeline.drafts import NOW, entry


@pytest.fixture
def settings() -> Config:
    return SETTINGS


async def test_each_source_has_a_condition(settings: Config, site: Site) -> None:
    await filled(site.timeline)
    sources = await Freshness(site.timeline, lambda: NOW).of(settings.blogs[0])
    assert list(sources.known) == [
        SourceState("Harbour", "fresh", NOW - 300),
        SourceState("Town Hall", "silent", NOW - 2400),
        SourceState("late.example", "unreachable", 0, NOW - 3600),
        SourceState("never.example", "waiting"),
    ]
    assert (sources.more, sources.unreachable_since) == (0, 0)


async def test_states_are_read_at_most_once_in_cache_seconds(
    settings: Config, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    states = site.timeline.states

    async def counted() -> Sequence[FeedState]:
        nonlocal reads
        reads += 1
        return await states()

    monkeypatch.setattr(site.timeline, "states", counted)
    clock = [NOW]
    freshness = Freshness(site.timeline, lambda: clock[0])
    for now, most in ((NOW, 1), (NOW + CACHE_SECONDS - 0.1, 1), (NOW + CACHE_SECONDS, 2), (NOW - 3600, 3)):
        clock[0] = now
        await freshness.of(settings.blogs[0])
        assert reads == most, "a clock that is set back expires the cache, too"


async def test_an_expired_value_is_served_while_a_new_one_is_read(
    settings: Config, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    freshness = Freshness(site.timeline, lambda: now[0])
    before = await freshness.of(settings.blogs[0])
    states, asked, answer = site.timeline.states, asyncio.Event(), asyncio.Event()

    async def slow() -> Sequence[FeedState]:
        asked.set()
        await answer.wait()
        return await states()

    monkeypatch.setattr(site.timeline, "states", slow)
    now[0] += CACHE_SECONDS + 1
    reading = asyncio.create_task(freshness.of(settings.blogs[0]))
    await asked.wait()
    assert await freshness.of(settings.blogs[0]) is before
    answer.set()
    assert await reading is not before


async def test_a_value_that_took_long_to_read_is_cached_for_longer(settings: Config, site: Site) -> None:
    times = iter([NOW, NOW, NOW, NOW + 2, NOW + 2, NOW + 41, NOW + 43])
    freshness = Freshness(site.timeline, lambda: next(times))
    first = await freshness.of(settings.blogs[0])
    assert await freshness.of(settings.blogs[0]) is first, "reading took 2 seconds: cached for 40"


async def test_feeds_of_one_title_are_one_source_in_the_best_condition(site: Site) -> None:
    feeds = tuple(Feed(url=url, title="Same") for url in FEEDS.values())
    await poll(
        site.timeline,
        {
            FEEDS["harbour"]: {"checked_at": NOW, "problem": "Gone.", "failing_since": NOW, "newest": (NOW - 10,)},
            FEEDS["town"]: {"checked_at": NOW, "newest": (NOW - 5000,)},
        },
        posts={},
    )
    sources = await Freshness(site.timeline, lambda: NOW).of(Blog(slug="blog", title="Blog", feeds=feeds))
    assert list(sources.known) == [SourceState("Same", "silent", NOW - 10)]


async def test_each_blog_of_a_name_has_its_own_sources(settings: Config, site: Site) -> None:
    """While a configuration is replaced, requests may ask for the old blog and for the new one of the same name."""
    freshness = Freshness(site.timeline, lambda: NOW)
    old = settings.blogs[0]
    new = old.model_copy(update={"feeds": (Feed(url=FEEDS["town"], title="New"),)})
    for _ in range(2):
        assert len((await freshness.of(old)).known) == 4
        assert [source.title for source in (await freshness.of(new)).known] == ["New"]


async def test_one_failure_after_a_success_is_no_outage(settings: Config, site: Site) -> None:
    failing = {"checked_at": NOW, "ok_at": NOW - 60, "problem": "Gone.", "failing_since": NOW}
    await poll(
        site.timeline,
        {FEEDS["harbour"]: {**failing, "failures": 1}, FEEDS["town"]: {**failing, "failures": 2}},
        posts={},
    )
    sources = await Freshness(site.timeline, lambda: NOW).of(settings.blogs[0])
    assert [source.title for source in sources.unreachable] == ["town.example"]


async def test_feeds_that_differ_in_a_secret_alone_keep_their_own_titles_and_times(site: Site) -> None:
    urls = [f"https://example.org/rss?token={secret}" for secret in ("first", "second", "third")]
    blog = Blog(slug="blog", title="Blog", feeds=tuple(Feed(url=url) for url in urls))
    await site.timeline.follow(dict.fromkeys(urls, 0.0))
    leases = {lease.url: lease for lease in await site.timeline.claim(NOW, 10, 60.0)}
    for url, title, at in zip(urls, ("One", "Two", "Three"), (NOW - 60, NOW - 7200, 0), strict=True):
        lease = leases[url]
        source = Source(title, None, "https://example.org/rss?token=***")
        entries = [replace(entry(title, at=at), source=source)] if at else []
        await site.timeline.commit(replace(lease.state, checked_at=NOW, ok_at=NOW, title=title), entries, lease)
    sources = await Freshness(site.timeline, lambda: NOW).of(blog)
    assert list(sources.known) == [
        SourceState("One", "fresh", NOW - 60),
        SourceState("Two", "silent", NOW - 7200),
        SourceState("Three", "silent", 0),
    ]
