"""A filter: the posts of one source, or with one tag, or both. It is part of a page's URL, so that it can be shared.

static/reading/filter.js applies the same filter to posts that arrive later.
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

CHUNK_POSTS: Final = 200
MAX_SCANNED_POSTS: Final = 2_000
"""Posts that are scanned for one page: per query, and in all. With a rare tag, the page may have few posts."""

MAX_SCANS: Final = 4
"""Filtered pages that are scanned for at a time; others wait. A scan takes memory, and time of the store."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """The title of a post's source, and a tag that it has; None is any."""

    source: str | None = None
    tag: str | None = None

    def __bool__(self) -> bool:
        return self.source is not None or self.tag is not None

    def query(self) -> str:
        """The filter in a URL: `source=…&tag=…`; empty if there is none."""
        parts = {"source": self.source, "tag": self.tag}
        return "&".join(f"{name}={quoted(value)}" for name, value in parts.items() if value is not None)

    def name(self) -> str:
        """The filter in a page's title: `Harbour News · ferries`."""
        return " · ".join(value for value in (self.source, self.tag) if value is not None)

    def matches(self, item: dict[str, Any]) -> bool:
        """True if an item has the source and the tag."""
        if self.source is not None and item["_livelog"]["source"]["title"] != self.source:
            return False
        return self.tag is None or self.tag in item.get("tags", [])

    def matching(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The items that match, of items as JSON texts. Texts without the words are not parsed: most have neither."""
        words = [dump(value) for value in (self.source, self.tag) if value is not None]
        candidates = (json.loads(text) for text in texts if all(word in text for word in words))
        return [item for item in candidates if self.matches(item)]


@dataclass(frozen=True, slots=True)
class FilteredPage:
    """Posts, newest first, the blog's cursor when they were read, and the ``before`` of the next page.

    ``is_complete`` is False if MAX_SCANNED_POSTS were scanned before the page was full.
    """

    items: list[dict[str, Any]]
    head: Cursor
    older: str | None
    is_complete: bool = True


class FilteredPages:
    """Reads filtered pages from the timeline, MAX_SCANS at a time. One per process."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._scans = asyncio.Semaphore(MAX_SCANS)

    async def page(self, blog: str, chosen: Filter, before: str | None, limit: int) -> FilteredPage:
        """The newest posts older than ``before`` that match. Raises ValueError for a foreign ``before``."""
        if chosen:
            async with self._scans:
                return await _scan(self._timeline, blog, chosen, before, limit)
        page = await self._timeline.page(blog, before, limit)
        return FilteredPage([json.loads(text) for text in page.items], page.head, page.older)


async def _scan(timeline: Timeline, blog: str, chosen: Filter, before: str | None, limit: int) -> FilteredPage:
    head: Cursor | None = None
    items: list[dict[str, Any]] = []
    for _ in range(MAX_SCANNED_POSTS // CHUNK_POSTS):
        page = await timeline.page(blog, before, CHUNK_POSTS)
        head = head or page.head
        items += chosen.matching(page.items)
        if len(items) > limit or (len(items) == limit and page.older):
            return FilteredPage(items[:limit], head, before_item(items[limit - 1]))
        before = page.older
        if before is None:
            return FilteredPage(items, head, None)
        await asyncio.sleep(0)
    assert head is not None
    return FilteredPage(items, head, before, is_complete=False)


def before_item(item: dict[str, Any]) -> str:
    """The ``before`` of the entries that follow an item."""
    position = datetime.fromisoformat(item["_livelog"]["position"])
    return before_token((position - _EPOCH) // timedelta(microseconds=1), item["id"])
