"""addresses.py: a headline leads to the post's page, and so do the relative links of its text."""

from __future__ import annotations

import re

import pytest

from tests.feeds.documents import URL, atom, json_feed, only, read, rss

PAGE = "https://example.org/a"
LINKS = "<description>&lt;a href='#n'&gt;1&lt;/a&gt;&lt;img src='p.png'&gt;</description>"


def atom_url(inside: str, **what: str) -> str | None:
    """The address of an entry of Atom with these elements."""
    return only(atom(f"<title>t</title>{inside}", **what)).url


@pytest.mark.parametrize(
    "links",
    [
        f'<link href="{PAGE}"/><link rel="enclosure" type="image/png">https://cdn.example/a.png</link>',
        f'<link rel="enclosure" type="image/png">https://cdn.example/a.png</link><link href="{PAGE}"/>',
        f'<link rel="alternate" href="{PAGE}"/><link rel="alternate" hreflang="de" href="/de/a"/>',
        f'<link type="text/html" href="{PAGE}"/><link href="https://amp.example/a?amp=1"/>',
        f'<link type="application/json" href="/a.json"/><link href="{PAGE}"/>',
        f'<link rel="self" href="/entries/1"/><link rel="replies">/a/comments</link><link href="{PAGE}"/>',
        f'<link href=""/><link href="{PAGE}"/>',
        f'<link href="{URL}"/><link href="{PAGE}"/>',
        f'<link rel="http://www.iana.org/assignments/relation/alternate" href="{PAGE}"/>',
        f"<link>{PAGE}</link>",
    ],
)
def test_an_entry_s_address_is_its_first_link_to_a_page(links: str) -> None:
    assert atom_url(f"<id>tag:1</id>{links}") == PAGE
    assert atom_url(f"{links}<id>https://example.org/other</id>") == PAGE


@pytest.mark.parametrize(
    "link",
    [
        "",
        '<link href=""/>',
        '<link href=" "/>',
        "<link/>",
        f'<link href="{URL}"/>',
        '<link rel="enclosure">https://cdn.example/a.png</link>',
        '<link rel="enclosure" href="https://cdn.example/a.png"/>',
        '<link rel="self" href="/entries/1"/>',
    ],
)
def test_an_entry_without_a_link_has_the_address_of_its_id(link: str) -> None:
    for inside in (f"<id>{PAGE}</id>{link}", f"{link}<id>{PAGE}</id>"):
        assert atom_url(inside) == PAGE
        assert atom_url(inside, attributes='xml:base="https://example.org/feed.php"') == PAGE
    assert atom_url(f"<id>tag:1</id>{link}") is None


@pytest.mark.parametrize(
    ("inside", "url"),
    [
        (f"<link></link><guid isPermaLink='true'>{PAGE}</guid>", PAGE),
        (f"<guid>{PAGE}</guid><link/>", PAGE),
        (f"<link> </link><guid>{PAGE}</guid>", PAGE),
        (f"<link>{URL}</link><guid>{PAGE}</guid>", PAGE),
        (f"<link>javascript:x()</link><guid>{PAGE}</guid>", PAGE),
        (f"<link></link><guid isPermaLink='false'>{PAGE}</guid>", None),
        ("<link></link><guid>12345</guid>", None),
        ("<link></link><enclosure url='https://cdn.example/a.mp3'/>", None),
        (f"<link>{PAGE}</link><link>https://example.org/b</link>", PAGE),
        (f'<og xmlns="http://ogp.me/ns#"><link>/card</link></og><link>{PAGE}</link>', PAGE),
        (f"<image><link>/image</link></image><link>{PAGE}</link>", PAGE),
        (f"<source url='/s'>s</source><link>{PAGE}</link>", PAGE),
        ("<link>12345</link><guid>12345</guid>", "https://example.org/feeds/12345"),
    ],
)
def test_an_item_without_a_link_has_the_address_of_its_guid(inside: str, url: str | None) -> None:
    assert only(rss(f"<title>t</title>{inside}")).url == url


@pytest.mark.parametrize(("item_id", "url"), [(PAGE, PAGE), ("12345", None), ("tag:1", None), (7, None)])
def test_a_json_item_without_a_link_has_the_address_of_its_id(item_id: object, url: str | None) -> None:
    assert only(json_feed({"id": item_id, "url": "", "title": "t"})).url == url


@pytest.mark.parametrize(
    ("origin", "url"), [(PAGE, PAGE), ("", "https://proxy.example/~r/1"), ("x", "https://proxy.example/~r/1")]
)
def test_an_address_behind_a_redirector_is_the_one_that_is_followed(origin: str, url: str) -> None:
    module = 'xmlns:fb="http://rssnamespace.org/feedburner/ext/1.0"'
    link = "<title>t</title><guid>1</guid><link>https://proxy.example/~r/1</link>"
    entry = only(rss(f"{link}<fb:origLink {module}>{origin}</fb:origLink>"))
    assert entry.url == url
    assert (entry.keys, entry.digest) == ((plain := only(rss(link))).keys, plain.digest)


@pytest.mark.parametrize(
    ("feed", "site"),
    [
        ("<id>3</id>", None),
        ("<id>/feed</id>", None),
        ("<id>urn:f</id><link rel='self' href='/feed'/>", None),
        ("<id>https://example.org/</id>", "https://example.org/"),
        ("<link href='https://example.org/'/><link hreflang='de' href='/de'/>", "https://example.org/"),
        ("<link href=''/>", None),
    ],
)
def test_a_feed_s_site_is_its_first_link_to_a_page(feed: str, site: str | None) -> None:
    assert read(atom("<id>1</id><title>t</title>", feed=f"<title>News</title>{feed}")).site_url == site


def resolved(*items: str, site: str = "https://example.org/", url: str = URL) -> list[str]:
    """The URLs of the links and pictures in the first item's text."""
    channel = f"<title>News</title><link>{site}</link>"
    document = read(rss(*(f"<title>{item}</title>{item}" for item in items), channel=channel), base=url)
    return re.findall(r'(?:href|src)="([^"]+)"', document.entries[0].content_html)


@pytest.mark.parametrize(
    ("page", "feed"),
    [
        ("https://example.org/posts/a/", URL),
        ("https://www.example.org/posts/a/", URL),
        ("https://blog.example.org/posts/a/", URL),
        ("https://example.org/posts/a/", "https://feeds.example/news"),
        # A feed that a service serves, and whose site has another name.
        ("https://blog.example/posts/a/", "https://feeds.example/news"),
    ],
)
def test_relative_links_of_content_are_those_of_its_page(page: str, feed: str) -> None:
    assert resolved(f"<link>{page}</link>{LINKS}", url=feed) == [f"{page}#n", f"{page}p.png"]


def test_relative_links_of_content_that_links_to_another_site_are_those_of_the_feed_s() -> None:
    site = ["https://example.org/#n", "https://example.org/p.png"]
    away = f"<link>https://other.example/posts/a/</link>{LINKS}"
    assert resolved(away) == site
    assert resolved(away, "<link>https://third.example/</link>", url="https://feeds.example/news") == site
    assert resolved(f"<guid>https://example.org/1</guid>{away}", url="https://feeds.example/news") == site
    assert resolved(f"<guid>http://[</guid>{away}", url="https://feeds.example/news") != site


def test_relative_links_of_content_without_a_page_are_those_of_the_site() -> None:
    assert resolved(LINKS, site="https://example.org/blog/") == [
        "https://example.org/blog/#n",
        "https://example.org/blog/p.png",
    ]


def test_relative_links_follow_xml_base_before_the_page() -> None:
    body = atom(
        f'<id>1</id><title>t</title><link href="{PAGE}"/>'
        '<content type="html">&lt;a href="2"&gt;x&lt;/a&gt;</content>',
        attributes='xml:base="https://base.example/blog/"',
    )
    assert 'href="https://base.example/blog/2"' in only(body).content_html


def test_pictures_and_files_are_relative_to_the_page_too() -> None:
    entry = only(rss("<title>t</title><link>/posts/a/</link><enclosure url='a.mp3'/><media:thumbnail url='t.png'/>"))
    assert entry.image == "https://example.org/posts/a/t.png"
    assert [file.url for file in entry.attachments] == ["https://example.org/posts/a/a.mp3"]
