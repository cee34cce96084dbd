"""The ring: the newest events of one blog as the frames that readers get. Coming back costs the store nothing.

When a server restarts or a network blinks, all readers come back at once. What they missed is nearly always among
the last events, and nearly always the same: it is encoded once, and handed to all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from entries import Cursor, Event, coalesce

MOST_EVENTS: Final = 1_000
"""Events that a ring holds, and so the most that a returning reader is sent before it is a `reset`."""

MOST_BYTES: Final = 4 * 1024 * 1024
"""Text of items that a ring holds, where the number of blogs does not ask for less."""


class Ring:
    """Events up to ``head`` without holes, the oldest dropped first."""

    def __init__(self, head: Cursor, most_bytes: int = MOST_BYTES) -> None:
        self.head = head
        self._most_bytes = most_bytes
        self._bytes = 0
        self._events: deque[Event] = deque()
        self._frames: dict[tuple[int, str], str] = {}
        self._missed: dict[int, list[str]] = {}

    def append(self, events: Sequence[Event]) -> list[str]:
        """Adds events that follow the head; returns their frames."""
        frames = []
        for event in events:
            self._events.append(event)
            self._bytes += _size(event)
            frames.append(self._frame(event))
        self.head = events[-1].cursor
        self._missed.clear()
        while len(self._events) > MOST_EVENTS or self._bytes > self._most_bytes:
            self._drop()
        return frames

    def prepend(self, events: Sequence[Event]) -> None:
        """Adds older events, as far as they lead up to those that are here and there is room."""
        for event in reversed(events):
            fits = len(self._events) < MOST_EVENTS and self._bytes + _size(event) <= self._most_bytes
            if event.cursor.seq == self._after and fits:
                self._events.appendleft(event)
                self._bytes += _size(event)

    def reaches(self, seq: int) -> bool:
        """Whether everything after this event is here."""
        return self._after <= seq <= self.head.seq

    def missed(self, seq: int) -> list[str]:
        """The frames that a reader needs who has everything up to ``seq``, which the ring has to reach."""
        if seq not in self._missed:
            events = islice(self._events, seq - self._after, None)
            self._missed[seq] = [self._frame(event) for event in coalesce(events)]
        return self._missed[seq]

    @property
    def _after(self) -> int:
        """The number of the event before the oldest one that is here."""
        return self.head.seq - len(self._events)

    def _drop(self) -> None:
        oldest = self._events.popleft()
        self._bytes -= _size(oldest)
        for kind in ("entry", "update", "delete"):
            self._frames.pop((oldest.cursor.seq, kind), None)

    def _frame(self, event: Event) -> str:
        key = (event.cursor.seq, event.kind)
        if key not in self._frames:
            self._frames[key] = event.message()
        return self._frames[key]


def _size(event: Event) -> int:
    return len(event.item or "")
