"""Resuming: the messages that a client is sent first, by the cursor that it brings.

That is a hello and the events that it missed, or a hello and a `reset`. Nearly always the history has the events.
Else the timeline is asked, by one client at a time and for all that need the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, NamedTuple

from entries import FRONT_PAGE, Cursor, coalesce, dump
from fanout.channel import Channel
from fanout.counts import Joined
from fanout.frames import SLICE_BYTES, Message, Transport
from fanout.heartbeat import ALIVE_SECONDS
from fanout.history import MAX_EVENTS, History
from timeline import Reason, Replay, Timeline, TimelineError

REPLAY_LIMIT: Final = MAX_EVENTS
"""Events that a resuming client is sent; one that missed more gets a `reset` with the newest entries."""

MAX_KEPT: Final = 1_000
MAX_KEPT_BYTES: Final = 4 * 1024 * 1024
"""Number and size of the backlogs that are kept for other clients with the same cursor."""

MAX_FOREIGN_EPOCHS: Final = 100

MAX_OWN_BYTES: Final = 64 * 1024 * 1024
"""Size of all backlogs being sent that are not in the history. Beyond it, a client that was away for long gets a
`reset`, like one that was away for longer."""

MAX_CURSOR_CHARS: Final = 64
"""More than any cursor has; the rest is cut off."""

FAILURE_SECONDS: Final = 1.0
"""After a failure of the timeline other clients get the same failure for this long; then it is asked again."""


class Backlog(NamedTuple):
    """Frames, and the cursor that a client has with them. ``own_bytes`` is the size of those for this client only.

    ``joined`` is their kind.
    """

    frames: Sequence[bytes]
    cursor: Cursor
    own_bytes: int = 0
    joined: Joined = "first"


class Resume:
    """The backlogs of one blog's clients. Most are kept until the next event, for others with the same cursor."""

    def __init__(self, blog: str, channel: Channel, timeline: Timeline) -> None:
        self._blog = blog
        self._channel = channel
        self._timeline = timeline
        self._asking = asyncio.Lock()
        self._failure: TimelineError | None = None
        self._failed_at = -FAILURE_SECONDS
        self._filled: History | None = None
        self._own_bytes = 0
        self._newest: tuple[Cursor, str] | None = None
        self._foreign: set[str] = set()
        self._kept: dict[tuple[str | None, Transport], Backlog] = {}
        self._kept_bytes = 0
        self._kept_at = channel.history.head

    async def backlog(
        self, after: str | None, transport: Transport, is_gone: Callable[[], bool] = lambda: False
    ) -> Backlog:
        """The backlog for a client with this cursor, which may be any text. `release` it when it has been sent.

        Raises TimelineError, and ConnectionError if ``is_gone`` says that the client left while it waited. A failure
        of the timeline is shared by all that wait: else each would wait for a timeout of its own, one after another.
        """
        after = after and after[:MAX_CURSOR_CHARS]
        if backlog := self._known(after, transport):
            return backlog
        since = monotonic() - FAILURE_SECONDS
        self._raise_failure(since)
        async with self._asking:
            if is_gone():
                raise ConnectionError("the client has gone")
            # The client that asked before may have fetched the same.
            if backlog := self._known(after, transport):
                return backlog
            self._raise_failure(since)
            try:
                return await self._ask(after or "", transport)
            except TimelineError as error:
                self._failure, self._failed_at = error, monotonic()
                raise

    def release(self, backlog: Backlog) -> None:
        """Takes back a backlog that has been sent, or will not be."""
        self._own_bytes -= backlog.own_bytes

    async def reset(self, after: str, reason: Reason, *, afresh: bool = False) -> tuple[Message, Cursor]:
        """A `reset` to the newest entries, and the cursor that they end at. Raises TimelineError.

        ``afresh`` reads the entries from the timeline even if they are known.
        """
        newest = None if afresh else self._known_newest()
        if newest is None:
            page = await self._timeline.page(self._blog, None, FRONT_PAGE)
            newest = self._newest = page.head, ",".join(page.items)
        head, items = newest
        return _reset(head, after, reason, items), head

    def _raise_failure(self, since: float) -> None:
        """Raises the last failure of the timeline again if it was after a time of `monotonic`."""
        if self._failure and self._failed_at > since:
            raise TimelineError(str(self._failure)) from self._failure

    def _known(self, after: str | None, transport: Transport) -> Backlog | None:
        """The backlog, if the timeline need not be asked."""
        if self._kept_at != self._channel.history.head:
            self._forget()
        key = (after, transport)
        if key in self._kept:
            return self._kept[key]
        backlog = self._from_memory(after, transport)
        return backlog and self._keep(key, backlog)

    def _from_memory(self, after: str | None, transport: Transport) -> Backlog | None:
        history = self._channel.history
        if after is None:
            return Backlog([_hello(history.head, transport, recovered=False)], history.head)
        cursor = self._parse(after)
        if not isinstance(cursor, Cursor):
            newest = self._known_newest()
            return newest and _refused(_reset(newest[0], after, cursor, newest[1]), newest[0], transport)
        if cursor.epoch != history.head.epoch or not history.reaches(cursor.seq):
            return None
        return _resumed(history.missed(cursor.seq, transport), history.head, transport)

    async def _ask(self, after: str, transport: Transport) -> Backlog:
        """The backlog, from the timeline. Raises TimelineError."""
        reason = self._parse(after)
        if isinstance(reason, Cursor):
            if await self._fill(reason) and (backlog := self._known(after, transport)):
                return backlog
            # The cursor is of another epoch, ahead of this node, or too far back for the history.
            replay = await self._timeline.replay(self._blog, reason, REPLAY_LIMIT)
            if replay.complete and (backlog := self._own(replay, transport)):
                return backlog
            if replay.head.epoch != reason.epoch:
                self._remember_foreign(reason.epoch)
            reason = replay.reason or "expired"
        reset, head = await self.reset(after, reason)
        return _refused(reset, head, transport)

    def _own(self, replay: Replay, transport: Transport) -> Backlog | None:
        """A backlog for one client, unless MAX_OWN_BYTES are under way."""
        missed = [Message.of(event).frame(transport) for event in coalesce(replay.events)]
        size = sum(map(len, missed))
        if self._own_bytes + size > MAX_OWN_BYTES:
            return None
        self._own_bytes += size
        return _resumed(missed, replay.head, transport)._replace(own_bytes=size)

    def _parse(self, after: str) -> Cursor | Reason:
        """The cursor, or the reason why it can't be served, as far as this node knows."""
        head = self._channel.history.head
        try:
            cursor = Cursor.parse(after)
        except ValueError:
            return "epoch"
        if cursor.epoch in self._foreign:
            return "epoch"
        if cursor.epoch == head.epoch and head.seq - cursor.seq > REPLAY_LIMIT:
            return "expired"
        return cursor

    def _remember_foreign(self, epoch: str) -> None:
        # An epoch that is over never becomes current again.
        if len(self._foreign) >= MAX_FOREIGN_EPOCHS:
            self._foreign.clear()
        self._foreign.add(epoch)

    async def _fill(self, cursor: Cursor) -> bool:
        """Fills the history from the timeline, once, with up to REPLAY_LIMIT events before its head.

        Returns whether it has all events after the cursor then. Raises TimelineError.
        """
        history = self._channel.history
        if self._filled is history or cursor.epoch != history.head.epoch or cursor.seq > history.head.seq:
            return False
        start = Cursor(history.head.epoch, max(history.head.seq - REPLAY_LIMIT, 0))
        # The timeline may be ahead of this node by some events.
        replay = await self._timeline.replay(self._blog, start, 2 * REPLAY_LIMIT)
        if replay.complete:
            self._filled = history
        else:
            replay = await self._timeline.replay(self._blog, cursor, 2 * REPLAY_LIMIT)
        history.prepend(replay.events)
        return history is self._channel.history and history.reaches(cursor.seq)

    def _known_newest(self) -> tuple[Cursor, str] | None:
        """The newest entries and their cursor, unless something came since they were read."""
        head, newest = self._channel.history.head, self._newest
        if newest is None or newest[0].epoch != head.epoch or newest[0].seq < head.seq:
            return None
        return newest

    def _keep(self, key: tuple[str | None, Transport], backlog: Backlog) -> Backlog:
        size = sum(map(len, backlog.frames))
        if size <= SLICE_BYTES:
            backlog = backlog._replace(frames=[b"".join(backlog.frames)], own_bytes=0)
        if len(self._kept) >= MAX_KEPT or self._kept_bytes + size > MAX_KEPT_BYTES:
            self._forget()
        self._kept[key] = backlog
        self._kept_bytes += size
        return backlog

    def _forget(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0
        self._kept_at = self._channel.history.head


def _resumed(missed: Sequence[bytes], head: Cursor, transport: Transport) -> Backlog:
    return Backlog([_hello(head, transport, recovered=True, missed=len(missed)), *missed], head, joined="resumed")


def _refused(reset: Message, head: Cursor, transport: Transport) -> Backlog:
    return Backlog(
        [_hello(head, transport, recovered=False, follows=True), reset.frame(transport)], head, joined="reset"
    )


def _hello(head: Cursor, transport: Transport, *, recovered: bool, missed: int = 0, follows: bool = False) -> bytes:
    """The first message. If events or a `reset` follow, the client does not have the head's cursor yet.

    A client that polls gets no signs of life.
    """
    cursor = None if missed or follows else str(head)
    signs = {} if transport is Transport.LINES else {"alive": ALIVE_SECONDS}
    text = dump({"type": "hello", "cursor": str(head), "recovered": recovered, "missed": missed, **signs})
    return Message("hello", cursor, text).frame(transport)


def _reset(head: Cursor, after: str, reason: str, items: str) -> Message:
    gap = dump({"after": after, "reason": reason})
    return Message("reset", str(head), f'{{"type":"reset","cursor":"{head}","gap":{gap},"items":[{items}]}}')
