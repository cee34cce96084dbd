"""scrape.py: web pages without a feed, by selectors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from feeds.parser.document import Document, NotAFeedError, Reading, parse
from feeds.parser.selectors import Selectors

URL = "https://city.example/news/"
PAGE = """<!doctype html><html><head><title>City news</title></head><body>
<a href="/login">Log in</a>
<article class="post"><h2><a href="/news/1">Budget passes</a></h2><time datetime="2026-03-14T20:41:00Z">today</time>
<p class="by">Ann</p>
<div class="teaser"><p>The <b>council</b> voted.<script>x()</script> <a href="more">More</a></p></div>
<img src="data:image/gif;base64,R0" data-src="/1.jpg"></article>
<article class="post"><h2><a href="/news/2">Rain</a></h2><time>13 March 2026, 8:00</time></article>
</body></html>"""


def document(
    page: str | bytes = PAGE, *, content_type: str | None = None, url: str = URL, **selectors: Any
) -> Document:
    body = page.encode() if isinstance(page, str) else page
    chosen = Selectors(**{"list": "article.post", **selectors})
    return parse(Reading(body=body, url=url, base=url, content_type=content_type, selectors=chosen))


def problem(page: str = PAGE, **selectors: Any) -> str:
    with pytest.raises(NotAFeedError) as caught:
        document(page, **selectors)
    assert caught.value.feeds == ()
    return str(caught.value)


def test_a_list_alone_finds_headings_links_and_dates() -> None:
    found = document()
    assert (found.title, found.site_url) == ("City news", URL)
    assert [(entry.title, entry.url, entry.published) for entry in found.entries] == [
        ("Budget passes", "https://city.example/news/1", datetime(2026, 3, 14, 20, 41, tzinfo=UTC)),
        ("Rain", "https://city.example/news/2", datetime(2026, 3, 13, 8, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    "selectors",
    [
        {"title": "h2", "link": "h2 a", "date": "time", "text": ".teaser", "image": "img", "author": ".by"},
        {
            "list": "xpath://article[@class='post']",
            "title": "xpath:descendant::h2",
            "link": "xpath:descendant::a/@href",
            "date": "xpath:string(.//time/@datetime)",
            "text": "xpath:div[@class='teaser']",
            "image": "xpath:descendant::img/@data-src",
            "author": "xpath:p/text()",
        },
    ],
    ids=["css", "xpath"],
)
def test_each_part_has_a_selector(selectors: dict[str, str]) -> None:
    first = document(**selectors).entries[0]
    assert (first.title, first.url) == ("Budget passes", "https://city.example/news/1")
    assert first.published == datetime(2026, 3, 14, 20, 41, tzinfo=UTC)
    assert first.content_html.startswith("<p>The <b>council</b> voted. <a href=")
    assert "x()" not in first.content_html
    assert (first.image, first.authors) == ("https://city.example/1.jpg", ("Ann",))


def test_templates_of_a_page_are_no_part_of_it() -> None:
    template = '<template><article class="post"><h2><a href="/blank">-</a></h2></article></template>'
    assert len(document(PAGE.replace("<body>", f"<body>{template}")).entries) == len(document().entries)


def test_relative_links_refer_to_the_base_of_the_page() -> None:
    page = PAGE.replace("<head>", '<head><base href="https://static.example/a/">')
    first = document(page, text=".teaser", image="img", link="xpath:.//a[.='More']/@href").entries[0]
    assert (first.url, first.image) == ("https://static.example/a/more", "https://static.example/1.jpg")


def test_a_selector_that_begins_with_a_combinator_starts_at_the_entry() -> None:
    page = "<ul><li><b><a href=/no>No</a></b><a href=/yes>Yes</a></ul>"
    assert document(page, list="li", link="> a").entries[0].url == "https://city.example/yes"


def test_an_entry_may_be_its_own_link() -> None:
    page = "<a class=post href=/1><h3>One</h3></a><a class=post href=/2>Two</a>"
    found = document(page, list="a.post", link="h3, a").entries
    assert [(entry.title, entry.url) for entry in found] == [
        ("One", "https://city.example/1"),
        ("Two", "https://city.example/2"),
    ]


def test_an_entry_is_recognised_by_its_link() -> None:
    before = document()
    other = PAGE.replace("Budget passes", "Budget passes at last")
    chosen = Selectors(list="article.post")
    after = parse(Reading(body=other.encode(), url=URL, base=URL, known=before.listed, selectors=chosen))
    assert [entry.title for entry in after.entries] == ["Budget passes at last"]
    assert list(after.listed) == list(before.listed)


def test_dates_have_the_format_that_the_configuration_names() -> None:
    page = "<li><a href=/1>One</a> <i>03/04/2026,\n 21:15</i>"
    assert document(page, list="li", date="i").entries[0].published is None, "this may be March or April"
    known = document(page, list="li", date="i", date_format="%d/%m/%Y, %H:%M").entries[0]
    assert known.published == datetime(2026, 4, 3, 21, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("page", "content_type"),
    [
        ("<meta charset=windows-1251><li><a href=/1>Новости</a>", None),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><li><a href=/1>Новости</a>', ""),
        ("<li><a href=/1>Новости</a>", "text/html; charset=windows-1251"),
        ("<meta charset=windows-1251><li><a href=/1>Новости</a>", "text/html; charset=iso-8859-1"),
    ],
)
def test_the_encoding_is_that_of_the_header_or_of_the_page(page: str, content_type: str | None) -> None:
    assert document(page.encode("cp1251"), content_type=content_type, list="li").entries[0].title == "Новости"


@pytest.mark.parametrize(
    ("selectors", "sentence"),
    [
        ({"list": ".gone"}, "scrape.list, “.gone”, selects nothing on this page."),
        ({"list": "xpath:string(//h2)"}, "scrape.list, “xpath:string(//h2)”, selects nothing on this page."),
        ({"link": ".gone"}, "scrape.link, “.gone”, selects nothing in what scrape.list selects on this page (2)."),
        ({"title": "h1"}, "scrape.title, “h1”, selects nothing in what scrape.list selects on this page (2)."),
        ({"list": "img"}, "scrape.list, “img”, selects nothing with a title, link or text on this page."),
        ({"list": f".{'a' * 90}"}, f"scrape.list, “.{'a' * 79}…”, selects nothing on this page."),
        ({"list": "xpath:re:x()"}, "scrape.list cannot be used on this page: Undefined namespace prefix"),
    ],
)
def test_a_page_without_what_is_selected_is_a_problem(selectors: dict[str, str], sentence: str) -> None:
    assert problem(**selectors) == sentence


@pytest.mark.parametrize("page", ["", " ", "<!-- nothing -->"])
def test_an_empty_page_is_a_problem(page: str) -> None:
    assert problem(page) in ("The page was empty.", "scrape.list, “article.post”, selects nothing on this page.")


def test_secrets_of_the_address_are_on_no_link() -> None:
    found = document(url="https://city.example/news/?token=abcdefghijklmnop", list="article", link="xpath:'?page=2'")
    assert "abcdefghijklmnop" not in repr(found)


def test_what_is_neither_an_element_nor_text_is_nothing() -> None:
    assert "selects nothing" in problem(title="xpath:namespace::*")


def test_entities_of_a_page_read_no_file() -> None:
    page = (
        '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><article class=post><h2>&x;</h2><a href=/1>1</a>'
    )
    assert document(page, title="h2, a").entries[0].title in ("&x;", "1")
