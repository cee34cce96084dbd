"""The wall's page: cards of the newest posts, or a cell for each source."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from config import Blog, Config, Feed, Server
from entries import Entry, Source
from handlers.wall import BOARD_POSTS, MAX_CELLS
from tests.pages.test_filter import page
from tests.site import Site
from tests.timeline.drafts import FEED, NOW, commit, entry


def from_source(name: str, title: str) -> Entry:
    return replace(entry(name), source=Source(title, None, FEED))


def cards(text: str) -> list[str]:
    """The headlines of the cards or cells; the pattern for later ones is no part of the wall."""
    return re.findall(r'class="headline[^>]*><a [^>]*>([^<]*)', text.partition("<template")[0])


async def test_the_board_is_live_and_has_no_controls(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(BOARD_POSTS + 20)))
    text = await page(site, "/blog/?view=wall")
    assert '<body data-view="wall">' in text
    assert cards(text) == [f"e{n:03}" for n in range(BOARD_POSTS + 19, 19, -1)]
    assert re.search(r'<main [^>]*data-cursor="\w+\.\d+"', text)
    assert "/wall.js" in text
    assert "/page.js" not in text
    for control in ("<button", "<summary", "<form", "<input", 'class="foot"', 'class="skip"'):
        assert control not in text


async def test_without_javascript_the_wall_reloads_itself(site: Site) -> None:
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in await page(site, "/blog/?view=wall")


async def test_a_post_without_a_title_has_the_beginning_of_its_text(site: Site) -> None:
    await commit(site.timeline, replace(entry("a"), title=None, content_html="<p>Only <b>text</b> &amp; more.</p>"))
    text = await page(site, "/blog/?view=wall")
    assert cards(text) == ["Only text &amp; more."]
    assert 'class="wall-text"' not in text.partition("<template")[0], "it is not said twice"


async def test_a_post_without_any_text_has_the_name_of_its_source(site: Site) -> None:
    await commit(site.timeline, replace(from_source("a", "Harbour"), title=None))
    assert cards(await page(site, "/blog/?view=wall")) == ["Harbour"]


@pytest.mark.parametrize(
    ("fields", "picture"),
    [
        ({"image": "https://a.example/x.png"}, "https://a.example/x.png"),
        ({"content_html": '<p>A <img src="https://a.example/?a=1&amp;b=2"></p>'}, "https://a.example/?a=1&amp;b=2"),
        ({"content_html": '<img width="24" src="https://a.example/i.png"><img src="https://a.example/b.png">'},
         "https://a.example/b.png"),
        ({"content_html": '<img width="24" src="https://a.example/i.png">'}, None),
    ],
)  # fmt: skip
async def test_the_picture_is_none_that_is_declared_small(
    site: Site, fields: dict[str, Any], picture: str | None
) -> None:
    await commit(site.timeline, replace(entry("a"), **fields))
    text = (await page(site, "/blog/?view=wall")).partition("<template")[0]
    assert re.findall(r'<img class="wall-picture" src="([^"]*)"', text) == ([picture] if picture else [])


async def test_a_filter_holds_on_the_wall(site: Site) -> None:
    await commit(site.timeline, from_source("a", "Harbour"), from_source("b", "Town"))
    assert cards(await page(site, "/blog/?view=wall&source=Town")) == ["b"]


async def test_nobody_searches_for_the_wall(site: Site) -> None:
    assert '<meta name="robots" content="noindex, follow">' in await page(site, "/blog/?view=wall")


class TestBySource:
    @pytest.fixture
    def settings(self) -> Config:
        feeds = tuple(Feed(url=f"https://{n:02}.example/", title=f"Source {n:02}") for n in range(MAX_CELLS + 6))
        return Config(server=Server(), store="sqlite::memory:", blogs=(Blog(slug="blog", title="Blog", feeds=feeds),))

    async def test_each_source_has_a_cell_and_those_beyond_are_counted(self, site: Site) -> None:
        await commit(site.timeline, from_source("a", "Source 03"), from_source("b", "Source 03"))
        text = (await page(site, "/blog/?view=wall&by=source")).partition("<template")[0]
        titles = re.findall(r'<section class="wall-cell" data-title="([^"]*)"', text)
        assert len(titles) == len(set(titles)) == MAX_CELLS
        assert cards(text) == ["b", "a"]
        assert re.search(r'id="rest"[^>]*>18 more sources<', text)
        assert 'data-more="6"' in text
        assert text.count(">not fetched yet</span>") == MAX_CELLS

    async def test_a_filter_leaves_the_cell_of_its_source(self, site: Site) -> None:
        text = (await page(site, "/blog/?view=wall&by=source&source=Source+03")).partition("<template")[0]
        assert re.findall(r'<section class="wall-cell" data-title="([^"]*)"', text) == ["Source 03"]
