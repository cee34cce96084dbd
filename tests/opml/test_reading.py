"""opml/reading.py: OPML documents to a blog, and hostile documents."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import opml
from config import Blog, ConfigError, Feed
from tests.livelog import ROOT
from tests.opml.documents import URL, document, read, refusal

# Reading


def test_a_feed_has_its_address_and_its_title() -> None:
    blog = read(f'<outline type="rss" text="A text" title="A title" xmlUrl="{URL}" htmlUrl="https://example.org/"/>')
    assert blog == Blog(slug="news", title="News", feeds=(Feed(url=URL, title="A title"),))


def test_a_text_is_a_title_where_there_is_none() -> None:
    assert read(f'<outline title=" " text="A text" xmlUrl="{URL}"/>').feeds[0].title == "A text"


@pytest.mark.parametrize("text", ["", "example.org", "Example.org", URL])
def test_a_text_that_only_repeats_the_address_is_no_title(text: str) -> None:
    assert read(f'<outline text="{text}" xmlUrl="{URL}"/>').feeds == (Feed(url=URL),)


def test_folders_and_categories_are_tags() -> None:
    blog = read(
        f'<outline text="World"><outline title="Europe"><outline xmlUrl="{URL}" category="/Sport/Ice, daily,World"/>'
        '</outline><outline xmlUrl="http://example.org/2"/></outline><outline xmlUrl="http://example.org/3"/>'
    )
    assert [feed.tags for feed in blog.feeds] == [("World", "Europe", "Sport", "Ice", "daily"), ("World",), ()]


def test_a_feed_is_no_folder() -> None:
    blog = read(f'<outline text="One" xmlUrl="{URL}"><outline text="Two" xmlUrl="http://example.org/2"/></outline>')
    assert [(feed.title, feed.tags) for feed in blog.feeds] == [("One", ()), ("Two", ())]


def test_a_feed_that_is_listed_twice_is_taken_once_with_all_its_tags() -> None:
    blog = read(
        f'<outline text="A"><outline xmlUrl="{URL}" category="x"/></outline>'
        f'<outline text="B"><outline text="Named here" xmlUrl=" {URL} " category="x"/></outline>'
    )
    assert blog.feeds == (Feed(url=URL, title="Named here", tags=("A", "x", "B")),)


def test_names_are_read_whatever_their_case() -> None:
    data = f'<OPML><BODY><OUTLINE TITLE="T" xmlurl="{URL}"/></BODY></OPML>'.encode()
    assert opml.read(data, "x.opml").blog.feeds == (Feed(url=URL, title="T"),)


def test_a_root_with_a_prefix_is_opml() -> None:
    data = (
        '<o:opml xmlns:o="http://opml.org/spec2"><o:head><o:title>News</o:title></o:head>'
        f'<o:body><o:outline text="World"><o:outline text="T" xmlUrl="{URL}"/></o:outline></o:body></o:opml>'
    )
    blog = opml.read(data.encode(), "x.opml").blog
    assert (blog.title, blog.feeds) == ("News", (Feed(url=URL, title="T", tags=("World",)),))


@pytest.mark.parametrize("name", ["feedURL", "feedUrl", "xml_url", "xml-url", "rssUrl", "XMLURL"])
def test_an_address_is_read_under_other_names(name: str) -> None:
    assert read(f'<outline text="T" htmlUrl="http://example.org/" {name}="{URL}"/>').feeds == (
        Feed(url=URL, title="T"),
    )


def test_the_usual_name_of_an_address_wins() -> None:
    (feed,) = read(f'<outline feedURL="http://other.example/" url="http://example.org/" xmlUrl="{URL}"/>').feeds
    assert feed.url == URL


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_used(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{name}"?>' + document(f'<outline text="Ä" xmlUrl="{URL}"/>').decode()
    assert opml.read(text.encode(encoding), "x.opml").blog.feeds[0].title == "Ä"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Election Night 2026!", "election-night-2026"),
        ("Crème brûlée", "creme-brulee"),
        ("  ", "blog"),
        ("新闻", "blog"),
        ("Status", "status-blog"),
        ("websub", "websub-blog"),
        ("-- x --", "x"),
        ("a" * 300, "a" * 50),
    ],
)
def test_the_blog_is_named_after_the_title(title: str, slug: str) -> None:
    assert read(f'<outline xmlUrl="{URL}"/>', title).slug == slug


def test_a_document_without_a_title_makes_a_blog_named_blog() -> None:
    data = f'<opml><body><outline xmlUrl="{URL}"/></body></opml>'.encode()
    assert opml.read(data, "x.opml").blog == Blog(slug="blog", title="blog", feeds=(Feed(url=URL),))


def test_long_titles_and_tags_are_cut() -> None:
    folders = "".join(f'<outline text="{n}{"t" * 200}">' for n in range(100, 201))
    blog = read(f'{folders}<outline text="{"n" * 300}" xmlUrl="{URL}"/>{"</outline>" * 101}', "b" * 300)
    (feed,) = blog.feeds
    assert blog.title == "b" * 199 + "…"
    assert feed.title == "n" * 199 + "…"
    assert len(feed.tags) == 100
    assert feed.tags[0] == "100" + "t" * 96 + "…"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.org/feed", "must be a URL that begins with http:// or https:// and a host"),
        ("feed.xml", "must be a URL that begins with http:// or https:// and a host"),
        ("", "must be a URL that begins with http:// or https:// and a host"),
        ("http://", "must be a URL that begins with http:// or https:// and a host"),
        ("http://[example", "is not a valid URL: look at its host and port"),
        ("http://example.org/a b", "must not contain spaces or control characters"),
        (f"http://example.org/{'x' * 4096}", "must have at most 4096 characters"),
    ],
)
def test_a_feed_with_a_bad_url_is_left_out_and_reported(url: str, words: str) -> None:
    data = document(f'<outline xmlUrl="{URL}"/>\n<outline text="Bad" xmlUrl="{url}"/>')
    found = opml.read(data, "x.opml")
    assert found.left_out == (f"x.opml:2: Bad: left out, its xmlUrl {words}",)
    assert found.blog.feeds == (Feed(url=URL),)


def test_a_feed_without_a_url_is_left_out_and_reported() -> None:
    found = opml.read(document(f'<outline type="RSS" htmlUrl="{URL}"/><outline xmlUrl="{URL}"/>'), "x.opml")
    assert [line.partition(", ")[0] for line in found.left_out] == ["x.opml:1: (no title): left out"]


def test_a_message_has_no_control_sequences() -> None:
    name = f"a&#10;b&#x9b;31m&#x202e;{'x' * 100}"
    found = opml.read(document(f'<outline text="{name}" xmlUrl="x"/><outline xmlUrl="{URL}"/>'), "x.opml")
    (line,) = found.left_out
    assert line.isprintable() or line.isascii()
    assert "\n" not in line
    assert len(line) < 200


# Documents that are not OPML


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "x.opml:1: is not valid XML: no element found"),
        (b"blogs:\n  blog: {}\n", "x.opml:1: is not valid XML: syntax error"),
        (b"<opml>\n<body>", "x.opml:2: is not valid XML: no element found"),
        (b"<opml>\n<body></opml>", "x.opml:2: is not valid XML: mismatched tag"),
        (b"<opml>&nbsp;</opml>", "x.opml:1: is not valid XML: undefined entity"),
        (
            b'<?xml version="1.0" encoding="nonsense"?><opml/>',
            "x.opml:1: is in an encoding that is not known here: save it as UTF-8",
        ),
        (
            b'<?xml version="1.0" encoding="gb18030"?><opml/>',
            "x.opml:1: is in an encoding that is not known here: save it as UTF-8",
        ),
        (b"<opml>\xff</opml>", "x.opml:1: is not valid XML: not well-formed (invalid token)"),
        (b"<!DOCTYPE html>\n<html><body/></html>", "x.opml:2: is not OPML: it begins with <html>"),
        (b"<rss><channel/></rss>", "x.opml:1: is not OPML: it begins with <rss>"),
        (b"<opml><body/></opml>", "x.opml: has no feeds that Livelog can follow"),
        (document('<outline text="A folder"/>'), "x.opml: has no feeds that Livelog can follow"),
    ],
)
def test_a_document_without_feeds_is_rejected_in_one_line(data: bytes, words: str) -> None:
    assert refusal(data) == words


def test_where_every_feed_is_left_out_each_is_named() -> None:
    assert refusal(document('<outline text="A" xmlUrl="x"/>\n<outline text="B" xmlUrl="y"/>')).splitlines() == [
        "x.opml:1: A: left out, its xmlUrl must be a URL that begins with http:// or https:// and a host",
        "x.opml:2: B: left out, its xmlUrl must be a URL that begins with http:// or https:// and a host",
        "x.opml: has no feeds that Livelog can follow",
    ]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: document(text)))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    assert refusal(data).startswith("x.opml:")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.opml: cannot be read: No such file"):
        opml.load(str(tmp_path / "none.opml"))


def test_a_file_without_end_is_rejected_by_size() -> None:
    with pytest.raises(ConfigError, match=r"/dev/zero: is larger than 64,000,000 bytes"):
        opml.load("/dev/zero")


# Hostile documents


@pytest.mark.parametrize(
    "declarations",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;',
        '<!ATTLIST outline xmlUrl CDATA "https://example.org/">',
    ],
)
def test_declarations_are_rejected(declarations: str) -> None:
    data = f"<!DOCTYPE opml [{declarations}]>".encode() + document(f'<outline text="x" xmlUrl="{URL}"/>')
    assert refusal(data) == "x.opml:1: declares entities or the like in its <!DOCTYPE>, which OPML does not need"


def test_a_dtd_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "opml.dtd").write_text('<!ATTLIST outline text CDATA "from the DTD">')
    data = f'<!DOCTYPE opml SYSTEM "{tmp_path}/opml.dtd">'.encode() + document(f'<outline xmlUrl="{URL}"/>')
    assert opml.read(data, "x.opml").blog.feeds == (Feed(url=URL),)


def test_deep_nesting_is_rejected() -> None:
    assert refusal(b"<opml>" + b"<outline>" * 1_000_000) == "x.opml:1: is nested too deeply"


def test_a_document_that_expands_too_much_is_rejected() -> None:
    folders = "".join(f'<outline text="{n:0100}">' for n in range(100))
    feeds = "".join(f'<outline xmlUrl="http://example.org/{n}"/>' for n in range(10_000))
    assert refusal(document(folders + feeds)) == (
        "x.opml:1: has more feeds, in more folders, than a configuration can"
    )


def test_categories_without_end_take_no_memory() -> None:
    categories = ",".join(f"{n:x}" for n in range(100_000))
    data = document(f'<outline xmlUrl="{URL}" category="{categories}"/>')
    tracemalloc.start()
    feed = opml.read(data, "x.opml").blog.feeds[0]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(feed.tags) == 100
    assert peak < 8 * len(data)


@pytest.mark.parametrize("title", ["\u200b", "\u202e", "\u3164", "\ufeff "])
def test_a_title_that_cannot_be_seen_is_none(title: str) -> None:
    document = f'<opml><body><outline text="{title}" xmlUrl="https://example.org/feed"/></body></opml>'
    assert opml.read(document.encode(), "x.opml").feeds[0].title is None


@pytest.mark.parametrize("title", ["City \u202eHall", "City\u2069 Hall", "\u200bCity Hall"])
def test_a_title_turns_no_text_around_it(title: str) -> None:
    document = f'<opml><body><outline text="{title}" xmlUrl="https://example.org/feed"/></body></opml>'
    assert opml.read(document.encode(), "x.opml").feeds[0].title == "City Hall"


# Imports


def test_importing_it_loads_neither_feedparser_nor_nh3() -> None:
    words = "import sys, opml; print([name for name in ('feedparser', 'nh3', 'feeds') if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
