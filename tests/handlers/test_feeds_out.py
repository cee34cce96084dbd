"""`/<blog>/feed.xml`, `feed.json` and `feed.txt`."""

from __future__ import annotations

import asyncio
import json
import re
from xml.etree import ElementTree

import pytest
from pydantic import SecretStr

from config import Blog, Config, Feed, Server
from entries import FRONT_PAGE
from feeds.parser.discovery import find_feeds
from pages.feeds_out.links import CONTENT_TYPES, FORMS, Form
from tests.pages.feeds_out.documents import NAMES, SITE, links, text
from tests.site import Site
from tests.timeline.drafts import FEED, NOW, commit, entry

TOKEN = "token-of-the-feed-test"
BEARER = f"Bearer {TOKEN}"


@pytest.fixture
def settings() -> Config:
    """A public blog and a private one, below a path."""
    private = Blog(slug="desk", title="Desk", private=True, tokens=(SecretStr(TOKEN),))
    blog = Blog(slug="blog", title="Blog", aliases=("former",), feeds=(Feed(url=FEED, title="Example"),))
    return Config(server=Server(public_url=SITE), store="sqlite::memory:", blogs=(blog, private))


@pytest.fixture
async def posts(site: Site) -> None:
    """Two posts with tags."""
    await commit(site.timeline, entry("a", "Tide", at=NOW - 2, tags=("sea",)), entry("b", "Fair", at=NOW - 1))


async def atom(site: Site, path: str) -> ElementTree.Element:
    answer = await site.get(path)
    assert answer.code == 200, answer.body
    return ElementTree.fromstring(answer.body)


def titles(feed: ElementTree.Element) -> list[str | None]:
    return [text(one, "a:title") for one in feed.findall("a:entry", NAMES)]


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_has_the_newest_posts_and_its_type(site: Site, posts: None, form: Form) -> None:
    answer = await site.get(f"/blog/feed.{form}", Accept="text/html")
    assert answer.headers["Content-Type"] == CONTENT_TYPES[form]
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    body = answer.body.decode()
    assert 0 < body.index("Fair") < body.index("Tide")


@pytest.mark.parametrize("form", FORMS)
async def test_a_reader_that_has_the_document_gets_a_304(site: Site, posts: None, form: Form) -> None:
    for coding in ("identity", "gzip"):
        tag = (await site.get(f"/blog/feed.{form}", Accept_Encoding=coding)).headers["ETag"]
        again = await site.get(f"/blog/feed.{form}", Accept_Encoding=coding, If_None_Match=tag)
        assert (again.code, again.body) == (304, b"")
    await commit(site.timeline, entry("b", "Corrected"))
    assert (await site.get(f"/blog/feed.{form}", Accept_Encoding=coding, If_None_Match=tag)).code == 200


async def test_head_has_the_headers_alone(site: Site, posts: None) -> None:
    answer = await site.get("/blog/feed.xml", method="HEAD")
    assert (answer.code, answer.body) == (200, b"")
    assert 'rel="self"' in answer.headers["Link"]


async def test_a_thousand_readers_cost_one_rendering_a_change(site: Site, posts: None) -> None:
    for change in ("One", "Another"):
        await commit(site.timeline, entry("a", change))
        await site.get("/readyz")
        before = site.served.answers.misses
        codes = await asyncio.gather(*(polls(site.port, start, 50) for start in range(0, 1_000, 50)))
        assert {code for found in codes for code in found} == {b"304"}
        assert site.served.answers.misses == before + 1


async def polls(port: int, start: int, count: int) -> list[bytes]:
    """The status codes of so many readers, who have the document: they differ in query, language and `Accept`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    codes = []
    for number in range(start, start + count):
        kind = ("*/*", "application/atom+xml, text/html", "application/json")[number % 3]
        language = ("en", "zh-CN")[number % 2]
        writer.write(
            f"GET /blog/feed.xml?utm_source={number} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n"
            f"Accept: {kind}\r\nAccept-Language: {language}\r\n\r\n".encode()
        )
        codes.append((await reader.readuntil(b"\r\n\r\n"))[9:12])
    writer.close()
    return codes


# The publisher's checks of websub.rocks: at least one hub, exactly one self, in the header and in the document.


async def test_the_hub_and_one_self_are_in_header_and_document(site: Site, posts: None) -> None:
    for query in ("", "?source=Example", "?tag=sea"):
        answer = await site.get(f"/blog/feed.xml{query}")
        own = f"{SITE}/blog/feed.xml{query}"
        assert re.findall(r'<([^<>]*)>; rel="(\w+)"', answer.headers["Link"]) == [
            (f"{SITE}/hub", "hub"),
            (own, "self"),
        ]
        feed = ElementTree.fromstring(answer.body)
        assert (links(feed, "hub"), links(feed, "self")) == ([f"{SITE}/hub"], [own])
        assert links(feed, "alternate") == [f"{SITE}/blog/{query}"]
        assert answer.body.count(b'rel="self"') == 1
        document = await site.json(f"/blog/feed.json{query}")
        assert document["hubs"] == [{"type": "WebSub", "url": f"{SITE}/hub"}]
        assert document["feed_url"] == f"{SITE}/blog/feed.json{query}"


@pytest.mark.parametrize("path", ["/blog/feed.xml?q=tide", "/blog/feed.xml?before=1-b", "/desk/feed.xml"])
async def test_searches_older_posts_and_private_blogs_have_no_hub(site: Site, posts: None, path: str) -> None:
    answer = await site.get(path, Authorization=BEARER)
    assert answer.code == 200
    assert "hub" not in answer.headers["Link"] + answer.body.decode()


async def test_a_filter_chooses_the_posts(site: Site, posts: None) -> None:
    await commit(site.timeline, entry("c", "Other", tags=("land",)))
    assert titles(await atom(site, "/blog/feed.xml?tag=sea")) == ["Tide"]
    assert titles(await atom(site, "/blog/feed.xml?tag=sea&q=nothing")) == []
    assert [item["title"] for item in (await site.json("/blog/feed.json?q=fair"))["items"]] == ["Fair"]


async def test_documents_lead_through_all_posts_and_back(site: Site) -> None:
    count = 2 * FRONT_PAGE + 7
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(count)))
    seen, pages, path = list[str | None](), list[str](), "/blog/feed.xml"
    while path:
        pages.append(path)
        feed = await atom(site, path)
        seen += titles(feed)
        assert text(feed, "a:id") == f"{SITE}/blog/feed.xml"
        assert links(feed, "first") == ([f"{SITE}/blog/feed.xml"] if len(pages) > 1 else [])
        previous = [link.removeprefix(SITE) for link in links(feed, "previous")]
        assert previous == pages[-2:-1]
        path = "".join(links(feed, "next")).removeprefix(SITE)
    assert seen == [f"e{n:03}" for n in reversed(range(count))]
    assert len(pages) == 3


async def test_next_url_leads_through_the_posts_of_a_filter(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n, tags=("x",)) for n in range(FRONT_PAGE + 3)))
    document = await site.json("/blog/feed.json?tag=x")
    assert document["next_url"].startswith(f"{SITE}/blog/feed.json?before=")
    older = await site.json(document["next_url"].removeprefix(SITE))
    assert [item["id"] for item in older["items"]] == ["e002", "e001", "e000"]
    assert "next_url" not in older


async def test_a_document_of_long_posts_is_bounded_and_leads_on_without_a_gap(site: Site) -> None:
    large = "潮" * 20_000
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n, content_html=large) for n in range(40)))
    seen, path = list[str](), "/blog/feed.json"
    while path:
        answer = await site.get(path)
        assert len(answer.body) < 1024 * 1024
        document = json.loads(answer.body)
        seen += [item["id"] for item in document["items"]]
        path = document.get("next_url", "").removeprefix(SITE)
    assert seen == [f"e{n:03}" for n in reversed(range(40))]


async def test_documents_of_long_posts_lead_back_without_a_gap(site: Site) -> None:
    large = "潮" * 20_000
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n, content_html=large) for n in range(40)))
    path = "/blog/feed.xml"
    while following := links(await atom(site, path), "next"):
        path = following[0].removeprefix(SITE)
    seen = set[str | None]()
    while path:
        feed = await atom(site, path)
        seen.update(one.text for one in feed.findall("a:entry/a:id", NAMES))
        path = next(iter(links(feed, "previous")), "").removeprefix(SITE)
    assert seen == {f"urn:livelog:e{n:03}" for n in range(40)}


async def test_documents_lead_back_without_a_gap_from_a_post_that_was_withdrawn(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(120)))
    second = links(await atom(site, "/blog/feed.xml"), "next")[0].removeprefix(SITE)
    third = links(await atom(site, second), "next")[0].removeprefix(SITE)
    await commit(site.timeline, withdrawn=[("blog", "e020")])
    seen, path = set[str | None](), third
    while path:
        feed = await atom(site, path)
        seen.update(one.text for one in feed.findall("a:entry/a:id", NAMES))
        path = next(iter(links(feed, "previous")), "").removeprefix(SITE)
    assert seen == {f"urn:livelog:e{n:03}" for n in range(120) if n != 20}


async def test_withdrawn_posts_are_named_until_they_are_listed_again(site: Site, posts: None) -> None:
    await commit(site.timeline, withdrawn=[("blog", "a")])
    feed = await atom(site, "/blog/feed.xml")
    assert [gone.attrib["ref"] for gone in feed.findall("at:deleted-entry", NAMES)] == ["urn:livelog:a"]
    assert titles(feed) == ["Fair"]
    assert [gone["id"] for gone in (await site.json("/blog/feed.json"))["_livelog"]["withdrawn"]] == ["a"]
    await commit(site.timeline, entry("a", "Back", at=NOW - 2))
    again = await atom(site, "/blog/feed.xml")
    assert not again.findall("at:deleted-entry", NAMES)
    assert titles(again) == ["Fair", "Back"]


async def test_a_private_blog_needs_its_token_and_repeats_it_nowhere(site: Site) -> None:
    assert (await site.get("/desk/feed.xml")).code == 401
    answer = await site.get(f"/desk/feed.json?token={TOKEN}")
    assert answer.code == 200
    assert TOKEN not in f"{answer.body.decode()}{list(answer.headers.get_all())}"
    assert answer.headers["Cache-Control"].startswith("private")


async def test_a_former_name_of_the_blog_leads_to_the_present_one(site: Site) -> None:
    answer = await site.get("/former/feed.xml?tag=a")
    assert (answer.code, answer.headers["Location"]) == (308, "/live/blog/feed.xml?tag=a")


async def test_pages_name_the_feeds_also_of_their_filter(site: Site, posts: None) -> None:
    for path, query in (
        ("/blog/", ""),
        ("/blog/e/a", ""),
        ("/blog/?source=Example&tag=sea", "?source=Example&tag=sea"),
    ):
        page = (await site.get(path, Accept="text/html")).body
        named = find_feeds(page, f"{SITE}{path}")
        assert named == tuple(f"{SITE}/blog/feed.{form}{query}" for form in ("xml", "json"))


@pytest.mark.parametrize("path", ["/blog/feed.xml?before=x", "/none/feed.xml", "/blog/feed.rss"])
async def test_what_is_not_there_is_an_error(site: Site, path: str) -> None:
    assert (await site.get(path)).code in (400, 404)
