"""Freshness of each source of a blog: the time of its newest entry, and the state of its feeds.

Read from the timeline at most every CACHE_SECONDS, however many pages ask.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar, get_args

import urls
from config import Blog, Feed
from feedstate import FeedState
from timeline import Timeline, TimelineError

CACHE_SECONDS: Final = 5.0
"""A value is served from the cache for at least this long."""

CACHE_FACTOR: Final = 20
"""A value is served for this many times as long as it took to read: reading takes at most 5 % of the time."""

SILENT_SECONDS: Final = 30 * 60.0
"""A source is silent when its newest entry is older than this."""

RECENT_ENTRIES: Final = 500
"""Newest entries of a blog that are searched for the newest of each source, and counted by source and tag."""

MAX_SOURCES: Final = 200
MAX_TAGS: Final = 400
"""Sources and tags of a blog that its pages list."""

_PER_TURN: Final = 100
_ENTRIES_PER_TURN: Final = 25
"""Feed states, and entries, that are parsed between two turns of the event loop: 1,000 states take 12 ms."""

T = TypeVar("T")

Condition = Literal["fresh", "silent", "waiting", "unreachable"]

Newest = dict[str, dict[str, float]]

_BEST_FIRST: Final = get_args(Condition)


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as readers know it: all feeds of a blog with one title. Times are Unix seconds; 0 is never.

    ``last`` is the time of the newest entry. A ``waiting`` source was not fetched yet; of an ``unreachable`` one, no
    feed could be fetched ``since`` then. The reason is the operator's: it is in the log and in `/healthz`.
    """

    title: str
    condition: Condition
    last: float = 0
    since: float = 0


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a blog, those with the newest entries first.

    ``more`` is the number of sources beyond MAX_SOURCES. ``counts`` and ``tags`` are the numbers of entries by source
    and by tag, the most frequent tags first, among the newest RECENT_ENTRIES.
    """

    known: Sequence[SourceState]
    more: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)

    @property
    def unreachable(self) -> Sequence[SourceState]:
        """The sources that cannot be reached."""
        return [source for source in self.known if source.condition == "unreachable"]

    @property
    def unreachable_since(self) -> float:
        """The time since none of the sources can be reached; 0 if one can, or if there are none."""
        times = [source.since for source in self.unreachable]
        return max(times) if times and len(times) == len(self.known) else 0.0


class Freshness:
    """Reads and caches the sources of blogs. One per process; ``clock`` returns Unix seconds.

    ``last_states`` are those that `states` read last, also while the timeline cannot be read.
    """

    def __init__(self, timeline: Timeline, clock: Callable[[], float] = time.time) -> None:
        self._timeline = timeline
        self._clock = clock
        self._reading = asyncio.Lock()
        self._states: _Cached[dict[str, FeedState]] = _Cached()
        self.last_states: Mapping[str, FeedState] = {}
        self._sources: dict[str, tuple[Blog, _Cached[Sources]]] = {}

    async def of(self, blog: Blog) -> Sources:
        """The sources of a blog, perhaps from the cache. Raises TimelineError."""
        cached = self._cached(blog)
        # One request reads at a time: with 100,000 feeds it takes seconds. The others get the cached value, even an
        # expired one, and wait only if there is none.
        if self._reading.locked() and cached.value is not None:
            return cached.value
        async with self._reading:
            return await cached.get(self._clock, lambda: self._read(blog))

    async def states(self) -> Mapping[str, FeedState]:
        """The states of the followed feeds by identity, perhaps from the cache. Raises TimelineError."""
        async with self._reading:
            self.last_states = await self._states.get(self._clock, self._read_states)
        return self.last_states

    def expire(self) -> None:
        """Forgets the states of feeds, some of which were just changed: they are read again."""
        self._states = _Cached()

    def clear(self) -> None:
        """Empties the cache of blogs, some of which may be gone. Feed states stay cached."""
        self._sources = {}

    def _cached(self, blog: Blog) -> _Cached[Sources]:
        known = self._sources.get(blog.slug)
        # A request that began under the old configuration may still ask for the old blog of that name.
        if known is None or known[0] is not blog:
            known = self._sources[blog.slug] = (blog, _Cached())
        return known[1]

    async def _read(self, blog: Blog) -> Sources:
        states = await self._states.get(self._clock, self._read_states)
        recent = await self._timeline.page(blog.slug, None, RECENT_ENTRIES)
        items = await _parsed(recent.items)
        newest = _newest(items)
        now = self._clock()
        shared = Counter(feed.public_url for feed in blog.feeds)
        sources = _merged(
            _source(feed, states.get(feed.identity), newest, now, alone=shared[feed.public_url] == 1)
            for feed in blog.feeds
        )
        counts = Counter(item["_livelog"]["source"]["title"] for item in items)
        return replace(sources, counts=counts, tags=_tags(blog, items))

    async def _read_states(self) -> dict[str, FeedState]:
        states: dict[str, FeedState] = {}
        for n, state in enumerate(await self._timeline.states(), 1):
            states[state.url] = state
            if n % _PER_TURN == 0:
                await asyncio.sleep(0)
        return states


class _Cached(Generic[T]):
    """A value that was read, or the failure to read it, and until when it is served."""

    def __init__(self) -> None:
        self.value: T | None = None
        self._failure: str | None = None
        self._valid = (0.0, 0.0)

    async def get(self, clock: Callable[[], float], read: Callable[[], Awaitable[T]]) -> T:
        """The value, read again if it has expired or the clock was set back. Raises TimelineError."""
        start = clock()
        if not self._valid[0] <= start < self._valid[1]:
            await self._refresh(read)
            end = clock()
            self._valid = (start, end + max(CACHE_SECONDS, CACHE_FACTOR * (end - start)))
        if self.value is None:
            raise TimelineError(self._failure or "")
        return self.value

    async def _refresh(self, read: Callable[[], Awaitable[T]]) -> None:
        try:
            self.value = await read()
        except TimelineError as error:
            self.value, self._failure = None, str(error)


async def _parsed(texts: Sequence[str]) -> list[dict[str, Any]]:
    items = []
    for n, text in enumerate(texts, 1):
        items.append(json.loads(text))
        if n % _ENTRIES_PER_TURN == 0:
            await asyncio.sleep(0)
    return items


def _tags(blog: Blog, items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The most frequent tags, and those that config.yaml gives to feeds, which may have no entry yet."""
    counts = Counter(tag for item in items for tag in item.get("tags", ()))
    counts.update({tag: 0 for feed in blog.feeds for tag in feed.tags})
    return dict(counts.most_common(MAX_TAGS))


def _newest(items: Iterable[dict[str, Any]]) -> Newest:
    """The titles of each feed's source, the latest first, and the times of their newest entries, by public URL.

    Items are newest first.
    """
    newest: Newest = {}
    for item in items:
        source = item["_livelog"]["source"]
        time_seen = datetime.fromisoformat(item["_livelog"]["position"]).timestamp()
        newest.setdefault(source["feed_url"], {}).setdefault(source["title"], time_seen)
    return newest


def _source(feed: Feed, state: FeedState | None, newest: Newest, now: float, *, alone: bool) -> SourceState:
    """The source of a feed; it is ``alone`` if no other has its public URL."""
    state = state or FeedState(url=feed.url)
    titles = newest.get(feed.public_url, {})
    # Feeds whose addresses differ in a secret have one public URL: their titles tell them apart.
    known_as = next(iter(titles), None) if alone else None
    title = feed.title or known_as or state.title or urls.host_of(state.site_url or feed.public_url)
    last = max(titles.values(), default=0.0) if alone else titles.get(title, 0.0)
    last = max([last, *(min(published, now) for published in state.newest)])
    # One failure after a success is no outage: the next poll comes soon.
    if state.problem and (state.failures > 1 or not state.ok_at):
        return SourceState(title, "unreachable", last, min(state.failing_since or state.checked_at, now))
    if not state.checked_at:
        return SourceState(title, "waiting", last)
    return SourceState(title, "fresh" if now - last <= SILENT_SECONDS else "silent", last)


def _merged(feeds: Iterable[SourceState]) -> Sources:
    """Merges feeds of one title into one source, with the condition of the best of them."""
    by_title: dict[str, SourceState] = {}
    for feed in feeds:
        known = by_title.get(feed.title)
        by_title[feed.title] = _better(known, feed) if known else feed
    ordered = sorted(by_title.values(), key=lambda source: (-source.last, source.title))
    return Sources(ordered[:MAX_SOURCES], max(len(ordered) - MAX_SOURCES, 0))


def _better(one: SourceState, other: SourceState) -> SourceState:
    best = min(one, other, key=lambda source: (_BEST_FIRST.index(source.condition), -source.last))
    return replace(best, last=max(one.last, other.last))
