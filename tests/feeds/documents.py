"""Small feed documents for tests, with only what matters spelled out."""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import Any

from entries import Entry
from feeds.parser.document import Document, Reading, parse

URL = "https://example.org/feeds/news"
MOST = 1_000_000

zipped = partial(gzip.compress, mtime=0)
"""Gzip without the time in it: the same bytes at each run."""


def rss(*items: str, channel: str = "<title>News</title><link>https://example.org/</link>") -> bytes:
    """An RSS 2.0 document of these items' insides."""
    inside = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">'
        f"<channel>{channel}{inside}</channel></rss>"
    ).encode()


def atom(*entries: str, feed: str = "<title>News</title>", attributes: str = "") -> bytes:
    """An Atom document of these entries' insides."""
    inside = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return (
        f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" {attributes}>{feed}{inside}</feed>'
    ).encode()


def json_feed(*items: object, version: str = "https://jsonfeed.org/version/1.1", **feed: object) -> bytes:
    """A JSON Feed of these items."""
    return json.dumps({"version": version, "title": "News", "items": items, **feed}).encode()


def reading(body: bytes, **what: Any) -> Reading:
    """What is to be read, as from `URL` and with nothing known, where ``what`` says nothing else."""
    return Reading(**{"body": body, "url": URL, "base": URL, "max_bytes": MOST, **what})


def read(body: bytes, **what: Any) -> Document:
    """The document."""
    return parse(reading(body, **what))


def only(body: bytes, **what: Any) -> Entry:
    """The one entry of a document."""
    (entry,) = read(body, **what).entries
    return entry
