"""The WebSub hub that a feed names (WebSub §4): in the Link header of its answer, else in the document."""

from __future__ import annotations

import contextlib
import html
import json
import re
from collections.abc import Iterator
from typing import Final

import urls
from feeds.fetch import Answer

HEAD_BYTES: Final = 64_000
"""Part of an XML document in which the link is looked for: publishers write it before the entries."""

_HEADER: Final = re.compile(r"<([^<>]{1,2048})>\s*((?:;[^,;]{1,200}){1,10})")
_ELEMENT: Final = re.compile(r"<(?:[\w.-]{1,20}:)?link\b([^<>]{1,4000})>")
_ATTRIBUTE: Final = re.compile(r"""\b(rel|href)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def hub(answer: Answer) -> str | None:
    """The absolute URL of the first hub that an answer names."""
    for found in (*_in_header(answer.link or ""), *_in_document(answer.body)):
        if url := urls.absolute(found, answer.url):
            return url
    return None


def _in_header(link: str) -> Iterator[str]:
    for target, parameters in _HEADER.findall(link):
        if re.search(r";\s*rel\s*=\s*\"?(?:[^\"]*\s)?hub\b", parameters):
            yield target


def _in_document(body: bytes) -> Iterator[str]:
    if body.lstrip()[:1] == b"{":
        yield from _in_json(body)
        return
    # ASCII is enough: all encodings that feeds have contain it, but for UTF-16.
    for attributes in _ELEMENT.findall(body[:HEAD_BYTES].decode("ascii", "replace")):
        named = {name: html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(attributes)}
        if "hub" in named.get("rel", "").split() and named.get("href"):
            yield named["href"]


def _in_json(body: bytes) -> Iterator[str]:
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        for one in json.loads(body).get("hubs") or ():
            if one.get("type") == "WebSub":
                yield one.get("url")
