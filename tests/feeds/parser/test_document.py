"""document.py: RSS, RDF and Atom to entries: text stays text, doubtful values are left out."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Entry, Source
from feeds.parser import sanitize, xml
from feeds.parser.document import MAX_ENTRIES, NotAFeedError
from feeds.parser.filter import Filter
from feeds.parser.raw_entry import Wishes
from tests.feeds.documents import MOST, URL, atom, only, read, rss, zipped

NEW_YEAR = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
NEXT_DAY = datetime(2026, 1, 2, tzinfo=UTC)
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def texts(entries: tuple[Entry, ...]) -> list[str]:
    """Title and content of each entry."""
    return [f"{entry.title}: {entry.content_html}" for entry in entries]


# Formats


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>One</title><link>https://example.org/1</link><description>Text</description>"),
        b'\n\n<?xml version="1.0"?>'
        + rss()[21:].replace(
            b"</channel>",
            b"<item><title>One</title><link>https://example.org/1</link><description>Text</description></item></channel>",
        ),
        b'<rss version="0.91"><channel><title>News</title><link>https://example.org/</link><item><title>One</title>'
        b"<link>https://example.org/1</link><description>Text</description></item></channel></rss>",
        b"<rss><channel><title>News</title><link>https://example.org/</link><item><title>One</title>"
        b"<link>https://example.org/1</link><description>Text</description></item></channel></rss>",
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        b'<channel rdf:about="x"><title>News</title><link>https://example.org/</link></channel>'
        b'<item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>'
        b"<description>Text</description></item></rdf:RDF>",
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        b'xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>News</title><link>https://example.org/</link>'
        b"</channel><item><title>One</title><link>https://example.org/1</link><description>Text</description></item>"
        b"</rdf:RDF>",
        atom(
            "<id>1</id><title>One</title><link href='https://example.org/1'/><content type='html'>Text</content>",
            feed="<title>News</title><link href='https://example.org/'/>",
        ),
        b'<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>News</title><link rel="alternate" '
        b'type="text/html" href="https://example.org/"/><entry><id>1</id><title>One</title><link rel="alternate" '
        b'type="text/html" href="https://example.org/1"/><content type="text/html" mode="escaped">Text</content>'
        b"</entry></feed>",
    ],
    ids=[
        "RSS 2.0",
        "RSS after white space",
        "RSS 0.91",
        "RSS of no version",
        "RSS 1.0",
        "RSS 0.90",
        "Atom",
        "Atom 0.3",
    ],
)
def test_an_entry_is_the_same_in_every_format(body: bytes) -> None:
    document = read(body)
    assert (document.title, document.site_url, document.whole) == ("News", "https://example.org/", True)
    (entry,) = document.entries
    assert (entry.title, entry.url, entry.content_html) == ("One", "https://example.org/1", "Text")
    assert entry.source == Source("News", "https://example.org/", URL)
    assert {entry_id: mark.digest for entry_id, mark in document.listed.items()} == {entry.id: entry.digest}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252", "big5"])
def test_the_declared_encoding_is_read(encoding: str) -> None:
    title = "漢字" if encoding == "big5" else "Überraschung"
    declared = encoding.removesuffix("-sig")
    body = rss(f"<title>{title}</title>").decode().replace('"1.0"', f'"1.0" encoding="{declared}"', 1)
    assert only(body.encode(encoding)).title == title


@pytest.mark.parametrize("content_type", [None, "text/xml", "application/rss+xml; charset=utf-8", "text/html", ";;="])
def test_the_content_type_does_not_decide_what_a_feed_is(content_type: str | None) -> None:
    assert only(rss("<title>Überraschung</title>"), content_type=content_type).title == "Überraschung"


@pytest.mark.parametrize(
    ("channel", "title"),
    [
        ("<title>&lt;b&gt;News&lt;/b&gt; &amp;amp; more</title>", "News & more"),
        ("<title> \n </title><link>https://www.site.example/blog</link>", "site.example"),
        ("", "example.org"),
    ],
)
def test_a_feed_without_a_title_goes_by_its_host(channel: str, title: str) -> None:
    assert only(rss("<title>t</title>", channel=channel)).source.title == title


def test_a_password_in_the_feeds_address_is_not_published() -> None:
    body = rss("<title>t</title><link>/1</link><description>&lt;a href='2'&gt;x&lt;/a&gt;</description>", channel="")
    address = "https://user:secret@example.org/feed"
    document = read(body, url=address, base=address)
    assert "secret" not in repr(document)
    assert document.entries[0].source == Source("example.org", None, "https://example.org/feed")


# Titles


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Plain", "Plain"),
        ("A &amp; B", "A & B"),
        ("A &amp;amp; B", "A & B"),
        ("<![CDATA[A & B]]>", "A & B"),
        ("&lt;b&gt;Bold&lt;/b&gt; move", "Bold move"),
        ("1 &lt; 2 &gt; 0", "1 < 2 > 0"),
        ("Vec&lt;T&gt;", "Vec<T>"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("\n two\n lines ", "two lines"),
        ("&#128512; &#8212;", "😀 —"),
    ],
)
def test_a_title_of_rss_is_text_whichever_it_was(title: str, text: str) -> None:
    assert only(rss(f"<title>{title}</title>")).title == text


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("<title>&lt;b&gt; &amp;amp; c</title>", "<b> &amp; c"),
        ('<title type="text">&lt;b&gt;x&lt;/b&gt;</title>', "<b>x</b>"),
        ('<title type="html">&lt;b&gt;x&lt;/b&gt; &amp;amp; y</title>', "x & y"),
        (f'<title type="xhtml"><div {XHTML}><b>x</b> &amp; &lt;y&gt;</div></title>', "x & <y>"),
    ],
)
def test_a_title_of_atom_is_what_it_says_it_is(title: str, text: str) -> None:
    assert only(atom(f"<id>1</id>{title}")).title == text


# Elements with the names that the parser has for what it finds


@pytest.mark.parametrize("attributes", ["", " a='b'", " href='x'"])
@pytest.mark.parametrize(
    "name",
    """published_parsed updated_parsed title_detail summary_detail links authors enclosures guidislink contributors
    psc_chapters entries version bozo""".split(),
)
def test_an_element_cannot_pass_for_what_the_parser_found(name: str, attributes: str) -> None:
    honest = "<title>t</title><link>/1</link><pubDate>Thu, 01 Jan 2026 08:30:00 GMT</pubDate><author>Ann</author>"
    forged = f"<{name}{attributes}>x</{name}>"
    assert only(rss(forged + honest + forged)) == only(rss(honest))
    assert (
        read(rss(honest, channel=f"<title>News</title>{forged}")).entries
        == read(rss(honest, channel="<title>News</title>")).entries
    )


@pytest.mark.parametrize(
    "damage",
    [
        "<psc:chapters xmlns:psc='http://podlove.org/simple-chapters'><psc:chapter/></psc:chapters>",
        "<gml:pos xmlns:gml='http://www.opengis.net/gml' srsName='EPSG:x'>1 2</gml:pos>",
        "<category/>x",
        "<image><width>x</width></image>",
        "<media:rating/><media:credit/>",
        "<source><x/></source>",
        "</nothing>",
    ],
)
def test_an_element_that_makes_no_sense_costs_no_more_than_itself(damage: str) -> None:
    assert only(rss(f"<title>t</title>{damage}<link>/1</link>")).url == "https://example.org/1"


# Content and summary


@pytest.mark.parametrize(
    ("inside", "content", "summary"),
    [
        ("<description>&lt;p&gt;Text&lt;/p&gt;</description>", "<p>Text</p>", None),
        ("<description>Plain, with a &amp;lt;</description>", "Plain, with a &lt;", None),
        (
            "<description>&lt;p&gt;In&lt;/p&gt;&lt;p&gt;short&lt;/p&gt;</description>"
            "<content:encoded>&lt;p&gt;At length&lt;/p&gt;</content:encoded>",
            "<p>At length</p>",
            "In short",
        ),
        ("<description>Same</description><content:encoded>Same</content:encoded>", "Same", None),
        ("<content:encoded>&lt;p&gt;Only&lt;/p&gt;</content:encoded>", "<p>Only</p>", None),
        ("<description>Text</description><content:encoded></content:encoded>", "Text", None),
        ("", "", None),
    ],
)
def test_content_of_rss_is_html(inside: str, content: str, summary: str | None) -> None:
    entry = only(rss(f"<title>t</title>{inside}"))
    assert (entry.content_html, entry.summary) == (content, summary)


@pytest.mark.parametrize(
    ("inside", "content", "summary"),
    [
        ("<content>a &lt;b&gt;\n\nc</content>", "<p>a &lt;b&gt;</p><p>c</p>", None),
        ('<content type="text">a &lt; b</content>', "<p>a &lt; b</p>", None),
        ('<content type="html">&lt;b&gt;x&lt;/b&gt;</content>', "<b>x</b>", None),
        ('<content type="text/html; charset=utf-8">&lt;b&gt;x&lt;/b&gt;</content>', "<b>x</b>", None),
        (f'<content type="xhtml"><div {XHTML}><b>x</b> &lt;y&gt;</div></content>', "<b>x</b> &lt;y&gt;", None),
        ('<content type="text/html" mode="base64">PGI+eDwvYj4=</content>', "<b>x</b>", None),
        ("<summary>a &lt; b</summary>", "<p>a &lt; b</p>", None),
        ("<summary>a.&amp;nbsp;b &amp;#8217; &amp;amp;</summary>", "<p>a.&nbsp;b ’ &amp;</p>", None),
        ("<summary>&amp;lt;b&amp;gt; is bold</summary>", "<p>&amp;lt;b&amp;gt; is bold</p>", None),
        ('<summary type="html">&lt;i&gt;In short&lt;/i&gt;</summary>', "<i>In short</i>", None),
        (
            '<summary type="html">&lt;i&gt;In short&lt;/i&gt;</summary><content type="html">At length</content>',
            "At length",
            "In short",
        ),
        ('<content type="html">At length</content><summary>1 &lt; 2</summary>', "At length", "1 < 2"),
        ('<content type="application/pdf" src="x.pdf"/><summary>In short</summary>', "<p>In short</p>", None),
        (
            '<content type="image/svg+xml"><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/></content>',
            "",
            None,
        ),
    ],
)
def test_content_of_atom_is_what_it_says_it_is(inside: str, content: str, summary: str | None) -> None:
    entry = only(atom(f"<id>1</id><title>t</title>{inside}"))
    assert (entry.content_html, entry.summary) == (content, summary)


def test_long_content_is_marked_as_cut() -> None:
    assert only(rss(f"<title>t</title><description>{'word ' * 20_000}</description>")).truncated
    assert not only(rss("<title>t</title><description>word</description>")).truncated


@pytest.mark.parametrize(
    "inside", ["", "<guid>1</guid>", "<title> </title>", "<title></title><description></description>"]
)
def test_an_entry_with_nothing_to_read_or_follow_is_none(inside: str) -> None:
    assert read(rss(inside, "<title>t</title>")).entries == (only(rss("<title>t</title>")),)


# Links


@pytest.mark.parametrize(
    ("inside", "url"),
    [
        ("<link>https://other.example/1</link>", "https://other.example/1"),
        ("<link>/1</link>", "https://example.org/1"),
        ("<link>1</link>", "https://example.org/feeds/1"),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>tag:example.org,2026:1</link>", None),
        ("<guid>https://example.org/1</guid>", "https://example.org/1"),
        ("<guid>/1</guid>", "https://example.org/1"),
        ("<guid isPermaLink='false'>https://example.org/1</guid>", None),
        ("<guid>12345</guid>", None),
        ("<guid>tag:example.org,2026:1</guid>", None),
        ("<guid>12345</guid><link>/1</link>", "https://example.org/1"),
        ("<link>/1</link><guid>https://example.org/other</guid>", "https://example.org/1"),
    ],
)
def test_a_link_of_rss(inside: str, url: str | None) -> None:
    assert only(rss(f"<title>t</title>{inside}")).url == url


def test_relative_links_are_those_of_the_place_a_document_came_from() -> None:
    body = rss("<title>t</title><link>1</link><description>&lt;a href='2'&gt;x&lt;/a&gt;</description>")
    entry = only(body, base="https://user:secret@cdn.example/moved/feed")
    assert entry.url == "https://cdn.example/moved/1"
    assert 'href="https://cdn.example/moved/2"' in entry.content_html


def test_relative_links_of_atom_follow_xml_base() -> None:
    body = atom(
        '<id>1</id><title>t</title><link href="1"/>'
        '<content type="html" xml:base="posts/">&lt;a href="2"&gt;x&lt;/a&gt;</content>',
        attributes='xml:base="https://base.example/blog/"',
    )
    entry = only(body)
    assert entry.url == "https://base.example/blog/1"
    assert 'href="https://base.example/blog/posts/2"' in entry.content_html


@pytest.mark.parametrize("base", ["http://[", "https://a b/", "javascript:alert(1)//", "https://a:99999/", "::"])
def test_a_nonsensical_base_costs_no_more_than_the_links(base: str) -> None:
    body = atom(
        '<id>1</id><title>t</title><content type="html">&lt;a href="2"&gt;x&lt;/a&gt;</content>',
        attributes=f'xml:base="{base}"',
    )
    assert "x</a>" in only(body).content_html


def test_an_id_is_a_name_and_not_resolved() -> None:
    body = rss("<title>t</title><guid>12345</guid>")
    assert only(body).keys == only(body, base="https://cdn.example/token/feed").keys


# Identity within a document


def test_an_entry_is_recognised_by_its_guid_else_its_link_else_its_text() -> None:
    first = read(
        rss(
            "<title>a</title><guid>1</guid><link>/1</link>",
            "<title>b</title><link>/2</link>",
            "<title>c</title><description>x</description>",
        )
    )
    second = read(
        rss(
            "<title>A</title><guid>1</guid><link>/other</link>",
            "<title>B</title><link>/2</link>",
            "<title>c</title><description>y</description>",
        )
    )
    assert [entry.id for entry in first.entries][:2] == [entry.id for entry in second.entries][:2]
    assert first.entries[2].id != second.entries[2].id


def test_entries_of_a_site_that_moved_have_a_key_in_common() -> None:
    old = only(rss("<title>t</title><guid>http://old.example/posts/1</guid>"))
    new = only(rss("<title>t</title><guid>https://new.example/posts/1</guid>"))
    assert old.id != new.id
    assert set(old.keys) & set(new.keys)


def test_a_second_key_that_two_entries_claim_is_no_key() -> None:
    document = read(
        rss(
            "<title>a</title><guid>http://example.org/1</guid>",
            "<title>b</title><guid>https://example.org/1#</guid>",
        ),
    )
    keys = [key for entry in document.entries for key in entry.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("", "", "first"),
        (
            "<pubDate>Thu, 01 Jan 2026 10:00:00 GMT</pubDate>",
            "<pubDate>Fri, 02 Jan 2026 10:00:00 GMT</pubDate>",
            "second",
        ),
        (
            "<pubDate>Fri, 02 Jan 2026 10:00:00 GMT</pubDate>",
            "<pubDate>Thu, 01 Jan 2026 10:00:00 GMT</pubDate>",
            "first",
        ),
        ("<pubDate>Fri, 02 Jan 2026 10:00:00 GMT</pubDate>", "", "first"),
        ("", "<pubDate>Fri, 02 Jan 2026 10:00:00 GMT</pubDate>", "first"),
        (
            "<pubDate>Fri, 02 Jan 2026 10:00:00 GMT</pubDate>",
            "<pubDate>Thu, 01 Jan 2026 10:00:00 GMT</pubDate><atom:updated xmlns:atom='http://www.w3.org/2005/Atom'>"
            "2026-01-03T10:00:00Z</atom:updated>",
            "second",
        ),
    ],
)
def test_of_an_entry_that_is_listed_twice_the_newest_version_stays(first: str, second: str, kept: str) -> None:
    document = read(
        rss(
            f"<title>first</title><guid>1</guid>{first}",
            "<title>between</title><guid>2</guid>",
            f"<title>second</title><guid>1</guid>{second}",
        )
    )
    assert [entry.title for entry in document.entries] == [kept, "between"]
    assert len(document.listed) == 2


# What is known


def test_known_entries_are_listed_but_left_out() -> None:
    items = ["<guid>1</guid><title>one</title>", "<guid>2</guid><title>two</title>"]
    known = read(rss(*items)).listed
    later = read(rss("<guid>3</guid><title>three</title>", items[0], "<guid>2</guid><title>TWO</title>"), known=known)
    assert [entry.title for entry in later.entries] == ["three", "TWO"]
    assert len(later.listed) == 3
    assert not read(rss(*items), known=known).entries


def test_known_entries_are_not_cleaned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    body = rss("<guid>1</guid><title>one</title><description>text</description>")
    known = read(body).listed
    monkeypatch.setattr(sanitize, "sanitize_html", None)
    assert not read(body, known=known).entries


@pytest.mark.parametrize(
    ("change", "corrected"),
    [
        ("<pubDate>Fri, 02 Jan 2026 10:00:00 GMT</pubDate>", False),
        ("<comments>https://example.org/comments</comments>", False),
        ("<description>text</description>", True),
        ("<link>/1</link>", True),
        ("<author>a@b.example (Ann)</author>", True),
        ("<category>x</category>", True),
        ("<enclosure url='/a.mp3' type='audio/mpeg' length='1'/>", True),
        ("<media:thumbnail url='/a.png'/>", True),
    ],
)
def test_other_content_is_a_correction_and_another_date_is_none(change: str, *, corrected: bool) -> None:
    known = read(rss("<guid>1</guid><title>one</title>")).listed
    assert bool(read(rss(f"<guid>1</guid><title>one</title>{change}"), known=known).entries) is corrected


# What blogs take


def test_what_a_blog_does_not_take_is_said_of_it_and_no_other() -> None:
    items = [
        "<guid>1</guid><title>The harbour opens</title>",
        "<guid>2</guid><title>Two</title><description>&lt;b&gt;Harbour&lt;/b&gt; news</description>",
        "<guid>3</guid><title>Three</title><category>Harbour</category>",
        "<guid>4</guid><title>Four</title><dc:creator>Ann Harbour</dc:creator>",
        "<guid>5</guid><title>Five</title>",
    ]
    filters = {
        "port": Filter(include=("harbour",)),
        "inland": Filter(exclude=("/har(bou?r)/",)),
        "all": Filter(),
    }
    document = read(rss(*items), filters=filters)
    numbers = dict(zip((entry.id for entry in document.entries), range(1, 6), strict=True))
    refused = {blog: {numbers[one] for one in ids} for blog, ids in document.refused.items()}
    assert refused == {"port": {5}, "inland": {1, 2, 3, 4}, "all": set()}


def test_what_is_known_is_not_selected_again() -> None:
    body = rss("<guid>1</guid><title>one</title>")
    filters = {"blog": Filter(exclude=("one",))}
    assert read(body, filters=filters, known=read(body).listed).refused == {"blog": frozenset()}


# Dates


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Thu, 01 Jan 2026 10:30:00 +0200", NEW_YEAR),
        ("Thu, 01 Jan 2026 08:30:00 GMT", NEW_YEAR),
        ("Thu, 01 Jan 2026 09:30:00 CET", NEW_YEAR),
        ("Thu, 01 Jan 2026 10:30:00 CEST", NEW_YEAR),
        ("Thu, 01 Jan 2026 17:30:00 JST", NEW_YEAR),
        ("Thu, 01 Jan 2026 03:30:00 EST", NEW_YEAR),
        ("1 Jan 26 08:30", NEW_YEAR),
        ("2026-01-01T10:30:00+02:00", NEW_YEAR),
        ("2026-01-01 08:30:00", NEW_YEAR),
        ("2026-01-02", NEXT_DAY),
        ("2026/01/01 08:30:00", NEW_YEAR),
        ("Thu, Jan 01 2026 08:30:00 AM", NEW_YEAR),
        ("Thu, 01 Jan 2026 16:30:00 UTC+8", NEW_YEAR),
        ("jeu, 1 janv 2026 09:30:00 +0100", NEW_YEAR),
        ("1767256200", NEW_YEAR),
        ("03/04/2026 08:30:00", None),
        ("2026-01", None),
        ("Thu, 01 Jan 2026 08:30:00 GMT or so", None),
        ("", None),
        ("yesterday", None),
        ("0000-00-00T00:00:00Z", None),
        ("1732-01-01T00:00:00Z", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("Thu, 31 Feb 2026 10:00:00 GMT", None),
        ("Thu, 01 Jan 99999 10:00:00 GMT", None),
    ],
)
def test_a_date_is_right_or_missing(written: str, read_as: datetime | None) -> None:
    entry = only(rss(f"<title>t</title><pubDate>{written}</pubDate>"))
    assert (entry.published, entry.modified) == (read_as, None)


def test_a_readable_date_beside_an_unreadable_one_counts() -> None:
    entry = only(rss("<title>t</title><pubDate>Thu, 01 Jan 2026 08:30:00 GMT</pubDate><pubDate>soon</pubDate>"))
    assert entry.published == NEW_YEAR


@pytest.mark.parametrize(
    ("dates", "published", "modified"),
    [
        ("<published>2026-01-01T08:30:00Z</published>", NEW_YEAR, None),
        ("<updated>2026-01-02T00:00:00Z</updated>", None, NEXT_DAY),
        ("<updated>2026-01-02T00:00:00Z</updated><published>2026-01-01T08:30:00Z</published>", NEW_YEAR, NEXT_DAY),
        ("", None, None),
    ],
)
def test_neither_date_stands_for_the_other(dates: str, published: datetime | None, modified: datetime | None) -> None:
    entry = only(atom(f"<id>1</id><title>t</title>{dates}"))
    assert (entry.published, entry.modified) == (published, modified)


# Authors and tags


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("<author>ann@example.org (Ann)</author>", ("Ann",)),
        ("<author>Ann &lt;ann@paper.museum&gt;</author>", ("Ann",)),
        ("<author>ann@paper.museum (Ann)</author>", ("Ann",)),
        ("<author>ann@example.org</author>", ("ann@example.org",)),
        ("<author>@ann</author>", ("@ann",)),
        ("<author>&lt;b&gt;Ann&lt;/b&gt;</author>", ("Ann",)),
        ("<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:creator>Ann</dc:creator>", ("Ann", "Bob")),
        ("<author></author>", ()),
        (f"<dc:creator>{'x' * 500}</dc:creator>", ("x" * 200,)),
        ("".join(f"<dc:creator>{n}</dc:creator>" for n in range(50)), tuple(str(n) for n in range(20))),
    ],
    ids=lambda value: str(value)[:40],
)
def test_authors_of_rss_are_names(written: str, names: tuple[str, ...]) -> None:
    assert only(rss(f"<title>t</title>{written}")).authors == names


def test_authors_of_atom_are_names() -> None:
    people = "<author><name>Ann</name><email>ann@example.org</email></author><author><name>Bob</name></author>"
    assert only(atom(f"<id>1</id><title>t</title>{people}")).authors == ("Ann", "Bob")


@pytest.mark.parametrize(
    ("own", "names"),
    [
        ("", ("Ann", "Bob")),
        ("<author><name>Cy</name></author>", ("Cy",)),
        ("<author><name></name></author>", ("Ann", "Bob")),
        ("<source><title>s</title><author><name>Dee</name></author></source>", ("Dee",)),
        ("<source><title>s</title></source>", ("Ann", "Bob")),
    ],
)
def test_an_entry_of_atom_without_author_has_those_of_its_source_or_feed(own: str, names: tuple[str, ...]) -> None:
    feed = "<title>News</title><author><name>Ann</name></author><author><name>Bob</name></author>"
    assert only(atom(f"<id>1</id><title>t</title>{own}", feed=feed)).authors == names


def test_an_author_of_the_feed_alone_makes_no_correction() -> None:
    inside = "<id>1</id><title>t</title>"
    feed = "<title>News</title><author><name>Ann</name></author>"
    assert only(atom(inside, feed=feed)).digest == only(atom(inside)).digest


def test_an_editor_of_rss_is_no_author_of_its_items() -> None:
    channel = "<title>News</title><managingEditor>ann@example.org (Ann)</managingEditor>"
    assert only(rss("<title>t</title>", channel=channel)).authors == ()


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ("<category>x</category><category domain='d'>y &amp;amp; z</category><category>x</category>", ("x", "y & z")),
        ("<dc:subject>x</dc:subject>", ("x",)),
        ("<category>&lt;b&gt;x&lt;/b&gt;</category><category> </category>", ("x",)),
        ("".join(f"<category>{n}</category>" for n in range(90)), tuple(str(n) for n in range(50))),
    ],
    ids=["some", "Dublin Core", "markup", "many"],
)
def test_tags_are_text_and_each_is_there_once(written: str, tags: tuple[str, ...]) -> None:
    assert only(rss(f"<title>t</title>{written}")).tags == tags


def test_a_tag_of_atom_is_shown_by_its_label() -> None:
    tags = '<category term="x" label="The X"/><category term="y"/>'
    assert only(atom(f"<id>1</id><title>t</title>{tags}")).tags == ("The X", "y")


# What publishers ask for

DAY = 86_400.0
SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


def asked(channel: str) -> Wishes:
    """What a channel asks for."""
    return read(rss("<title>t</title>", channel=channel)).wishes


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("<ttl>60</ttl>", 3_600),
        ("<ttl> 60 </ttl>", 3_600),
        ("<ttl>1.5</ttl>", 90),
        ("<ttl>0</ttl>", 0),
        ("<ttl>-5</ttl>", 0),
        ("<ttl>an hour</ttl>", 0),
        ("<ttl></ttl>", 0),
        ("<ttl>nan</ttl>", 0),
        ("<ttl>99999999</ttl>", 31 * DAY),
        (f"<ttl>{'9' * 5_000}</ttl>", 0),
        (f"<sy:updatePeriod {SY}>hourly</sy:updatePeriod>", 3_600),
        (f"<sy:updatePeriod {SY}> Daily </sy:updatePeriod>", DAY),
        (f"<s:updatePeriod {SY.replace(':sy', ':s')}>weekly</s:updatePeriod>", 7 * DAY),
        (f"<sy:updatePeriod {SY}>yearly</sy:updatePeriod>", 31 * DAY),
        (f"<sy:updatePeriod {SY}>now and then</sy:updatePeriod>", 0),
        (f"<sy:updateFrequency {SY}>2</sy:updateFrequency>", 0),
        (f"<g {SY}><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></g>", DAY / 4),
        (f"<g {SY}><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency></g>", DAY),
        (f"<g {SY}><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>x</sy:updateFrequency></g>", DAY),
        (f"<ttl>5</ttl><sy:updatePeriod {SY}>hourly</sy:updatePeriod>", 3_600),
        (f"<ttl>120</ttl><sy:updatePeriod {SY}>hourly</sy:updatePeriod>", 7_200),
        ("", 0),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_publisher_asks_for_an_interval_in_minutes_or_periods(written: str, seconds: float) -> None:
    assert asked(written) == Wishes(ttl=seconds)


@pytest.mark.parametrize(
    ("hours", "skipped"),
    [
        (["1", "2", "23"], (1, 2, 23)),
        (["24", "5", "5", " 6 "], (0, 5, 6)),
        (["25", "-1", "x", "", "7.5", "007"], ()),
        ([str(hour) for hour in range(24)], ()),
        (["9"] * 10_000 + ["10"], (9,)),
        ([], ()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_publisher_asks_for_hours_without_polls(hours: list[str], skipped: tuple[int, ...]) -> None:
    inside = "".join(f"<hour>{hour}</hour>" for hour in hours)
    assert asked(f"<skipHours>{inside}</skipHours>") == Wishes(skip_hours=skipped)


@pytest.mark.parametrize(
    ("days", "skipped"),
    [
        (["Saturday", "sunday", "Sunday"], (5, 6)),
        (["Monday", "Lundi", "", "7"], (0,)),
        (["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], ()),
    ],
)
def test_a_publisher_asks_for_days_without_polls(days: list[str], skipped: tuple[int, ...]) -> None:
    inside = "".join(f"<day>{day}</day>" for day in days)
    assert asked(f"<skipDays>{inside}</skipDays>") == Wishes(skip_days=skipped)


def test_what_an_entry_says_is_nothing_that_the_publisher_asks_for() -> None:
    body = rss("<title>t</title><ttl>60</ttl><hour>1</hour><day>Monday</day>")
    assert read(body).wishes == Wishes()


def test_wishes_are_heard_in_a_document_with_flaws_and_after_the_entries() -> None:
    body = rss("<title>a &nope; b</title>").replace(b"</channel>", b"<ttl>30</ttl></channel>")
    assert read(body).wishes == Wishes(ttl=1_800)


# Documents that broke off on their way


THREE = rss(*(f"<guid>{n}</guid><title>t{n}</title><description>text {n}</description>" for n in range(3)))
LATE_GUIDS = rss(*(f"<title>t{n}</title><description>text {n}</description><guid>{n}</guid>" for n in range(3)))


@pytest.mark.parametrize(
    ("body", "end", "kept"),
    [
        (THREE, b"text 2", ["t0: text 0", "t1: text 1"]),
        (THREE, b"<guid>2", ["t0: text 0", "t1: text 1"]),
        (THREE, b"</channel>", ["t0: text 0", "t1: text 1"]),
        (LATE_GUIDS, b"text 2", ["t0: text 0", "t1: text 1"]),
        (LATE_GUIDS, b"text 2</description>", ["t0: text 0", "t1: text 1"]),
        (THREE, b"<title>News", []),
    ],
)
def test_the_last_entry_of_a_document_that_broke_off_waits_for_the_whole(
    body: bytes, end: bytes, kept: list[str]
) -> None:
    document = read(body[: body.index(end) + len(end)])
    assert not document.whole
    assert texts(document.entries) == kept
    assert set(document.listed) == {entry.id for entry in document.entries} <= set(read(body).listed)


def test_a_document_cut_anywhere_lists_nothing_that_the_whole_does_not() -> None:
    whole = read(LATE_GUIDS)
    for end in range(LATE_GUIDS.index(b"<guid>0"), len(LATE_GUIDS) - len(b"</rss>")):
        document = read(LATE_GUIDS[:end])
        assert set(document.listed) <= set(whole.listed), LATE_GUIDS[:end]
        assert not document.whole


@pytest.mark.parametrize(
    "body",
    [
        THREE + b"<script>window.x</script>",
        THREE.replace(b"text 1", b"text &nope; 1"),
        THREE.replace(b"text 1", b"text \x0b 1"),
        THREE.replace(b"text 1", b"text & 1"),
        b"<!-- cache -->" + THREE,
    ],
    ids=["junk after the end", "unknown entity", "control character", "bare ampersand", "declaration too late"],
)
def test_a_document_with_a_flaw_is_whole(body: bytes) -> None:
    document = read(body)
    assert document.whole
    assert [entry.title for entry in document.entries] == ["t0", "t1", "t2"]


def test_a_guidless_entry_of_a_flawed_document_is_left_out_where_others_have_guids() -> None:
    body = rss("<guid>1</guid><title>a</title>", "<title>b &nope;</title>", "<guid>3</guid><title>c</title>")
    assert [entry.title for entry in read(body).entries] == ["a", "c"]


# Bodies that are not what they seem


def test_a_gzip_file_is_unpacked() -> None:
    assert texts(read(zipped(THREE)).entries) == texts(read(THREE).entries)


def test_a_gzip_file_that_broke_off_is_not_whole() -> None:
    # Incompressible, so that much of it comes out of the part that is there.
    body = zipped(THREE, compresslevel=0)
    document = read(body[: body.index(b"text 2")])
    assert not document.whole
    assert texts(document.entries) == ["t0: text 0", "t1: text 1"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The answer was empty."),
        (b" \r\n\t ", "The answer was empty."),
        (b"<html><head><title>x</title></head><body><p>Hello</body></html>", "This is a web page, not a feed."),
        (b"<!DOCTYPE html><p>Hello", "This is a web page, not a feed."),
        (b"<!doctype HTML>\n<title>Just a moment...</title>", "This is a web page, not a feed."),
        (b"Internal error", "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."),
        (b'<opml version="2.0"><body/></opml>', "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."),
        (b"<a><b/></a>", "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."),
        (b"%PDF-1.4\n%\xe2\xe3", "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."),
        (b"\xff\xfe\x00\x00", "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."),
        (b"\x1f\x8b\x08garbage", "The answer is compressed, and damaged."),
        (zipped(b""), "The answer was empty."),
        (zipped(b" " * 20 * MOST), f"The answer is larger than {MOST} bytes."),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_feed_is_said_in_a_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(NotAFeedError) as caught:
        read(body)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("name", ["/etc/passwd", "/dev/zero", "file:///etc/passwd", "http://127.0.0.1:9/feed", "."])
def test_a_body_that_is_the_name_of_something_is_not_opened(name: str) -> None:
    with pytest.raises(NotAFeedError, match="not a feed"):
        read(name.encode())


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("&#xD83D;&#xDE00; &#55357;&#56832;", "😀 😀"),
        ("&#xD83D; &#xDE00;", "\ufffd \ufffd"),
        ("&#x110000; &#99999999999999999999; &#0;", "\ufffd \ufffd \ufffd"),
    ],
)
def test_character_references_that_cannot_be_cost_no_more_than_themselves(written: str, text: str) -> None:
    assert only(rss(f"<title>t</title><description>{written} &#169;</description>")).content_html == f"{text} ©"


def test_damage_that_the_parser_trips_over_is_a_reason_and_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_arguments: object, **_options: object) -> None:
        raise KeyError("where")

    monkeypatch.setattr(xml, "parse", trip)
    with pytest.raises(NotAFeedError, match=r"^It is too damaged to be read \(KeyError\)\.$"):
        read(THREE)


PIECES = b"""< > & </item> <item> <title> </title> <link> <image> </channel> </rss> <![CDATA[ ]]> &#0; &#xD83D; &nope;
    \xff \x00 <entry> <source> <content> <media:content> <category> <author> <hour> <guid>
    { [ <html> <?xml <!--""".split()


DAMAGE = st.tuples(st.integers(0, len(THREE)), st.integers(0, 40), st.sampled_from([*PIECES, b""]))


@given(st.lists(DAMAGE, max_size=6))
def test_whatever_happened_to_a_document_it_is_read_or_there_is_a_reason(
    damages: list[tuple[int, int, bytes]],
) -> None:
    body = THREE
    for start, lost, piece in damages:
        body = body[:start] + piece + body[start + lost :]
    try:
        document = read(body)
    except NotAFeedError as reason:
        assert re.fullmatch(r"[A-Z].+\.", str(reason))  # noqa: PT017 - it need not be raised
        return
    again = read(body, known=document.listed)
    assert (again.entries, again.listed) == ((), document.listed)
    keys = [key for entry in document.entries for key in entry.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE rss [<!ENTITY a "{}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
        '<!ENTITY x "&c;&c;&c;&c;&c;&c;&c;&c;">]>'.format("boom" * 1_000),
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % y SYSTEM "http://127.0.0.1:9/evil.dtd"> %y;]>',
    ],
    ids=["bomb", "file", "address"],
)
def test_entities_lead_nowhere(head: str) -> None:
    body = rss("<title>t</title><description>[&x;]</description>").decode()
    document = read(body.replace('"1.0"?>', f'"1.0"?>{head}', 1).encode())
    assert len(repr(document)) < 100_000
    assert "root:" not in repr(document)


def test_what_is_published_can_be_written_down() -> None:
    """Halves of surrogate pairs and control characters do not get through, however they were written."""
    nasty = "&amp;#xD800;&amp;#0;&amp;#x1b;x"
    document = read(rss(f"<title>&lt;b&gt;{nasty}&lt;/b&gt;</title><description>{nasty}</description>", channel=""))
    written = repr(document).encode().decode("unicode_escape")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", written)


def test_of_a_document_without_end_the_first_entries_are_read() -> None:
    document = read(rss(*(f"<guid>{n}</guid><title>{n}</title>" for n in range(MAX_ENTRIES + 10))))
    assert [entry.title for entry in document.entries[-2:]] == [str(MAX_ENTRIES - 2), str(MAX_ENTRIES - 1)]
    assert len(document.listed) == MAX_ENTRIES
