"""`/<blog>/sources`: how fresh each source is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tornado import locale

from config import Blog, Config, Feed
from entries import Source
from feedstate import FeedState
from handlers.sources import freshness_words
from pages.freshness import LOOK_SECONDS, Freshness, SourceState
from tests.site import Site
from tests.timeline.drafts import LEASE_SECONDS, NOW, entry
from timeline import Timeline, TimelineError

FEEDS = {name: f"https://{name}.example/feed" for name in ("harbour", "town", "late", "never")}


@pytest.fixture
def settings() -> Config:
    feeds = (
        Feed(url=FEEDS["harbour"], title="Harbour"),
        Feed(url=FEEDS["town"]),
        Feed(url=FEEDS["late"].replace("https://", "https://user:secret@")),
        Feed(url=FEEDS["never"]),
    )
    return Config(store="sqlite::memory:", blogs=(Blog(slug="blog", title="Blog", feeds=feeds),))


async def poll(timeline: Timeline, states: dict[str, dict[str, Any]], *, posts: dict[str, float]) -> None:
    """Polls feeds: with these states, and a post each at these times."""
    await timeline.follow(dict.fromkeys(states, 0.0))
    for lease in await timeline.claim(NOW, 100, LEASE_SECONDS):
        shown = lease.url.replace("user:secret@", "")
        entries = [
            replace(entry(name[8:15], at=at), source=Source(titles_of[name], None, name))
            for name, at in posts.items()
            if name == shown
        ]
        await timeline.commit(replace(lease.state, **states[lease.url]), entries, lease)


titles_of = {FEEDS["harbour"]: "Harbour", FEEDS["town"]: "Town Hall", FEEDS["late"]: "Late"}


async def filled(timeline: Timeline) -> None:
    ok = {"checked_at": NOW, "ok_at": NOW, "next_at": NOW + 60}
    failing = {**ok, "problem": "No answer within 20 seconds.", "failing_since": NOW - 3600, "failures": 2}
    await poll(
        timeline,
        {
            FEEDS["harbour"]: ok,
            FEEDS["town"]: {**ok, "title": "Town Hall", "newest": (NOW - 2400, NOW - 9000, NOW + 10**6)[:2]},
            FEEDS["late"].replace("https://", "https://user:secret@"): failing,
        },
        posts={FEEDS["harbour"]: NOW - 300},
    )


async def test_each_source_says_how_fresh_it_is(settings: Config, site: Site) -> None:
    await filled(site.timeline)
    sources = await Freshness(site.timeline, lambda: NOW).of(settings.blogs[0])
    assert list(sources.known) == [
        SourceState("Harbour", "fresh", NOW - 300),
        SourceState("Town Hall", "silent", NOW - 2400),
        SourceState("late.example", "unreachable", 0, NOW - 3600, "No answer within 20 seconds."),
        SourceState("never.example", "waiting"),
    ]
    assert (sources.more, sources.all_unreachable) == (0, False)


async def test_it_is_json_that_may_be_kept_for_seconds(site: Site) -> None:
    await filled(site.timeline)
    answer = await site.get("/blog/sources")
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert "secret" not in answer.body.decode()
    found = {source["title"]: source for source in (await site.json("/blog/sources"))["sources"]}
    assert found["late.example"] == {
        "title": "late.example",
        "mark": "L",
        "hue": 9,
        "state": "unreachable",
        "last": None,
        "since": "2027-01-15T07:00:00Z",
        "problem": "No answer within 20 seconds.",
    }
    assert found["Harbour"]["last"] == "2027-01-15T07:55:00Z"


async def test_the_list_of_filters_says_the_same_without_a_script(site: Site) -> None:
    await filled(site.timeline)
    text = (await site.get("/blog/")).body.decode()
    assert 'href="/blog/?source=Town%20Hall"' in text
    assert 'data-state="unreachable" data-last="" data-since="2027-01-15T07:00:00Z">unreachable since ' in text
    assert ">not fetched yet<" in text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SourceState("x", "fresh", NOW - 59), "just now"),
        (SourceState("x", "fresh", NOW + 99), "just now"),
        (SourceState("x", "fresh", NOW - 60), "1 min ago"),
        (SourceState("x", "silent", NOW - 40 * 60), "silent 40 min"),
        (SourceState("x", "silent", NOW - 119 * 60), "silent 119 min"),
        (SourceState("x", "silent", NOW - 120 * 60), "silent 2 h"),
        (SourceState("x", "silent", NOW - 50 * 3600), "silent 2 d"),
        (SourceState("x", "silent"), "nothing yet"),
        (SourceState("x", "waiting"), "not fetched yet"),
        (SourceState("x", "unreachable", 0, NOW - 2400), "unreachable since 07:20"),
        (SourceState("x", "unreachable", 0, NOW - 86400), "unreachable since 14 January 2027, 08:00"),
    ],
)
def test_freshness_in_words(source: SourceState, words: str) -> None:
    assert freshness_words(source, NOW, locale.get("en")) == words


async def test_it_is_looked_up_at_most_once_in_some_seconds(
    settings: Config, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    states = site.timeline.states

    async def counted() -> Sequence[FeedState]:
        nonlocal looks
        looks += 1
        return await states()

    monkeypatch.setattr(site.timeline, "states", counted)
    clock = [NOW]
    freshness = Freshness(site.timeline, lambda: clock[0])
    for now, most in ((NOW, 1), (NOW + LOOK_SECONDS - 0.1, 1), (NOW + LOOK_SECONDS, 2), (NOW - 3600, 3)):
        clock[0] = now
        await freshness.of(settings.blogs[0])
        assert looks == most, "a clock that was put back does not keep it for an hour either"


async def test_nobody_waits_for_a_look_where_something_is_known(
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
    now[0] += LOOK_SECONDS + 1
    looking = asyncio.create_task(freshness.of(settings.blogs[0]))
    await asked.wait()
    assert await freshness.of(settings.blogs[0]) is before
    answer.set()
    assert await looking is not before


async def test_a_look_that_takes_long_is_made_less_often(settings: Config, site: Site) -> None:
    times = iter([NOW, NOW, NOW, NOW + 2, NOW + 2, NOW + 41, NOW + 43])
    freshness = Freshness(site.timeline, lambda: next(times))
    first = await freshness.of(settings.blogs[0])
    assert await freshness.of(settings.blogs[0]) is first, "a look took 2 seconds, and counts for 40"


async def test_feeds_of_one_title_are_one_source_as_well_off_as_the_best(site: Site) -> None:
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


async def test_a_node_that_can_not_read_its_timeline_says_so_and_the_log_is_not_filled(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down() -> Sequence[FeedState]:
        raise TimelineError("disk I/O error")

    monkeypatch.setattr(site.timeline, "states", down)
    for _ in range(2):
        answer = await site.get("/blog/sources", Accept="text/html")
        assert answer.code == 503
        assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")
        assert b"disk" not in answer.body


async def test_a_node_whose_readers_get_no_news_says_so(site: Site) -> None:
    site.fanout.trouble = "The fan-out met a bug and ended; the log has the details."
    assert (await site.get("/blog/sources")).code == 503


class TestUnreachable:
    @pytest.fixture
    def settings(self) -> Config:
        feeds = (Feed(url=FEEDS["harbour"]), Feed(url=FEEDS["town"]))
        return Config(store="sqlite::memory:", blogs=(Blog(slug="blog", title="Blog", feeds=feeds),))

    async def test_a_blog_none_of_whose_sources_can_be_reached_says_what_to_do(self, site: Site) -> None:
        failing = {"checked_at": NOW, "problem": "The connection was refused.", "failing_since": NOW, "failures": 1}
        await poll(site.timeline, {FEEDS["harbour"]: failing, FEEDS["town"]: failing}, posts={})
        text = (await site.get("/blog/")).body.decode()
        assert "None of this blog’s sources can be reached." in text
        assert "look at the network of this server" in text
        assert "town.example/feed: The connection was refused. Next try in" in text
