"""Key events and the pinned post: found once, kept from the event log, and at the top of the page."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from config import Blog, Config
from entries import Cursor
from pages import key_events
from pages.key_events import KeyEvents
from tests.site import Site
from tests.timeline.drafts import NOW, commit, entry
from timeline import Timeline

BLOG = Blog(slug="blog", title="Blog", key_events="Key event", pin="置顶")


@pytest.fixture
def settings() -> Config:
    return Config(store="sqlite::memory:", blogs=(BLOG, Blog(slug="other", title="Other")))


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subject(site: Site, clock: Clock) -> KeyEvents:
    return KeyEvents(site.timeline, clock)


def key(n: int, *tags: str) -> Any:
    return entry(f"k{n}", at=NOW + n, tags=("Key event", *tags))


async def shown(subject: KeyEvents, timeline: Timeline) -> tuple[list[str], str | None]:
    """The ids of key events, and of the pinned post."""
    found = await subject.of(BLOG, await timeline.head("blog"))
    return [one.id for one in found.key_events], found.pinned.id if found.pinned else None


def count(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Appends the names of queries as they are made."""
    calls: list[str] = []

    def counted(name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        def call(*arguments: object) -> Awaitable[Any]:
            calls.append(name)
            return method(*arguments)

        return call

    for name in ("page", "replay"):
        monkeypatch.setattr(timeline, name, counted(name, getattr(timeline, name)))
    return calls


async def test_the_five_newest_key_events_and_the_newest_pinned_post_are_found(
    site: Site, subject: KeyEvents
) -> None:
    plain = [entry(f"p{n}", at=NOW - n) for n in range(300)]
    pins = [entry("old", at=NOW - 400, tags=("置顶",)), entry("new", at=NOW - 350, tags=("a", "置顶"))]
    await commit(site.timeline, *plain, *pins, *(key(-500 - n) for n in range(7)))
    assert await shown(subject, site.timeline) == ([f"k-{500 + n}" for n in range(5)], "new")


async def test_a_page_costs_no_query_without_an_event_and_one_after_it(
    site: Site, subject: KeyEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(site.timeline, key(1))
    await shown(subject, site.timeline)
    calls = count(site.timeline, monkeypatch)
    assert await shown(subject, site.timeline) == (["k1"], None)
    assert calls == []
    await commit(site.timeline, key(2), entry("p", at=NOW + 3))
    assert await shown(subject, site.timeline) == (["k2", "k1"], None)
    assert await shown(subject, site.timeline) == (["k2", "k1"], None)
    assert calls == ["replay"]


async def test_corrections_gain_and_lose_the_tag(site: Site, subject: KeyEvents) -> None:
    await commit(site.timeline, key(1), entry("p", at=NOW + 2))
    await shown(subject, site.timeline)
    await commit(site.timeline, entry("p", "changed", at=NOW + 2, tags=("Key event", "置顶")))
    assert await shown(subject, site.timeline) == (["p", "k1"], "p")
    await commit(site.timeline, entry("p", "changed again", at=NOW + 2, tags=("Key events",)))
    assert await shown(subject, site.timeline) == (["k1"], None)


async def test_withdrawn_key_events_are_replaced_by_older_ones(
    site: Site, subject: KeyEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_events, "MAX_KEPT", 6)
    await commit(site.timeline, *(key(n) for n in range(10)))
    await shown(subject, site.timeline)
    calls = count(site.timeline, monkeypatch)
    await commit(site.timeline, withdrawn=[("blog", "k9")])
    assert await shown(subject, site.timeline) == (["k8", "k7", "k6", "k5", "k4"], None)
    assert calls == ["replay"]
    await commit(site.timeline, withdrawn=[("blog", "k8")])
    assert await shown(subject, site.timeline) == (["k7", "k6", "k5", "k4", "k3"], None)
    assert calls == ["replay", "replay", "page"], "the fifth was not known"


async def test_more_events_than_are_applied_are_a_search(
    site: Site, subject: KeyEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(site.timeline, key(1))
    await shown(subject, site.timeline)
    monkeypatch.setattr(key_events, "MAX_REPLAYED", 2)
    await commit(site.timeline, *(entry(f"p{n}", at=NOW + n) for n in range(4)), key(9))
    assert await shown(subject, site.timeline) == (["k9", "k1"], None)


async def test_old_posts_without_events_are_found_after_a_while(
    site: Site, subject: KeyEvents, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(site.timeline, key(1))
    await shown(subject, site.timeline)
    front = [entry(f"p{n}", at=NOW - 600 - n, backfilled=True) for n in range(60)]
    await commit(site.timeline, *front, entry("old", at=NOW - 90_000, backfilled=True, tags=("Key event",)))
    assert await shown(subject, site.timeline) == (["k1"], None)
    clock.now += key_events.SEARCH_INTERVAL + 1
    await commit(site.timeline, entry("p", at=NOW + 2))
    assert await shown(subject, site.timeline) == (["k1", "old"], None)
    clock.now += key_events.MAX_AGE + 1
    calls = count(site.timeline, monkeypatch)
    await shown(subject, site.timeline)
    assert calls == ["page"], "retention may have removed some"


async def test_blogs_without_tags_cost_nothing(
    site: Site, subject: KeyEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count(site.timeline, monkeypatch)
    found = await subject.of(Blog(slug="other", title="Other"), Cursor("e", 1))
    assert (found.key_events, found.pinned, calls) == ((), None, [])


async def test_another_tag_is_searched_for(site: Site, subject: KeyEvents) -> None:
    await commit(site.timeline, key(1), entry("g", at=NOW + 2, tags=("Goal",)))
    await shown(subject, site.timeline)
    goals = BLOG.model_copy(update={"key_events": "Goal"})
    found = await subject.of(goals, await site.timeline.head("blog"))
    assert [one.id for one in found.key_events] == ["g"]


async def page(site: Site, path: str) -> str:
    answer = await site.get(path)
    assert answer.code == 200
    return answer.body.decode()


def links(text: str) -> list[tuple[str, str]]:
    """Address and title of the key events on a page."""
    strip = re.search(r'<nav id="key-events".*?</nav>', text, re.DOTALL)
    found = re.findall(r'<a href="([^"]*)"[^>]*>.*?<span dir="auto">(.*?)</span>', strip[0] if strip else "")
    return [(address, html.unescape(title)) for address, title in found]


async def test_links_lead_to_posts_on_the_page_or_to_their_own_pages(site: Site) -> None:
    plain = [entry(f"p{n}", at=NOW - n) for n in range(60)]
    await commit(site.timeline, *plain, key(1), entry("old", "<b>Old</b>", at=NOW - 99, tags=("Key event",)))
    text = await page(site, "/blog/")
    assert links(text) == [("#e-k1", "k1"), ("/blog/e/old#e-old", "<b>Old</b>")]
    assert '<section id="pinned"' in text
    assert links(await page(site, "/blog/embed")) == links(text)


async def test_the_pinned_post_has_source_headline_and_summary(site: Site) -> None:
    post = entry("a", "v2.0", at=NOW, content_html=f"<p>{'Tide ' * 200}</p>", tags=("置顶",))
    await commit(site.timeline, post)
    text = await page(site, "/blog/")
    pinned = re.search(r'<article class="pinned".*?</article>', text, re.DOTALL)
    assert pinned
    assert "<bdi>Example</bdi>" in pinned[0]
    assert '<a href="/blog/e/a#e-a">Example v2.0</a>' in pinned[0]
    assert '<p class="summary" dir="auto">Tide Tide' in pinned[0]
    assert '<a class="read-on" href="/blog/e/a#e-a">Read on</a>' in pinned[0]
    assert 'id="pinned"' not in await page(site, "/blog/embed")


@pytest.mark.parametrize("query", ["?tag=Key+event", "?view=wall", "?before=0-a"])
async def test_filtered_older_and_wall_pages_have_neither(site: Site, query: str) -> None:
    await commit(site.timeline, key(1, "置顶"))
    text = await page(site, f"/blog/{query}")
    assert 'id="key-events"' not in text
    assert 'id="pinned"' not in text


async def test_without_any_yet_both_are_there_for_the_script_and_hidden(site: Site) -> None:
    text = await page(site, "/blog/")
    for name, tag in (("nav id", "key-events"), ("section id", "pinned")):
        start = re.search(f'<{name}="{tag}"[^>]*>', text)
        assert start
        assert start[0].endswith(" hidden>")
