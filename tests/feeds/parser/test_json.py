"""json.py: JSON Feed and RSS-in-JSON to entries; values of a wrong type count as missing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from entries import Attachment, Source
from feeds.parser.document import NotAFeedError
from tests.feeds.documents import URL, json_feed, only, read

TEXTS = ["id", "url", "external_url", "content_html", "content_text", "summary", "image", "banner_image"]
OTHERS = ["date_published", "date_modified", "authors", "author", "tags", "attachments"]
NEW_YEAR = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)


def rss_in_json(*items: object) -> bytes:
    """An RSS-in-JSON document of these items."""
    return json.dumps({"rss": {"version": "2.0", "channel": {"title": "News", "link": "/", "item": items}}}).encode()


def test_every_field_of_an_item_is_read() -> None:
    entry = only(
        json_feed(
            {
                "id": "1",
                "url": "/posts/1",
                "title": "A <title> &amp; more",
                "content_html": "<p>Text</p>",
                "content_text": "Text",
                "summary": "In short,\nin < two lines",
                "image": "/1.png",
                "banner_image": "/banner.png",
                "date_published": "2026-01-01T10:30:00+02:00",
                "date_modified": "2026-01-01T08:30:00Z",
                "authors": [{"name": "Ann", "url": "/ann"}, {"name": "Bob"}, {"avatar": "/c.png"}],
                "author": {"name": "Ann"},
                "tags": ["x", "y", "x", " "],
                "attachments": [{"url": "/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1}],
            },
            home_page_url="https://example.org/",
        )
    )
    assert entry.source == Source("News", "https://example.org/", URL)
    assert (entry.url, entry.image) == ("https://example.org/posts/1", "https://example.org/1.png")
    assert entry.title == "A <title> &amp; more", "a title is text here"
    assert (entry.content_html, entry.summary) == ("<p>Text</p>", "In short, in < two lines")
    assert (entry.published, entry.modified) == (NEW_YEAR, NEW_YEAR)
    assert (entry.authors, entry.tags) == (("Ann", "Bob"), ("x", "y"))
    assert entry.attachments == (Attachment("https://example.org/1.mp3", "audio/mpeg"),)


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1.1"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b" \r\n"])
def test_every_version_is_read(version: str, start: bytes) -> None:
    assert read(start + json_feed({"id": "1", "title": "t"}, version=version)).title == "News"


@pytest.mark.parametrize(
    ("item", "content", "summary"),
    [
        ({"content_text": "a < b\n\nc"}, "<p>a &lt; b</p><p>c</p>", None),
        ({"content_html": "<b>x</b><script>y</script>"}, "<b>x</b>", None),
        ({"content_html": "", "content_text": "text"}, "<p>text</p>", None),
        ({"summary": "only <this>"}, "<p>only &lt;this&gt;</p>", None),
        ({"title": "t"}, "", None),
    ],
)
def test_content_is_html_or_text(item: dict[str, str], content: str, summary: str | None) -> None:
    entry = only(json_feed({"id": "1", "url": "/1", **item}))
    assert (entry.content_html, entry.summary) == (content, summary)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("It&#8217;s A &amp; B", "It’s A & B"),
        ("Caf&eacute;&nbsp;1", "Café 1"),
        ("&#x2019;", "’"),
        ("How to write &lt;b&gt; &amp; <i>", "How to write &lt;b&gt; &amp; <i>"),
        ("AT&T; R&D", "AT&T; R&D"),
    ],
)
def test_a_title_that_is_escaped_as_html_is_the_text_that_was_meant(title: str, text: str) -> None:
    assert only(json_feed({"id": "1", "title": title})).title == text


@pytest.mark.parametrize(
    ("feed", "item", "names"),
    [
        ({"authors": [{"name": "Ann"}, {"name": "Bob"}]}, {}, ("Ann", "Bob")),
        ({"author": {"name": "Ann"}}, {}, ("Ann",)),
        ({"author": {"name": "Ann"}}, {"author": {"name": "Cy"}}, ("Cy",)),
        ({"author": {"name": "Ann"}}, {"authors": []}, ("Ann",)),
        ({"author": "Ann", "authors": 7}, {}, ()),
    ],
)
def test_an_item_without_author_has_those_of_the_feed(
    feed: dict[str, Any], item: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert only(json_feed({"id": "1", "title": "t", **item}, **feed)).authors == names


def test_relative_links_in_content_are_those_of_the_items_page() -> None:
    item = {"id": "1", "url": "https://other.example/posts/1", "content_html": '<a href="2">x</a>', "image": "3.png"}
    entry = only(json_feed(item))
    assert 'href="https://other.example/posts/2"' in entry.content_html
    assert entry.image == "https://other.example/posts/3.png"


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ({"url": "/1", "external_url": "https://other.example/"}, "https://example.org/1"),
        ({"external_url": "https://other.example/"}, "https://other.example/"),
        ({"url": "javascript:alert(1)"}, None),
        ({"url": "http://[", "content_html": "<a href='/x'>x</a>"}, None),
        ({"url": "http://a b/", "content_html": "<a href='/x'>x</a>"}, "http://a%20b/"),
        ({}, None),
    ],
)
def test_the_link_of_an_item(item: dict[str, str], url: str | None) -> None:
    assert only(json_feed({"id": "1", "title": "t", **item})).url == url


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2026-01-01T10:30:00+02:00", NEW_YEAR),
        ("2026-01-01T08:30:00Z", NEW_YEAR),
        ("2026-01-01T08:30:00", NEW_YEAR),
        ("2026-01-01T08:30:00.000Z", NEW_YEAR),
        ("2026-01-01", NEW_YEAR.replace(hour=0, minute=0)),
        ("Thu, 01 Jan 2026 08:30:00 GMT", NEW_YEAR),
        ("9999-12-31T23:59:59-12:00", None),
        ("0001-01-01T00:00:00+12:00", None),
        ("1732-01-01T00:00:00Z", None),
        ("", None),
        (1767256200, NEW_YEAR),
        (True, None),
        ("2026-01", None),
        (None, None),
    ],
)
def test_a_date_is_right_or_missing(written: object, date: datetime | None) -> None:
    entry = only(json_feed({"id": "1", "title": "t", "date_published": written, "date_modified": written}))
    assert (entry.published, entry.modified) == (date, date)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"id": "1"}, {"id": 1}, True),
        ({"id": 1}, {"id": 2}, False),
        ({"id": "", "url": "/1"}, {"url": "/1"}, True),
        ({"id": True, "url": "/1"}, {"id": ["x"], "url": "/1"}, True),
        ({"title": "a"}, {"title": "b"}, False),
        ({"id": "http://example.org/1"}, {"id": "https://example.org/1"}, True),
    ],
)
def test_an_item_is_its_id_else_its_url_else_its_text(one: object, other: object, *, same: bool) -> None:
    items = ({"title": "t", **item} for item in (one, other) if isinstance(item, dict))
    ids = [only(json_feed(item)).id for item in items]
    assert (ids[0] == ids[1]) is same


def test_an_item_that_is_listed_twice_is_one_in_its_newest_version() -> None:
    items = [
        {"id": "1", "title": "old", "date_published": "2026-01-01T00:00:00Z"},
        {"id": "1", "title": "new", "date_published": "2026-01-02T00:00:00Z"},
    ]
    assert only(json_feed(*items)).title == "new"


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "x", [], ["x"], [[]], [None], {}, {"x": 1}, {"name": 7}])
@pytest.mark.parametrize("field", [*TEXTS, *OTHERS])
def test_a_value_of_the_wrong_type_counts_as_missing(field: str, value: object) -> None:
    entry = only(json_feed({"title": "t", field: value}))
    assert entry.title == "t"
    json.dumps(entry.item(id=entry.id, position=0, seen=0, revision=1)).encode()


@pytest.mark.parametrize("items", [None, 7, "x", {}, [None], [7, "x", []], [{}], [{"id": "1"}]])
def test_items_that_are_none_are_left_out(items: object) -> None:
    assert not read(json_feed(items=items)).entries


def test_one_item_that_is_no_list_counts_as_a_list_of_one() -> None:
    assert read(json_feed(items={"id": "1", "title": "t"})).entries[0].title == "t"


@example({"title": "<b>\ud800", "items": [{"id": "\ud800", "title": "\ud800x", "content_html": "<b>\ud800"}]})
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["items", "id", "title", "url", "name", "authors", "content_html"]), inner
            )
        ),
    )
)
def test_whatever_a_document_holds_it_can_be_published(value: object) -> None:
    fields = {**value} if isinstance(value, dict) else {"items": value}
    body = json.dumps({**fields, "version": "https://jsonfeed.org/version/1.1"}).encode()
    for entry in read(body).entries:
        item = entry.item(id=entry.id, position=0, seen=0, revision=1)
        json.dumps(item, ensure_ascii=False).encode()


# RSS-in-JSON


def test_rss_in_json_is_read_as_rss() -> None:
    entry = only(
        rss_in_json(
            {
                "guid": {"isPermaLink": "false", "#value": "1"},
                "link": "/1",
                "title": "<b>Bold</b> &amp; brave",
                "description": "<p>Text</p>",
                "pubDate": "Thu, 01 Jan 2026 08:30:00 GMT",
                "author": "Ann",
                "enclosure": {"url": "/1.mp3", "type": "audio/mpeg", "length": 1},
            }
        )
    )
    assert (entry.title, entry.url, entry.content_html) == ("Bold & brave", "https://example.org/1", "<p>Text</p>")
    assert (entry.published, entry.authors) == (NEW_YEAR, ("Ann",))
    assert entry.attachments == (Attachment("https://example.org/1.mp3", "audio/mpeg"),)
    assert entry.source == Source("News", "https://example.org/", URL)


@pytest.mark.parametrize(
    "category", ["News", ["News"], {"#value": "News", "@domain": "x"}, [{"#value": "News"}, 7, {}, None]]
)
def test_an_item_of_rss_in_json_has_tags(category: object) -> None:
    assert only(rss_in_json({"title": "t", "category": category})).tags == ("News",)


@pytest.mark.parametrize(
    ("guid", "url"),
    [
        ("https://example.org/1", "https://example.org/1"),
        ({"#value": "https://example.org/1"}, "https://example.org/1"),
        ({"#value": "https://example.org/1", "@isPermaLink": "true"}, "https://example.org/1"),
        ({"#value": "https://example.org/1", "@isPermaLink": "false"}, None),
        ({"#value": "https://example.org/1", "isPermaLink": False}, None),
        ({"#value": "1"}, None),
    ],
)
def test_an_item_of_rss_in_json_without_link_has_the_address_of_its_guid(guid: object, url: str | None) -> None:
    assert only(rss_in_json({"title": "t", "guid": guid})).url == url


def test_an_item_of_rss_in_json_has_comments_and_a_source() -> None:
    details = only(
        rss_in_json(
            {
                "title": "t",
                "comments": "/1#c",
                "slash:comments": "12",
                "source": {"#value": "Other News", "@url": "https://other.example/feed"},
            }
        )
    ).details
    assert details.comments == {"url": "https://example.org/1#c", "count": 12}
    assert details.original == {"title": "Other News"}


@pytest.mark.parametrize("source", [7, [], {}, {"#value": ""}, {"#value": "News"}, {"#value": 7}])
def test_an_unreadable_source_of_rss_in_json_or_the_feed_itself_is_none(source: object) -> None:
    assert only(rss_in_json({"title": "t", "source": source})).details.original == {}


def test_a_guid_of_rss_in_json_is_the_same_in_both_forms() -> None:
    forms = [{"#value": "1"}, "1"]
    assert len({only(rss_in_json({"title": "t", "guid": guid})).id for guid in forms}) == 1


@pytest.mark.parametrize("date", ["yesterday", "", "Thu, 99 Jan 2026 08:30:00 GMT", 7, None, "03/04/2026"])
def test_a_date_of_rss_in_json_that_is_none_is_left_out(date: object) -> None:
    assert only(rss_in_json({"title": "t", "pubDate": date})).published is None


# What is no feed


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{}", "This is JSON, but not a JSON Feed."),
        (b"[]", "This is JSON, but not a JSON Feed."),
        (b'{"version": "1.0"}', "This is JSON, but not a JSON Feed."),
        (b'{"version": 1, "rss": []}', "This is JSON, but not a JSON Feed."),
        (b'{"rss": {"channel": "x"}}', "This is JSON, but not a JSON Feed."),
        (json_feed({"id": "1", "title": "t"})[:-5], "This is neither XML nor valid JSON."),
        (b"{'single': 'quotes'}", "This is neither XML nor valid JSON."),
        (b'{"id": ' + b"1" * 5_000 + b"}", "This is neither XML nor valid JSON."),
        (b"[" * 100_000, "This is neither XML nor valid JSON."),
        (b'{"\xff": 1}', "This is neither XML nor valid JSON."),
        (b'{"content_html": "<html>", ', "This is neither XML nor valid JSON."),
        (b"[section]\nkey = value", "This is neither XML nor valid JSON."),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_feed_is_said_in_a_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(NotAFeedError) as caught:
        read(body)
    assert str(caught.value) == sentence
