"""The history: the newest events of one blog and the frames made of them, in memory.

Clients are sent the events after the last one that they have. These are nearly always the same for all clients, also
for those that reconnect after a restart: they are encoded and joined once, and all clients are sent the same bytes. A
client that reconnects costs the store nothing as long as the history reaches back to its cursor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from entries import Cursor, Event, coalesce, dump
from fanout.frames import Message, Transport, join

MAX_EVENTS: Final = 1_000
"""Events in a history, and so the most that a reconnecting client is sent; one that missed more gets a `reset`."""

MAX_BYTES: Final = 4 * 1024 * 1024
"""Size of the items in a history, if the number of blogs allows it. Each is held as text and, once a client needed
it, as a frame of each transport."""

MAX_SLICES: Final = 16
"""Joined slices that are kept for the next client."""

BEFORE_RESET: Final = -1
"""``seq`` of a connection that is yet to be sent the `reset` that the history begins with."""


class _Held(NamedTuple):
    """An event, the size of its item, and the value of `History.appended` after the batch that it came with."""

    event: Event
    size: int
    end: int


class History:
    """Events up to ``head`` without holes; the oldest are dropped first.

    ``appended`` counts the bytes of all items since the beginning. Events after ``settled`` have not been sent to
    all clients yet, and are not dropped before, however many they are. ``reset`` is the message for clients of an
    earlier epoch; with it they have everything up to the head that the history began with. ``max_bytes`` may change.
    """

    def __init__(self, head: Cursor, max_bytes: int = MAX_BYTES, reset: Message | None = None) -> None:
        self.head = head
        self.max_bytes = max_bytes
        self.appended = 0
        self.settled = head.seq
        self._settled_bytes = 0
        self._reset = reset
        self._began = head.seq
        self._bytes = 0
        self._held: deque[_Held] = deque()
        self._frames: dict[tuple[int, str, Transport], bytes] = {}
        self._slices: dict[tuple[int, Transport], tuple[bytes, int]] = {}
        self._alive: dict[Transport, bytes] = {}

    def append(self, events: Sequence[Event]) -> None:
        """Adds events that follow the head."""
        sizes = [_size(event) for event in events]
        self._bytes += sum(sizes)
        self.appended += sum(sizes)
        self._held.extend(_Held(event, size, self.appended) for event, size in zip(events, sizes, strict=True))
        self.head = events[-1].cursor
        self._slices.clear()
        self._alive.clear()

    def prepend(self, events: Sequence[Event]) -> None:
        """Adds older events, as many as fit and lead up to the oldest one here without a hole."""
        for event in reversed(events):
            size = _size(event)
            fits = len(self._held) < MAX_EVENTS and self._bytes + size <= self.max_bytes
            if event.cursor.seq == self._after and fits:
                self._held.appendleft(_Held(event, size, self.appended - self._bytes))
                self._bytes += size

    @property
    def unsettled(self) -> int:
        """Bytes that have not been sent to all clients yet."""
        return self.appended - self._settled_bytes

    def settle(self, seq: int, appended: int) -> None:
        """Records that all clients were sent the events up to ``seq``, whose bytes end at ``appended``.

        Drops the oldest of these events while the history is full. The `reset` is no longer needed.
        """
        self.settled, self._settled_bytes = seq, appended
        self._reset = None
        self._trim()

    def limit(self, max_bytes: int) -> None:
        """Changes the size of the items that are held, and drops the oldest settled events beyond it at once."""
        self.max_bytes = max_bytes
        self._trim()

    def reaches(self, seq: int) -> bool:
        """True if all events after ``seq`` are here."""
        return self._after <= seq <= self.head.seq or (seq == BEFORE_RESET and self._reset is not None)

    def behind(self, seq: int) -> int:
        """Bytes that were appended after the batch that follows ``seq``."""
        index = max(seq - self._after, 0)
        return self.appended - self._held[index].end if index < len(self._held) else 0

    def next_slice(self, seq: int, transport: Transport) -> tuple[bytes, int]:
        """The frames that follow ``seq``, up to SLICE_BYTES of them, and the number of the last event among them.

        The history has to reach ``seq``.
        """
        key = (seq, transport)
        if key not in self._slices:
            if len(self._slices) >= MAX_SLICES:
                self._slices.clear()
            self._slices[key] = self._slice(seq, transport)
        return self._slices[key]

    def alive(self, transport: Transport) -> bytes:
        """The sign of life for clients that have everything up to the head."""
        if transport not in self._alive:
            cursor = str(self.head)
            message = Message("alive", cursor, dump({"type": "alive", "cursor": cursor}))
            self._alive[transport] = message.frame(transport)
        return self._alive[transport]

    def missed(self, seq: int, transport: Transport) -> list[bytes]:
        """The frames for a client that reconnects and has everything up to ``seq``, which the history has to reach.

        Of an entry that changed several times, only the last form is sent.
        """
        events = (held.event for held in islice(self._held, seq - self._after, None))
        return [self._frame(event, transport) for event in coalesce(events)]

    @property
    def _after(self) -> int:
        """The number of the event before the oldest one here."""
        return self.head.seq - len(self._held)

    def _trim(self) -> None:
        while self._after < self.settled and (len(self._held) > MAX_EVENTS or self._bytes > self.max_bytes):
            self._drop()

    def _drop(self) -> None:
        oldest = self._held.popleft()
        self._bytes -= oldest.size
        for kind in ("entry", "update", "delete"):
            for transport in Transport:
                self._frames.pop((oldest.event.cursor.seq, kind, transport), None)

    def _slice(self, seq: int, transport: Transport) -> tuple[bytes, int]:
        if seq == BEFORE_RESET and self._reset:
            return self._reset.frame(transport), self._began
        held = islice(self._held, seq - self._after, None)
        piece, count = join([self._frame(one.event, transport) for one in held])
        return piece, seq + count

    def _frame(self, event: Event, transport: Transport) -> bytes:
        key = (event.cursor.seq, event.kind, transport)
        if key not in self._frames:
            self._frames[key] = Message.of(event).frame(transport)
        return self._frames[key]


def _size(event: Event) -> int:
    return len(event.item.encode()) if event.item is not None else 0
