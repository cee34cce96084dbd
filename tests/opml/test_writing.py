"""opml/writing.py: a blog to OPML, and back."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import example, given

import opml
import urls
from config import Blog, Feed
from tests.opml.documents import BLOGS, URL, document_of


def test_a_document_is_opml_2() -> None:
    feeds = (Feed(url=URL, title='"A" & <B>', tags=("a", "b c")), Feed(url="https://city.example.org/feed"))
    written = document_of(Blog(slug="news", title="News & more", feeds=feeds))
    root = ElementTree.fromstring(written)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == "News & more"
    assert [outline.attrib for outline in root.findall("body/outline")] == [
        {"type": "rss", "text": '"A" & <B>', "title": '"A" & <B>', "xmlUrl": URL, "category": "a,b c"},
        {"type": "rss", "text": "city.example.org", "xmlUrl": "https://city.example.org/feed"},
    ]


def test_no_password_is_written() -> None:
    feeds = (Feed(url="https://me:s3cret@example.org:8443/feed?a=1"), Feed(url="http://me@example.org/"))
    written = document_of(Blog(slug="news", title="News", feeds=feeds))
    assert 'xmlUrl="https://example.org:8443/feed?a=1"' in written
    assert "s3cret" not in written
    assert "me" not in [outline.get("text") for outline in ElementTree.fromstring(written).iter()]
    assert "@" not in written


def test_a_tag_that_is_no_category_is_a_folder() -> None:
    blog = Blog(slug="news", title="News", feeds=(Feed(url=URL, title="A", tags=("Paris, Texas", "AC/DC", "x")),))
    root = ElementTree.fromstring(document_of(blog))
    assert [outline.get("text") for outline in root.iter("outline")] == ["Paris, Texas", "AC/DC", "x", "A"]
    assert opml.read(document_of(blog).encode(), "x.opml").blog == blog


def test_what_xml_can_not_carry_is_replaced() -> None:
    blog = Blog(slug="a", title="\ufffe", feeds=(Feed(url=URL, title="a\uffffb", tags=("\ufffe",)),))
    assert opml.read(document_of(blog).encode(), "x.opml").blog.feeds == (Feed(url=URL, title="a�b", tags=("�",)),)


@given(BLOGS)
@example(Blog(slug="blog", title="B", feeds=(Feed(url=URL, title="example.org", tags=("a, b", "/c", "d")),)))
@example(Blog(slug="blog", title="B", feeds=(Feed(url="http://example.org/"), Feed(url="http://example.org/?"))))
def test_a_written_document_is_read_with_the_same_titles_and_tags(blog: Blog) -> None:
    found = opml.read(document_of(blog).encode(), "x.opml")
    assert found.left_out == ()
    assert found.blog.title == blog.title
    assert found.blog.feeds == tuple(
        Feed(url=urls.without_credentials(feed.url), title=feed.title, tags=feed.tags) for feed in blog.feeds
    )
