"""The hub and the topic that a feed names (WebSub §4): each in the Link headers, else in the document.

The first of each counts. A feed without `rel=self` is its own topic, by the URL that answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import redaction
import urls
from feeds import link_header
from feeds.parser.head_links import Link
from outbound.wire import origin


class Named(NamedTuple):
    """A hub, and the topic to subscribe to at it: absolute URLs."""

    hub: str
    topic: str


def find(header: str | None, links: Sequence[Link], base: str) -> Named | None:
    """The hub and the topic of a document at ``base``, with its `Link` header and its own links.

    None if it names no hub, or if a secret in the topic would reach another origin than its own.
    """
    hub = topic = None
    for relation, target in (*link_header.read(header), *links):
        url = urls.absolute(target, base)
        if relation == "hub":
            hub = hub or url
        elif relation == "self":
            topic = topic or url
    topic = topic or urls.without_credentials(base)
    if hub is None or (redaction.public_url(topic) != topic and origin(hub) != origin(topic)):
        return None
    return Named(hub, topic)


def find_in_header(header: str | None, base: str) -> Named | None:
    """The hub and the topic of an answer without a new document; None unless its header names both."""
    named = {relation for relation, _ in link_header.read(header)}
    return find(header, (), base) if named >= {"hub", "self"} else None
