"""The events that targets wait for: read once for all targets of a blog that are at the same cursor."""

from __future__ import annotations

import asyncio
from typing import Final

from entries import Cursor
from timeline import Replay, Timeline

MAX_BACKLOGS: Final = 64
MAX_BACKLOGS_BYTES: Final = 8 * 1024 * 1024
"""Size of the items in the backlogs that are kept; one that is used may be larger."""

Key = tuple[str, str, int]


class Backlogs:
    """Reads events after cursors. A backlog is kept until its blog has another event."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._kept: dict[Key, asyncio.Task[Replay]] = {}
        self._sizes: dict[Key, int] = {}

    async def after(self, blog: str, cursor: Cursor, limit: int) -> Replay:
        """The oldest ``limit`` events after a cursor. Raises TimelineError."""
        key = (blog, str(cursor), limit)
        reading = self._kept.get(key)
        if reading is None:
            reading = asyncio.create_task(self._timeline.replay(blog, cursor, limit, part=True))
            self._kept[key] = reading
            reading.add_done_callback(lambda done: self._read(key, done))
        # Others may wait for the same.
        return await asyncio.shield(reading)

    def changed(self, blog: str) -> None:
        """Forgets the backlogs of a blog, also those that are being read: they may lack its newest event."""
        for key in [key for key in self._kept if key[0] == blog]:
            self._forget(key)

    def _read(self, key: Key, reading: asyncio.Task[Replay]) -> None:
        if reading.cancelled() or reading.exception():
            if self._kept.get(key) is reading:
                self._forget(key)
            return
        if self._kept.get(key) is not reading:
            return
        self._sizes[key] = sum(len(event.item or "") for event in reading.result().events)
        while len(self._sizes) > MAX_BACKLOGS or sum(self._sizes.values()) > MAX_BACKLOGS_BYTES:
            self._forget(next(iter(self._sizes)))

    def _forget(self, key: Key) -> None:
        self._kept.pop(key, None)
        self._sizes.pop(key, None)
