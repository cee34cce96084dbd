"""The high-water mark of a database: the number of its newest event, kept in the lock file beside it.

A database that was put back to an earlier copy has fewer events than the mark says, and is no continuation of what
clients were sent. The file cannot know: it is what it was an hour ago. A mark that was put back together with it is
recognised by the time of the file's last change (ctime), which is a part of the mark, and which no copy keeps.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from typing import Final, NamedTuple

MAX_CTIME_DIFFERENCE_SECONDS: Final = 1.0
"""Longest time from the one in the mark to the file's change. Clocks of one file system are compared."""

_MAX_WRITE_NANOSECONDS: Final = 100_000_000
_MAX_WRITES: Final = 8
"""Times that a mark is written on a disk that needs longer for each."""

_NO_EPOCH: Final = "-"
_MAX_BYTES: Final = 256
_MARK: Final = re.compile(rb"[0-9 ]+\n([a-z0-9-]+) ([0-9]+) ([0-9]+)\n")


class Mark(NamedTuple):
    """The epoch of a database, and the number of its newest event over all blogs."""

    epoch: str
    newest: int


class HighWater:
    """The mark in an open lock file. The file also has the id of the process that holds the lock."""

    def __init__(self, descriptor: int, *, is_new: bool) -> None:
        """Reads the mark, and writes the process id. Raises OSError. ``is_new`` if there was no lock file."""
        self._descriptor = descriptor
        self._clock_offset = 0
        self._mark = Mark(_NO_EPOCH, 0) if is_new else self._read()
        self._write(self._mark or Mark(_NO_EPOCH, 0))

    def contradicts(self, epoch: str, newest: int) -> bool:
        """True for a database that may be an earlier copy: it lacks events of the mark, or there is no mark of it.

        A lock file of an earlier version has no mark, and is believed.
        """
        return self._mark is not None and (self._mark.epoch != epoch or self._mark.newest > newest)

    def begin(self, epoch: str, newest: int) -> None:
        """Sets the mark of a database that was opened. Raises OSError."""
        self._set(Mark(epoch, newest))

    def rise(self, db: sqlite3.Connection) -> None:
        """Raises the mark to the newest event; called after each transaction, before its events are sent.

        A mark that cannot be written stays too low, and then proves less.
        """
        if self._mark is None or self._mark.epoch == _NO_EPOCH:
            return
        with contextlib.suppress(OSError, sqlite3.Error):
            newest = newest_event(db)
            if newest > self._mark.newest:
                self._set(Mark(self._mark.epoch, newest))

    def _set(self, mark: Mark) -> None:
        self._write(mark)
        self._mark = mark

    def _read(self) -> Mark | None:
        """The mark; None for a file of an earlier version; one that fits no database if the file is a copy."""
        text = os.pread(self._descriptor, _MAX_BYTES, 0)
        found = _MARK.fullmatch(text)
        if found is None:
            return None if text.strip().isdigit() else Mark(_NO_EPOCH, 0)
        if abs(self._changed_at() - int(found[3])) > MAX_CTIME_DIFFERENCE_SECONDS * 1e9:
            return Mark(_NO_EPOCH, 0)
        return Mark(found[1].decode(), int(found[2]))

    def _write(self, mark: Mark) -> None:
        # Only the write tells the time at which the file is changed: the mark has the time that is expected, and is
        # written again after a write that took long. So one that was written once is good, whenever the process ends.
        for _ in range(_MAX_WRITES):
            expected = time.time_ns() + self._clock_offset
            text = f"{os.getpid():<20}\n{mark.epoch} {mark.newest} {expected}\n".encode()
            os.pwrite(self._descriptor, text, 0)
            os.ftruncate(self._descriptor, len(text))
            late = self._changed_at() - expected
            if abs(late) < _MAX_WRITE_NANOSECONDS:
                return
            self._clock_offset += late

    def _changed_at(self) -> int:
        return os.fstat(self._descriptor).st_ctime_ns


def had_mark(db: sqlite3.Connection) -> bool:
    """True if a mark was set for this database before; from now on it is."""
    return not db.execute("INSERT INTO meta VALUES ('marked', '1') ON CONFLICT DO NOTHING").rowcount


def newest_event(db: sqlite3.Connection) -> int:
    """The number of the newest event over all blogs, also of one that was retired."""
    query = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'"
    return int(db.execute(query).fetchone()[0])
