"""The fan-out: sends every event of the timeline to every connected client of its blog.

    Timeline.watch → FanOut._follow → Channel.push;  FanOut._serve → Channel.serve → Connection.send

Events come from `Timeline.watch` and from nowhere else. A client that joins is counted first, is sent its backlog
(resume.py), and goes live (channel.py): no event can be lost in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any, Final

from entries import Cursor, Event
from fanout.channel import Channel
from fanout.closing import close, close_gradually
from fanout.connection import Connection
from fanout.counts import Counts
from fanout.frames import Transport
from fanout.heartbeat import Heartbeat
from fanout.history import MAX_BYTES, History
from fanout.resume import REPLAY_LIMIT, Resume
from timeline import HistoryLostError, Reason, Timeline, TimelineError

logger = logging.getLogger("livelog.fanout")

HISTORIES_BYTES: Final = 64 * 1024 * 1024
"""Size of the histories of all blogs together."""

TURN_SECONDS: Final = 0.003
"""Duration of a turn of sending, after which the event loop runs other tasks."""

ENDED_PER_TURN: Final = 32
"""Connections that `FanOut.end` looks at before the event loop runs other tasks."""

RETRY_SECONDS: Final = 0.5
LOG_INTERVAL: Final = 1.0

Events = AsyncGenerator[Sequence[Event], None]


class FanOut:
    """The registry of connections by blog, and the tasks that send events on them.

    ``events`` and their ``deliveries`` are counted; ``trouble`` is the reason why the fan-out has ended, or None.
    """

    def __init__(self, timeline: Timeline, blogs: Collection[str]) -> None:
        self.trouble: str | None = None
        self.events = 0
        self.deliveries = 0
        self._timeline = timeline
        self._blogs = blogs
        self._history_bytes = MAX_BYTES
        self._channels: dict[str, Channel] = {}
        self._resumes: dict[str, Resume] = {}
        self._heartbeat = Heartbeat()
        self._unserved: dict[Channel, None] = {}
        self._news = asyncio.Event()
        self._evicted = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._following: asyncio.Task[None] | None = None
        self._applying = asyncio.Lock()
        self._closed = False

    async def start(self) -> None:
        """Begins to watch the timeline. Raises TimelineError."""
        events = await self._add(self._blogs)
        self._following = self._run(self._follow(events))
        self._run(self._serve())
        self._run(self._heartbeat.run())

    async def apply(self, blogs: Collection[str]) -> None:
        """Serves exactly these blogs from now on, without losing or repeating an event of those that stay.

        Closes the connections of blogs that are no longer served, gradually. Raises TimelineError, also if the
        fan-out was closed meanwhile, and nothing has changed then.
        """
        async with self._applying:
            if set(blogs) == set(self._channels):
                return
            events = await self._add(blogs)
            removed = [self._remove(blog) for blog in set(self._channels) - set(blogs)]
            if before := self._following:
                before.cancel()
            self._following = self._run(self._follow(events, before))
            try:
                await close_gradually(removed)
            finally:
                close(removed)

    async def close(self) -> None:
        """Stops watching, and closes all connections at once. An `apply` under way does not begin to watch again."""
        self._closed = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        close(self._channels.values())

    async def close_gradually(self) -> None:
        """Closes the connections one by one in random order; events are sent on those still open."""
        await close_gradually(self._channels.values())

    async def join(self, blog: str, connection: Connection, after: str | None) -> None:
        """Sends a client ``hello``, its backlog or a ``reset``, and from then on every event of its blog.

        ``after`` is the cursor that it brings, which may be any text. Raises TimelineError, also for a blog that is
        not served, and OSError if the connection ended meanwhile or is not read from.
        """
        channel, resume = self._served(blog)
        channel.add(connection)
        self._heartbeat.add(connection)
        try:
            backlog = await resume.backlog(
                after, connection.transport, is_gone=lambda: connection not in channel.joining
            )
            channel.counts.joined[backlog.joined] += 1
            try:
                await channel.join(connection, backlog.frames, backlog.cursor)
            finally:
                resume.release(backlog)
        except (OSError, TimelineError):
            self.leave(blog, connection)
            raise

    async def missed(self, blog: str, after: str) -> list[bytes]:
        """The messages that a client with this cursor would be sent first, as JSON texts. Raises TimelineError."""
        _, resume = self._served(blog)
        backlog = await resume.backlog(after, Transport.LINES)
        try:
            # A frame may be several, joined; no JSON text has a line end of its own.
            return b"".join(backlog.frames).splitlines()
        finally:
            resume.release(backlog)

    async def end(self, blog: str, may_stay: Callable[[Connection], bool]) -> None:
        """Closes the connections of a blog for which ``may_stay`` is False. Other tasks run in between."""
        channel = self._channels.get(blog)
        for number, connection in enumerate(channel.connections() if channel else (), 1):
            if channel and not may_stay(connection):
                channel.close(connection)
            if number % ENDED_PER_TURN == 0:
                await asyncio.sleep(0)

    def leave(self, blog: str, connection: Connection) -> None:
        """Removes a connection that has ended, if it is there."""
        if channel := self._channels.get(blog):
            channel.remove(connection)
        self._heartbeat.remove(connection)

    def sign_of_life(self, blog: str, connection: Connection) -> bytes:
        """The sign of life that is due on a connection; empty if none is."""
        channel = self._channels.get(blog)
        return channel.sign_of_life(connection) if channel else b""

    def readers(self) -> dict[str, int]:
        """The number of connections of each blog, which /healthz and /metrics give as its readers."""
        return {blog: len(channel.connections()) for blog, channel in self._channels.items()}

    def transports(self) -> dict[str, Counter[Transport]]:
        """The number of connections of each blog by transport."""
        return {
            blog: Counter(connection.transport for connection in channel.connections())
            for blog, channel in self._channels.items()
        }

    def counts(self) -> dict[str, Counts]:
        """The counts of each blog."""
        return {blog: channel.counts for blog, channel in self._channels.items()}

    @property
    def is_sending(self) -> bool:
        """True while there are events that not all live connections have been sent."""
        return bool(self._unserved)

    def head(self, blog: str) -> Cursor | None:
        """The newest event of a blog that was received; None if its events are not received at the moment."""
        channel = self._channels.get(blog)
        return channel.history.head if channel and not self.trouble else None

    def _served(self, blog: str) -> tuple[Channel, Resume]:
        if blog not in self._channels:
            raise TimelineError(f"{blog} is not served at the moment.")
        return self._channels[blog], self._resumes[blog]

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._tasks.discard(task)
        elif task.exception():
            self.trouble = "The fan-out met a bug and ended; the log has the details."
            logger.critical(self.trouble, exc_info=task.exception())

    def _count_evicted(self) -> None:
        """Counts a client that was too slow, for one log line per LOG_INTERVAL."""
        if not self._evicted:
            asyncio.get_running_loop().call_later(LOG_INTERVAL, self._log_evicted)
        self._evicted += 1

    def _log_evicted(self) -> None:
        logger.info("%d clients were too slow and were evicted; they reconnect with their cursor.", self._evicted)
        self._evicted = 0

    async def _watch(self, blogs: Collection[str]) -> Events:
        events = self._timeline.watch(tuple(blogs))
        await anext(events)
        return events

    async def _add(self, blogs: Collection[str]) -> Events:
        """Watches these blogs, and adds a channel for each new one. Raises TimelineError, and adds none then."""
        # Watch first, read the heads second: events committed in between come twice, and are recognised by number.
        events = await self._watch(blogs)
        try:
            heads = {blog: await self._timeline.head(blog) for blog in blogs if blog not in self._channels}
            if self._closed:
                raise TimelineError("The fan-out is closed.")
        except (TimelineError, asyncio.CancelledError):
            await events.aclose()
            raise
        self._history_bytes = min(MAX_BYTES, HISTORIES_BYTES // max(len(blogs), 1))
        for channel in self._channels.values():
            channel.history.limit(self._history_bytes)
        for blog, head in heads.items():
            channel = Channel(History(head, self._history_bytes), self._count_evicted)
            self._channels[blog] = channel
            self._resumes[blog] = Resume(blog, channel, self._timeline)
        return events

    def _remove(self, blog: str) -> Channel:
        channel = self._channels.pop(blog)
        del self._resumes[blog]
        self._unserved.pop(channel, None)
        return channel

    async def _follow(self, events: Events, before: asyncio.Task[None] | None = None) -> None:
        """Pushes events as they come. ``before`` is the task that did so until now; it has been cancelled."""
        while True:
            try:
                async with aclosing(events):
                    if before:
                        await asyncio.wait([before])
                        await self._catch_up()
                        before = None
                    async for batch in events:
                        await self._push(batch)
            except HistoryLostError as lost:
                logger.warning("%s Readers are sent a reset.", lost)
                events = await self._begin_anew(lost.reason)

    async def _catch_up(self) -> None:
        """Pushes events that were committed before the watch began. Waits for a store that is down."""
        behind = list(self._channels.items())
        while behind:
            blog, channel = behind[-1]
            try:
                replay = await self._timeline.replay(blog, channel.history.head, REPLAY_LIMIT)
                if replay.complete:
                    await self._push(replay.events)
                else:
                    await self._reset(blog, channel, replay.reason or "expired")
            except TimelineError as error:
                await self._wait_for_timeline(error)
            else:
                behind.pop()

    async def _push(self, batch: Sequence[Event]) -> None:
        by_blog: defaultdict[str, list[Event]] = defaultdict(list)
        for event in batch:
            if event.cursor.seq > self._channels[event.blog].history.head.seq:
                by_blog[event.blog].append(event)
        for blog, events in by_blog.items():
            channel = self._channels[blog]
            await channel.room()
            channel.push(events)
            self.events += len(events)
            self.deliveries += len(events) * len(channel.live)
            channel.counts.pushed(events, len(channel.live))
            self._serve_soon(channel)

    def _serve_soon(self, channel: Channel) -> None:
        self._unserved[channel] = None
        self._news.set()

    async def _serve(self) -> None:
        """Serves the channels that have events in turns of TURN_SECONDS; other tasks run in between."""
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
            if channel.serve(until):
                channel.counts.sent(self._timeline.now())
            else:
                self._unserved[channel] = None
            if monotonic() > until:
                break

    async def _begin_anew(self, reason: Reason) -> Events:
        """Watches again, and resets every blog that has lost events. Waits for a store that is down."""
        while True:
            try:
                return await self._watch_and_reset(reason)
            except TimelineError as error:
                await self._wait_for_timeline(error)

    async def _watch_and_reset(self, reason: Reason) -> Events:
        events = await self._watch(self._channels)
        try:
            for blog, channel in tuple(self._channels.items()):
                await self._reset(blog, channel, reason)
        except (TimelineError, asyncio.CancelledError):
            await events.aclose()
            raise
        return events

    async def _reset(self, blog: str, channel: Channel, reason: Reason) -> None:
        """Shows a blog's clients the gap and the newest entries, if there is a gap. Raises TimelineError."""
        before = channel.history.head
        reset, head = await self._resumes[blog].reset(str(before), reason, afresh=True)
        if head != before:
            channel.restart(History(head, self._history_bytes, reset))
            self._serve_soon(channel)

    async def _wait_for_timeline(self, error: TimelineError) -> None:
        logger.info("The timeline cannot be read, trying again: %s", error)
        await asyncio.sleep(RETRY_SECONDS)
