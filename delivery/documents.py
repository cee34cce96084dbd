"""Documents that the hub distributes: the feed of a topic with the entries that changed, and those withdrawn.

A document is made once for all subscribers of a topic that are at the same cursor.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from config import Config
from delivery.topics import Topic
from entries import FRONT_PAGE, Event, coalesce, dump
from pages.feeds_out.document import BlogFacts, Feed, Written
from pages.feeds_out.links import CONTENT_TYPES
from pages.feeds_out.render import write, write_entry
from pages.filter import FilteredPages
from timeline import Timeline, Withdrawal

MAX_DOCUMENT_BYTES: Final = 450_000
"""Size of the entries in a document, but for a single one that is longer: subscribers limit bodies to 1 MiB."""

MAX_KEPT: Final = 64
MAX_KEPT_BYTES: Final = 8 * 1024 * 1024
SLICE_SECONDS: Final = 0.002

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Document:
    """A document to distribute. ``body`` is empty if the topic has none of the changes.

    ``through`` is the cursor of the last event that it has, or that needs none.
    """

    through: str
    body: bytes = b""
    content_type: str = ""
    link: str = ""


class Documents:
    """Makes documents, and keeps the newest. ``clock`` gives Unix seconds."""

    def __init__(self, timeline: Timeline, clock: Callable[[], float]) -> None:
        self.made = 0
        self._clock = clock
        self._pages = FilteredPages(timeline)
        self._kept: dict[Key, asyncio.Task[Document]] = {}
        self._sizes: dict[Key, int] = {}

    def clear(self) -> None:
        """Forgets the documents: the configuration has changed."""
        self._kept.clear()
        self._sizes.clear()

    async def of(self, config: Config, topic: Topic, events: Sequence[Event]) -> Document:
        """The document of some events, oldest first. Raises TimelineError."""
        key = (topic.url, str(events[0].cursor), str(events[-1].cursor))
        making = self._kept.get(key)
        if making is None:
            making = asyncio.create_task(self._make(config, topic, events))
            self._kept[key] = making
            making.add_done_callback(lambda done: self._made(key, done))
        # Others may wait for the same.
        return await asyncio.shield(making)

    def _made(self, key: Key, making: asyncio.Task[Document]) -> None:
        if self._kept.get(key) is not making:
            return
        if making.cancelled() or making.exception():
            del self._kept[key]
            return
        self._sizes[key] = len(making.result().body)
        while len(self._sizes) > MAX_KEPT or sum(self._sizes.values()) > MAX_KEPT_BYTES:
            oldest = next(iter(self._sizes))
            del self._sizes[oldest], self._kept[oldest]

    async def _make(self, config: Config, topic: Topic, events: Sequence[Event]) -> Document:
        self.made += 1
        facts = BlogFacts.of(topic.blog, config.server.public_url or "")
        if topic.form == "txt":
            entries, through, gone = await self._whole(topic), events[-1], tuple[Withdrawal, ...]()
        else:
            entries, through, gone = await self._changes(topic, events)
        if not entries and not gone:
            return Document(str(through.cursor))
        feed = Feed(blog=facts, links=topic.links, entries=entries, withdrawn=gone)
        body = write(topic.form, feed).encode()
        return Document(str(through.cursor), body, CONTENT_TYPES[topic.form], topic.links.header())

    async def _whole(self, topic: Topic) -> list[Written]:
        """The newest posts: text has no ids by which a part could be joined to what a subscriber has."""
        page = await self._pages.page(topic.blog.slug, topic.chosen, None, FRONT_PAGE)
        entries = [write_entry(topic.form, dump(item)) for item in page.items]
        return _fitting(entries)

    async def _changes(
        self, topic: Topic, events: Sequence[Event]
    ) -> tuple[list[Written], Event, tuple[Withdrawal, ...]]:
        """Entries as they are now, newest first, the last event that fitted, and withdrawals."""
        written: dict[str, Written] = {}
        through, size, begun = events[0], 0, time.perf_counter()
        for number, event in enumerate(events):
            entry = self._written(topic, event)
            size += len(entry.text.encode()) if entry else 0
            if size > MAX_DOCUMENT_BYTES and number:
                break
            through = event
            if entry:
                written[event.id] = entry
            if time.perf_counter() - begun > SLICE_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()
        last = coalesce(event for event in events if event.cursor.seq <= through.cursor.seq)
        now = self._clock()
        gone = tuple(Withdrawal(event.id, now) for event in reversed(last) if event.item is None)
        entries = [written[event.id] for event in reversed(last) if event.item is not None and event.id in written]
        return entries, through, gone

    def _written(self, topic: Topic, event: Event) -> Written | None:
        if event.item is None or (topic.chosen and topic.chosen.matching(event.item) is None):
            return None
        return write_entry(topic.form, event.item)


def _fitting(entries: Sequence[Written]) -> list[Written]:
    """The first entries, up to MAX_DOCUMENT_BYTES, but at least one."""
    fitting: list[Written] = []
    size = 0
    for entry in entries:
        size += len(entry.text.encode())
        if size > MAX_DOCUMENT_BYTES and fitting:
            break
        fitting.append(entry)
    return fitting
