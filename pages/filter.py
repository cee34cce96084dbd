"""A filter: the posts of one source, or with one tag, or both. It stands in the address, so that it can be shared.

static/reading/filter.js asks the same of what arrives later.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from entries import Cursor, dump
from pages.item import quoted
from timeline import Timeline, before_token

SCANNED_TOGETHER: Final = 200
MOST_SCANNED: Final = 2_000
"""How many posts are looked through for one page: at a time, and in all. Of a rare tag it may hold few, or none."""

SCANS: Final = 4
"""How many pages are looked for at a time: what is looked through takes memory, and the store has others to serve."""

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a post must have: its source's title, a tag; None is any."""

    source: str | None = None
    tag: str | None = None

    def __bool__(self) -> bool:
        return self.source is not None or self.tag is not None

    def query(self) -> str:
        """The filter for an address: `source=…&tag=…`; empty if there is none."""
        parts = {"source": self.source, "tag": self.tag}
        return "&".join(f"{name}={quoted(value)}" for name, value in parts.items() if value is not None)

    def name(self) -> str:
        """What the filter leaves, for a title."""
        return " · ".join(value for value in (self.source, self.tag) if value is not None)

    def takes(self, item: dict[str, Any]) -> bool:
        """Whether an item is one of those."""
        if self.source is not None and item["_livelog"]["source"]["title"] != self.source:
            return False
        return self.tag is None or self.tag in item.get("tags", [])

    def found(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Those of some stored items. What does not even have the words is not read: most of them have not."""
        marks = [dump(value) for value in (self.source, self.tag) if value is not None]
        candidates = (json.loads(text) for text in texts if all(mark in text for mark in marks))
        return [item for item in candidates if self.takes(item)]


@dataclass(frozen=True, slots=True)
class Listing:
    """Some posts, newest first, with the blog's cursor at that moment, and the ``before`` that leads on.

    Where ``is_whole`` is false, as much was looked through as a page may cost, before it was full.
    """

    items: list[dict[str, Any]]
    head: Cursor
    older: str | None
    is_whole: bool = True


class Listings:
    """Finds posts for pages. One for a process."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._scans = asyncio.Semaphore(SCANS)

    async def find(self, blog: str, chosen: Filter, before: str | None, limit: int) -> Listing:
        """The newest posts older than ``before`` that a filter takes. Raises ValueError for a foreign ``before``."""
        if chosen:
            async with self._scans:
                return await _scan(self._timeline, blog, chosen, before, limit)
        page = await self._timeline.page(blog, before, limit)
        return Listing([json.loads(text) for text in page.items], page.head, page.older)


async def _scan(timeline: Timeline, blog: str, chosen: Filter, before: str | None, limit: int) -> Listing:
    head: Cursor | None = None
    items: list[dict[str, Any]] = []
    for _ in range(MOST_SCANNED // SCANNED_TOGETHER):
        page = await timeline.page(blog, before, SCANNED_TOGETHER)
        head = head or page.head
        items += chosen.found(page.items)
        if len(items) > limit or (len(items) == limit and page.older):
            return Listing(items[:limit], head, place(items[limit - 1]))
        before = page.older
        if before is None:
            return Listing(items, head, None)
        await asyncio.sleep(0)
    assert head is not None
    return Listing(items, head, before, is_whole=False)


def place(item: dict[str, Any]) -> str:
    """The ``before`` that leads on from an item."""
    position = datetime.fromisoformat(item["_livelog"]["position"])
    return before_token((position - _BEGINNING) // timedelta(microseconds=1), item["id"])
