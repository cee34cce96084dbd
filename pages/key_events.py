"""The posts at the top of a blog's page: links to its key events, and the pinned post.

config.yaml names the tag of each. They are searched in the archive once, and kept up to date from the event log: a
page costs one small query after an event, and none without.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from config import Blog
from entries import Cursor, Event, dump
from pages.item import excerpt, name
from pages.names import short_name
from pages.shown_at import shown_at
from timeline import Timeline

MAX_LINKS: Final = 5
"""Key events that a page links to."""

MAX_KEPT: Final = 20
"""Posts with a tag that are known, to take the place of withdrawn ones."""

MAX_SCANNED_POSTS: Final = 2_000
CHUNK_POSTS: Final = 200
"""Posts that are searched for a tag: in all, and per query."""

MAX_REPLAYED: Final = 200
"""Events that are applied at a time; after more, the archive is searched again."""

SEARCH_INTERVAL: Final = 60.0
"""Seconds after which the archive is searched again if old posts, most of which are no events, have come in."""

MAX_AGE: Final = 3_600.0
"""Seconds after which the archive is searched again in any case: retention removes posts without an event."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """A post as the top of a page shows it. ``text`` is empty if the title is the beginning of the text."""

    id: str
    position: str
    shown_at: str
    title: str
    text: str
    is_long: bool
    minutes: int
    source: str

    @property
    def order(self) -> tuple[str, str]:
        """By position, then by id, as posts of a page."""
        return self.position, self.id


@dataclass(frozen=True, slots=True)
class Highlights:
    """Key events, newest first, and the pinned post. ``has_more`` is True if the blog may have other key events."""

    key_events: Sequence[Highlight] = ()
    pinned: Highlight | None = None
    has_more: bool = False


@dataclass
class _Tagged:
    """The newest posts with a tag. ``is_all`` is False if there may be older ones."""

    tag: str | None
    found: list[Highlight] = field(default_factory=list)
    is_all: bool = True

    @property
    def is_full(self) -> bool:
        return self.tag is None or len(self.found) >= MAX_KEPT

    def put(self, item: dict[str, Any]) -> None:
        """Adds, replaces or removes a post that was published or corrected."""
        self.remove(item["id"])
        if self.tag is None or self.tag not in item.get("tags", ()):
            return
        self.found.append(highlight(item))
        self.found.sort(key=lambda one: one.order, reverse=True)
        if len(self.found) > MAX_KEPT:
            self.found.pop()
            self.is_all = False

    def remove(self, entry_id: str) -> None:
        """Removes a post, if it is there."""
        self.found = [one for one in self.found if one.id != entry_id]

    def lacks(self, count: int) -> bool:
        """True if fewer than ``count`` are known, and there may be more."""
        return not self.is_all and len(self.found) < count


class _Known:
    """The highlights of one blog at a cursor."""

    def __init__(self, blog: Blog, cursor: Cursor, searched_at: float) -> None:
        self.cursor = cursor
        self.searched_at = searched_at
        self.has_old = False
        self.key_events = _Tagged(blog.key_events)
        self.pinned = _Tagged(blog.pin)
        self._lists = (self.key_events, self.pinned)
        self._words = [dump(tag) for tag in (blog.key_events, blog.pin) if tag is not None]

    @property
    def tags(self) -> tuple[str | None, str | None]:
        return self.key_events.tag, self.pinned.tag

    @property
    def is_full(self) -> bool:
        return all(one.is_full for one in self._lists)

    @property
    def lacks(self) -> bool:
        """True if a post was withdrawn and none that is known can take its place."""
        return self.key_events.lacks(MAX_LINKS) or self.pinned.lacks(1)

    def read(self, texts: Iterable[str]) -> None:
        """Adds the posts of a page that have a tag."""
        for text in texts:
            if any(word in text for word in self._words):
                self._put(json.loads(text))

    def apply(self, events: Iterable[Event]) -> None:
        """Applies the events that follow the cursor. Texts of other posts, without a tag, are not parsed."""
        for event in events:
            if event.item is None:
                for one in self._lists:
                    one.remove(event.id)
            elif any(word in event.item for word in self._words) or self._has(event.id):
                self._put(json.loads(event.item))

    def end(self, *, is_all: bool) -> None:
        """Ends a search, of the whole archive or not."""
        for one in self._lists:
            one.is_all = is_all and one.is_all

    def shown(self) -> Highlights:
        """The highlights that a page shows."""
        found = self.key_events.found
        has_more = len(found) > MAX_LINKS or not self.key_events.is_all
        return Highlights(found[:MAX_LINKS], next(iter(self.pinned.found), None), has_more)

    def _has(self, entry_id: str) -> bool:
        return any(one.id == entry_id for tagged in self._lists for one in tagged.found)

    def _put(self, item: dict[str, Any]) -> None:
        for one in self._lists:
            one.put(item)


class KeyEvents:
    """The highlights of all blogs. One per process."""

    def __init__(self, timeline: Timeline, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeline = timeline
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._reading = asyncio.Lock()

    async def of(self, blog: Blog, head: Cursor) -> Highlights:
        """The highlights of a blog at a cursor, or later. Raises TimelineError."""
        if blog.key_events is None and blog.pin is None:
            return Highlights()
        known = self._current(blog, head)
        if known is None:
            # One request reads at a time, for all that wait for the same event.
            async with self._reading:
                known = self._current(blog, head) or await self._update(blog)
        return known.shown()

    def clear(self) -> None:
        """Forgets all blogs, some of which may be gone."""
        self._known = {}

    def _current(self, blog: Blog, head: Cursor) -> _Known | None:
        known = self._known.get(blog.slug)
        if known is None or known.tags != (blog.key_events, blog.pin) or known.cursor.epoch != head.epoch:
            return None
        is_old = self._clock() - known.searched_at > MAX_AGE
        return None if is_old or known.cursor.seq < head.seq else known

    async def _update(self, blog: Blog) -> _Known:
        known = self._known.get(blog.slug)
        if known is None or known.tags != (blog.key_events, blog.pin) or not await self._replay(blog, known):
            known = await self._search(blog)
        self._known[blog.slug] = known
        return known

    async def _replay(self, blog: Blog, known: _Known) -> bool:
        """Applies the events since the cursor; False if the archive has to be searched."""
        age = self._clock() - known.searched_at
        if age > MAX_AGE:
            return False
        replay = await self._timeline.replay(blog.slug, known.cursor, MAX_REPLAYED)
        if not replay.complete:
            return False
        known.apply(replay.events)
        known.has_old = known.has_old or any(map(_is_old, replay.events))
        known.cursor = replay.head
        return not known.lacks and not (known.has_old and age > SEARCH_INTERVAL)

    async def _search(self, blog: Blog) -> _Known:
        """Searches the newest posts of the archive."""
        page = await self._timeline.page(blog.slug, None, CHUNK_POSTS)
        known = _Known(blog, page.head, self._clock())
        known.read(page.items)
        for _ in range(MAX_SCANNED_POSTS // CHUNK_POSTS - 1):
            if page.older is None or known.is_full:
                break
            await asyncio.sleep(0)
            page = await self._timeline.page(blog.slug, page.older, CHUNK_POSTS)
            known.read(page.items)
        known.end(is_all=page.older is None)
        return known


def highlight(item: dict[str, Any]) -> Highlight:
    """A post as the top of the page shows it."""
    about = item["_livelog"]
    long = about.get("preview") or {"text": excerpt(item), "minutes": 0}
    return Highlight(
        id=item["id"],
        position=about["position"],
        shown_at=shown_at(item),
        title=name(item),
        text=long["text"] if item.get("title") else "",
        is_long="preview" in about,
        minutes=long["minutes"],
        source=short_name(str(about["source"]["title"])),
    )


def _is_old(event: Event) -> bool:
    """True for an entry that was sorted in by its own date: others like it may have come in without an event."""
    if event.kind != "entry" or event.item is None:
        return False
    about = event.item.rpartition('"position":"')[2]
    position, _, rest = about.partition('","seen":"')
    return position[:16] != rest[:16]
