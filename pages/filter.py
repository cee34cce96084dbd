"""A filter: the posts of some sources, with some tags, with some words. It is part of a page's URL, to be shared.

static/reading/filter.js applies the same filter to posts that arrive later.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from entries import Cursor, dump
from pages.item import quoted
from pages.names import short_name
from pages.search import has_all, query_of, words_of
from timeline import Timeline, before_token

CHUNK_POSTS: Final = 200
MAX_SCANNED_POSTS: Final = 4_000
"""Posts that are scanned for one page: per query, and in all. With a rare tag, the page may have few posts."""

MAX_SCAN_SECONDS: Final = 0.5
"""Time of the event loop for one page: long posts take up to 8 ms each to search."""

SLICE_SECONDS: Final = 0.002
"""Time of the event loop that a scan takes before others get their turn."""

MAX_SCANS: Final = 4
"""Filtered pages that are scanned for at a time; others wait. A scan takes memory, and time of the store."""

MAX_WAITING_SCANS: Final = 100

MAX_CHOSEN: Final = 100
"""Sources, and tags, of one filter."""

NAMED: Final = 3
"""Sources, and tags, in the title of a page."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Kind = Literal["source", "tag"]


class FilterError(ValueError):
    """A filter has more than MAX_CHOSEN sources or tags."""


class BusyError(Exception):
    """MAX_WAITING_SCANS pages wait for their scan."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Titles of sources, one of which a post has, tags, one of which it has, and a query; empty is any."""

    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    query: str = ""

    @classmethod
    def of(cls, sources: Sequence[str], tags: Sequence[str], query: str | None) -> Filter:
        """The filter that a URL names. Raises FilterError."""
        chosen = cls(_distinct(sources), _distinct(tags), query_of(query or ""))
        if max(len(chosen.sources), len(chosen.tags)) > MAX_CHOSEN:
            raise FilterError
        return chosen

    def __bool__(self) -> bool:
        return bool(self.sources or self.tags or self.query)

    def parameters(self) -> str:
        """The filter in a URL: `q=…&source=…&tag=…`; empty if there is none."""
        query = [("q", self.query)] if self.query else []
        pairs = (*query, *(("source", title) for title in self.sources), *(("tag", tag) for tag in self.tags))
        return "&".join(f"{name}={quoted(value)}" for name, value in pairs)

    def without(self, value: str, kind: Kind) -> Filter:
        """The filter without one of its sources or tags."""
        if kind == "source":
            return replace(self, sources=tuple(one for one in self.sources if one != value))
        return replace(self, tags=tuple(one for one in self.tags if one != value))

    def without_query(self) -> Filter:
        """The filter without its query."""
        return replace(self, query="")

    def name(self) -> str:
        """The filter in a page's title: `“tide” · Harbour News · ferries`."""
        query = f"“{self.query}”" if self.query else ""
        return " · ".join(
            filter(None, (query, _names([short_name(title) for title in self.sources]), _names(self.tags)))
        )

    def as_json(self) -> str:
        """The filter for the page's script."""
        return dump({"query": self.query, "sources": self.sources, "tags": self.tags})

    def matches(self, item: dict[str, Any]) -> bool:
        """True if an item has one of the sources, one of the tags, and all words of the query."""
        if self.sources and item["_livelog"]["source"]["title"] not in self.sources:
            return False
        if self.tags and not any(tag in self.tags for tag in item.get("tags", ())):
            return False
        return not self.query or has_all(words_of(self.query), item)

    def matching(self, text: str) -> dict[str, Any] | None:
        """The item of a JSON text, if it matches. A text without any of the names is not parsed: most have none."""
        for names in (self.sources, self.tags):
            if names and not any(dump(name) in text for name in names):
                return None
        item: dict[str, Any] = json.loads(text)
        return item if self.matches(item) else None


@dataclass(frozen=True, slots=True)
class FilteredPage:
    """Posts, newest first, the blog's cursor when they were read, and the ``before`` of the next page.

    ``is_complete`` is False if the scan was ended before the page was full.
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
        self._waiting = 0

    async def page(self, blog: str, chosen: Filter, before: str | None, limit: int) -> FilteredPage:
        """The newest posts older than ``before`` that match.

        Raises ValueError for a foreign ``before``, and BusyError.
        """
        if chosen:
            return await self._scanned(blog, chosen, before, limit)
        page = await self._timeline.page(blog, before, limit)
        return FilteredPage([json.loads(text) for text in page.items], page.head, page.older)

    async def _scanned(self, blog: str, chosen: Filter, before: str | None, limit: int) -> FilteredPage:
        if self._waiting >= MAX_WAITING_SCANS:
            raise BusyError
        self._waiting += 1
        try:
            await self._scans.acquire()
        finally:
            self._waiting -= 1
        try:
            return await _scan(self._timeline, blog, _Scan(chosen, limit), before)
        finally:
            self._scans.release()


@dataclass
class _Scan:
    """The posts found so far, and the time of the event loop that it took."""

    chosen: Filter
    limit: int
    found: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    async def read(self, texts: Sequence[str]) -> int:
        """Adds the items that match, in slices, until there is one more than the limit or the time is up.

        Returns the number of texts that were read: at least one.
        """
        start = time.perf_counter()
        for number, text in enumerate(texts, 1):
            if item := self.chosen.matching(text):
                self.found.append(item)
                if len(self.found) > self.limit:
                    return number
            spent = time.perf_counter() - start
            if spent < SLICE_SECONDS:
                continue
            self.seconds += spent
            if self.seconds > MAX_SCAN_SECONDS:
                return number
            await asyncio.sleep(0)
            start = time.perf_counter()
        self.seconds += time.perf_counter() - start
        return len(texts)


async def _scan(timeline: Timeline, blog: str, scan: _Scan, before: str | None) -> FilteredPage:
    head: Cursor | None = None
    for _ in range(MAX_SCANNED_POSTS // CHUNK_POSTS):
        page = await timeline.page(blog, before, CHUNK_POSTS)
        head = head or page.head
        count = await scan.read(page.items)
        found, is_full = scan.found, len(scan.found) >= scan.limit
        before = page.older if count == len(page.items) else before_item(json.loads(page.items[count - 1]))
        if len(found) > scan.limit or (is_full and before):
            return FilteredPage(found[: scan.limit], head, before_item(found[scan.limit - 1]))
        if before is None:
            return FilteredPage(found, head, None)
        if scan.seconds > MAX_SCAN_SECONDS:
            break
        await asyncio.sleep(0)
    assert head is not None
    return FilteredPage(scan.found, head, before, is_complete=False)


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(values)))


def _names(values: Sequence[str]) -> str:
    more = ("…",) if len(values) > NAMED else ()
    return ", ".join((*values[:NAMED], *more))


def before_item(item: dict[str, Any]) -> str:
    """The ``before`` of the entries that follow an item."""
    position = datetime.fromisoformat(item["_livelog"]["position"])
    return before_token((position - _EPOCH) // timedelta(microseconds=1), item["id"])
