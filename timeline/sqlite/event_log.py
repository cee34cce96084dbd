"""The event log in SQLite (`timeline.EventLog`); commits are in commit.py."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from typing import Any, Final

from entries import Cursor, Entry, Event
from feedstate import FeedState
from preview import completed
from timeline.errors import HistoryLostError, TimelineError
from timeline.event_log import Replay
from timeline.feed_jobs import Lease
from timeline.sqlite.commit import commit, newest_seq
from timeline.sqlite.schema import BLOG_TABLES
from timeline.sqlite.worker import Store, Worker, rows

logger = logging.getLogger("livelog.timeline")

WATCH_BATCH: Final = 500
RETRY_SECONDS: Final = 1.0

_EVENTS: Final = (
    "SELECT e.n, e.blog, e.seq, e.kind, e.id, i.item FROM events e "
    "LEFT JOIN entries i ON i.blog = e.blog AND i.id = e.id AND e.kind <> 'delete' "
)


class SqliteEventLog(Store):
    """See `timeline.EventLog`."""

    def __init__(self, writer: Worker, queries: Worker, epoch: str) -> None:
        super().__init__(writer, queries, epoch)
        self._watchers: set[asyncio.Event] = set()
        self._waiting: set[asyncio.Event] = set()
        self._committing = 0

    @property
    def is_delivering(self) -> bool:
        """See `timeline.EventLog`."""
        return self._committing > 0 or len(self._waiting) < len(self._watchers)

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing."""
        return await self._write_events(lambda db: commit(db, state, entries, lease, withdrawn))

    async def _write_events(self, job: Callable[[sqlite3.Connection], int]) -> int:
        """Runs a job of the writer that returns the number of events that it appended."""
        committing = self._writer.submit(job)
        self._committing += 1
        committing.add_done_callback(self._committed)
        # Shielded: if the caller is cancelled, watchers still get the committed events.
        return await asyncio.shield(committing)

    def _committed(self, committing: asyncio.Future[int]) -> None:
        self._committing -= 1
        if committing.exception():
            return
        self._feeds_changed()
        if committing.result():
            self._waiting.clear()
            for committed in self._watchers:
                committed.set()

    async def rename(self, blog: str, name: str) -> bool:
        """Gives a blog another name."""
        return await self._writer.run(lambda db: _rename(db, blog, name))

    async def replay(self, blog: str, after: Cursor, limit: int, *, part: bool = False) -> Replay:
        """The events after a cursor."""
        return await self._queries.run(lambda db: _replay(db, self._epoch, blog, after, limit, part=part))

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""
        return await self._queries.run(lambda db: Cursor(self._epoch, newest_seq(db, blog)))

    async def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        """Every event committed from here on. A commit only wakes this up: events are read from the store."""
        committed = asyncio.Event()
        self._watchers.add(committed)
        try:
            # Not the newest event that is stored: all may have been retired.
            count = rows("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'")
            ((last,),) = await self._queries.run(count)
            yield []
            while True:
                committed.clear()
                query = rows(_EVENTS + "WHERE e.n > ? ORDER BY e.n LIMIT ?", last, WATCH_BATCH)
                try:
                    found = await self._queries.run(query)
                except TimelineError as error:
                    logger.error("Events cannot be read, trying again: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not found:
                    self._waiting.add(committed)
                    await committed.wait()
                    continue
                if found[-1][0] != last + len(found):
                    raise HistoryLostError("Events were retired before they were read.", "expired")
                last = found[-1][0]
                if batch := [_event(self._epoch, row) for row in found if row[1] in blogs]:
                    yield batch
        finally:
            self._watchers.discard(committed)
            self._waiting.discard(committed)


def _rename(db: sqlite3.Connection, blog: str, name: str) -> bool:
    if not newest_seq(db, blog) or newest_seq(db, name):
        return False
    for table in BLOG_TABLES:
        # A blog that never had an event may have left some.
        db.execute(f"DELETE FROM {table} WHERE blog = ?", (name,))  # noqa: S608 - a constant
        db.execute(f"UPDATE {table} SET blog = ? WHERE blog = ?", (name, blog))  # noqa: S608 - a constant
    return True


def _replay(db: sqlite3.Connection, epoch: str, blog: str, after: Cursor, limit: int, *, part: bool) -> Replay:
    head = Cursor(epoch, newest_seq(db, blog))
    if after.epoch != epoch or after.seq > head.seq:
        return Replay([], head, complete=False, reason="epoch")
    wanted = min(head.seq - after.seq, limit)
    if not part and wanted < head.seq - after.seq:
        return Replay([], head, complete=False, reason="expired")
    of_blog = _EVENTS + "WHERE e.blog = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq"
    found = db.execute(of_blog, (blog, after.seq, after.seq + wanted)).fetchall()
    if len(found) < wanted:
        return Replay([], head, complete=False, reason="expired")
    return Replay([_event(epoch, row) for row in found], head, complete=True)


def _event(epoch: str, row: Any) -> Event:
    _, blog, seq, kind, entry_id, item = row
    gone = item is None
    return Event(blog, Cursor(epoch, seq), "delete" if gone else kind, entry_id, None if gone else completed(item))
