"""discovery.py: which bodies are web pages, and the feeds that a page links to."""

from __future__ import annotations

import pickle

import pytest

from feeds.parser.discovery import MAX_BYTES, MAX_FEEDS
from feeds.parser.document import NotAFeedError
from tests.feeds.documents import read, rss

RSS = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'


def page(head: str, body: str = "<p>Hello") -> bytes:
    """A web page."""
    return f"<!DOCTYPE html><html><head><title>t</title>{head}</head><body>{body}</body></html>".encode()


def found(document: bytes) -> tuple[str, ...]:
    """The feeds that a page at https://example.org/feeds/news names."""
    with pytest.raises(NotAFeedError, match=r"^This is a web page, not a feed\.$") as caught:
        read(document)
    return caught.value.feeds


@pytest.mark.parametrize(
    ("head", "feeds"),
    [
        (RSS, ["https://example.org/feed.xml"]),
        (RSS.replace("rss", "atom"), ["https://example.org/feed.xml"]),
        (RSS.replace("rss+xml", "feed+json"), ["https://example.org/feed.xml"]),
        (RSS.replace("application/rss+xml", "text/xml"), ["https://example.org/feed.xml"]),
        (RSS.replace("application/rss+xml", " Application/RSS+XML; charset=utf-8"), ["https://example.org/feed.xml"]),
        (RSS.replace('"', "'"), ["https://example.org/feed.xml"]),
        (RSS.replace('"', ""), ["https://example.org/feed.xml"]),
        (RSS.upper().replace("/FEED.XML", "/feed.xml"), ["https://example.org/feed.xml"]),
        (RSS.replace('">', '" />'), ["https://example.org/feed.xml"]),
        (RSS.replace('"alternate"', '"home Alternate"'), ["https://example.org/feed.xml"]),
        (RSS.replace("/feed.xml", "?a=1&amp;b=2"), ["https://example.org/feeds/news?a=1&b=2"]),
        (RSS.replace("/feed.xml", "https://other.example/x"), ["https://other.example/x"]),
        (RSS.replace("/feed.xml", "javascript:alert(1)"), []),
        (RSS.replace("/feed.xml", "file:///etc/passwd"), []),
        (RSS.replace("/feed.xml", "feed://example.org/x"), []),
        (RSS.replace(' href="/feed.xml"', ""), []),
        (RSS.replace("alternate", "stylesheet"), []),
        (RSS.replace("alternate", "alternate stylesheet"), []),
        (RSS.replace("application/rss+xml", "text/html"), []),
        (RSS.replace("application/rss+xml", "application/json+oembed"), []),
        (RSS.replace(' type="application/rss+xml"', ""), []),
        (f"<!-- {RSS} -->", []),
        (f"<script>'{RSS}'</script>", []),
        ("", []),
    ],
)
def test_a_page_names_its_feeds_in_links_of_its_head(head: str, feeds: list[str]) -> None:
    assert found(page(head)) == tuple(feeds)


def test_feeds_come_in_the_order_of_the_page_each_once() -> None:
    links = [RSS.replace("/feed", f"/{name}") for name in ["c", "a", "b", "a"]]
    assert found(page("".join(links))) == tuple(f"https://example.org/{name}.xml" for name in "cab")


def test_of_many_feeds_the_first_ten_are_found() -> None:
    links = [RSS.replace("/feed", f"/{n}") for n in range(50)]
    assert found(page("".join(links))) == tuple(f"https://example.org/{n}.xml" for n in range(MAX_FEEDS))


@pytest.mark.parametrize("others", ["", RSS, RSS.replace("rss+xml", "feed+json")])
def test_json_may_be_a_feed_where_a_page_names_no_other(others: str) -> None:
    json = RSS.replace("rss+xml", "json").replace("feed", "wp")
    assert found(page(json + others)) == (
        ("https://example.org/feed.xml",) if others else ("https://example.org/wp.xml",)
    )


@pytest.mark.parametrize(
    ("base", "feed"),
    [
        ("https://cdn.example/blog/", "https://cdn.example/blog/feed.xml"),
        ("/blog/", "https://example.org/blog/feed.xml"),
        ("javascript:x", "https://example.org/feeds/feed.xml"),
        ("http://[", "https://example.org/feeds/feed.xml"),
    ],
)
def test_links_are_those_of_the_pages_base(base: str, feed: str) -> None:
    link = RSS.replace("/feed", "feed")
    assert found(page(f'<base href="{base}"><base href="https://second.example/">{link}')) == (feed,)


def test_a_password_in_the_pages_address_is_not_handed_on() -> None:
    with pytest.raises(NotAFeedError) as caught:
        read(page(RSS), base="https://user:secret@example.org/")
    assert caught.value.feeds == ("https://example.org/feed.xml",)


def test_links_in_what_readers_wrote_are_none_of_the_page() -> None:
    assert not found(page("", RSS))
    assert not found(page("", RSS).replace(b"<body>", b""))


def test_a_page_is_looked_at_as_far_as_heads_go() -> None:
    assert found(page(f"<style>{'x' * (MAX_BYTES - 1_000)}</style>{RSS}"))
    assert not found(page(f"<style>{'x' * MAX_BYTES}</style>{RSS}"))


@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "<link a=", "<link / ", "<a b='", "</", "<!x", "<?", "<![CDATA[", "&", "<link a='b'"]
)
def test_a_page_of_nonsense_names_no_feeds(piece: str) -> None:
    # And takes no time: the square of a quarter of a million would be seen.
    assert not found(page(piece * (MAX_BYTES // len(piece))))


@pytest.mark.parametrize(
    "start",
    [
        b"<!DOCTYPE html>",
        b"<!doctype HTML PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN'>",
        b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">',
        b"\xef\xbb\xbf \n<html>",
        b"<!-- <rss> --><html lang='en'>",
        b"<head>",
        b"<title>x</title>",
        b"<meta charset=utf-8>",
        b"Warning: something failed <html>",
        b"<html xmlns:atom='http://www.w3.org/2005/Atom'>",
        b"<html xmlns='http://purl.org/rss/1.0/'>",
    ],
)
def test_a_page_is_one_however_it_begins_and_whatever_it_holds(start: bytes) -> None:
    items = rss("<guid>1</guid><title>An item</title>")
    for inside in (b"", b"<item><title>x</title></item>", b"<entry><id>1</id></entry>"):
        assert found(start + RSS.encode() + inside) == ("https://example.org/feed.xml",)
    if start != b"Warning: something failed <html>":
        assert found(start + RSS.encode() + items)


@pytest.mark.parametrize("element", ["item", "entry"])
def test_what_has_entries_and_is_no_feed_is_none(element: str) -> None:
    with pytest.raises(NotAFeedError, match="This is not a feed"):
        read(f"<list><{element}><title>x</title><link>/1</link></{element}></list>".encode())


def test_a_feed_that_speaks_of_pages_is_a_feed() -> None:
    body = rss("<title>How to write &lt;html&gt;</title><description><![CDATA[<!DOCTYPE html><html>]]></description>")
    assert len(read(body).entries) == 1


def test_what_a_page_names_survives_the_way_from_the_parsers_process() -> None:
    error = pickle.loads(pickle.dumps(NotAFeedError("A page.", ("https://example.org/feed.xml",))))
    assert (str(error), error.feeds) == ("A page.", ("https://example.org/feed.xml",))
