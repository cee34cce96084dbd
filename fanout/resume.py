"""The opening: what a reader is sent first, by the cursor it comes with.

That is a hello and what it missed, or a hello and a `reset`. Nearly always the ring has it; the timeline is asked by
one reader at a time, and for all who need the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from entries import FRONT_PAGE, Cursor, coalesce, dump
from fanout.channel import Channel
from fanout.frames import SLICE_BYTES, Message, Transport
from fanout.history import MOST_EVENTS, History
from timeline import Reason, Replay, Timeline

REPLAY_LIMIT: Final = MOST_EVENTS
"""Events that a resuming reader is sent; one who missed more gets a `reset` with the newest entries."""

KEPT_OPENINGS: Final = 1_000
KEPT_BYTES: Final = 4 * 1024 * 1024
"""What the openings that are kept may take in all."""

KEPT_EPOCHS: Final = 100

REPLAYS_BYTES: Final = 64 * 1024 * 1024
"""What readers of a blog may be sent at a time that is not in the ring. Beyond it, who was away for long is sent a
`reset`, like those who were away for longer."""

CURSOR_CHARS: Final = 64
"""More than any cursor has: what is longer is none."""


class Resume(NamedTuple):
    """Frames, and the cursor that a reader has with them; ``own_bytes`` are for this reader only."""

    frames: Sequence[bytes]
    cursor: Cursor
    own_bytes: int = 0


class Resumes:
    """The openings of one blog's readers. Most are kept until something comes, for others with the same cursor."""

    def __init__(self, blog: str, channel: Channel, timeline: Timeline) -> None:
        self._blog = blog
        self._channel = channel
        self._timeline = timeline
        self._asking = asyncio.Lock()
        self._filled: History | None = None
        self._own_bytes = 0
        self._newest: tuple[Cursor, str] | None = None
        self._foreign: set[str] = set()
        self._kept: dict[tuple[str | None, Transport], Resume] = {}
        self._kept_bytes = 0
        self._kept_at = channel.ring.head

    async def after(self, cursor: str | None, transport: Transport) -> Resume:
        """The opening for a reader who says that it has this, whatever it may be. Raises TimelineError.

        Each is to be given back when it was `sent`.
        """
        cursor = cursor and cursor[:CURSOR_CHARS]
        if opening := self._at_hand(cursor, transport):
            return opening
        async with self._asking:
            # Whoever asked before may have got what this one needs, too.
            return self._at_hand(cursor, transport) or await self._asked(cursor or "", transport)

    def sent(self, opening: Resume) -> None:
        """Takes back an opening that has been sent, or will not be."""
        self._own_bytes -= opening.own_bytes

    async def reset(self, after: str, reason: Reason, *, afresh: bool = False) -> tuple[Message, Cursor]:
        """A `reset` to the newest entries, and where they end. Raises TimelineError."""
        newest = None if afresh else self._fresh()
        if newest is None:
            page = await self._timeline.page(self._blog, None, FRONT_PAGE)
            newest = self._newest = page.head, ",".join(page.items)
        head, items = newest
        return _reset(head, after, reason, items), head

    def _at_hand(self, after: str | None, transport: Transport) -> Resume | None:
        """The opening, where the timeline need not be asked."""
        if self._kept_at != self._channel.ring.head:
            self._forget()
        key = (after, transport)
        if key in self._kept:
            return self._kept[key]
        opening = self._remembered(after, transport)
        return opening and self._keep(key, opening)

    def _remembered(self, after: str | None, transport: Transport) -> Resume | None:
        ring = self._channel.ring
        if after is None:
            return Resume([_hello(ring.head, recovered=False).frame(transport)], ring.head)
        cursor = self._believed(after)
        if not isinstance(cursor, Cursor):
            newest = self._fresh()
            return newest and _refused(_reset(newest[0], after, cursor, newest[1]), newest[0], transport)
        if cursor.epoch != ring.head.epoch or not ring.reaches(cursor.seq):
            return None
        return _resumed(ring.missed(cursor.seq, transport), ring.head, transport)

    async def _asked(self, after: str, transport: Transport) -> Resume:
        reason = self._believed(after)
        if isinstance(reason, Cursor):
            if await self._fill(reason) and (opening := self._at_hand(after, transport)):
                return opening
            # Another epoch, ahead of this node, or more than the ring holds: the timeline knows.
            replay = await self._timeline.replay(self._blog, reason, REPLAY_LIMIT)
            if replay.complete and (opening := self._own(replay, transport)):
                return opening
            if replay.head.epoch != reason.epoch:
                self._remember_foreign(reason.epoch)
            reason = replay.reason or "expired"
        reset, head = await self.reset(after, reason)
        return _refused(reset, head, transport)

    def _own(self, replay: Replay, transport: Transport) -> Resume | None:
        """An opening from the timeline, if there is room for one more of them."""
        missed = [Message.of(event).frame(transport) for event in coalesce(replay.events)]
        size = sum(map(len, missed))
        if self._own_bytes + size > REPLAYS_BYTES:
            return None
        self._own_bytes += size
        return _resumed(missed, replay.head, transport)._replace(own_bytes=size)

    def _believed(self, after: str) -> Cursor | Reason:
        """The cursor, as far as is known here, or the reason why it cannot be served."""
        head = self._channel.ring.head
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
        # An epoch that is over never comes back.
        if len(self._foreign) >= KEPT_EPOCHS:
            self._foreign.clear()
        self._foreign.add(epoch)

    async def _fill(self, cursor: Cursor) -> bool:
        """Fills the ring with what the timeline still has, as far back as a reader may have been away.

        Returns whether it has all that follows the cursor then.
        """
        ring = self._channel.ring
        if self._filled is ring or cursor.epoch != ring.head.epoch or cursor.seq > ring.head.seq:
            return False
        start = Cursor(ring.head.epoch, max(ring.head.seq - REPLAY_LIMIT, 0))
        # The timeline may be ahead of this node by some events.
        replay = await self._timeline.replay(self._blog, start, 2 * REPLAY_LIMIT)
        if replay.complete:
            self._filled = ring
        else:
            replay = await self._timeline.replay(self._blog, cursor, 2 * REPLAY_LIMIT)
        ring.prepend(replay.events)
        return ring is self._channel.ring and ring.reaches(cursor.seq)

    def _fresh(self) -> tuple[Cursor, str] | None:
        """The newest entries, if they are known as they are now."""
        head, newest = self._channel.ring.head, self._newest
        if newest is None or newest[0].epoch != head.epoch or newest[0].seq < head.seq:
            return None
        return newest

    def _keep(self, key: tuple[str | None, Transport], opening: Resume) -> Resume:
        size = sum(map(len, opening.frames))
        if size <= SLICE_BYTES:
            opening = Resume([b"".join(opening.frames)], opening.cursor)
        if len(self._kept) >= KEPT_OPENINGS or self._kept_bytes + size > KEPT_BYTES:
            self._forget()
        self._kept[key] = opening
        self._kept_bytes += size
        return opening

    def _forget(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0
        self._kept_at = self._channel.ring.head


def _resumed(missed: Sequence[bytes], head: Cursor, transport: Transport) -> Resume:
    hello = _hello(head, recovered=True, missed=len(missed))
    return Resume([hello.frame(transport), *missed], head)


def _refused(reset: Message, head: Cursor, transport: Transport) -> Resume:
    hello = _hello(head, recovered=False, follows=True)
    return Resume([hello.frame(transport), reset.frame(transport)], head)


def _hello(head: Cursor, *, recovered: bool, missed: int = 0, follows: bool = False) -> Message:
    """The greeting. Where something follows that leads to the head, the reader is not there yet."""
    there = None if missed or follows else str(head)
    return Message(
        "hello", there, dump({"type": "hello", "cursor": str(head), "recovered": recovered, "missed": missed})
    )


def _reset(head: Cursor, after: str, reason: str, items: str) -> Message:
    gap = dump({"after": after, "reason": reason})
    return Message("reset", str(head), f'{{"type":"reset","cursor":"{head}","gap":{gap},"items":[{items}]}}')
