"""What of a post is on a page: its beginning, all of it, or its headline."""

from __future__ import annotations

import re

import pytest

from pages.item import read_on, untitled
from tests.pages.test_filter import page
from tests.site import Site
from tests.timeline.drafts import commit, entry

PARAGRAPH = "It went on and on, and nobody knew why. "


def translate(sentence: str) -> str:
    return sentence


async def article(site: Site, path: str = "/blog/") -> str:
    """The only post of the page."""
    found = re.search("<article.*?</article>", await page(site, path), re.DOTALL)
    assert found
    return found[0]


async def test_a_short_post_is_whole(site: Site) -> None:
    await commit(site.timeline, entry("a", "Short", content_html="<p>All of it.</p>"))
    text = await article(site)
    assert '<article class="entry h-entry whole starts-day"' in text
    assert ">All of it.</p></div>" in text
    assert 'class="summary' not in text
    assert 'class="read-on"' not in text


async def test_the_permalink_is_in_the_first_line(site: Site) -> None:
    await commit(site.timeline, entry("a", "Short"))
    text = await article(site)
    assert re.search(
        '<p class="byline">.*<a class="when u-url" href="/blog/e/a#e-a"><time[^>]* data-time="age">', text
    )
    assert text.index('class="byline"') < text.index('class="headline')


async def test_tags_are_on_the_permalink_only(site: Site) -> None:
    await commit(site.timeline, entry("a", tags=("ferries",)))
    assert 'class="tags"' not in await article(site)
    assert '?tag=ferries"' in await article(site, "/blog/e/a")


@pytest.mark.parametrize(("minutes", "words"), [(11, "Read on · 11 min"), (0, "Read on"), (None, "Read on")])
def test_a_link_to_the_whole_says_how_long_it_is(minutes: int | None, words: str) -> None:
    assert read_on(minutes, translate) == words


@pytest.mark.parametrize(
    ("parts", "headline", "in_a_list"),
    [
        ({"content_html": "<p>A <b>b</b></p>"}, "", "A b"),
        ({"summary": "Brief"}, "", "Brief"),
        ({"image": "https://example.org/a.png"}, "", "Picture"),
        ({"content_html": '<img src="https://example.org/a.png">'}, "", "Picture"),
        ({"attachments": [{"url": "https://example.org/a", "mime_type": "audio/mpeg"}]}, "", "Audio"),
        ({"content_html": "<hr>"}, "Untitled", "Untitled"),
        ({}, "Untitled", "Untitled"),
    ],
)
def test_a_post_without_a_title_is_never_blank(
    site: Site, parts: dict[str, object], headline: str, in_a_list: str
) -> None:
    blog = site.served.config.blogs[0]
    assert untitled(parts, blog, "whole", translate) == headline
    assert untitled(parts, blog, "headlines", translate) == in_a_list
