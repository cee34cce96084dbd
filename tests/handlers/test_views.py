"""Views of the page, and the one for an iframe (embed). The wall has tests of its own."""

from __future__ import annotations

import html
import re

import pytest

from config import Blog, Config, Feed, Server
from entries import FRONT_PAGE
from handlers.page import EMBED_POSTS
from tests.pages.test_filter import older, page, shown
from tests.site import Site
from tests.timeline.drafts import FEED, NOW, commit, entry


async def filled(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(EMBED_POSTS + 20)))


def policy(headers: object) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in str(headers).split("; "))


async def test_the_embed_is_live_and_short_and_its_links_open_in_a_new_tab(site: Site) -> None:
    await filled(site)
    text = await page(site, "/blog/embed")
    assert '<body data-view="embed">' in text
    assert len(shown(text)) == EMBED_POSTS
    assert '<base target="_blank">' in text
    assert "data-cursor" in text
    assert '<p class="more-on"><a href="/blog/">More on ' in text
    assert 'class="foot"' not in text


async def test_the_list_is_live_and_has_a_headline_for_each_post(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", content_html="<p>Text</p>", at=NOW + n) for n in range(60)))
    text = await page(site, "/blog/?view=list&source=Example")
    assert '<body data-view="list">' in text
    assert len(shown(text)) == FRONT_PAGE
    assert 'class="content' not in text.partition("<template")[0]
    assert "data-cursor" in text
    assert '<a id="view" class="view" href="/blog/?source=Example" data-chosen="list">Summaries</a>' in text
    assert 'href="/blog/?view=list&amp;source=Example"><bdi' in text, "links of a source keep the view"
    assert "view=list&" in (older(text) or "")


async def test_the_page_links_to_its_list(site: Site) -> None:
    await filled(site)
    assert 'href="/blog/?view=list&amp;tag=a">List</a>' in await page(site, "/blog/?tag=a")


async def test_no_page_can_be_framed_by_other_origins_by_default(site: Site) -> None:
    for path in ("/blog/embed", "/blog/", "/blog/?view=embed"):
        headers = (await site.get(path)).headers
        assert policy(headers["Content-Security-Policy"])["frame-ancestors"] == "'self'", path


async def test_an_unknown_view_is_ignored(site: Site) -> None:
    assert "data-view" not in await page(site, "/blog/?view=embed")
    assert "data-view" not in await page(site, "/blog/?view=%22%3E%ff")


async def test_the_redirect_to_the_slash_keeps_the_query(site: Site) -> None:
    answer = await site.get("/blog?view=wall&tag=a%26b")
    assert (answer.code, answer.headers["Location"]) == (302, "/blog/?view=wall&tag=a%26b")


class TestFramed:
    @pytest.fixture
    def settings(self) -> Config:
        blog = Blog(
            slug="blog",
            title='A "lively" <b>blog</b>',
            feeds=(Feed(url=FEED),),
            frame_ancestors=("https://www.example.org", "https://*.example.com:8443"),
        )
        return Config(server=Server(public_url="https://live.example.org"), store="sqlite::memory:", blogs=(blog,))

    async def test_origins_in_frame_ancestors_can_frame_the_embed_only(self, site: Site) -> None:
        embed, front = await site.get("/blog/embed"), await site.get("/blog/")
        found = policy(embed.headers["Content-Security-Policy"])
        assert found.pop("frame-ancestors") == "'self' https://www.example.org https://*.example.com:8443"
        usual = policy(front.headers["Content-Security-Policy"])
        assert usual.pop("frame-ancestors") == "'self'"
        assert found == usual, "all else is as strict"

    async def test_the_page_shows_the_html_that_embeds_it(self, site: Site) -> None:
        found = re.search(r"<pre><code>(.*?)</code></pre>", (await page(site, "/blog/")).partition("<footer")[2])
        assert found
        assert html.unescape(found[1]) == (
            '<iframe src="https://live.example.org/blog/embed" title="A &quot;lively&quot; &lt;b&gt;blog&lt;/b&gt;" '
            'width="100%" height="600" loading="lazy"></iframe>'
        )
