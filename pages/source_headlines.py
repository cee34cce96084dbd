"""The newest headlines of each source of a blog, for the wall by source: one bounded scan, whatever the sources."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from config import Blog
from entries import Cursor
from pages.filter import Filter
from pages.wall import Card, card
from timeline import Timeline

MAX_HEADLINES: Final = 8
"""Headlines of one source."""

CHUNK_POSTS: Final = 200
MAX_SCANNED_POSTS: Final = 2_000
"""Posts that are scanned: per query, and in all. A source whose posts are all older has none."""

CACHE_SECONDS: Final = 5.0
MAX_CACHED: Final = 32
"""Answers that are kept, and for how long."""

_PER_TURN: Final = 20
"""Posts that are parsed between two turns of the event loop: long ones take 0.2 ms each."""

_ABOUT: Final = '"_livelog":'
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Headlines:
    """Cards by the title of their source, newest first, and the blog's cursor when they were read."""

    by_source: Mapping[str, Sequence[Card]]
    head: Cursor


@dataclass(frozen=True, slots=True)
class _Cached:
    """An answer, and until when it is served. Another configuration has another ``blog`` of that name."""

    blog: Blog
    headlines: Headlines
    until: float


class SourceHeadlines:
    """Reads and caches the headlines of blogs. One per process; ``clock`` returns seconds."""

    def __init__(self, timeline: Timeline, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeline = timeline
        self._clock = clock
        self._reading = asyncio.Lock()
        self._cached: OrderedDict[tuple[str, Filter], _Cached] = OrderedDict()

    async def of(self, blog: Blog, chosen: Filter, titles: Sequence[str]) -> Headlines:
        """At most MAX_HEADLINES posts that match of each source that ``titles`` names. Raises TimelineError."""
        # One request reads at a time, so that the others find its answer.
        async with self._reading:
            key = (blog.slug, chosen)
            cached = self._cached.get(key)
            if cached and cached.blog is blog and self._clock() < cached.until:
                return cached.headlines
            found = await _scan(self._timeline, blog, chosen, titles)
            self._cached[key] = _Cached(blog, found, self._clock() + CACHE_SECONDS)
            self._cached.move_to_end(key)
            if len(self._cached) > MAX_CACHED:
                self._cached.popitem(last=False)
            return found


async def _scan(timeline: Timeline, blog: Blog, chosen: Filter, titles: Sequence[str]) -> Headlines:
    by_source: dict[str, list[Card]] = {title: [] for title in titles}
    head: Cursor | None = None
    before: str | None = None
    for _ in range(MAX_SCANNED_POSTS // CHUNK_POSTS):
        page = await timeline.page(blog.slug, before, CHUNK_POSTS)
        head = head or page.head
        for number, text in enumerate(page.items, 1):
            _add(by_source, text, blog, chosen)
            if number % _PER_TURN == 0:
                await asyncio.sleep(0)
        before = page.older
        if before is None or all(len(cards) == MAX_HEADLINES for cards in by_source.values()):
            break
    assert head is not None
    return Headlines(by_source, head)


def _add(by_source: Mapping[str, list[Card]], text: str, blog: Blog, chosen: Filter) -> None:
    """Adds the card of an item, given as JSON text, if its source lacks one. Other items are not parsed."""
    cards = by_source.get(_source_title(text))
    if cards is None or len(cards) == MAX_HEADLINES:
        return
    item = json.loads(text)
    if chosen.matches(item):
        cards.append(card(item, blog.images))


def _source_title(text: str) -> str:
    # Quotes within strings are escaped: the name is found nowhere but in the structure of the item.
    about: dict[str, Any]
    about, _ = _DECODER.raw_decode(text, text.rindex(_ABOUT) + len(_ABOUT))
    return str(about["source"]["title"])
