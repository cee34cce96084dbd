"""Entries with nothing but what a test is about, for functions without a store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from entries import Entry, Source

FEED = "https://example.org/feed.xml"
NOW = 1_800_000_000.0
SOURCE = Source("Example", "https://example.org/", FEED)


def entry(name: str = "a", **fields: Any) -> Entry:
    """An entry of these fields."""
    return Entry(keys=(name,), digest=name, source=SOURCE, **fields)


def at(seconds: float) -> datetime:
    """A date so many seconds from now."""
    return datetime.fromtimestamp(NOW + seconds, UTC)
