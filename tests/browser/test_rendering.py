"""Posts have the same elements, rendered by templates/entry.html or by static/post/post.js from its template."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from playwright.async_api import Page, Route

from demo.newsroom import Newsroom
from tests.browser.visitor import MISSING, Visitor, all_shown, becomes, posts, until_live
from tests.livelog import Livelog

# The template's line ends between the parts of a post are no part of it; nor is the mark of its arrival.
ARTICLES = """(all) => all.map((article) => {
  const copy = article.cloneNode(true);
  copy.classList.remove('arrived');
  // What is not there leaves the room that it had before the reader's eyes, and none elsewhere.
  for (const gone of copy.querySelectorAll('.picture-missing')) gone.removeAttribute('style');
  for (const node of [...copy.childNodes]) {
    if (node.nodeType === Node.TEXT_NODE && !node.data.trim()) node.remove();
  }
  return copy.outerHTML;
})"""

LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 40

VARIETY: tuple[dict[str, Any], ...] = (
    {"title": "Plain", "content_html": "<p>One paragraph.</p>"},
    {"content_html": "<p>No title, so that the source leads on.</p>"},
    {"url": None, "title": "No link, so that the title leads to the post's own page"},
    {"url": None, "content_html": "<p>Neither title nor link.</p>"},
    {"title": "Nothing but a title"},
    {"title": "A summary only", "summary": "Said <b>briefly</b> & in one line"},
    {"title": "Both", "summary": "Not shown", "content_html": "<p>Shown.</p>"},
    {"title": "Text & <b>signs</b> \"quoted\" 'so' &amp; so", "content_text": "1 < 2 & 3 > 2\n\nNext\nline"},
    {
        "title": "Many hands",
        "authors": [{"name": "A. & B."}, {"name": "Variety"}, {"name": "<i>C</i>"}, {"name": ""}],
    },
    {"title": "Its own author", "authors": [{"name": "Variety"}]},
    {"title": "Tags", "tags": ["politics", 'a "b" <c>', "新闻", "عاجل", "x" * 150]},
    {
        "title": "Files",
        "attachments": [
            {"url": "http://files.example/a.mp3?a=1&b=2", "mime_type": "audio/mpeg"},
            {"url": "http://files.example/b.pdf", "mime_type": "application/pdf"},
            {"url": "http://files.example/a b\"c'", "mime_type": ""},
            {"url": "http://files.example/d", "mime_type": 'x/"y" <z>'},
            {"url": "http://files.example/e.mp4", "mime_type": "video/mp4", "size_in_bytes": 999_499},
            {"url": "http://files.example/f.zip", "mime_type": "application/zip", "size_in_bytes": 1_249_999},
            {"url": "http://files.example/g", "mime_type": "text", "duration_in_seconds": 3_909},
            {"url": "http://files.example/h.jpg", "mime_type": "image/jpeg", "size_in_bytes": 999_500_000},
        ],
    },
    {"title": "A picture", "image": "http://me@www.pictures.example:81/a.jpg?a=1&b=2"},
    {
        "title": "A picture that is a file as well",
        "image": "http://files.example/i.jpg",
        "attachments": [{"url": "http://files.example/i.jpg", "mime_type": "image/jpeg"}],
    },
    {
        "title": "A podcast",
        "image": "http://files.example/cover.jpg",
        "content_html": "<p>With notes.</p>",
        "attachments": [
            {"url": "http://files.example/p.mp3", "mime_type": "audio/mpeg", "duration_in_seconds": 2_467},
            {"url": "http://files.example/p.pdf", "mime_type": "application/pdf"},
        ],
    },
    {
        "title": "Pictures in the text",
        "image": "http://files.example/not-shown.jpg",
        "content_html": "Before<img src='http://a.example/1.png' alt=' A &lt;b&gt;map&lt;/b&gt; &amp; \"more\" '>"
        "<a href='http://b.example/'><img src='http://b.example/2.png' width=40 height=30></a>"
        "<p><a href='/x'><b><img src='//c.example/?a=1&amp;copy=2' alt='图'></b> words</a> after<img src='/4'></p>"
        "<video src='/v.mp4' poster='/poster.jpg' width=300></video>",
    },
    {"title": "A film only", "image": "http://files.example/x.jpg", "content_html": "<video src='/v.mp4'></video>"},
    {"title": "Cut", "content_html": "<p>" + "word " * 20_000 + "</p>"},
    {"url": None, "title": "Cut, and nowhere to read on", "content_html": "<p>word word word</p>" * 4_000},
    {"title": "عنوان من اليمين إلى اليسار", "content_html": "<p>نص <b>عربي</b> مع English.</p>"},
    {"title": "现场直播：结果公布", "content_html": "<p>计票已经结束。</p>", "tags": ["选举"]},
    {"title": "🎉 It is done 👩🏽‍🚀", "content_html": "<p>🚢🚢</p>"},
    {"title": LONG, "content_html": f"<p>{LONG}</p>", "authors": [{"name": LONG}]},
    {"url": "http://posts.example/ä ö?q='\"<>&a=1&amp;b=2#c", "title": "An odd address"},
    {"title": "Badly nested", "content_html": "<p>a<marquee><p>b<b>c<p>d</b>e</marquee>f<li>g</div></article>h"},
    {
        "title": "Much in it",
        "content_html": "<pre>\n\n  code\n</pre><table><caption>c<tr><td>1<td colspan=2>2</table><figure>"
        "<img src='/i.png' alt='&lt;' width=400 height=300><figcaption>So</figcaption></figure>"
        "<audio src='/a.mp3'></audio>"
        "<time datetime='2026-01-01T00:00Z' data-time=clock>long ago</time><a href='#note'>note</a><!-- none -->"
        "<details><summary>More</summary>it</details><h2>A heading</h2><blockquote dir=rtl>x</blockquote>",
    },
    {"title": "Dated", "date_published": "2019-12-31T23:59:59-11:00", "date_modified": "2020-01-01T00:00:00+14:00"},
    {"title": "Dated ahead", "date_published": "2990-01-01T00:00:00Z"},
)

DETAILS = {
    2: "<title>With details</title><comments>http://posts.example/2#c</comments><slash:comments>12</slash:comments>"
    '<source url="http://wire.example/">A &lt;wire&gt;</source><podcast:season>2</podcast:season>'
    "<podcast:episode>5</podcast:episode><georss:point>53.54125 -9.5</georss:point><dc:creator>Ann</dc:creator>"
    "<atom:author><atom:name>Ann &amp; Bo</atom:name><atom:uri>http://posts.example/ann</atom:uri></atom:author>",
    3: '<media:content url="http://files.example/c.jpg" medium="image"><media:credit>B &lt;i&gt;</media:credit>'
    "<media:text>A boat</media:text></media:content><podcast:episode>5</podcast:episode>"
    "<comments>http://posts.example/3#c</comments><georss:featureName>Old Port</georss:featureName>",
}
"""Elements of the posts of some sources, whose feeds are RSS: their facts have no names in JSON Feed."""

MODES = ("lazy", "click", "none")
SOURCES = ("Variety", "صحيفة الميناء", "港口日报", "🎈🎈", "«élan» & <b>", "ßharp", "٣ نقاط", "1,000 Words")


def feed(title: str, items: Iterable[dict[str, Any]]) -> bytes:
    document = {"version": "https://jsonfeed.org/version/1.1", "title": title, "items": list(items)}
    return json.dumps(document).encode()


def varied(source: int, revision: int) -> bytes:
    """A source's feed: the first has all of the variety, the others a post each."""
    items = [
        {"id": f"{source}-{n}", "url": f"http://posts.example/{source}/{n}", **item}
        for n, item in enumerate(VARIETY if source == 0 else [{"title": f"Of source {source}"}])
    ]
    for item in items if revision > 1 else ():
        item["content_html"] = f"<p>Corrected.</p>{item.get('content_html', '')}"
        item["tags"] = [] if item.get("tags") else ["corrected"]
        if item["id"] != "0-0":
            item["date_modified"] = "2026-02-03T04:05:06Z"
    return feed(SOURCES[source], items)


def detailed(source: int, revision: int) -> bytes:
    """A source's feed as RSS, with one post."""
    correction = "<description>Corrected.</description>" if revision > 1 else ""
    namespaces = (
        'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:georss="http://www.georss.org/georss" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:podcast="https://podcastindex.org/namespace/1.0" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
    )
    item = f'<guid isPermaLink="false">{source}</guid>{DETAILS[source]}{correction}'
    channel = f"<channel><title>{SOURCES[source]}</title><item>{item}</item></channel>"
    return f'<rss version="2.0" {namespaces}>{channel}</rss>'.encode()


def content(source: int, revision: int) -> bytes:
    """A source's feed."""
    return detailed(source, revision) if source in DETAILS else varied(source, revision)


def publish(newsroom: Newsroom, revision: int) -> list[str]:
    """Puts all feeds on the newsroom's shelf, without a post for revision 0; returns their addresses."""
    return [
        newsroom.add_file(
            f"/{n}.json", content(n, revision) if revision else feed(source, []), "application/feed+json"
        )
        for n, source in enumerate(SOURCES)
    ]


KEEP_BROKEN = """addEventListener('error', (event) => {
  if (event.target !== window) event.stopImmediatePropagation();
}, true);
HTMLImageElement.prototype.decode = () => new Promise(() => {});"""
"""Hides from the page that a picture failed: Chromium blocks those with a user name in their URL before any route."""


async def articles(page: Page) -> list[str]:
    found: list[str] = await posts(page).evaluate_all(ARTICLES)
    return found


async def test_what_arrives_equals_what_is_served(livelog: Livelog, newsroom: Newsroom, visitor: Visitor) -> None:
    """First all posts as they arrive, then all of them as they are corrected in place; with all sorts of pictures."""
    visitor.expects(MISSING)
    over = asyncio.Event()

    async def hold(route: Route) -> None:
        """Lets pictures be on their way: those that come, or can't, are no longer as they were served."""
        await over.wait()
        await route.abort()

    feeds = [{"url": url, "interval": "1s"} for url in publish(newsroom, 0)]
    await livelog.start({mode: {"feeds": feeds, "images": mode} for mode in MODES})
    pages = {mode: await visitor.page() for mode in MODES}
    others = {(mode, revision): await visitor.page() for mode in MODES for revision in (1, 2)}
    for page in (*pages.values(), *others.values()):
        await page.route(lambda url: not url.startswith(livelog.url("/")), hold)
        await page.add_init_script(KEEP_BROKEN)
    for mode, page in pages.items():
        await page.goto(livelog.url(f"/{mode}/"), wait_until="domcontentloaded")
        await until_live(page)
    for revision in (1, 2):
        publish(newsroom, revision)
        for mode, page in pages.items():
            await all_shown(page, len(VARIETY) + len(SOURCES) - 1)
            await becomes(page.locator(f"[data-revision='{revision}']").count, len(VARIETY) + len(SOURCES) - 1)
            other = others[mode, revision]
            await other.goto(livelog.url(f"/{mode}/"), wait_until="domcontentloaded")
            await until_live(other)
            for arrived, served in zip(await articles(page), await articles(other), strict=True):
                assert arrived == served
    over.set()
    for page in (*pages.values(), *others.values()):
        await page.unroute_all(behavior="wait")
