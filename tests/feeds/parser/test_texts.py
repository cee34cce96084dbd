"""texts.py: the text of a post is its own, not that of a picture, a podcast or another module."""

from __future__ import annotations

import pytest

from entries import Entry
from feeds.parser.digest import digest
from feeds.parser.texts import is_blank
from tests.feeds.documents import atom, json_feed, only, read, rss

ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
OWN = "<description>&lt;p&gt;Its &lt;b&gt;own&lt;/b&gt; text&lt;/p&gt;</description>"
WHOLE = "<content:encoded>&lt;p&gt;The whole text&lt;/p&gt;</content:encoded>"
CAPTION = (
    '<media:content url="/a.png" medium="image">'
    "<media:description>A boat&amp;#039;s bow</media:description></media:content>"
)
IN_SHORT = f"<itunes:summary {ITUNES}>In short, &amp;amp; plain</itunes:summary>"
OF_ANOTHER = '<og xmlns="http://ogp.me/ns#"><description>&lt;p&gt;Of a card&lt;/p&gt;</description></og>'
OF_AN_IMAGE = "<image><url>/a.png</url><description>Of an image</description></image>"


def item(inside: str) -> Entry:
    """An item of RSS with these elements."""
    return only(rss(f"<title>t</title>{inside}"))


@pytest.mark.parametrize("other", [CAPTION, IN_SHORT, OF_ANOTHER, OF_AN_IMAGE, CAPTION + IN_SHORT + OF_ANOTHER])
def test_no_other_text_takes_the_place_of_the_description(other: str) -> None:
    text = "<p>Its <b>own</b> text</p>"
    assert item(OWN + other).content_html == text
    assert item(other + OWN).content_html == text


@pytest.mark.parametrize("other", [CAPTION, IN_SHORT, OF_ANOTHER, OF_AN_IMAGE, OWN, OWN + CAPTION, CAPTION + OWN])
def test_no_other_text_takes_the_place_of_the_content(other: str) -> None:
    assert item(WHOLE + other).content_html == "<p>The whole text</p>"
    assert item(other + WHOLE).content_html == "<p>The whole text</p>"


def test_a_caption_is_no_summary() -> None:
    assert item(WHOLE + CAPTION).summary is None
    assert item(CAPTION + WHOLE + OWN).summary == "Its own text"


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (CAPTION, "A boat's bow"),
        (IN_SHORT, "In short, &amp; plain"),
        (CAPTION + IN_SHORT, "In short, &amp; plain"),
        ("<dc:description>Of Dublin Core</dc:description>", "Of Dublin Core"),
        ("<description> </description>" + IN_SHORT, "In short, &amp; plain"),
        (OF_ANOTHER, "<p>Of a card</p>"),
    ],
)
def test_what_has_no_text_of_its_own_shows_the_nearest(inside: str, text: str) -> None:
    assert item(inside).content_html == text


def test_a_text_that_is_published_twice_is_no_correction_after_an_upgrade() -> None:
    body = rss(f"<title>t</title><description>x</description><itunes:summary {ITUNES}>x</itunes:summary>")
    entry = only(body)
    assert (entry.content_html, entry.summary) == ("x", None)
    assert next(iter(read(body).listed.values())).written == digest(None, "t", "x", "x", (), (), None, (), version=1)


def test_a_caption_of_atom_leaves_the_entry_its_summary() -> None:
    media = '<m:group xmlns:m="http://search.yahoo.com/mrss/"><m:description>Of a picture</m:description></m:group>'
    own = "<summary>Its own</summary>"
    for inside in (own + media, media + own):
        assert only(atom(f"<id>1</id><title>t</title>{inside}")).content_html == "<p>Its own</p>"


def test_a_text_is_found_where_a_tag_is_missing() -> None:
    body = rss("<title>t</title><description>one<br>two</description>" + WHOLE)
    assert only(body).content_html == "<p>The whole text</p>"


@pytest.mark.parametrize(
    "blank", ["<p></p>", "<div><br/></div>", "<p>&nbsp;</p>", "<!-- ad -->", "<p>\u200b</p>", '<a href="/x"></a>']
)
def test_content_that_shows_nothing_leaves_the_summary(blank: str) -> None:
    escaped = blank.replace("&", "&amp;").replace("<", "&lt;")
    assert item(f"{OWN}<content:encoded>{escaped}</content:encoded>").content_html == "<p>Its <b>own</b> text</p>"
    entry = only(json_feed({"id": "1", "content_html": blank, "content_text": "Its own"}))
    assert entry.content_html == "<p>Its own</p>"


@pytest.mark.parametrize(
    "seen", ["x", "<p>.</p>", "<img src='/a'>", "<p><video src='/a'></video></p>", "1 < 2", "&lt;"]
)
def test_content_that_shows_something_is_not_blank(seen: str) -> None:
    assert not is_blank(seen)


@pytest.mark.parametrize(
    "other",
    [
        "<media:title>Of a film</media:title>",
        "<source url='https://example.org/'>Of a source</source><media:title>Of a film</media:title>",
        "<image><title>Of an image</title></image><media:title>Of a film</media:title>",
        "<source url='https://example.org/'>Of a source</source><dc:title>Of Dublin Core</dc:title>",
        '<og xmlns="http://ogp.me/ns#"><title>Of a card</title></og>',
        "<title></title>",
    ],
)
def test_no_other_title_takes_the_place_of_the_post_s(other: str) -> None:
    assert only(rss(f"<title>Its own</title>{other}")).title == "Its own"
    assert only(rss(f"{other}<title>Its own</title>")).title == "Its own"


@pytest.mark.parametrize("name", ["media:title", "dc:title"])
def test_a_post_without_a_title_has_that_of_its_film(name: str) -> None:
    assert only(rss(f"<{name}>Of a film</{name}>")).title == "Of a film"
