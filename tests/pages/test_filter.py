"""Filters: posts of a source, posts with a tag."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from dataclasses import replace
from typing import Any, cast

import pytest

from entries import FRONT_PAGE, Cursor, Entry, Source, dump
from pages import filter as filters
from pages import freshness
from pages.choices import MAX_ON_PAGE
from pages.filter import MAX_CHOSEN, MAX_SCANS, Filter, before_item
from pages.item import quoted
from tests.site import Site
from tests.timeline.drafts import FEED, NOW, commit, entry
from timeline import Page, Timeline

ODD = 'A/B & "C"? ä#1'


def of(source: str, name: str, n: float = 0, *tags: str) -> Entry:
    return replace(entry(name, at=NOW + n, tags=tags), source=Source(source, None, FEED))


async def page(site: Site, path: str) -> str:
    answer = await site.get(path)
    assert answer.code == 200, answer.body
    return answer.body.decode()


def shown(text: str) -> list[str]:
    return re.findall(r'<article[^>]* data-id="(\w+)"', text)


def older(text: str) -> str | None:
    found = re.search(r'<nav id="older"[^>]*><a href="([^"]*)"', text)
    assert found
    return found[1].replace("&amp;", "&") or None


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", markup)).split())


def in_attribute(text: str, name: str) -> str | None:
    found = re.search(f' {name}="([^"]*)"', text)
    return html.unescape(found[1]) if found else None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("source=Harbour", ["d", "a"]),
        ("tag=news", ["d", "c"]),
        ("source=Harbour&tag=news", ["d"]),
        ("source=Harbour&source=Town", ["d", "b", "a"]),
        ("tag=other&tag=Town", ["d", "b"]),
        ("source=Harbour&source=Town&tag=Town&tag=news", ["d", "b"]),
        ("source=&tag=&q=", ["d", "c", "b", "a"]),
        ("q=harbour", ["d", "a"]),
        ("q=HARB%C3%96UR+news", ["d"]),
        ("q=news&source=Harbour&tag=other", ["d"]),
        ("q=%ff", []),
        (Filter((ODD,)).parameters(), ["c"]),
        (Filter(tags=(ODD,)).parameters(), ["b"]),
        ("source=harbour", []),
        ("tag=Harbour", []),
        ("tag=new", []),
        ("source=%ff", []),
    ],
)
async def test_a_filter_matches_the_posts_of_a_source_and_a_tag(site: Site, query: str, names: list[str]) -> None:
    await commit(
        site.timeline,
        of("Harbour", "a"),
        of("Town", "b", 1, ODD, "Town"),
        of(ODD, "c", 2, "news"),
        of("Harbour", "d", 3, "other", "news"),
    )
    assert shown(await page(site, f"/blog/?{query}")) == names


async def test_a_filtered_page_names_the_filter_and_links_back(site: Site) -> None:
    await commit(site.timeline, of(ODD, "a", 0, "<b>"))
    text = await page(site, f"/blog/?{Filter((ODD,), ('<b>',)).parameters()}")
    said = re.search(r'<p class="filtered">(.*?)</p>', text, re.DOTALL)
    assert said
    assert words(said[1]) == 'Only posts from A/B & "C"? ä#1 tagged <b> · All posts'
    assert '<a href="/blog/">All posts</a>' in said[1]
    assert in_attribute(text, "data-filter") == json.dumps(
        {"query": "", "sources": [ODD], "tags": ["<b>"]}, ensure_ascii=False, separators=(",", ":")
    )
    assert '<meta name="robots" content="noindex, follow">' in text
    assert "filtered" not in await page(site, "/blog/")


async def test_posts_link_to_the_filters_of_their_source_and_tags(site: Site) -> None:
    await commit(site.timeline, of(ODD, "a", 0, ODD))
    text = await page(site, "/blog/")
    escaped = Filter((ODD,)).parameters()
    assert f'href="/blog/?{escaped}"' in text
    assert f'href="/blog/?{escaped.replace("source", "tag")}"' in await page(site, "/blog/e/a")
    assert shown(await page(site, f"/blog/?{escaped}")) == ["a"]


async def test_older_pages_keep_the_filter_and_have_each_post_once(site: Site) -> None:
    mixed = [of("Harbour" if n % 3 else "Town", f"e{n:03}", n) for n in range(3 * FRONT_PAGE)]
    await commit(site.timeline, *mixed)
    path: str | None = "/blog/?source=Harbour"
    found: list[str] = []
    pages = 0
    while path:
        text = await page(site, path)
        found += shown(text)
        path = older(text)
        pages += 1
    assert found == [f"e{n:03}" for n in reversed(range(3 * FRONT_PAGE)) if n % 3]
    assert pages == 2


async def test_a_page_costs_no_more_than_a_bounded_scan_and_leads_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "CHUNK_POSTS", 10)
    monkeypatch.setattr(filters, "MAX_SCANNED_POSTS", 20)
    await commit(site.timeline, of("Rare", "first"), *(of("Town", f"e{n:03}", n + 1) for n in range(30)))
    text = await page(site, "/blog/?source=Rare")
    assert shown(text) == []
    assert "No recent posts match." in text
    assert "Search older posts" in text
    path = older(text)
    assert path
    assert shown(await page(site, path)) == ["first"]


async def test_at_most_max_scans_pages_are_scanned_for_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await commit(site.timeline, of("Harbour", "a"))
    page_of_timeline = site.timeline.page
    under_way: set[object] = set()
    most = 0

    async def slow(*arguments: Any) -> Page:
        nonlocal most
        under_way.add(me := object())
        most = max(most, len(under_way))
        await asyncio.sleep(0.02)
        under_way.discard(me)
        return await page_of_timeline(*arguments)

    # What the list of filters asks for is asked for once, before.
    monkeypatch.setattr(freshness, "CACHE_SECONDS", 3600)
    await page(site, "/blog/")
    monkeypatch.setattr(site.timeline, "page", slow)
    answers = await asyncio.gather(*(page(site, f"/blog/?source=Harbour&n={n}") for n in range(4 * MAX_SCANS)))
    assert [shown(answer) for answer in answers] == [["a"]] * 4 * MAX_SCANS
    assert most == MAX_SCANS


async def test_before_item_is_exact_to_the_microsecond(site: Site) -> None:
    first = replace(entry("a"), position=1_700_000_000_123_456)
    await commit(site.timeline, first)
    (item,) = (await site.json("/blog/entries"))["items"]
    assert before_item(item) == "1700000000123456-a"


HOSTILE = '</script><script>alert(1)</script>" onfocus=x \r\n<!--'


async def test_each_part_of_a_filter_can_be_removed_alone(site: Site) -> None:
    await commit(site.timeline, of("Harbour", "a", 0, "tide"))
    text = await page(site, "/blog/?q=a&source=Harbour&source=Town&tag=tide")
    removed = re.findall(r'<a class="chosen" href="([^"]*)"', text)
    assert [one.replace("&amp;", "&") for one in removed] == [
        "/blog/?q=a&source=Town&tag=tide",
        "/blog/?q=a&source=Harbour&tag=tide",
        "/blog/?q=a&source=Harbour&source=Town",
        "/blog/?source=Harbour&source=Town&tag=tide",
    ]
    assert "<title>“a” · Harbour, Town · tide · A &lt;b&gt;lively&lt;/b&gt; blog</title>" in text


async def test_links_of_a_filtered_page_keep_its_view(site: Site) -> None:
    await commit(site.timeline, *(of("Harbour", f"e{n:03}", n) for n in range(FRONT_PAGE + 1)))
    text = await page(site, "/blog/?view=list&source=Harbour")
    assert older(text) == "/blog/?view=list&before=1800000001000000-e001&source=Harbour"
    assert '<a href="/blog/?view=list">All posts</a>' in text


async def test_a_hostile_query_is_text_wherever_it_is_written(site: Site) -> None:
    await commit(site.timeline, of("Harbour", "a"))
    text = await page(site, f"/blog/?q={quoted(HOSTILE)}&source={quoted(HOSTILE)}&tag={quoted(HOSTILE)}")
    assert "<script>alert" not in text
    assert '" onfocus' not in text
    assert '<link rel="canonical" href="https://live.example.org/blog/">' in text
    assert '<meta name="robots" content="noindex, follow">' in text
    answer = await site.get(f"/blog?q={quoted(HOSTILE)}")
    assert (answer.code, answer.headers["Location"]) == (302, f"/blog/?q={quoted(HOSTILE)}")


async def test_a_query_is_cut_and_too_many_choices_are_a_400(site: Site) -> None:
    text = await page(site, "/blog/?q=" + "word+" * 2_000)
    assert in_attribute(text, "data-filter") == dump({"query": "word " * 39 + "word", "sources": [], "tags": []})
    many = "&".join(f"tag={n}" for n in range(MAX_CHOSEN + 1))
    assert (await site.get(f"/blog/?{many}")).code == 400


async def test_a_scan_ends_when_its_time_is_up_and_the_next_page_continues(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "MAX_SCAN_SECONDS", 0)
    monkeypatch.setattr(filters, "SLICE_SECONDS", 0)
    await commit(site.timeline, *(of("Town", f"e{n}", n) for n in range(3)))
    path: str | None = "/blog/?q=e0"
    found = []
    for _ in range(3):
        assert path
        text = await page(site, path)
        found.append(shown(text))
        path = older(text)
    assert (found, path) == ([[], [], ["e0"]], None)


async def test_a_search_of_many_long_posts_leaves_the_loop_its_turns() -> None:
    """By the thread's CPU: what else the machine does stretches the clock."""
    longest, is_done = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not is_done:
            start = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - start)

    ticking = asyncio.create_task(tick())
    found = await filters.FilteredPages(cast("Timeline", LongPosts())).page("blog", Filter(query="ferry"), None, 50)
    is_done = True
    await ticking
    assert (found.items, found.is_complete) == ([], False)
    assert longest < 0.05, "in one turn it would take half a second"


class LongPosts:
    """A timeline that has no end."""

    def __init__(self) -> None:
        text = "".join(f"<p>A <b>long</b> “post” of {n} words.</p>" for n in range(400))
        of_town = entry("a", content_html=text).item(id="a", position=0, seen=0, revision=1)
        self.texts = [dump(of_town)] * filters.CHUNK_POSTS

    async def page(self, *_: object) -> Page:
        """Posts of 16 KB."""
        return Page(self.texts, Cursor("e", 1), "1-a")


async def test_too_many_waiting_searches_are_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MAX_WAITING_SCANS", 0)
    answer = await site.get("/blog/?q=a", Accept="text/html")
    assert answer.code == 503
    assert b"Too many readers are searching right now." in answer.body
    assert (await site.get("/blog/")).code == 200


async def test_all_sources_and_tags_are_on_a_page_of_their_own(site: Site) -> None:
    many = [of("Harbour", f"e{n:03}", n, *(f"topic-{5 * n + k}" for k in range(5))) for n in range(40)]
    await commit(site.timeline, *many)
    text = await page(site, "/blog/?tag=topic-7&q=e001")
    assert text.count('name="tag"') == MAX_ON_PAGE
    assert '<button class="all" formaction="/blog/filter">All 200 tags</button>' in text
    text = await page(site, "/blog/filter?tag=topic-7&q=e001")
    assert text.count('name="tag"') == 200
    assert 'value="topic-7" checked' in text
    assert 'name="q" value="e001"' in text
    assert '<meta name="robots" content="noindex">' in text
