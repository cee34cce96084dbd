"""details.py: comments, captions, authors' pages, places and the like reach the item under fixed names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entries import Entry, Item
from feeds.parser.document import Reading, parse

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "atom": "http://www.w3.org/2005/Atom",
        "gd": "http://schemas.google.com/g/2005",
        "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
        "georss": "http://www.georss.org/georss",
        "gml": "http://www.opengis.net/gml",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "podcast": "https://podcastindex.org/namespace/1.0",
        "slash": "http://purl.org/rss/1.0/modules/slash/",
        "thr": "http://purl.org/syndication/thread/1.0",
        "yandex": "http://news.yandex.ru",
    }.items()
)


def only(body: str) -> Entry:
    """The only entry of a document."""
    (entry,) = parse(Reading(body=body.encode(), url="https://a.io/f", base="https://a.io/f")).entries
    return entry


def rss(elements: str) -> Item:
    """An item of RSS with these elements, as it is published."""
    item = f"<item><title>t</title><link>https://a.io/1</link>{elements}</item>"
    return published(only(f'<rss version="2.0" {NAMESPACES}><channel><title>T</title>{item}</channel></rss>'))


def atom(elements: str, feed: str = "") -> Item:
    """An entry of Atom with these elements, as it is published."""
    entry = f'<entry><id>1</id><title>t</title><link href="/1"/>{elements}</entry>'
    return published(
        only(f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES}><title>T</title>{feed}{entry}</feed>')
    )


def published(entry: Entry) -> Item:
    """The public form of an entry."""
    return entry.item(id="1", position=0, seen=0, revision=1)


@pytest.mark.parametrize(
    ("elements", "comments"),
    [
        ("<comments>/1#c</comments><slash:comments>12</slash:comments>", {"url": "https://a.io/1#c", "count": 12}),
        ("<comments>https://a.io/1#c</comments>", {"url": "https://a.io/1#c"}),
        ("<comments>/c</comments><slash:comments>0</slash:comments>", {"url": "https://a.io/c", "count": 0}),
        ("<comments>/c</comments><slash:comments>many</slash:comments>", {"url": "https://a.io/c"}),
        ("<slash:comments>12</slash:comments>", None),
        ("<comments>javascript:alert(1)</comments>", None),
    ],
)
def test_comments_have_their_page_and_number(elements: str, comments: Item | None) -> None:
    assert rss(elements)["_livelog"].get("comments") == comments


@pytest.mark.parametrize(
    ("elements", "comments"),
    [
        ('<link rel="replies" type="text/html" href="/c" thr:count="5"/>', {"url": "https://a.io/c", "count": 5}),
        ('<link rel="replies" href="/c"/><thr:total>7</thr:total>', {"url": "https://a.io/c", "count": 7}),
        ('<link rel="replies" type="application/atom+xml" href="/c.xml" thr:count="5"/>', None),
    ],
)
def test_replies_of_atom_are_comments(elements: str, comments: Item | None) -> None:
    assert atom(elements)["_livelog"].get("comments") == comments


@pytest.mark.parametrize(
    ("media", "picture"),
    [
        ("<media:description>A &lt;b&gt;boat&lt;/b&gt;</media:description>", {"caption": "A boat"}),
        (
            "<media:description>A boat</media:description><media:credit role='photographer'>Ann</media:credit>",
            {"caption": "A boat", "credit": "Ann"},
        ),
        ("<media:credit>Ann</media:credit>", {"credit": "Ann"}),
        ("<media:text type='plain'>A boat</media:text>", {"caption": "A boat"}),
    ],
)
def test_a_picture_has_its_caption_and_credit(media: str, picture: Item) -> None:
    item = rss(f'<description>Text</description><media:content url="/p.jpg" medium="image">{media}</media:content>')
    assert (item["image"], item["_livelog"]["picture"]) == ("https://a.io/p.jpg", picture)


def test_the_caption_of_another_picture_is_not_the_pictures() -> None:
    small, large = (
        f'<media:content url="/{width}.jpg" medium="image" width="{width}"><media:description>{width} wide'
        "</media:description></media:content>"
        for width in (200, 800)
    )
    assert rss(f"<description>Text</description>{large}{small}")["_livelog"]["picture"] == {"caption": "800 wide"}


def test_a_caption_that_is_the_posts_text_is_not_repeated() -> None:
    item = rss(
        '<media:content url="/p.jpg" medium="image"><media:description>A boat</media:description></media:content>'
    )
    assert item["content_html"] == "A boat"
    assert "picture" not in item["_livelog"]


@pytest.mark.parametrize(
    ("item", "authors"),
    [
        (atom("<author><name>Ann</name><uri>/ann</uri></author>"), [{"name": "Ann", "url": "https://a.io/ann"}]),
        (atom("", "<author><name>Ann</name><uri>/ann</uri></author>"), [{"name": "Ann", "url": "https://a.io/ann"}]),
        (
            rss("<atom:author><atom:name>Ann</atom:name><atom:uri>https://a.io/ann</atom:uri></atom:author>"),
            [{"name": "Ann", "url": "https://a.io/ann"}],
        ),
        (atom("<author><name>Ann</name><uri>javascript:alert(1)</uri></author>"), [{"name": "Ann"}]),
    ],
)
def test_an_author_has_a_page(item: Item, authors: list[Item]) -> None:
    assert item["authors"] == authors


@pytest.mark.parametrize(
    ("item", "original"),
    [
        (rss('<source url="https://b.io/feed">B</source>'), {"title": "B"}),
        (
            atom('<source><title>B</title><link href="https://b.io/"/><id>urn:b</id></source>'),
            {"title": "B", "url": "https://b.io/"},
        ),
        (rss('<source url="https://a.io/f">T</source>'), None),
        (rss('<source url="https://b.io/feed"></source>'), None),
        (rss('<source url="https://b.io/topic.rss">t</source>'), None),
    ],
)
def test_a_post_from_another_site_names_it(item: Item, original: Item | None) -> None:
    assert item["_livelog"].get("original") == original


@pytest.mark.parametrize(
    ("elements", "episode"),
    [
        ("<itunes:season>2</itunes:season><itunes:episode>5</itunes:episode>", {"season": 2, "number": 5}),
        (
            '<podcast:season name="Two">2</podcast:season><podcast:episode display="V">5</podcast:episode>',
            {"season": 2, "number": 5},
        ),
        ("<itunes:episode> 7 </itunes:episode>", {"number": 7}),
        ("<itunes:season>0</itunes:season><itunes:episode>5.5</itunes:episode>", None),
    ],
)
def test_an_episode_has_its_season_and_number(elements: str, episode: Item | None) -> None:
    assert rss(elements)["_livelog"].get("episode") == episode


@pytest.mark.parametrize(
    ("elements", "place"),
    [
        ("<georss:point>45.25 -71.5</georss:point>", {"latitude": 45.25, "longitude": -71.5}),
        (
            "<georss:where><gml:Point><gml:pos>45 -71</gml:pos></gml:Point></georss:where>",
            {"latitude": 45, "longitude": -71},
        ),
        ("<geo:lat>1.5</geo:lat><geo:long>2</geo:long>", {"latitude": 1.5, "longitude": 2}),
        ("<geo:Point><geo:lat>1.5</geo:lat><geo:long>2</geo:long></geo:Point>", {"latitude": 1.5, "longitude": 2}),
        ("<georss:featureName>Old Port</georss:featureName>", {"name": "Old Port"}),
        (
            '<podcast:location geo="geo:30.25,97.5" osm="R1">Austin</podcast:location>',
            {"name": "Austin", "latitude": 30.25, "longitude": 97.5},
        ),
        ("<georss:point>0 0</georss:point>", None),
        ("<georss:point>91 0</georss:point>", None),
        ("<georss:point>north</georss:point>", None),
    ],
)
def test_a_post_has_its_place(elements: str, place: Item | None) -> None:
    assert rss(elements)["_livelog"].get("place") == place


def test_the_whole_text_is_the_posts_text() -> None:
    item = rss("<description>Dek</description><yandex:full-text>&lt;p&gt;All of it.&lt;/p&gt;</yandex:full-text>")
    assert (item["content_html"], item["summary"]) == ("<p>All of it.</p>", "Dek")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"external_url": "https://x.io/"}, {"external_url": "https://x.io/"}),
        ({"external_url": "javascript:alert(1)"}, {}),
        (
            {"authors": [{"name": "Ann", "url": "/ann", "avatar": "https://a.io/ann.png"}]},
            {"authors": [{"name": "Ann", "url": "https://a.io/ann", "avatar": "https://a.io/ann.png"}]},
        ),
        ({"author": {"name": "Ann", "url": 1}}, {"authors": [{"name": "Ann"}]}),
    ],
)
def test_a_json_feed_keeps_its_own_names(fields: dict[str, Any], expected: Item) -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [{"id": "1", "url": "/1", "title": "t", **fields}],
    }
    item = published(only(json.dumps(feed)))
    assert {name: value for name, value in item.items() if name in ("external_url", "authors")} == expected


def test_more_comments_are_no_correction() -> None:
    def digest(count: int) -> str:
        elements = f"<item><title>t</title><slash:comments>{count}</slash:comments><comments>/c</comments></item>"
        return only(f'<rss version="2.0" {NAMESPACES}><channel>{elements}</channel></rss>').digest

    assert digest(1) == digest(2)


def test_a_picture_alone_is_a_post() -> None:
    item = '<item><guid>1</guid><media:content url="/p.jpg" medium="image"/></item>'
    entry = only(f'<rss version="2.0" {NAMESPACES}><channel><title>T</title>{item}</channel></rss>')
    assert entry.image == "https://a.io/p.jpg"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (", ".join(f"Author{n:02}, A. B." for n in range(20)), "Author10, A. B., …"),
        (", ".join(f"Ann Writer{n:02}" for n in range(30)), "Ann Writer13, …"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_long_list_of_authors_is_cut_between_names(text: str, name: str) -> None:
    authors = atom(f"<author><name>{text}</name></author>")["authors"]
    assert authors[0]["name"].endswith(name)
    assert len(authors[0]["name"]) <= 202


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("<content>&lt;p&gt;Hello &lt;b&gt;world&lt;/b&gt;&lt;/p&gt;</content>", "<p>Hello <b>world</b></p>"),
        ("<summary>&lt;div&gt;Hello&lt;/div&gt;</summary>", "<div>Hello</div>"),
        ('<content type="text">&lt;p&gt;Hello&lt;/p&gt;</content>', "<p>&lt;p&gt;Hello&lt;/p&gt;</p>"),
        ("<content>1 &lt; 2, and &lt;b&gt; is a tag</content>", "<p>1 &lt; 2, and &lt;b&gt; is a tag</p>"),
    ],
)
def test_untyped_content_of_atom_that_is_html_is_shown_as_such(content: str, shown: str) -> None:
    assert atom(content)["content_html"] == shown


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html>{}",
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>{}',
        "<html><body>{}</body></html>",
        "<!doctype html><!-- made by hand --><html><head><meta charset=utf-8></head><body>\n{}\n</body></html>",
    ],
)
def test_a_feed_in_the_clothes_of_a_page_is_a_feed(page: str) -> None:
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>1</id><title>é</title></entry></feed>'
    )
    assert only(page.format(feed)).title == "é"


def blogger(image: str, before: str = "<name>Ann</name>") -> Item:
    """An entry of Atom whose author has a picture, as Blogger writes it."""
    return atom(f"<author>{before}<gd:image rel='http://schemas.google.com/g/2005#thumbnail' {image}/></author>")


def test_an_author_of_blogger_has_an_avatar() -> None:
    (author,) = blogger("width='32' height='32' src='//lh3.example/a.jpg'")["authors"]
    assert author == {"name": "Ann", "avatar": "https://lh3.example/a.jpg"}


@pytest.mark.parametrize(
    "image",
    [
        "width='16' height='16' src='https://img1.blogblog.com/img/b16-rounded.gif'",
        "width='35' height='35' src='//www.blogger.com/img/blogger_logo_round_35.png'",
        "width='32' height='32'",
        "width='32' height='32' src='javascript:alert(1)'",
    ],
)
def test_the_icon_of_blogger_is_no_avatar(image: str) -> None:
    assert blogger(image)["authors"] == [{"name": "Ann"}]


def test_a_picture_outside_an_author_is_no_avatar() -> None:
    entry = atom("<author><name>Ann</name></author><gd:image width='32' height='32' src='https://a.io/a.jpg'/>")
    assert entry["authors"] == [{"name": "Ann"}]


def test_the_author_of_a_blogger_feed_has_an_avatar_in_its_entries() -> None:
    feed = "<author><name>Ann</name><gd:image width='32' height='32' src='https://a.io/a.jpg'/></author>"
    assert atom("", feed)["authors"] == [{"name": "Ann", "avatar": "https://a.io/a.jpg"}]
