"""Autodiscovery: the feeds that the head of a web page links to (https://www.rssboard.org/rss-autodiscovery)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

import urls

MAX_BYTES: Final = 256 * 1024
"""The part of a page that is read: a longer head has its feeds near its start."""

MAX_FEEDS: Final = 10

_START_BYTES: Final = 2_000
_FEED_TYPES: Final = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/xml",
        "text/xml",
    }
)
_AMBIGUOUS_TYPE: Final = "application/json"
"""Some sites give a JSON Feed this type, and WordPress gives it to its API: used only if there is no other feed."""


_WRAPPED: Final = re.compile(
    rb"(?:\s|<\?[^>]*>|<!--.*?-->|<!doctype[^>]*>|</?(?:html|head|body|meta)\b[^>]*>)*+"
    rb"<(rss(?=\s[^>]*version)|feed(?=\s[^>]*xmlns)|rdf:RDF)\b",
    re.IGNORECASE | re.DOTALL,
)
_DECLARATION: Final = re.compile(rb"\s*<\?xml[^>]*\?>")


def unwrap_feed(page: bytes) -> bytes | None:
    """The feed that a page consists of, after a document type of HTML or within ``<html>``; None for a real page."""
    root = _WRAPPED.match(page[:_START_BYTES].removeprefix(b"\xef\xbb\xbf"))
    if not root:
        return None
    start = page.index(b"<" + root[1])
    end = page.rfind(b"</" + root[1] + b">")
    declaration = _DECLARATION.match(page)
    whole = page[start : end + len(root[1]) + 3] if end > start else page[start:]
    return (declaration[0].lstrip() if declaration else b"") + whole


def is_page(body: bytes) -> bool:
    """True if the body begins as a web page does. The rest is not read: a page can contain a feed's elements."""
    start = body[:_START_BYTES].decode("ascii", "ignore").lstrip().lower()
    while start.startswith(("<?", "<!--")):
        start = start.partition(">" if start.startswith("<?") else "-->")[2].lstrip()
    return re.match("<(?:!doctype html|html|head|title|meta|body)\\b", start) is not None


def may_be_page(body: bytes) -> bool:
    """True if an ``<html>`` tag is near the start of a body that is no feed."""
    return re.search(b"<(?:!doctype )?html", body[:_START_BYTES], re.IGNORECASE) is not None


def find_feeds(page: bytes, base: str) -> tuple[str, ...]:
    """The URLs of the feeds that a page at ``base`` links to, in its order, each once, at most MAX_FEEDS."""
    head = _Head(base)
    # close() is not called: an incomplete tag at the end is ignored.
    head.feed(page[:MAX_BYTES].decode("utf-8", "replace"))
    return tuple(dict.fromkeys(head.feed_urls))[:MAX_FEEDS]


class _Head(HTMLParser):
    """Collects the links of a page's head."""

    def __init__(self, page_url: str) -> None:
        super().__init__()
        self._page_url = page_url
        self._base: str | None = None
        self._feeds: list[str] = []
        self._ambiguous: list[str] = []
        self._ended = False

    @property
    def feed_urls(self) -> Iterator[str]:
        """The absolute URLs of the feeds found so far."""
        base = urls.absolute(self._base, self._page_url) or self._page_url
        links = (urls.absolute(href, base) for href in self._feeds or self._ambiguous)
        return (link for link in links if link)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            self._ended = True
        if self._ended:
            return
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if tag == "base":
            self._base = self._base or attributes.get("href")
        if tag == "link" and "href" in attributes:
            self._link(attributes)

    def handle_endtag(self, tag: str) -> None:
        self._ended = self._ended or tag == "head"

    def _link(self, attributes: dict[str, str]) -> None:
        relations = attributes.get("rel", "").lower().split()
        if "alternate" not in relations or "stylesheet" in relations:
            return
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if kind in _FEED_TYPES:
            self._feeds.append(attributes["href"])
        elif kind == _AMBIGUOUS_TYPE:
            self._ambiguous.append(attributes["href"])
