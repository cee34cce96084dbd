"""The embedded store: SQLite in WAL mode, with one thread that writes and one that reads, never on the event loop.

Commits that arrive together share one transaction and one fsync. ``synchronous=FULL``: events sent to clients
survive a power cut. A lock beside the database keeps a second process out, because watchers learn only of commits of
their own process.
"""

from __future__ import annotations

import asyncio
import os

from timeline.errors import TimelineError
from timeline.sqlite.archive import SqliteArchive
from timeline.sqlite.event_log import SqliteEventLog
from timeline.sqlite.feed_jobs import SqliteFeedJobs
from timeline.sqlite.lock import lock
from timeline.sqlite.retention import SqliteRetention
from timeline.sqlite.schema import prepare
from timeline.sqlite.worker import Worker, rows

__all__ = ["SqliteTimeline"]


class SqliteTimeline(SqliteFeedJobs, SqliteEventLog, SqliteArchive, SqliteRetention):
    """A `timeline.Timeline` in one file, or in memory (``:memory:``)."""

    is_shared = False

    def __init__(self, writer: Worker, queries: Worker, epoch: str, lock_file: int | None) -> None:
        super().__init__(writer, queries, epoch)
        self._lock_file = lock_file

    @classmethod
    async def open(cls, path: str) -> SqliteTimeline:
        """Opens or creates a database; raises TimelineError."""
        in_memory = path == ":memory:"
        lock_file = None if in_memory else lock(path)
        try:
            writer = Worker("timeline-writer", path)
            epoch = await writer.run(prepare)
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
