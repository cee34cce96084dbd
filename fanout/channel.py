"""The channel: the connections of one blog, and the way of events to them.

Each connection has the number of the last event that was sent on it. A turn sends the events after it, up to the head
of the history; events that arrive during a turn are sent in the next one, joined. There is no queue per connection:
one whose buffer is full keeps its number, and goes on from there when the buffer has drained.
"""

from __future__ import annotations

import asyncio
import math
from asyncio import Future
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from time import monotonic
from typing import Final, NamedTuple

from entries import Cursor, Event
from fanout.connection import Connection
from fanout.counts import Counts
from fanout.frames import slices
from fanout.heartbeat import QUIET_SECONDS
from fanout.history import BEFORE_RESET, History

MAX_BEHIND_BYTES: Final = 256 * 1024
"""Size of the events that may arrive after the batch that a connection is being sent. A slower client is evicted, and
reconnects with its cursor."""

MAX_UNSETTLED_BYTES: Final = 1024 * 1024
"""Size of the events under way in a turn or waiting for the next one, above which `room` makes their source wait."""

CATCH_UP_TIMEOUT: Final = 30.0
"""Seconds that a client may take to read each slice of its backlog."""

CONNECTIONS_PER_CHECK: Final = 32
"""Connections that are served between two readings of the clock."""

NOT_LIVE: Final = 1 << 62
"""``seq`` of a connection that is sent nothing: it has not joined yet, or has left."""


class _Turn(NamedTuple):
    """The connections that are still to be served, and the state of the history when the turn began."""

    connections: Iterator[Connection]
    history: History
    seq: int
    appended: int


class Channel:
    """The connections of a blog. The history's head is the newest event that was pushed.

    ``joining`` connections are being sent their backlog. Then they are ``live``, or ``draining`` while their
    buffer is full. A connection may be ahead of the history: a page can have events that the fan-out has yet to
    receive.
    ``evicted`` is called for each client that was evicted because it was too slow.
    """

    def __init__(self, history: History, evicted: Callable[[], None]) -> None:
        self.history = history
        self.counts = Counts()
        self.live: set[Connection] = set()
        self.draining: set[Connection] = set()
        self.joining: set[Connection] = set()
        self._evicted = evicted
        self._pushed_at = -math.inf
        self._turn: _Turn | None = None
        self._turned = asyncio.Event()
        self._behind: list[Connection] = []

    def connections(self) -> list[Connection]:
        """All connections, in whatever state."""
        return [*self.live, *self.draining, *self.joining]

    async def room(self) -> None:
        """Waits while more than MAX_UNSETTLED_BYTES are under way."""
        while self.history.unsettled > MAX_UNSETTLED_BYTES:
            self._turned.clear()
            await self._turned.wait()

    def push(self, events: Sequence[Event]) -> None:
        """Takes events that follow the head, for the next turn."""
        self._behind += [
            connection
            for connection in (*self.draining, *self.joining)
            if self.history.behind(connection.seq) > MAX_BEHIND_BYTES
        ]
        self.history.append(events)
        self._pushed_at = monotonic()

    def serve(self, until: float) -> bool:
        """Continues the turn, or begins one, until a time of `monotonic`; returns whether nothing is left to do."""
        if not self._evict_those_behind(until):
            return False
        if self._turn is None:
            history = self.history
            self._turn = _Turn(iter(tuple(self.live)), history, history.head.seq, history.appended)
        if not self._send_news(self._turn.connections, until):
            return False
        self._turn.history.settle(self._turn.seq, self._turn.appended)
        self._turn = None
        self._turned.set()
        return self.history.settled == self.history.head.seq

    def restart(self, history: History) -> None:
        """Replaces the history, whose `reset` is sent to all in the next turn. Evicts those that are joining."""
        self.history = history
        self._turn = None
        self._turned.set()
        for connection in tuple(self.joining):
            self.evict(connection)
        for connection in (*self.live, *self.draining):
            connection.seq = BEFORE_RESET

    def add(self, connection: Connection) -> None:
        """Counts a connection that is about to `join`."""
        connection.seq = NOT_LIVE
        self.joining.add(connection)

    def sign_of_life(self, connection: Connection) -> bytes:
        """The sign of life that is due on a connection: empty while events are sent, or have just been sent.

        Its cursor is that of the last event that was sent, so a client learns of no event by it.
        """
        history = self.history
        has_all = connection in self.live and connection.seq == history.head.seq
        is_due = has_all and monotonic() - self._pushed_at > QUIET_SECONDS
        return history.alive(connection.transport) if is_due else b""

    async def join(self, connection: Connection, frames: Sequence[bytes], cursor: Cursor) -> None:
        """Sends an added connection these frames, after which its client has everything up to the cursor, and makes
        it live. Does nothing on a connection that was removed meanwhile.

        Frames are sent as fast as the client reads them. Raises OSError if the connection ends, or if the client does
        not read a slice within CATCH_UP_TIMEOUT.
        """
        connection.seq = cursor.seq
        for piece in slices(frames):
            if connection not in self.joining:
                return
            if rest := connection.send(piece):
                async with asyncio.timeout(CATCH_UP_TIMEOUT):
                    await rest
        if connection in self.joining:
            self._joined(connection, cursor)

    def evict(self, connection: Connection) -> None:
        """Removes a connection and asks its client to reconnect."""
        self.remove(connection)
        connection.evict()

    def close(self, connection: Connection) -> None:
        """Removes a connection and closes it because the server stops or the blog was removed."""
        self.remove(connection)
        connection.close()

    def remove(self, connection: Connection) -> None:
        """Removes a connection, if it is there."""
        self.live.discard(connection)
        self.draining.discard(connection)
        self.joining.discard(connection)
        connection.seq = NOT_LIVE

    def _joined(self, connection: Connection, cursor: Cursor) -> None:
        if cursor.epoch != self.history.head.epoch:
            # The store began a new epoch while the connection was joining: its cursor has become invalid.
            self.evict(connection)
            return
        self.joining.discard(connection)
        self._make_live(connection)

    def _make_live(self, connection: Connection) -> None:
        self.live.add(connection)
        self._send_news(iter((connection,)), math.inf)

    def _send_news(self, connections: Iterator[Connection], until: float) -> bool:
        """Sends connections the events after their ``seq``; returns whether there was time for all of them.

        This is the innermost loop, run 10,000 times a message. Nearly all connections have the same ``seq``.
        """
        head = self.history.head.seq
        seq, transport, piece, last = head, None, b"", head
        while some := tuple(islice(connections, CONNECTIONS_PER_CHECK)):
            for connection in some:
                while True:
                    if connection.seq != seq or connection.transport is not transport:
                        news = self._news_for(connection)
                        if news is None:
                            break
                        seq, transport = connection.seq, connection.transport
                        piece, last = news
                    connection.seq = last
                    rest = connection.send(piece)
                    if rest is not None:
                        self._wait_for(connection, rest)
                    elif last < head:
                        continue
                    break
            if monotonic() > until:
                return False
        return True

    def _news_for(self, connection: Connection) -> tuple[bytes, int] | None:
        """The next slice for a connection, and its last event. Evicts it if the history no longer reaches it."""
        if connection.seq >= self.history.head.seq:
            return None
        if not self.history.reaches(connection.seq):
            self._evict_slow(connection)
            return None
        return self.history.next_slice(connection.seq, connection.transport)

    def _wait_for(self, connection: Connection, rest: Future[None]) -> None:
        self.live.discard(connection)
        self.draining.add(connection)
        rest.add_done_callback(partial(self._drained, connection))

    def _drained(self, connection: Connection, rest: Future[None]) -> None:
        if connection not in self.draining:
            return
        self.draining.discard(connection)
        # If the connection ended meanwhile, its owner reports that itself.
        if not rest.cancelled() and not rest.exception():
            self._make_live(connection)

    def _evict_those_behind(self, until: float) -> bool:
        while self._behind:
            connection = self._behind.pop()
            if connection in self.draining or connection in self.joining:
                self._evict_slow(connection)
            if monotonic() > until:
                return False
        return True

    def _evict_slow(self, connection: Connection) -> None:
        self.evict(connection)
        self.counts.evicted += 1
        self._evicted()
