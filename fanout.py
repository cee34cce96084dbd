"""The fan-out: the registry of connected readers, and the way of events to them.

Events come from `Timeline.watch` and from nowhere else. A reader that joins is subscribed first, then gets what it
missed from the timeline, then goes live: nothing can fall between. Frames are JSON texts, encoded once per event.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from entries import FRONT_PAGE, Cursor, Event, coalesce, dump
from timeline import Timeline, TimelineError

logger = logging.getLogger("livelog.fanout")

REPLAY_LIMIT: Final = 1_000
"""Events that a resuming reader is sent; one who missed more gets a `reset` with the newest entries."""

BACKLOG_LIMIT: Final = 1_000
"""Events kept for a reader who is still being sent what it missed; one who is slower is let go."""


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
    """The readers of one blog. ``head`` is the last event that was fanned out.

    ``joining`` readers keep what comes while they catch up. Readers ``ahead`` have read events from the timeline
    that `watch` has yet to bring, and skip these. All others are ``live``.
    """

    head: Cursor
    live: set[Reader] = field(default_factory=set)
    ahead: dict[Reader, int] = field(default_factory=dict)
    joining: dict[Reader, list[Event]] = field(default_factory=dict)

    def push(self, events: Sequence[Event]) -> None:
        news = [event for event in events if event.cursor.seq > self.head.seq]
        if not news:
            return
        self.head = news[-1].cursor
        frames = [event.message() for event in news]
        for reader in tuple(self.live):
            reader.send(frames)
        for reader, seq in tuple(self.ahead.items()):
            reader.send(_after(news, seq))
            self.admit(reader, seq)
        for reader, backlog in tuple(self.joining.items()):
            backlog.extend(news)
            if len(backlog) > BACKLOG_LIMIT:
                del self.joining[reader]
                reader.evict()

    def admit(self, reader: Reader, seq: int) -> None:
        """From here on the reader, which has everything up to ``seq``, gets what is pushed."""
        if seq > self.head.seq:
            self.ahead[reader] = seq
            return
        self.ahead.pop(reader, None)
        self.live.add(reader)

    def remove(self, reader: Reader) -> None:
        self.live.discard(reader)
        self.ahead.pop(reader, None)
        self.joining.pop(reader, None)

    def __len__(self) -> int:
        return len(self.live) + len(self.ahead) + len(self.joining)


class FanOut:
    """Hands every event of the timeline to every reader of its blog."""

    def __init__(self, timeline: Timeline, blogs: Collection[str]) -> None:
        self._timeline = timeline
        self._blogs = blogs
        self._channels: dict[str, _Channel] = {}
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to watch the timeline. Raises TimelineError."""
        events = self._timeline.watch()
        # Watch first, look second: what is committed in between comes twice, and is recognised by its number.
        await anext(events)
        for blog in self._blogs:
            self._channels[blog] = _Channel(await self._timeline.head(blog))

        async def watch() -> None:
            async for batch in events:
                self._push(batch)

        self._watching = asyncio.create_task(watch())
        self._watching.add_done_callback(_log_end)

    async def close(self) -> None:
        """Stops watching, and lets all readers go."""
        if self._watching:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        for channel in self._channels.values():
            for reader in [*channel.live, *channel.ahead, *channel.joining]:
                channel.remove(reader)
                reader.evict()

    async def join(self, blog: str, reader: Reader, after: str | None) -> None:
        """Sends a reader ``hello``, or ``reset`` after a hello, what it missed, and from then on what comes.

        ``after`` is the cursor it came with, whatever it may contain. Raises TimelineError, and ConnectionError if
        the reader went away meanwhile.
        """
        channel = self._channels[blog]
        backlog = channel.joining[reader] = []
        try:
            frames, seq = await self._opening(blog, channel.head, after)
            while frames:
                await reader.catch_up(frames)
                frames = _after(backlog, seq)
                seq = max(seq, backlog[-1].cursor.seq) if backlog else seq
                backlog.clear()
        except (ConnectionError, TimelineError):
            channel.remove(reader)
            raise
        if reader in channel.joining:
            del channel.joining[reader]
            channel.admit(reader, seq)

    def leave(self, blog: str, reader: Reader) -> None:
        """Forgets a reader."""
        self._channels[blog].remove(reader)

    def readers(self) -> dict[str, int]:
        """How many readers each blog has."""
        return {blog: len(channel) for blog, channel in self._channels.items()}

    def _push(self, batch: Sequence[Event]) -> None:
        by_blog: defaultdict[str, list[Event]] = defaultdict(list)
        for event in batch:
            by_blog[event.blog].append(event)
        for blog, events in by_blog.items():
            # An event may be of a blog that is no longer configured.
            if blog in self._channels:
                self._channels[blog].push(events)

    async def _opening(self, blog: str, head: Cursor, after: str | None) -> tuple[list[str], int]:
        """The first frames for a reader, and the number of the last event that they cover."""
        if after is None:
            return [_hello(head, recovered=False, missed=0)], head.seq
        try:
            cursor = Cursor.parse(after)
        except ValueError:
            return await self._reset(blog, after, "epoch")
        replay = await self._timeline.replay(blog, cursor, REPLAY_LIMIT)
        if not replay.complete:
            return await self._reset(blog, after, replay.reason or "expired")
        missed = coalesce(replay.events)
        hello = _hello(replay.head, recovered=True, missed=len(missed))
        return [hello, *(event.message() for event in missed)], replay.head.seq

    async def _reset(self, blog: str, after: str, reason: str) -> tuple[list[str], int]:
        page = await self._timeline.page(blog, None, FRONT_PAGE)
        gap = dump({"after": after[:64], "reason": reason})
        items = ",".join(page.items)
        reset = f'{{"type":"reset","cursor":"{page.head}","gap":{gap},"items":[{items}]}}'
        return [_hello(page.head, recovered=False, missed=0), reset], page.head.seq


def _hello(cursor: Cursor, *, recovered: bool, missed: int) -> str:
    return json.dumps({"type": "hello", "cursor": str(cursor), "recovered": recovered, "missed": missed})


def _after(events: Sequence[Event], seq: int) -> list[str]:
    return [event.message() for event in events if event.cursor.seq > seq]


def _log_end(watching: asyncio.Task[None]) -> None:
    if not watching.cancelled() and watching.exception():
        logger.critical("The fan-out met a bug and ended.", exc_info=watching.exception())
