"""Metadata of pages: schema.org, Open Graph, microformats, robots."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from entries import FRONT_PAGE
from pages.metadata import MAX_UPDATES
from tests.pages.test_filter import page
from tests.site import Site
from tests.timeline.drafts import NOW, commit, entry

URL = "https://live.example.org/blog/"
HOSTILE = "</script><script>alert(1)</script><!--"


def linked(text: str) -> Any:
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert len(found) == 1
    return json.loads(found[0])


def meta(text: str, name: str) -> str | None:
    found = re.search(rf'<meta (?:name|property)="{name}" content="([^"]*)">', text)
    return html.unescape(found[1]) if found else None


def canonical(text: str) -> str | None:
    found = re.search(r'<link rel="canonical" href="([^"]*)">', text)
    return found and found[1]


async def test_the_live_page_is_a_live_blog_posting_with_its_updates(site: Site) -> None:
    published = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)
    await commit(
        site.timeline,
        entry("first", at=NOW - 90, published=published, authors=("B. Writer",), url="https://example.org/1"),
        entry("second", "", content_html="<p>No title,<br>but &amp; much to <b>say</b>.</p>"),
    )
    await commit(
        site.timeline,
        entry("first", "Corrected", modified=datetime(2027, 2, 1, tzinfo=UTC), url="https://example.org/1"),
    )
    data = linked(await page(site, "/blog/"))
    assert (data["@type"], data["url"], data["headline"]) == ("LiveBlogPosting", URL, "A <b>lively</b> blog")
    assert data["coverageStartTime"] == "2027-01-15T07:58:30.000000Z"
    assert "coverageEndTime" not in data, "it has not ended"
    assert data["dateModified"] == "2027-02-01T00:00:00Z"
    second, first = data["liveBlogUpdate"]
    assert first["headline"] == "Corrected"
    assert first["url"] == f"{URL}e/first"
    assert first["isBasedOn"] == "https://example.org/1"
    assert first["dateModified"] == "2027-02-01T00:00:00Z"
    assert second["author"] == [{"@type": "Organization", "name": "Example"}]
    assert "dateModified" not in second


async def test_coverage_starts_with_the_oldest_post(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n}", at=NOW + n) for n in range(FRONT_PAGE + 9)))
    data = linked(await page(site, "/blog/"))
    assert len(data["liveBlogUpdate"]) == MAX_UPDATES
    assert data["coverageStartTime"] == "2027-01-15T08:00:00.000000Z"


async def test_a_post_without_a_title_is_named_by_its_excerpt(site: Site) -> None:
    untitled = replace(entry("a", content_html="<p>One &amp; <b>two</b></p>" + "<p>word</p>" * 99), title=None)
    await commit(site.timeline, untitled)
    text = await page(site, "/blog/e/a")
    assert meta(text, "og:title") == meta(text, "og:description") == "One & two" + " word" * 46 + "…"


async def test_a_version_is_named_with_its_source(site: Site) -> None:
    await commit(site.timeline, entry("a", "v3.9.0"))
    text = await page(site, "/blog/e/a")
    assert meta(text, "og:title") == linked(text)["headline"] == "Example v3.9.0"
    assert "<title>Example v3.9.0 · A &lt;b&gt;" in text
    assert meta(await page(site, "/blog/"), "og:description") == "Example v3.9.0"


async def test_a_long_post_is_described_by_its_preview(site: Site) -> None:
    own = "The ferries do not sail today, says the harbour master."
    await commit(site.timeline, entry("a", content_html=f"<p>{'tide ' * 200}</p>", summary=own))
    text = await page(site, "/blog/e/a")
    assert meta(text, "og:description") == linked(text)["articleBody"] == own


async def test_authors_are_persons_and_a_date_is_the_publishers(site: Site) -> None:
    published = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)
    await commit(site.timeline, entry("a", published=published, authors=("B. Writer",)))
    data = linked(await page(site, "/blog/e/a"))
    assert data["@type"] == "BlogPosting"
    assert data["author"] == [{"@type": "Person", "name": "B. Writer"}]
    assert data["datePublished"] == "2026-11-23T14:07:00Z"
    assert data["isPartOf"]["url"] == URL


async def test_no_text_of_a_post_ends_the_script_element(site: Site) -> None:
    await commit(site.timeline, entry("a", HOSTILE, summary=HOSTILE, authors=(HOSTILE,), url="https://example.org/a"))
    for path in ("/blog/", "/blog/e/a"):
        text = await page(site, path)
        assert "<script>alert" not in text
        data = linked(text)
        assert (data["liveBlogUpdate"][0] if "liveBlogUpdate" in data else data)["headline"] == HOSTILE


async def test_pages_have_open_graph_metadata(site: Site) -> None:
    await commit(site.timeline, entry("a", "One", image="https://example.org/a.png"), entry("b", "Two", at=NOW + 1))
    front, post = await page(site, "/blog/"), await page(site, "/blog/e/a")
    assert (meta(front, "og:type"), meta(post, "og:type")) == ("website", "article")
    assert (meta(front, "og:title"), meta(post, "og:title")) == ("A <b>lively</b> blog", "One")
    assert (meta(front, "og:url"), meta(post, "og:url")) == (URL, f"{URL}e/a")
    assert meta(front, "og:description") == "Two · One"
    assert meta(post, "og:image") == "https://example.org/a.png"
    assert "<title>One · A &lt;b&gt;lively&lt;/b&gt; blog</title>" in post


async def test_only_the_live_page_and_posts_are_indexed(site: Site) -> None:
    await commit(site.timeline, entry("here"), *(entry(f"e{n:03}", at=NOW + n) for n in range(FRONT_PAGE + 2)))
    assert canonical(await page(site, "/blog/?lang=zh")) == URL
    assert meta(await page(site, "/blog/"), "robots") is None
    assert meta(await page(site, "/blog/e/here"), "robots") is None
    (older,) = re.findall(r'href="(/blog/\?before=[^"]+)"', await page(site, "/blog/"))
    for path in (older, "/blog/?tag=x", "/blog/?view=wall", "/blog/embed"):
        text = await page(site, path)
        assert (meta(text, "robots"), canonical(text)) == ("noindex, follow", URL), path
        assert "ld+json" not in text


async def test_posts_are_entries_of_a_feed_to_microformats(site: Site) -> None:
    await commit(
        site.timeline,
        entry(
            "a",
            "One",
            content_html="<p>Text</p>",
            tags=("news",),
            authors=("B. Writer",),
            url="https://example.org/a",
        ),
    )
    text = await page(site, "/blog/e/a")
    for name in (
        "h-feed",
        "h-entry",
        "p-name",
        "u-url",
        "dt-published",
        "e-content",
        "p-category",
        "p-author h-card",
    ):
        assert re.search(rf'class="(?:[^"]* )?{name}[" ]', text), name
