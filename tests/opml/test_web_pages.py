"""opml/web_pages.py: web pages without a feed, as FreshRSS writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

import opml
from config import Blog, Feed
from feeds.parser.document import Reading, parse
from feeds.parser.selectors import Selectors
from opml import web_pages
from tests.opml.documents import URL, as_configured, document, document_of, read

FRESHRSS = f"""<outline xmlns:frss="https://freshrss.org/opml" text="Example" type="HTML+XPath" xmlUrl="{URL}"
frss:xPathItem="//a[contains(@href, '/news/')]/ancestor::article" frss:xPathItemTitle="descendant::h2"
frss:xPathItemContent="." frss:xPathItemUri="descendant::a[string-length(@href)&gt;0]/@href"
frss:xPathItemTimestamp="descendant::time" frss:xPathItemTimeFormat="!d/m/Y \\a\\t H:i"
frss:xPathItemThumbnail="descendant::img/@src" frss:xPathItemAuthor="'Anonymous'" frss:priority="main"/>"""


def test_a_page_of_freshrss_has_selectors(tmp_path: Path) -> None:
    blog = read(FRESHRSS)
    scrape = blog.feeds[0].scrape
    assert scrape is not None
    assert scrape.model_dump() == {
        "list": "xpath://a[contains(@href, '/news/')]/ancestor::article",
        "title": "xpath:descendant::h2",
        "link": "xpath:descendant::a[string-length(@href)>0]/@href",
        "date": "xpath:descendant::time",
        "text": "xpath:.",
        "image": "xpath:descendant::img/@src",
        "author": "xpath:'Anonymous'",
        "date_format": "%d/%m/%Y at %H:%M",
    }
    assert as_configured(blog, tmp_path) == blog


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ('type="XML+XPath"', "left out, its type XML+XPath is none that Livelog can read"),
        ('type="JSON+DotNotation"', "left out, its type JSON+DotNotation is none that Livelog can read"),
        (
            'type="HTML+XPath+JSON+DotNotation"',
            "left out, its type HTML+XPath+JSON+DotNotation is none that Livelog can read",
        ),
        ('type="HTML+XPath"', "left out, it is a web page without xPathItem"),
        (
            'type="HTML+XPath" frss:xPathItem="//a["',
            "left out, its selector of list is not valid XPath 1.0: Invalid expression",
        ),
        (
            'type="HTML+XPath" frss:xPathItem="//a" frss:xPathItemTitle="php:x(.)"',
            "left out, its selector of title is not valid XPath 1.0: Undefined namespace prefix",
        ),
        (
            'type="HTML+XPath" frss:xPathItem="//a" frss:xPathItemUid="@id" frss:xPathItemTimeFormat="S"',
            "followed without its xPathItemTimeFormat, xpathitemuid",
        ),
    ],
)
def test_what_cannot_be_followed_of_a_page_is_told(attributes: str, why: str) -> None:
    other = '<outline xmlUrl="https://other.example/"/>'
    read_one = opml.read(document(f'{other}<outline text="Page" {attributes} xmlUrl="{URL}"/>'), "x.opml")
    assert read_one.left_out == (f"x.opml:1: Page: {why}",)
    assert len(read_one.feeds) == 1 + why.startswith("followed")


def test_a_list_within_a_list_is_told() -> None:
    inner = f'<outline text="Dynamic" frss:opmlUrl="https://example.org/list"/><outline xmlUrl="{URL}"/>'
    assert opml.read(document(inner), "x.opml").left_out == (
        "x.opml:1: Dynamic: left out, its opmlUrl is a list of its own: set it as opml of a blog",
    )


def test_a_json_feed_of_freshrss_is_a_feed() -> None:
    assert read(f'<outline type="JSONFeed" xmlUrl="{URL}"/>').feeds == (Feed(url=URL),)


def test_a_page_that_is_listed_with_other_selectors_is_told() -> None:
    page = f'<outline text="%s" type="HTML+XPath" frss:xPathItem="%s" xmlUrl="{URL}"/>'
    found = opml.read(document(page % ("One", "//li") + page % ("Two", "//a")), "x.opml")
    assert [feed.scrape for feed in found.feeds] == [{"list": "xpath://li"}]
    assert "Two: left out, it is listed before, with other selectors" in found.left_out[0]


PAGE = b"<ul><li><b>One</b><a href=/1>More</a><img src=/1.png><time datetime=2026-03-01>1st</time><p>Text<li>Two"


@pytest.mark.parametrize(
    "scrape",
    [
        {"list": "li"},
        {"list": "ul > li", "title": "b", "link": "a", "date": "time", "text": "p", "image": "img", "author": "b"},
        {"list": "xpath://li", "title": "xpath:b", "link": "xpath:a/@href", "date_format": "%d.%m.%Y um %H:%M"},
    ],
)
def test_selectors_are_written_as_xpath_that_selects_the_same(scrape: dict[str, str]) -> None:
    blog = Blog(slug="b", title="b", feeds=(Feed.model_validate({"url": URL, "scrape": scrape}),))
    again = opml.read(document_of(blog).encode(), "x.opml").blog.feeds[0].scrape
    assert again is not None
    assert again.date_format == scrape.get("date_format")
    both = [Selectors(**one) for one in (scrape, again.model_dump())]
    first, second = (parse(Reading(body=PAGE, url=URL, base=URL, selectors=one)).entries for one in both)
    assert first == second
    assert first[0].url == "https://example.org/1"


def test_a_selector_with_a_secret_is_not_written() -> None:
    scrape = {"list": "a[href^='https://a.example/?token=abcdefghijklmnop']"}
    blog = Blog(slug="b", title="b", feeds=(Feed.model_validate({"url": URL, "scrape": scrape}),))
    written = document_of(blog)
    assert "abcdefghijklmnop" not in written
    assert '<outline type="link"' in written
    assert "xmlUrl" not in written, "there is no feed at its address"


@pytest.mark.parametrize(
    ("php", "strptime"),
    [("d.m.Y", "%d.%m.%Y"), ("Y-m-d\\TH:i:sP", "%Y-%m-%dT%H:%M:%S%z"), ("h:i A, 100%", "%I:%M %p, 100%%")],
)
def test_a_format_of_dates_is_that_of_php(php: str, strptime: str) -> None:
    assert web_pages._strptime(php) == strptime
    assert web_pages._php(strptime) == php


@pytest.mark.parametrize(("php", "strptime"), [("!j M Y|", "%d %b %Y"), ("jS F", None), ("", None), ("U", None)])
def test_a_format_of_php_without_a_counterpart_is_none(php: str, strptime: str | None) -> None:
    assert web_pages._strptime(php) == strptime
