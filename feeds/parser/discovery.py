"""The feeds that a web page names in its head, as browsers and readers have found them since 2003."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

import urls

MOST_BYTES: Final = 256 * 1024
"""How much of a page is looked at: a head that is longer has its feeds near its start."""

MOST_FEEDS: Final = 10

_START: Final = 2_000
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
_MAYBE: Final = "application/json"
"""What some call a JSON Feed, and WordPress everything that is none."""


def is_page(body: bytes) -> bool:
    """Whether bytes are a web page: they begin as one. What a page holds may look like a feed."""
    start = body[:_START].decode("ascii", "ignore").lstrip().lower()
    while start.startswith(("<?", "<!--")):
        start = start.partition(">" if start.startswith("<?") else "-->")[2].lstrip()
    return re.match("<(?:!doctype html|html|head|title|meta|body)\\b", start) is not None


def may_be_page(body: bytes) -> bool:
    """Whether bytes that are no feed are a web page: one begins somewhere near."""
    return re.search(b"<(?:!doctype )?html", body[:_START], re.IGNORECASE) is not None


def feeds_of(page: bytes, base: str) -> tuple[str, ...]:
    """The addresses of the feeds that a page at ``base`` names, in its order, each once, ten at the most."""
    head = _Head()
    # It is not closed: what is not whole at the end is not looked at.
    head.feed(page[:MOST_BYTES].decode("utf-8", "replace"))
    base = urls.absolute(head.base, base) or base
    found = head.feeds or head.maybe
    links = (urls.absolute(href, base) for href in found)
    return tuple(dict.fromkeys(link for link in links if link))[:MOST_FEEDS]


class _Head(HTMLParser):
    """Notes the links of a page's head."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.feeds: list[str] = []
        self.maybe: list[str] = []
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes an element."""
        if tag == "body":
            self._over = True
        if self._over:
            return
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if tag == "base":
            self.base = self.base or attributes.get("href")
        if tag == "link" and "href" in attributes:
            self._link(attributes)

    def handle_endtag(self, tag: str) -> None:
        """Takes the end of an element."""
        self._over = self._over or tag == "head"

    def _link(self, attributes: dict[str, str]) -> None:
        relations = attributes.get("rel", "").lower().split()
        if "alternate" not in relations or "stylesheet" in relations:
            return
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if kind in _FEED_TYPES:
            self.feeds.append(attributes["href"])
        elif kind == _MAYBE:
            self.maybe.append(attributes["href"])
