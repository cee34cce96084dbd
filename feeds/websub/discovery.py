"""The hub and the topic that a feed names (WebSub §4): each in the Link headers, else in the document.

The first of each counts. A feed without `rel=self` is its own topic, by the URL that answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import redaction
import urls
from feeds.parser.hub_links import Link, relations
from outbound.wire import origin

MAX_HEADER_CHARS: Final = 8_192

_VALUE: Final = re.compile(r'<([^<>]*+)>((?:\s*+;\s*+[^\s=;,"<>]++(?:\s*+=\s*+(?:"[^"]*+"|[^\s;,"]*+))?+)*+)')
_RELATION: Final = re.compile(r';\s*+rel\s*+=\s*+(?:"([^"]*+)"|([^\s;,"]*+))', re.IGNORECASE)


class Named(NamedTuple):
    """A hub, and the topic to subscribe to at it: absolute URLs."""

    hub: str
    topic: str


def find(header: str | None, links: Sequence[Link], base: str) -> Named | None:
    """The hub and the topic of a document at ``base``, with its `Link` header and its own links.

    None if it names no hub, or if a secret in the topic would reach another origin than its own.
    """
    hub = topic = None
    for relation, target in (*_in_header(header or ""), *links):
        url = urls.absolute(target, base)
        if relation == "hub":
            hub = hub or url
        else:
            topic = topic or url
    topic = topic or urls.without_credentials(base)
    if hub is None or (redaction.public_url(topic) != topic and origin(hub) != origin(topic)):
        return None
    return Named(hub, topic)


def find_in_header(header: str | None, base: str) -> Named | None:
    """The hub and the topic of an answer without a new document; None unless its header names both."""
    links = list(_in_header(header or ""))
    return find(header, (), base) if {"hub", "self"} == {relation for relation, _ in links} else None


def _in_header(header: str) -> Iterator[Link]:
    for target, parameters in _VALUE.findall(header[:MAX_HEADER_CHARS]):
        if found := _RELATION.search(_without_others(parameters)):
            yield from ((relation, target) for relation in relations(found[1] or found[2] or ""))


def _without_others(parameters: str) -> str:
    """The parameters of a link without the quoted values of those that are no `rel`, which may contain one."""
    return re.sub(r'(;\s*+(?!rel\b)[^\s=;"]++\s*+=\s*+)"[^"]*+"', r"\1", parameters, flags=re.IGNORECASE)
