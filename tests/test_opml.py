"""opml.py: OPML documents to a blog, a blog to OPML, and hostile documents."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import config
import opml
import opml_scrape
import urls
from config import Blog, ConfigError, Feed
from feeds.parser.document import Reading, parse
from feeds.parser.selectors import Selectors
from invisible import is_visible, tame_text

URL = "https://example.org/feed.xml"
ROOT = Path(__file__).resolve().parent.parent


def document(body: str, title: str = "News") -> bytes:
    """An OPML document of these outlines."""
    return f'<opml version="2.0"><head><title>{title}</title></head><body>{body}</body></opml>'.encode()


def read(body: str, title: str = "News") -> Blog:
    """The blog that these outlines make."""
    return opml.read(document(body, title), "x.opml").blog


def refusal(data: bytes) -> str:
    """Why no blog can be made of a document."""
    with pytest.raises(ConfigError) as caught:
        opml.read(data, "x.opml")
    return str(caught.value)


def as_configured(blog: Blog, folder: Path) -> Blog:
    """The blog that a configuration file with what is printed has."""
    file = folder / "config.yaml"
    file.write_text(opml.to_config(blog), encoding="utf-8")
    (loaded,) = config.load(file).blogs
    return loaded


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


# Documents that are not well-formed

HARBOUR = Feed(url="https://harbour.example/rss", title="Harbour")


def repaired(outline: str) -> opml.Subscriptions:
    """Reads a document with an ill-formed outline in line 2, and another one after it."""
    return opml.read(document(f'\n{outline}\n<outline text="Harbour" xmlUrl="{HARBOUR.url}"/>'), "x.opml")


@pytest.mark.parametrize(
    ("outline", "feed"),
    [
        (
            '<outline text="Fish & Chips" xmlUrl="https://a.example/?cat=1&lang=en" htmlUrl="/?a=1&utm_medium=rss"/>',
            Feed(url="https://a.example/?cat=1&lang=en", title="Fish & Chips"),
        ),
        (
            '<outline text="Q&A;&#;&amp;&copy;" xmlUrl="https://a.example/?a&amp;b&c"/>',
            Feed(url="https://a.example/?a&b&c", title="Q&A;&#;&©"),
        ),
        (
            '<outline text="Caf&eacute;&nbsp;1" xmlUrl="https://a.example/"/>',
            Feed(url="https://a.example/", title="Café\xa01"),
        ),
        ('<outline text="A < B" xmlUrl="https://a.example/"/>', Feed(url="https://a.example/", title="A < B")),
        ('<outline text="A\x0bB" xmlUrl="https://a.example/"/>', Feed(url="https://a.example/", title="A B")),
    ],
)
def test_characters_that_were_not_escaped_are_what_they_are(outline: str, feed: Feed) -> None:
    found = repaired(outline)
    assert found.blog.feeds == (feed, HARBOUR)
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("outline", "name"),
    [
        ('<outline text="A" text="B" xmlUrl="https://a.example/"/>', "A"),
        ('<outline text="A "quoted" B" xmlUrl="https://a.example/"/>', "A"),
        ("<outline xmlUrl=https://a.example/ = />", "(no title)"),
        ('<outline text="Fish xmlUrl="https://a.example/"/>', "Fish xmlUrl="),
        ('<outline text="A"\nxmlUrl="https://a.example/" & />', "A"),
    ],
)
def test_an_outline_that_is_beyond_repair_is_named_and_the_others_are_read(outline: str, name: str) -> None:
    found = repaired(outline)
    assert found.blog.feeds == (HARBOUR,)
    assert found.left_out == (f"x.opml:2: {name}: left out, it is not valid XML",)


OUTLINE = f'<outline text="é" xmlUrl="{URL}"/>'
WHOLE = f'<?xml version="1.0" encoding="UTF-8"?>\n{document(OUTLINE).decode()}'
GBK = WHOLE.replace("UTF-8", "GBK").replace("é", "港口").encode("gbk")


@pytest.mark.parametrize(
    "data",
    [
        f"\n\n {WHOLE}".encode(),
        f'<?xml version="1.0"?>\n{WHOLE}'.encode(),
        f"\ufeff\n{WHOLE}".encode(),
        f"{WHOLE}\n<script></script>".encode(),
        WHOLE.partition("</body>")[0].encode(),
        WHOLE.replace("/>", ">").encode(),
        f"{WHOLE.partition('</body>')[0]}<outline text='G' xml".encode(),
        WHOLE.replace("</body>", "</outline></body>").encode(),
        WHOLE.replace(f'"{URL}"', URL).encode(),
        WHOLE.encode("utf-16"),
        WHOLE.replace("UTF-8", "windows-1252").encode("cp1252") + b"<",
    ],
    ids=[
        "space",
        "two declarations",
        "mark and space",
        "script",
        "cut",
        "open",
        "cut in a tag",
        "stray end",
        "unquoted",
        "16",
        "latin",
    ],
)
def test_a_document_with_flaws_around_its_feeds_is_read(data: bytes) -> None:
    found = opml.read(data, "x.opml")
    assert found.blog.feeds == (Feed(url=URL, title="é"),)
    assert found.left_out == ()


def test_a_document_in_an_encoding_that_expat_lacks_is_read() -> None:
    assert opml.read(GBK, "x.opml").blog.feeds == (Feed(url=URL, title="港口"),)


@pytest.mark.parametrize("reference", ["&#1;", "&#x1F;", "&#55357;", "&#xDE00;", "&#xFFFF;", "&#1114112;"])
def test_a_reference_to_no_character_is_a_space(reference: str) -> None:
    assert repaired(f'<outline text="A{reference}B" xmlUrl="{URL}"/>').feeds[0].title == "A B"


@pytest.mark.parametrize(
    ("attribute", "url"),
    [
        ('type="rss" url="https://a.example/"', "https://a.example/"),
        ('type="RSS" URL="https://a.example/"', "https://a.example/"),
        ('xmlUrl="feed:https://a.example/"', "https://a.example/"),
        ('xmlUrl="feed://a.example/"', "http://a.example/"),
    ],
)
def test_an_address_is_read_as_other_programs_write_it(attribute: str, url: str) -> None:
    assert opml.read(document(f'<outline text="A" {attribute}/>'), "x.opml").feeds[0].url == url


def test_what_is_in_a_folder_that_is_beyond_repair_is_read() -> None:
    found = repaired('<outline text="Folder "x""><outline text="In" xmlUrl="https://in.example/"/></outline>')
    assert found.blog.feeds == (Feed(url="https://in.example/", title="In"), HARBOUR)
    assert found.left_out == ("x.opml:2: Folder: left out, it is not valid XML",)


def test_lines_after_a_repair_are_those_of_the_document() -> None:
    found = repaired('<outline\ntext="A" text="B"/>\n<outline\ntext="C" text="D"/>\n<outline text="E" xmlUrl="x"/>')
    assert [line.partition(": left")[0] for line in found.left_out] == ["x.opml:2: A", "x.opml:4: C", "x.opml:6: E"]


def test_bytes_that_are_not_of_the_encoding_are_replaced() -> None:
    data = document(f'<outline text="Caf?" xmlUrl="{URL}"/>').replace(b"?", b"\xe9", 1)
    assert opml.read(data, "x.opml").blog.feeds == (Feed(url=URL, title="Caf\ufffd"),)


@pytest.mark.parametrize("encoding", ["nonsense", "gb18030", "hex"])
def test_an_unknown_encoding_is_rejected_with_advice(encoding: str) -> None:
    assert refusal(f'<?xml version="1.0" encoding="{encoding}"?><opml/>'.encode()) == (
        "x.opml:1: is in an encoding that is not known here: save it as UTF-8"
    )


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


def test_a_document_cannot_read_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    feed = f'<outline text="$ ${{SECRET}} $$" category="${{SECRET}}" xmlUrl="{URL}?${{SECRET}}&amp;$$x"/>'
    blog = read(feed, "${SECRET}")
    assert as_configured(blog, tmp_path) == blog
    assert blog.title == "${SECRET}"
    assert blog.feeds == (Feed(url=f"{URL}?${{SECRET}}&$$x", title="$ ${SECRET} $$", tags=("${SECRET}",)),)


# As configuration


def test_a_blog_is_printed_as_an_operator_would_write_it() -> None:
    named = Feed(url="https://example.org/2", title="Zwölf: 新闻", tags=("a", "no"))
    assert opml.to_config(Blog(slug="news", title="The News", feeds=(Feed(url=URL), named))) == (
        "blogs:\n"
        "  news:\n"
        "    title: The News\n"
        "    feeds:\n"
        "    - https://example.org/feed.xml\n"
        "    - url: https://example.org/2\n"
        "      title: 'Zwölf: 新闻'\n"
        "      tags:\n"
        "      - a\n"
        "      - 'no'\n"
    )


# Writing


def test_a_document_is_opml_2() -> None:
    feeds = (Feed(url=URL, title='"A" & <B>', tags=("a", "b c")), Feed(url="https://city.example.org/feed"))
    written = opml.write(Blog(slug="news", title="News & more", feeds=feeds))
    root = ElementTree.fromstring(written)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "News & more"
    assert [outline.attrib for outline in root.findall("body/outline")] == [
        {"type": "rss", "text": '"A" & <B>', "title": '"A" & <B>', "xmlUrl": URL, "category": "a,b c"},
        {"type": "rss", "text": "city.example.org", "xmlUrl": "https://city.example.org/feed"},
    ]


def test_no_password_is_written() -> None:
    feeds = (Feed(url="https://me:s3cret@example.org:8443/feed?a=1"), Feed(url="http://me@example.org/"))
    written = opml.write(Blog(slug="news", title="News", feeds=feeds))
    assert 'xmlUrl="https://example.org:8443/feed?a=1"' in written
    assert "s3cret" not in written
    assert "me" not in [outline.get("text") for outline in ElementTree.fromstring(written).iter()]
    assert "@" not in written


def test_a_tag_that_is_no_category_is_a_folder() -> None:
    blog = Blog(slug="news", title="News", feeds=(Feed(url=URL, title="A", tags=("Paris, Texas", "AC/DC", "x")),))
    root = ElementTree.fromstring(opml.write(blog))
    assert [outline.get("text") for outline in root.iter("outline")] == ["Paris, Texas", "AC/DC", "x", "A"]
    assert opml.read(opml.write(blog).encode(), "x.opml").blog == blog


def test_what_xml_can_not_carry_is_replaced() -> None:
    blog = Blog(slug="a", title="\ufffe", feeds=(Feed(url=URL, title="a\uffffb", tags=("\ufffe",)),))
    assert opml.read(opml.write(blog).encode(), "x.opml").blog.feeds == (Feed(url=URL, title="a�b", tags=("�",)),)


# Imports


def test_importing_it_loads_neither_feedparser_nor_nh3() -> None:
    words = "import sys, opml; print([name for name in ('feedparser', 'nh3', 'feeds') if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


# There and back

CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffe\uffff")


def texts(most: int) -> st.SearchStrategy[str]:
    """Titles and tags, plain and odd."""
    odd = st.sampled_from(
        ["null", "~", "2024", "${HOME}", "a, b", "/a/b", "]]>", "'\"&amp;<", "example.org", URL, "#"]
    )
    return (odd | st.text(CHARACTERS, max_size=most).map(lambda text: text.strip())).filter(is_plain)


def is_plain(text: str) -> bool:
    """Whether a text can be seen, and turns no other."""
    return is_visible(text) and tame_text(text) == text


@pytest.mark.parametrize("title", ["\u200b", "\u202e", "\u3164", "\ufeff "])
def test_a_title_that_cannot_be_seen_is_none(title: str) -> None:
    document = f'<opml><body><outline text="{title}" xmlUrl="https://example.org/feed"/></body></opml>'
    assert opml.read(document.encode(), "x.opml").feeds[0].title is None


@pytest.mark.parametrize("title", ["City \u202eHall", "City\u2069 Hall", "\u200bCity Hall"])
def test_a_title_turns_no_text_around_it(title: str) -> None:
    document = f'<opml><body><outline text="{title}" xmlUrl="https://example.org/feed"/></body></opml>'
    assert opml.read(document.encode(), "x.opml").feeds[0].title == "City Hall"


URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["", "me:pw@"]),
    st.sampled_from(["example.org", "Example.org:8080", "[2001:db8::1]", "münchen.example"]),
    st.text("ab/?&=%$'\"#", max_size=20).map(lambda rest: f"/{rest}") | st.just(""),
)
FEEDS = st.builds(
    Feed,
    url=URLS,
    title=st.none() | texts(200),
    tags=st.lists(texts(100), max_size=5, unique=True).map(tuple),
)
BLOGS = st.builds(
    Blog,
    slug=st.just("blog"),
    title=texts(200),
    feeds=st.lists(FEEDS, min_size=1, max_size=5, unique_by=lambda feed: urls.feed_identity(feed.url)).map(tuple),
)


@given(BLOGS)
@example(Blog(slug="blog", title="B", feeds=(Feed(url=URL, title="example.org", tags=("a, b", "/c", "d")),)))
@example(Blog(slug="blog", title="B", feeds=(Feed(url="http://example.org/"), Feed(url="http://example.org/?"))))
def test_a_written_document_is_read_with_the_same_titles_and_tags(blog: Blog) -> None:
    found = opml.read(opml.write(blog).encode(), "x.opml")
    assert found.left_out == ()
    assert found.blog.title == blog.title
    assert found.blog.feeds == tuple(
        Feed(url=urls.without_credentials(feed.url), title=feed.title, tags=feed.tags) for feed in blog.feeds
    )


@given(BLOGS)
def test_printed_yaml_loads_as_the_same_blog(tmp_path_factory: pytest.TempPathFactory, blog: Blog) -> None:
    assert as_configured(blog, tmp_path_factory.getbasetemp()) == blog


# Web pages without a feed


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
    again = opml.read(opml.write(blog).encode(), "x.opml").blog.feeds[0].scrape
    assert again is not None
    assert again.date_format == scrape.get("date_format")
    both = [Selectors(**one) for one in (scrape, again.model_dump())]
    first, second = (parse(Reading(body=PAGE, url=URL, base=URL, selectors=one)).entries for one in both)
    assert first == second
    assert first[0].url == "https://example.org/1"


def test_a_selector_with_a_secret_is_not_written() -> None:
    scrape = {"list": "a[href^='https://a.example/?token=abcdefghijklmnop']"}
    blog = Blog(slug="b", title="b", feeds=(Feed.model_validate({"url": URL, "scrape": scrape}),))
    written = opml.write(blog)
    assert "abcdefghijklmnop" not in written
    assert '<outline type="link"' in written
    assert "xmlUrl" not in written, "there is no feed at its address"


@pytest.mark.parametrize(
    ("php", "strptime"),
    [("d.m.Y", "%d.%m.%Y"), ("Y-m-d\\TH:i:sP", "%Y-%m-%dT%H:%M:%S%z"), ("h:i A, 100%", "%I:%M %p, 100%%")],
)
def test_a_format_of_dates_is_that_of_php(php: str, strptime: str) -> None:
    assert opml_scrape._strptime(php) == strptime
    assert opml_scrape._php(strptime) == php


@pytest.mark.parametrize(("php", "strptime"), [("!j M Y|", "%d %b %Y"), ("jS F", None), ("", None), ("U", None)])
def test_a_format_of_php_without_a_counterpart_is_none(php: str, strptime: str | None) -> None:
    assert opml_scrape._strptime(php) == strptime
