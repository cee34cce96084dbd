"""The fan-out: the registry of connected readers, and the way of events to them.

Events come from `Timeline.watch` and from nowhere else. A reader that joins is counted first, then gets what it
missed (`opening`), then goes live (`channel`): nothing can fall between.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Final, Protocol

from entries import Cursor, Event
from fanout.channel import Channel, Reader
from fanout.frames import Transport
from fanout.heartbeat import Heartbeat, Patient
from fanout.history import MOST_BYTES, History
from fanout.resume import Resumes
from timeline import HistoryLostError, Timeline, TimelineError

logger = logging.getLogger("livelog.fanout")

RINGS_BYTES: Final = 64 * 1024 * 1024
"""What the rings of all blogs may hold together."""

TURN_SECONDS: Final = 0.003
"""How long readers are served before whatever else there is to do gets its chance."""

SEE_OUT_SECONDS: Final = 3.0
SEE_OUT_RATE: Final = 100
"""Over how long readers are dismissed at a stop, and how many a second if there are few: they come back likewise."""

RETRY_SECONDS: Final = 0.5
COMPLAINT_SECONDS: Final = 1.0

PULSES: Final = {Transport.WEBSOCKET: (25.0, 10.0), Transport.EVENTS: (12.0, 10.0)}
"""Seconds between two signs of life to a reader, and how long it may give none, or take nothing, after each."""

Events = AsyncGenerator[Sequence[Event], None]


class Connection(Reader, Patient, Protocol):
    """A reader as the fan-out knows it. It says `leave` when it is gone."""


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
        self._channels: dict[str, Channel] = {}
        self._openings: dict[str, Resumes] = {}
        self._pulses = {transport: Heartbeat(*seconds) for transport, seconds in PULSES.items()}
        self._unserved: dict[Channel, None] = {}
        self._news = asyncio.Event()
        self._slow = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to watch the timeline. Raises TimelineError."""
        events = await self._watch()
        for blog in self._blogs:
            channel = Channel(self._ring(await self._timeline.head(blog)), self._complain)
            self._channels[blog] = channel
            self._openings[blog] = Resumes(blog, channel, self._timeline)
        pulses = (pulse.run() for pulse in self._pulses.values())
        self._tasks = [asyncio.create_task(work) for work in (self._follow(events), self._serve(), *pulses)]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Stops watching, and dismisses all readers at once."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for channel in self._channels.values():
            for reader in channel.readers():
                channel.dismiss(reader)

    async def see_out(self) -> None:
        """Dismisses the readers within seconds, one by one, in no order; who is still here gets what comes."""
        readers = [(channel, reader) for channel in self._channels.values() for reader in channel.readers()]
        random.shuffle(readers)
        began = monotonic()
        each = min(SEE_OUT_SECONDS / max(len(readers), 1), 1 / SEE_OUT_RATE)
        for number, (channel, reader) in enumerate(readers):
            late = monotonic() - began - number * each
            if late > SEE_OUT_SECONDS:
                return
            if late < -TURN_SECONDS or number % SEE_OUT_RATE == 0:
                await asyncio.sleep(max(-late, 0))
            channel.dismiss(reader)

    async def join(self, blog: str, reader: Connection, after: str | None) -> None:
        """Sends a reader ``hello``, or ``reset`` after a hello, what it missed, and from then on what comes.

        ``after`` is the cursor it came with, whatever it may contain. Raises TimelineError, and OSError if the reader
        went away meanwhile, or does not read.
        """
        channel = self._channels[blog]
        channel.expect(reader)
        self._pulses[reader.transport].add(reader)
        try:
            opening = await self._openings[blog].after(after, reader.transport)
            try:
                await channel.join(reader, opening.frames, opening.cursor)
            finally:
                self._openings[blog].sent(opening)
        except (OSError, TimelineError):
            self.leave(blog, reader)
            raise

    async def missed(self, blog: str, after: str) -> list[bytes]:
        """What a reader who comes with this cursor would be sent first, as JSON texts. Raises TimelineError."""
        opening = await self._openings[blog].after(after, Transport.LINES)
        try:
            # A frame may be several, joined; no JSON text has a line end of its own.
            return b"".join(opening.frames).splitlines()
        finally:
            self._openings[blog].sent(opening)

    def leave(self, blog: str, reader: Connection) -> None:
        """Forgets a reader."""
        self._channels[blog].remove(reader)
        self._pulses[reader.transport].remove(reader)

    def readers(self) -> dict[str, int]:
        """How many readers each blog has."""
        return {blog: len(channel.readers()) for blog, channel in self._channels.items()}

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            self.trouble = "The fan-out met a bug and ended; the log has the details."
            logger.critical(self.trouble, exc_info=task.exception())

    def _complain(self) -> None:
        """Notes that a reader was too slow, for a line in the log; one a second is enough."""
        if not self._slow:
            asyncio.get_running_loop().call_later(COMPLAINT_SECONDS, self._tell)
        self._slow += 1

    def _tell(self) -> None:
        logger.info("%d readers were too slow and were let go; they come back by cursor.", self._slow)
        self._slow = 0

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
                        await self._push(batch)
            except HistoryLostError as lost:
                logger.warning("%s Readers are sent a reset.", lost)
                events = await self._begin_anew(lost)

    async def _push(self, batch: Sequence[Event]) -> None:
        by_blog: defaultdict[str, list[Event]] = defaultdict(list)
        for event in batch:
            if event.cursor.seq > self._channels[event.blog].ring.head.seq:
                by_blog[event.blog].append(event)
        for blog, events in by_blog.items():
            channel = self._channels[blog]
            await channel.room()
            channel.push(events)
            self.events += len(events)
            self.deliveries += len(events) * len(channel.live)
            self._serve_soon(channel)

    def _serve_soon(self, channel: Channel) -> None:
        self._unserved[channel] = None
        self._news.set()

    async def _serve(self) -> None:
        """Serves the channels that have news by turns, a little at a time: what else there is to do comes between."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._unserved:
                self._serve_until(monotonic() + TURN_SECONDS)
                await asyncio.sleep(0)

    def _serve_until(self, until: float) -> None:
        while self._unserved:
            channel = next(iter(self._unserved))
            del self._unserved[channel]
            if not channel.serve(until):
                self._unserved[channel] = None
            if monotonic() > until:
                break

    async def _begin_anew(self, lost: HistoryLostError) -> Events:
        """Watches again, and shows every reader the gap and the newest entries. Waits for a store that is down."""
        while True:
            try:
                events = await self._watch()
                for blog, channel in self._channels.items():
                    before = channel.ring.head
                    reset, head = await self._openings[blog].reset(str(before), lost.reason, afresh=True)
                    if head != before:
                        channel.begin_anew(History(head, self._ring_bytes, reset))
                        self._serve_soon(channel)
            except TimelineError as error:
                logger.info("The timeline cannot be read, trying again: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return events

    def _ring(self, head: Cursor) -> History:
        return History(head, self._ring_bytes)
