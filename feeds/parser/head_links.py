"""The links that a document has to its hub, to itself and to its further pages, unresolved, in its order.

A feed has them before its entries, which have links of their own; a page in its head, as its body is often written
by others (WebSub §8.1).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any, Final

MAX_BYTES: Final = 64_000
"""The part of a document that is searched for links."""

MAX_LINKS: Final = 20

_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ENTRY: Final = re.compile(r"<(?:[\w.-]{1,20}:)?(?:entry|item)[\s>]")
_ELEMENT: Final = re.compile(r"<(?:[\w.-]{1,20}:)?link\b([^<>]{1,4000})>")
_ATTRIBUTE: Final = re.compile(r"""\b(rel|href)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PAGE: Final = re.compile(r"\s*<(?:!doctype\s+html|html|head)\b", re.IGNORECASE)

RELATIONS: Final = ("hub", "self", "next", "prev-archive")
"""Relations that count: those of WebSub §4, and those to older entries (RFC 5005 §3 and §4)."""

Link = tuple[str, str]
"""A relation, one of RELATIONS, and its target."""


def find(body: bytes) -> tuple[Link, ...]:
    """The links of a feed in XML, or of a page."""
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:MAX_BYTES]
    text = _COMMENT.sub("", start.decode("utf-8", "replace"))
    found = _in_page(text) if _PAGE.match(text) else _in_xml(text)
    return tuple(found)[:MAX_LINKS]


def find_in_json(feed: Mapping[str, Any]) -> tuple[Link, ...]:
    """The links of a JSON Feed."""
    return tuple(_in_json(feed))[:MAX_LINKS]


def relations(text: str) -> Iterator[str]:
    """The relations of a `rel` that count here."""
    yield from (one for one in RELATIONS if one in text.lower().split())


def _in_xml(text: str) -> Iterator[Link]:
    entry = _ENTRY.search(text)
    for attributes in _ELEMENT.findall(text[: entry.start()] if entry else text):
        named = {name: html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(attributes)}
        if href := named.get("href"):
            yield from ((relation, href) for relation in relations(named.get("rel", "")))


def _in_json(feed: Mapping[str, Any]) -> Iterator[Link]:
    hubs = feed.get("hubs")
    for one in hubs if isinstance(hubs, list) else ():
        if isinstance(one, dict) and one.get("type") == "WebSub" and isinstance(one.get("url"), str):
            yield "hub", one["url"]
    for name, relation in (("feed_url", "self"), ("next_url", "next")):
        if isinstance(feed.get(name), str):
            yield relation, feed[name]


def _in_page(text: str) -> list[Link]:
    head = _Head()
    # close() is not called: an incomplete tag at the end is ignored.
    head.feed(text)
    return head.found


class _Head(HTMLParser):
    """Collects the links of a page's head."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._ended = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._ended = self._ended or tag == "body"
        if self._ended or tag != "link":
            return
        attributes = {name: value or "" for name, value in reversed(attrs)}
        if href := attributes.get("href"):
            self.found += [(relation, href) for relation in relations(attributes.get("rel", ""))]

    def handle_endtag(self, tag: str) -> None:
        self._ended = self._ended or tag == "head"
