"""How fresh each source of a blog is: when it was last heard of, and whether it can be reached."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar, get_args

import urls
from config import Blog, Feed
from feedstate import FeedState
from timeline import Timeline, TimelineError

LOOK_SECONDS: Final = 5.0
"""What is known is looked up at most once in so long, by a node, however many ask."""

SHARE: Final = 20
"""With very many feeds it is looked up less often: so many times what a look takes lies between two."""

SILENT_SECONDS: Final = 30 * 60.0
"""A source is silent when its last entry is older than this."""

RECENT: Final = 200
"""How many of the blog's newest entries tell when a source was last heard of."""

MOST_SOURCES: Final = 200
TOGETHER: Final = 100

T = TypeVar("T")

Condition = Literal["fresh", "silent", "waiting", "unreachable"]

_BEST_FIRST: Final = get_args(Condition)


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as readers know it, by its title. Times are Unix seconds; 0 is never.

    ``last`` is the moment of its newest entry. ``waiting`` is one that was not fetched yet, ``unreachable`` one of
    which no feed can be: since when, and why.
    """

    title: str
    condition: Condition
    last: float = 0
    since: float = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a blog, those first that were heard of last; ``more`` is how many there are beside these."""

    known: Sequence[SourceState]
    more: int = 0

    @property
    def all_unreachable(self) -> bool:
        """Whether there are sources, and none of them can be reached."""
        return bool(self.known) and all(source.condition == "unreachable" for source in self.known)


class Freshness:
    """Looks the sources up, seldom. One for a process; ``clock`` gives Unix seconds."""

    def __init__(self, timeline: Timeline, clock: Callable[[], float] = time.time) -> None:
        self._timeline = timeline
        self._clock = clock
        self._looking = asyncio.Lock()
        self._states: _Look[dict[str, FeedState]] = _Look()
        self._found: dict[str, _Look[Sources]] = {}

    async def of(self, blog: Blog) -> Sources:
        """The sources of a blog. Raises TimelineError; until it is time to look anew, what it knows counts."""
        found = self._found.setdefault(blog.slug, _Look())
        # One looks at a time. Who comes meanwhile is told what was known, or waits for what that one finds: with very
        # many feeds a look takes seconds, and pages are rendered with it.
        if self._looking.locked() and found.known is not None:
            return found.known
        async with self._looking:
            return await found.at(self._clock, lambda: self._sources(blog))

    async def _sources(self, blog: Blog) -> Sources:
        states = await self._states.at(self._clock, self._read)
        recent = await self._timeline.page(blog.slug, None, RECENT)
        heard = _heard(json.loads(text) for text in recent.items)
        now = self._clock()
        return _gathered([_of_feed(feed, states.get(feed.url), heard, now) for feed in blog.feeds])

    async def _read(self) -> dict[str, FeedState]:
        found: dict[str, FeedState] = {}
        for n, state in enumerate(await self._timeline.states()):
            found[state.url] = state
            if n % TOGETHER == TOGETHER - 1:
                # Reading states takes its time: others get a turn.
                await asyncio.sleep(0)
        return found


class _Look(Generic[T]):
    """What a look found, or how it failed, and for how long that counts."""

    def __init__(self) -> None:
        self.known: T | None = None
        self._failure: str | None = None
        self._counts = (0.0, 0.0)

    async def at(self, clock: Callable[[], float], look: Callable[[], Awaitable[T]]) -> T:
        """What is known, if it still counts, else what is found now. Raises TimelineError."""
        began = clock()
        if not self._counts[0] <= began < self._counts[1]:
            await self._renew(look)
            ended = clock()
            self._counts = (began, ended + max(LOOK_SECONDS, SHARE * (ended - began)))
        if self.known is None:
            raise TimelineError(self._failure or "")
        return self.known

    async def _renew(self, look: Callable[[], Awaitable[T]]) -> None:
        try:
            self.known = await look()
        except TimelineError as error:
            self.known, self._failure = None, str(error)


def _heard(items: Iterable[dict[str, Any]]) -> dict[str, tuple[str, float]]:
    """What each feed's source is called, and when it was heard of, by its newest entry."""
    found: dict[str, tuple[str, float]] = {}
    for item in items:
        source = item["_livelog"]["source"]
        at = datetime.fromisoformat(item["_livelog"]["position"]).timestamp()
        found.setdefault(source["feed_url"], (source["title"], at))
    return found


def _of_feed(feed: Feed, state: FeedState | None, heard: dict[str, tuple[str, float]], now: float) -> SourceState:
    shown = urls.without_credentials(feed.url)
    known_as, last = heard.get(shown, (None, 0.0))
    state = state or FeedState(url=feed.url)
    title = feed.title or known_as or state.title or urls.host_of(state.site_url or shown)
    last = max([last, *(min(at, now) for at in state.newest)])
    if state.problem:
        return SourceState(title, "unreachable", last, state.failing_since or state.checked_at, state.problem)
    if not state.checked_at:
        return SourceState(title, "waiting", last)
    return SourceState(title, "fresh" if now - last <= SILENT_SECONDS else "silent", last)


def _gathered(feeds: Iterable[SourceState]) -> Sources:
    """Feeds of one title are one source to readers: as well off as the best of them."""
    by_title: dict[str, SourceState] = {}
    for feed in feeds:
        known = by_title.get(feed.title)
        by_title[feed.title] = _better(known, feed) if known else feed
    ordered = sorted(by_title.values(), key=lambda source: (-source.last, source.title))
    return Sources(ordered[:MOST_SOURCES], max(len(ordered) - MOST_SOURCES, 0))


def _better(one: SourceState, other: SourceState) -> SourceState:
    best = min(one, other, key=lambda source: (_BEST_FIRST.index(source.condition), -source.last))
    return replace(best, last=max(one.last, other.last))
