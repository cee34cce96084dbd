"""The ring: the newest events of one blog, and the frames that readers get. Coming back costs the store nothing.

Readers are sent what follows the last event that they were handed. That is nearly always the same for all of them,
also for those who come back after a restart: it is encoded and joined once, and the same bytes go to everyone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from entries import Cursor, Event, coalesce
from fanout.frames import Message, Transport, join

MOST_EVENTS: Final = 1_000
"""Events that a ring holds, and so the most that a returning reader is sent before it is a `reset`."""

MOST_BYTES: Final = 4 * 1024 * 1024
"""Items that a ring holds, in bytes, where the number of blogs does not ask for less. Each is there as text and, once
a reader needed it, as a frame of either transport: thrice at most."""

MOST_SLICES: Final = 16
"""Joined frames that are kept for the next reader."""

NOWHERE: Final = -1
"""Where readers stand who are yet to be sent the `reset` that a ring began with."""


class _Held(NamedTuple):
    """An event, its size, and how many bytes had been appended when all that came together with it was."""

    event: Event
    size: int
    end: int


class History:
    """Events up to ``head`` without holes, the oldest dropped first. ``appended`` counts the bytes of all that came.

    Events after ``settled`` are yet to be handed to readers, and not dropped before, however many they are.
    ``reset`` is the message for readers of an earlier epoch; with it they stand where the ring began.
    """

    def __init__(self, head: Cursor, most_bytes: int = MOST_BYTES, reset: Message | None = None) -> None:
        self.head = head
        self.appended = 0
        self.settled = head.seq
        self._settled_bytes = 0
        self._most_bytes = most_bytes
        self._reset = reset
        self._began = head.seq
        self._bytes = 0
        self._held: deque[_Held] = deque()
        self._frames: dict[tuple[int, str, Transport], bytes] = {}
        self._slices: dict[tuple[int, Transport], tuple[bytes, int]] = {}

    def append(self, events: Sequence[Event]) -> None:
        """Adds events that follow the head."""
        sizes = [_size(event) for event in events]
        self._bytes += sum(sizes)
        self.appended += sum(sizes)
        self._held.extend(_Held(event, size, self.appended) for event, size in zip(events, sizes, strict=True))
        self.head = events[-1].cursor
        self._slices.clear()

    def prepend(self, events: Sequence[Event]) -> None:
        """Adds older events, as far as they lead up to those that are here and there is room."""
        for event in reversed(events):
            size = _size(event)
            fits = len(self._held) < MOST_EVENTS and self._bytes + size <= self._most_bytes
            if event.cursor.seq == self._after and fits:
                self._held.appendleft(_Held(event, size, self.appended - self._bytes))
                self._bytes += size

    @property
    def unsettled(self) -> int:
        """How many bytes are yet to be handed to readers."""
        return self.appended - self._settled_bytes

    def settle(self, seq: int, appended: int) -> None:
        """Says that all who could take it were handed everything up to ``seq``, when so many bytes had been appended.

        So much may go where the ring is full. The `reset` is no longer needed.
        """
        self.settled, self._settled_bytes = seq, appended
        self._reset = None
        while self._after < seq and (len(self._held) > MOST_EVENTS or self._bytes > self._most_bytes):
            self._drop()

    def reaches(self, seq: int) -> bool:
        """Whether everything after this event is here."""
        return self._after <= seq <= self.head.seq or (seq == NOWHERE and self._reset is not None)

    def behind(self, seq: int) -> int:
        """How many bytes came after the batch that a reader at ``seq`` waits for."""
        place = max(seq - self._after, 0)
        return self.appended - self._held[place].end if place < len(self._held) else 0

    def news(self, seq: int, transport: Transport) -> tuple[bytes, int]:
        """What follows ``seq``, which the ring has to reach, or a slice of it; and the last event of that."""
        key = (seq, transport)
        if key not in self._slices:
            if len(self._slices) >= MOST_SLICES:
                self._slices.clear()
            self._slices[key] = self._slice(seq, transport)
        return self._slices[key]

    def missed(self, seq: int, transport: Transport) -> list[bytes]:
        """The frames for a reader who comes back with everything up to ``seq``, which the ring has to reach."""
        events = (held.event for held in islice(self._held, seq - self._after, None))
        return [self._frame(event, transport) for event in coalesce(events)]

    @property
    def _after(self) -> int:
        """The number of the event before the oldest one that is here."""
        return self.head.seq - len(self._held)

    def _drop(self) -> None:
        oldest = self._held.popleft()
        self._bytes -= oldest.size
        for kind in ("entry", "update", "delete"):
            for transport in Transport:
                self._frames.pop((oldest.event.cursor.seq, kind, transport), None)

    def _slice(self, seq: int, transport: Transport) -> tuple[bytes, int]:
        if seq == NOWHERE and self._reset:
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
