"""The fan-out: the registry of connected readers, and the way of events to them.

Events come from `Timeline.watch` and from nowhere else. A reader that joins is subscribed first, then gets what it
missed, then goes live: nothing can fall between. Frames are JSON texts, encoded once per event (`ring`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final, Protocol

from entries import FRONT_PAGE, Cursor, Event, coalesce, dump
from ring import MOST_BYTES, MOST_EVENTS, Ring
from timeline import HistoryLostError, Timeline, TimelineError

logger = logging.getLogger("livelog.fanout")

REPLAY_LIMIT: Final = MOST_EVENTS
"""Events that a resuming reader is sent; one who missed more gets a `reset` with the newest entries."""

BACKLOG_LIMIT: Final = 1_000
"""Events kept for a reader who is still being sent what it missed; one who is slower is let go."""

RINGS_BYTES: Final = 64 * 1024 * 1024
"""What the rings of all blogs may hold together."""

RETRY_SECONDS: Final = 0.5

Events = AsyncGenerator[Sequence[Event], None]

Frames = list[tuple[int, str]]
"""Frames with the numbers of their events."""


class Reader(Protocol):
    """One connection. It keeps its own bounds, and says `leave` when it is gone."""

    async def catch_up(self, frames: Sequence[str]) -> None:
        """Sends frames at the pace of the connection; raises ConnectionError if it ends."""

    def send(self, frames: Sequence[str]) -> None:
        """Queues frames without waiting. A reader that is too slow closes itself and comes back by cursor."""

    def evict(self) -> None:
        """Ends the connection; the reader is expected to come back by cursor."""


@dataclass(slots=True)
class _Channel:
    """The readers of one blog. The ring's head is the last event that was fanned out.

    ``joining`` readers keep what comes while they catch up. Readers ``ahead`` have read events from the timeline
    that `watch` has yet to bring, and skip these. All others are ``live``. ``newest`` are the entries of a `reset`
    with the cursor they end at, kept for the next one who needs it; ``reading`` lets one at a time ask the timeline
    for what many need.
    """

    blog: str
    ring: Ring
    live: set[Reader] = field(default_factory=set)
    ahead: dict[Reader, int] = field(default_factory=dict)
    joining: dict[Reader, Frames] = field(default_factory=dict)
    newest: tuple[Cursor, str] | None = None
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def head(self) -> Cursor:
        return self.ring.head

    def push(self, events: Sequence[Event]) -> None:
        news = [event for event in events if event.cursor.seq > self.head.seq]
        if not news:
            return
        texts = self.ring.append(news)
        frames = [(event.cursor.seq, text) for event, text in zip(news, texts, strict=True)]
        for reader in tuple(self.live):
            reader.send(texts)
        for reader, seq in tuple(self.ahead.items()):
            reader.send(_after(frames, seq))
            self.admit(reader, self.head if seq <= self.head.seq else Cursor(self.head.epoch, seq))
        for reader, backlog in tuple(self.joining.items()):
            backlog.extend(frames)
            if len(backlog) > BACKLOG_LIMIT:
                self.let_go(reader)

    def admit(self, reader: Reader, cursor: Cursor) -> None:
        """From here on the reader, which has everything up to the cursor, gets what is pushed."""
        self.remove(reader)
        if cursor.epoch != self.head.epoch:
            # The store began anew while it was joining: it has to, too.
            reader.evict()
        elif cursor.seq > self.head.seq:
            self.ahead[reader] = cursor.seq
        else:
            self.live.add(reader)

    def begin_anew(self, ring: Ring, frame: str) -> None:
        """Sends everyone a `reset`, which ends where the new ring begins."""
        self.ring = ring
        for reader in tuple(self.joining):
            self.let_go(reader)
        for reader in (*self.live, *self.ahead):
            self.admit(reader, ring.head)
            reader.send([frame])

    def let_go(self, reader: Reader) -> None:
        self.remove(reader)
        reader.evict()

    def remove(self, reader: Reader) -> None:
        self.live.discard(reader)
        self.ahead.pop(reader, None)
        self.joining.pop(reader, None)

    def readers(self) -> list[Reader]:
        return [*self.live, *self.ahead, *self.joining]


class FanOut:
    """Hands every event of the timeline to every reader of its blog.

    ``events`` and their ``deliveries`` are counted; ``trouble`` says why it does not work, or is None.
    """

    def __init__(self, timeline: Timeline, blogs: Collection[str]) -> None:
        self.trouble: str | None = None
        self.events = 0
        self.deliveries = 0
        self._timeline = timeline
        self._blogs = blogs
        self._ring_bytes = min(MOST_BYTES, RINGS_BYTES // max(len(blogs), 1))
        self._channels: dict[str, _Channel] = {}
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to watch the timeline. Raises TimelineError."""
        events = await self._watch()
        for blog in self._blogs:
            self._channels[blog] = _Channel(blog, self._ring(await self._timeline.head(blog)))
        self._watching = asyncio.create_task(self._follow(events))
        self._watching.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stops watching, and lets all readers go."""
        if self._watching:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        for channel in self._channels.values():
            for reader in channel.readers():
                channel.let_go(reader)

    async def join(self, blog: str, reader: Reader, after: str | None) -> None:
        """Sends a reader ``hello``, or ``reset`` after a hello, what it missed, and from then on what comes.

        ``after`` is the cursor it came with, whatever it may contain. Raises TimelineError, and ConnectionError if
        the reader went away meanwhile.
        """
        channel = self._channels[blog]
        backlog = channel.joining[reader] = []
        try:
            frames, cursor = await self._opening(channel, after)
            while frames:
                await reader.catch_up(frames)
                frames = _after(backlog, cursor.seq)
                cursor = Cursor(cursor.epoch, max([cursor.seq, *(seq for seq, _ in backlog)]))
                backlog.clear()
        except (ConnectionError, TimelineError):
            channel.remove(reader)
            raise
        if reader in channel.joining:
            channel.admit(reader, cursor)

    def leave(self, blog: str, reader: Reader) -> None:
        """Forgets a reader."""
        self._channels[blog].remove(reader)

    def readers(self) -> dict[str, int]:
        """How many readers each blog has."""
        return {blog: len(channel.readers()) for blog, channel in self._channels.items()}

    def _ended(self, watching: asyncio.Task[None]) -> None:
        if not watching.cancelled() and watching.exception():
            self.trouble = "The fan-out met a bug and ended; the log has the details."
            logger.critical(self.trouble, exc_info=watching.exception())

    async def _watch(self) -> Events:
        # Watch first, look second: what is committed in between comes twice, and is recognised by its number.
        events = self._timeline.watch(self._blogs)
        await anext(events)
        return events

    async def _follow(self, events: Events) -> None:
        while True:
            try:
                async with aclosing(events):
                    async for batch in events:
                        self._push(batch)
            except HistoryLostError as lost:
                logger.warning("%s Readers are sent a reset.", lost)
                events = await self._begin_anew(lost)

    def _push(self, batch: Sequence[Event]) -> None:
        by_blog: defaultdict[str, list[Event]] = defaultdict(list)
        for event in batch:
            by_blog[event.blog].append(event)
        for blog, events in by_blog.items():
            channel = self._channels[blog]
            self.events += len(events)
            self.deliveries += len(events) * len(channel.live)
            channel.push(events)

    async def _begin_anew(self, lost: HistoryLostError) -> Events:
        """Watches again, and shows every reader the gap and the newest entries. Waits for a store that is down."""
        while True:
            try:
                events = await self._watch()
                for channel in self._channels.values():
                    before, channel.newest = channel.head, None
                    head, items = await self._newest(channel)
                    if head != before:
                        channel.begin_anew(self._ring(head), _reset(head, str(before), lost.reason, items))
            except TimelineError as error:
                logger.info("The timeline cannot be read, trying again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return events

    async def _opening(self, channel: _Channel, after: str | None) -> tuple[list[str], Cursor]:
        """The first frames for a reader, and the last event that they cover."""
        if after is None:
            return [_hello(channel.head, recovered=False, missed=0)], channel.head
        try:
            cursor = Cursor.parse(after)
        except ValueError:
            return await self._resetting(channel, after, "epoch")
        if await self._in_ring(channel, cursor):
            missed = channel.ring.missed(cursor.seq)
            return [_hello(channel.head, recovered=True, missed=len(missed)), *missed], channel.head
        # Another epoch, ahead of this node, or long away: the timeline knows.
        replay = await self._timeline.replay(channel.blog, cursor, REPLAY_LIMIT)
        if not replay.complete:
            return await self._resetting(channel, after, replay.reason or "expired")
        missed = [event.message() for event in coalesce(replay.events)]
        return [_hello(replay.head, recovered=True, missed=len(missed)), *missed], replay.head

    async def _in_ring(self, channel: _Channel, cursor: Cursor) -> bool:
        """Whether the ring has all that follows the cursor, filled from the timeline where it is not yet."""
        ring = channel.ring
        if cursor.epoch != ring.head.epoch or not 0 <= ring.head.seq - cursor.seq <= REPLAY_LIMIT:
            return False
        if not ring.reaches(cursor.seq):
            await self._fill(channel, cursor)
        return ring is channel.ring and ring.reaches(cursor.seq)

    async def _fill(self, channel: _Channel, cursor: Cursor) -> None:
        """Fills the ring with what the timeline still has, as far back as a reader may have been away."""
        async with channel.reading:
            if channel.ring.reaches(cursor.seq):
                return
            ring = channel.ring
            start = Cursor(ring.head.epoch, max(ring.head.seq - REPLAY_LIMIT, 0))
            # The timeline may be ahead of this node by some events.
            replay = await self._timeline.replay(channel.blog, start, 2 * REPLAY_LIMIT)
            if not replay.complete:
                replay = await self._timeline.replay(channel.blog, cursor, 2 * REPLAY_LIMIT)
            ring.prepend(replay.events)

    async def _resetting(self, channel: _Channel, after: str, reason: str) -> tuple[list[str], Cursor]:
        async with channel.reading:
            head, items = await self._newest(channel)
        return [_hello(head, recovered=False, missed=0), _reset(head, after[:64], reason, items)], head

    async def _newest(self, channel: _Channel) -> tuple[Cursor, str]:
        """The newest entries of a blog, and the cursor they end at."""
        newest, head = channel.newest, channel.head
        if newest is None or newest[0].epoch != head.epoch or newest[0].seq < head.seq:
            page = await self._timeline.page(channel.blog, None, FRONT_PAGE)
            newest = channel.newest = (page.head, ",".join(page.items))
        return newest

    def _ring(self, head: Cursor) -> Ring:
        return Ring(head, self._ring_bytes)


def _hello(cursor: Cursor, *, recovered: bool, missed: int) -> str:
    return json.dumps({"type": "hello", "cursor": str(cursor), "recovered": recovered, "missed": missed})


def _reset(cursor: Cursor, after: str, reason: str, items: str) -> str:
    return (
        f'{{"type":"reset","cursor":"{cursor}","gap":{dump({"after": after, "reason": reason})},"items":[{items}]}}'
    )


def _after(frames: Frames, seq: int) -> list[str]:
    return [text for number, text in frames if number > seq]
