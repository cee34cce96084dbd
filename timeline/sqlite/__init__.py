"""The embedded store: SQLite in WAL mode, with one thread that writes and one that reads, never on the event loop.

Commits that arrive together share one transaction and one fsync. ``synchronous=FULL``: events sent to clients
survive a power cut. A lock beside the database keeps a second process out, because watchers learn only of commits of
their own process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from functools import partial

from timeline.errors import TimelineError
from timeline.sqlite.archive import SqliteArchive
from timeline.sqlite.feed_jobs import SqliteFeedJobs
from timeline.sqlite.high_water import HighWater, had_mark, newest_event
from timeline.sqlite.jobs import SqliteJobs
from timeline.sqlite.lock import lock
from timeline.sqlite.nodes import SqliteNodes
from timeline.sqlite.purge import SqlitePurge
from timeline.sqlite.retention import SqliteRetention
from timeline.sqlite.schema import begin_epoch, prepare
from timeline.sqlite.worker import Worker, rows

__all__ = ["SqliteTimeline"]

logger = logging.getLogger("livelog.timeline")


class SqliteTimeline(SqliteFeedJobs, SqlitePurge, SqliteArchive, SqliteRetention, SqliteJobs, SqliteNodes):
    """A `timeline.Timeline` in one file, or in memory (``:memory:``)."""

    is_shared = False

    def __init__(self, writer: Worker, queries: Worker, epoch: str, lock_file: int | None) -> None:
        super().__init__(writer, queries, epoch)
        self._lock_file = lock_file

    @classmethod
    async def open(cls, path: str) -> SqliteTimeline:
        """Opens or creates a database; raises TimelineError."""
        in_memory = path == ":memory:"
        lock_file, mark = (None, None) if in_memory else lock(path)
        try:
            writer = Worker("timeline-writer", path, mark.rise if mark else None)
            epoch = await writer.run(prepare)
            if mark:
                epoch = await writer.run(partial(_continued, mark, path, epoch))
            queries = writer if in_memory else Worker("timeline-queries", path)
            await queries.run(rows("SELECT 1"))
        except TimelineError:
            if lock_file is not None:
                os.close(lock_file)
            raise
        return cls(writer, queries, epoch, lock_file)

    async def close(self) -> None:
        """Finishes the work under way, and closes the database."""
        for worker in {self._queries, self._writer}:
            await asyncio.to_thread(worker.close)
        if self._lock_file is not None:
            os.close(self._lock_file)


def _continued(mark: HighWater, path: str, epoch: str, db: sqlite3.Connection) -> str:
    """The epoch, or a new one for a database that may be an earlier copy. Raises TimelineError."""
    newest = newest_event(db)
    # A database that an earlier version wrote never had a mark.
    if had_mark(db) and mark.contradicts(epoch, newest):
        epoch = begin_epoch(db)
        logger.warning("%s may be an earlier copy of itself: a new epoch begins, and readers get a reset.", path)
    try:
        mark.begin(epoch, newest)
    except OSError as error:
        raise TimelineError(f"{path}: the database cannot be written: {error.strerror}") from None
    return epoch
