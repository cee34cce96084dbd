"""The channel: the readers of one blog, and how what comes gets to them.

Every reader stands at an event, the last that it was handed. A turn takes each from where it stands to the head of
the ring; what arrives during a turn is for the next one, in one piece. Nothing is queued for anybody: a reader whose
connection is full stands still, and goes on from there when the connection has drained.
"""

from __future__ import annotations

import asyncio
import math
from asyncio import Future
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from time import monotonic
from typing import Final, NamedTuple, Protocol

from entries import Cursor, Event
from fanout.frames import Transport, slices
from fanout.history import NOWHERE, History

BEHIND_BYTES: Final = 256 * 1024
"""What may come after the batch that is on its way to a reader. Who is slower is let go, and comes back by cursor."""

UNSETTLED_BYTES: Final = 1024 * 1024
"""What may be under way in a turn, or wait for the next, before whoever brings events has to wait, too."""

CATCH_UP_SECONDS: Final = 30.0
"""How long a reader who missed something may take for each piece of it."""

AT_ONCE: Final = 32
"""Readers that are served before the time is looked at."""

NEVER: Final = 1 << 62
"""Where a reader stands for whom nothing waits: it is yet to be found out where it stands, or it has gone."""


class Reader(Protocol):
    """One connection. ``seq`` is the last event that it was handed; only its channel sets it."""

    transport: Transport
    seq: int

    def send(self, data: bytes) -> Future[None] | None:
        """Sends all of it at once, or says when the rest will have been sent. The future may fail with OSError."""

    def evict(self) -> None:
        """Ends the connection; the reader is expected to come back by cursor."""

    def dismiss(self) -> None:
        """Ends the connection because the server stops."""


class _Turn(NamedTuple):
    """The readers that are still to be served, and what all will have been handed when it ends."""

    readers: Iterator[Reader]
    ring: History
    seq: int
    appended: int


class Channel:
    """The readers of a blog. The ring's head is the last event that came.

    ``joining`` readers are sent what they missed. Then they are ``live``, or ``draining`` while their connections
    have not taken everything yet. Readers may stand ahead of the ring: it has yet to hear of what they know.
    """

    def __init__(self, ring: History, too_slow: Callable[[], None]) -> None:
        self.ring = ring
        self.live: set[Reader] = set()
        self.draining: set[Reader] = set()
        self.joining: set[Reader] = set()
        self._too_slow = too_slow
        self._turn: _Turn | None = None
        self._turned = asyncio.Event()
        self._behind: list[Reader] = []

    def readers(self) -> list[Reader]:
        """All of them."""
        return [*self.live, *self.draining, *self.joining]

    async def room(self) -> None:
        """Waits while more is under way than may be."""
        while self.ring.unsettled > UNSETTLED_BYTES:
            self._turned.clear()
            await self._turned.wait()

    def push(self, events: Sequence[Event]) -> None:
        """Takes events that follow the head, for the next turn."""
        self._behind += [
            reader for reader in (*self.draining, *self.joining) if self.ring.behind(reader.seq) > BEHIND_BYTES
        ]
        self.ring.append(events)

    def serve(self, until: float) -> bool:
        """Goes on with the turn, or begins one, while there is time. Returns whether nothing is left to do."""
        if not self._let_go_who_is_behind(until):
            return False
        if self._turn is None:
            ring = self.ring
            self._turn = _Turn(iter(tuple(self.live)), ring, ring.head.seq, ring.appended)
        if not self._bring(self._turn.readers, until):
            return False
        self._turn.ring.settle(self._turn.seq, self._turn.appended)
        self._turn = None
        self._turned.set()
        return self.ring.settled == self.ring.head.seq

    def begin_anew(self, ring: History) -> None:
        """Has everyone sent the `reset` that the new ring begins with. Who is just joining has to come again."""
        self.ring = ring
        self._turn = None
        self._turned.set()
        for reader in tuple(self.joining):
            self.let_go(reader)
        for reader in (*self.live, *self.draining):
            reader.seq = NOWHERE

    def expect(self, reader: Reader) -> None:
        """Counts a reader that is about to `join`."""
        reader.seq = NEVER
        self.joining.add(reader)

    async def join(self, reader: Reader, frames: Sequence[bytes], cursor: Cursor) -> None:
        """Sends an expected reader these frames, with which it has everything up to the cursor, and then what comes.

        That is at the pace of its connection; raises OSError if it ends, or does not read.
        """
        reader.seq = cursor.seq
        for piece in slices(frames):
            if reader not in self.joining:
                return
            if rest := reader.send(piece):
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    await rest
        if reader in self.joining:
            self._admit(reader, cursor)

    def let_go(self, reader: Reader) -> None:
        """Ends a reader's connection."""
        self.remove(reader)
        reader.evict()

    def dismiss(self, reader: Reader) -> None:
        """Ends a reader's connection because the server stops."""
        self.remove(reader)
        reader.dismiss()

    def remove(self, reader: Reader) -> None:
        """Forgets a reader."""
        self.live.discard(reader)
        self.draining.discard(reader)
        self.joining.discard(reader)
        reader.seq = NEVER

    def _admit(self, reader: Reader, cursor: Cursor) -> None:
        if cursor.epoch != self.ring.head.epoch:
            # The store began anew while it was joining: it has to, too.
            self.let_go(reader)
            return
        self.joining.discard(reader)
        self._go_on(reader)

    def _go_on(self, reader: Reader) -> None:
        self.live.add(reader)
        self._bring(iter((reader,)), math.inf)

    def _bring(self, readers: Iterator[Reader], until: float) -> bool:
        """Takes readers to the head, as far as their connections go along; returns whether there was time for all.

        This is the innermost loop: 10,000 times a message. Nearly all readers stand at the same place.
        """
        head = self.ring.head.seq
        stands, transport, piece, leads_to = head, None, b"", head
        while some := tuple(islice(readers, AT_ONCE)):
            for reader in some:
                while True:
                    if reader.seq != stands or reader.transport is not transport:
                        news = self._news_for(reader)
                        if news is None:
                            break
                        stands, transport = reader.seq, reader.transport
                        piece, leads_to = news
                    reader.seq = leads_to
                    rest = reader.send(piece)
                    if rest is not None:
                        self._wait_for(reader, rest)
                    elif leads_to < head:
                        continue
                    break
            if monotonic() > until:
                return False
        return True

    def _news_for(self, reader: Reader) -> tuple[bytes, int] | None:
        """What a reader is to be sent next, and where that leads to. Who stands where nothing is left is let go."""
        if reader.seq >= self.ring.head.seq:
            return None
        if not self.ring.reaches(reader.seq):
            self._let_slow_go(reader)
            return None
        return self.ring.news(reader.seq, reader.transport)

    def _wait_for(self, reader: Reader, rest: Future[None]) -> None:
        self.live.discard(reader)
        self.draining.add(reader)
        rest.add_done_callback(partial(self._drained, reader))

    def _drained(self, reader: Reader, rest: Future[None]) -> None:
        if reader not in self.draining:
            return
        self.draining.discard(reader)
        # A connection that ended meanwhile is no news: whoever holds it says so, too.
        if not rest.cancelled() and not rest.exception():
            self._go_on(reader)

    def _let_go_who_is_behind(self, until: float) -> bool:
        while self._behind:
            reader = self._behind.pop()
            if reader in self.draining or reader in self.joining:
                self._let_slow_go(reader)
            if monotonic() > until:
                return False
        return True

    def _let_slow_go(self, reader: Reader) -> None:
        self.let_go(reader)
        self._too_slow()
