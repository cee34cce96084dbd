"""Recognises the stored entries of one feed: items name their feed by its public URL."""

from __future__ import annotations

import json

import redaction
from feedstate import FeedState
from urls import feed_identity


def source_of(item: str) -> str:
    """The identity of the public URL of the feed that an item, as JSON text, is from; empty for none."""
    _, found, rest = item.rpartition('"feed_url":"')
    url, end, _ = rest.partition('"')
    if not found or not end:
        return ""
    # Items of earlier versions have private URLs.
    return public_identity(json.loads(f'"{url}"'))


def public_identity(url: str) -> str:
    """The identity of a feed's URL without its secrets. Feeds that differ in a secret alone have the same."""
    return feed_identity(redaction.public_url(url))


def is_named(state: FeedState, feed: str) -> bool:
    """True for the state of a feed that ``feed`` is the identity or URL of."""
    return state.url == feed or feed_identity(state.address) == feed_identity(feed)
