"""A thread with a connection of its own, which runs jobs in order, in shared transactions."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from timeline.errors import TimelineError

T = TypeVar("T")

MAX_JOBS_PER_TRANSACTION: Final = 64
MAX_QUEUED_JOBS: Final = 10_000
BUSY_TIMEOUT: Final = 5.0


class Job(NamedTuple):
    """Work for the thread, which may run more than once, and the future of its result."""

    work: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]


class Store:
    """Shared by all parts of a `SqliteTimeline`: one thread to write, one to read, and the epoch of the data."""

    def __init__(self, writer: Worker, queries: Worker, epoch: str) -> None:
        self._writer = writer
        self._queries = queries
        self._epoch = epoch

    def _feeds_changed(self) -> None:
        """Called after a change that may make a feed due; `SqliteFeedJobs` overrides it."""

    def _jobs_changed(self) -> None:
        """Called after a change that may make a job due; `SqliteJobs` overrides it."""


class Worker:
    """Runs jobs in a thread. Jobs that wait together share a transaction; one that fails is rolled back alone.

    ``committed`` is called with the connection after each transaction, before the results of its jobs are known.
    """

    def __init__(self, name: str, path: str, committed: Callable[[sqlite3.Connection], None] | None = None) -> None:
        self._path = path
        self._committed = committed
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._queueing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a job in the thread; its transaction is committed when this returns. Raises TimelineError."""
        return await self.submit(job)

    def submit(self, job: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Queues a job; the future is as `run`. Raises TimelineError if it cannot be queued."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._queueing:
            if self._closed:
                raise TimelineError("the database is closed")
            if self._jobs.qsize() >= MAX_QUEUED_JOBS:
                raise TimelineError("the database is asked for more than it can do")
            self._jobs.put(Job(job, future))
        return future

    def close(self) -> None:
        """Finishes the queued jobs, then closes the connection. Blocks."""
        with self._queueing:
            # No job may be queued behind the end: its future would never be done.
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        while (batch := self._batch()) is not None:
            try:
                connection = connection or _connect(self._path)
            except sqlite3.Error as error:
                _fail(batch, TimelineError(f"{self._path}: {error}"))
                continue
            if not self._transact(connection, batch) and self._path != ":memory:":
                # A connection that saw the disk fail may keep a broken state: open the file again.
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _batch(self) -> list[Job] | None:
        """Waits for a job, and takes those that are queued behind it. None at the end."""
        first = self._jobs.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MAX_JOBS_PER_TRANSACTION:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    def _transact(self, connection: sqlite3.Connection, batch: Sequence[Job]) -> bool:
        """Runs a batch in one transaction; returns False if the database failed.

        After a job that failed, the others run again without it. Few fail: a savepoint for each job would take a
        tenth of the time of all.
        """
        jobs = list(batch)
        failed: list[tuple[Job, Exception]] = []
        while True:
            try:
                connection.execute("BEGIN")
                done = [(job, _run(job, connection)) for job in jobs]
                connection.execute("COMMIT")
                break
            except _JobError as error:
                _roll_back(connection)
                failed.append((error.job, error.reason))
                jobs.remove(error.job)
            except sqlite3.Error as error:
                _roll_back(connection)
                _fail(batch, TimelineError(f"{self._path}: {error}"))
                return False
        if self._committed:
            self._committed(connection)
        _settle(done, failed)
        return True


class _JobError(Exception):
    """A job failed, and not the database."""

    def __init__(self, job: Job, reason: Exception) -> None:
        super().__init__()
        self.job = job
        self.reason = reason


def _run(job: Job, connection: sqlite3.Connection) -> Any:
    try:
        return job.work(connection)
    except Exception as error:
        if _environmental(error):
            raise
        raise _JobError(job, error) from error


def _roll_back(connection: sqlite3.Connection) -> None:
    # A full disk ends the transaction by itself.
    with contextlib.suppress(sqlite3.Error):
        connection.execute("ROLLBACK")


def rows(sql: str, *arguments: object) -> Callable[[sqlite3.Connection], list[Any]]:
    """A job that returns all rows of a query."""
    return lambda db: db.execute(sql, arguments).fetchall()


def _settle(done: Sequence[tuple[Job, Any]], failed: Sequence[tuple[Job, Exception]]) -> None:
    """Hands over the results of a batch: each event loop is woken once, as that takes longer than most jobs."""
    for loop in {job.future.get_loop() for job, _ in (*done, *failed)}:
        # A loop that was closed meanwhile has nobody who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_hand_over, loop, done, failed)


def _hand_over(
    loop: asyncio.AbstractEventLoop, done: Sequence[tuple[Job, Any]], failed: Sequence[tuple[Job, Exception]]
) -> None:
    for job, result in done:
        if job.future.get_loop() is loop and not job.future.done():
            job.future.set_result(result)
    for job, problem in failed:
        if job.future.get_loop() is loop and not job.future.done():
            job.future.set_exception(problem)


def _fail(batch: Sequence[Job], error: TimelineError) -> None:
    _settle([], [(job, error) for job in batch])


def _environmental(error: Exception) -> bool:
    """True if the machine failed the database. A bug of the program is not, and must not be retried."""
    bug = isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError))
    return isinstance(error, sqlite3.Error) and not bug


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection
