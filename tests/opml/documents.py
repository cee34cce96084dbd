"""Documents of OPML for tests, and blogs of any content."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st

import config
import opml
import urls
from config import Blog, ConfigError, Feed
from invisible import is_visible, tame_text
from opml import Outline

URL = "https://example.org/feed.xml"


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


def document_of(blog: Blog) -> str:
    """The document of a blog."""
    return "".join(opml.parts(blog))


CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffe\uffff")


def texts(most: int) -> st.SearchStrategy[str]:
    """Titles and tags, plain and odd."""
    odd = st.sampled_from(
        ["null", "~", "2024", "${HOME}", "a, b", "/a/b", "]]>", "'\"&amp;<", "example.org", URL, "#"]
    )
    return (odd | st.text(CHARACTERS, max_size=most).map(lambda text: text.strip())).filter(is_plain)


def is_plain(text: str) -> bool:
    """True if a text can be seen, and turns no other."""
    return is_visible(text) and tame_text(text) == text


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


def printed(blog: Blog) -> str:
    """The YAML of a blog."""
    outlines = [Outline(feed.url, feed.title, feed.tags, _scrape(feed)) for feed in blog.feeds]
    return "".join(opml.config_parts(blog.slug, blog.title, outlines))


def as_configured(blog: Blog, folder: Path) -> Blog:
    """The blog that a configuration file with what is printed has."""
    file = folder / "config.yaml"
    file.write_text(printed(blog), encoding="utf-8")
    (loaded,) = config.load(file).blogs
    return loaded


def _scrape(feed: Feed) -> dict[str, str] | None:
    return feed.scrape.model_dump(exclude_none=True) if feed.scrape else None
