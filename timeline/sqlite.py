"""The embedded store: SQLite in WAL mode, one thread that writes and one that reads, never the event loop.

Commits that arrive together share one transaction and one fsync. ``synchronous=FULL``: what was pushed to readers
survives a power cut. A lock beside the database keeps a second process out, because watchers are told of commits
in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import math
import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, TypeVar

from entries import FRONT_PAGE, Cursor, Entry, Event, dump
from feedstate import FeedState
from timeline import (
    Fate,
    HistoryLostError,
    Lease,
    LeaseLostError,
    Limits,
    Page,
    Replay,
    States,
    TimelineError,
    before_token,
    parse_before,
)

logger = logging.getLogger("livelog.timeline")

T = TypeVar("T")
Job = tuple[Callable[[sqlite3.Connection], Any], Future[Any]]

SCHEMA_VERSION: Final = 4
WATCH_BATCH: Final = 500
RETIRE_BATCH: Final = 1_000
WRITES_TOGETHER: Final = 64
MOST_WAITING: Final = 10_000
BUSY_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 1.0
"""How often it is looked for feeds that are due though nothing says so: a lease may have run out."""
RETRY_SECONDS: Final = 1.0

_SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feeds (
    url TEXT PRIMARY KEY,
    followed INTEGER NOT NULL,      -- 1 while the configuration names it
    due REAL NOT NULL,              -- Unix seconds
    leased_until REAL NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,            -- FeedState as JSON
    paused REAL NOT NULL DEFAULT 0  -- Unix seconds, before which it is never due
);
CREATE TABLE listed (               -- not with the feeds: a row is written as a whole, and theirs with every poll
    url TEXT PRIMARY KEY,
    marks TEXT NOT NULL             -- Marks as JSON
);
CREATE INDEX feeds_due ON feeds (due) WHERE followed;
CREATE INDEX feeds_failing ON feeds (url) WHERE failures;
CREATE TABLE blogs (blog TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,      -- microseconds since 1970
    seen INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    item TEXT NOT NULL,             -- the public form: a JSON Feed item
    former TEXT,                    -- what it was before the last correction
    UNIQUE (blog, id)
);
CREATE UNIQUE INDEX entries_position ON entries (blog, position, id);
CREATE TABLE keys (                 -- dedup memory: outlives the entries
    blog TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,           -- kept with the key that is the id; "-" and the last revision if withdrawn
    PRIMARY KEY (blog, key)
) WITHOUT ROWID;
CREATE INDEX keys_alias ON keys (blog, id) WHERE key <> id;
CREATE TABLE retired (              -- entries that are gone, but still remembered by their keys
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,               -- Unix seconds, when last heard of
    PRIMARY KEY (blog, id)
) WITHOUT ROWID;
CREATE INDEX retired_at ON retired (blog, at);
CREATE TABLE events (
    n INTEGER PRIMARY KEY AUTOINCREMENT,    -- of all blogs, in order of commit: what watchers follow
    blog TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL DEFAULT 0,     -- Unix seconds, of the poll that led to it
    UNIQUE (blog, seq)
);
"""

_UPGRADES: Final = {
    1: """
ALTER TABLE events ADD COLUMN at REAL NOT NULL DEFAULT 0;
UPDATE events SET at = strftime('%s', 'now');
CREATE INDEX keys_alias ON keys (blog, id) WHERE key <> id;
CREATE TABLE retired (
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (blog, id)
) WITHOUT ROWID;
CREATE INDEX retired_at ON retired (blog, at);
""",
    2: """
ALTER TABLE feeds ADD COLUMN paused REAL NOT NULL DEFAULT 0;
CREATE TABLE listed (url TEXT PRIMARY KEY, marks TEXT NOT NULL);
INSERT INTO listed
    SELECT url, (SELECT json_group_object(key, json_array(value)) FROM json_each(state, '$.listed')) FROM feeds;
UPDATE feeds SET state = json_remove(state, '$.listed');
""",
    3: "ALTER TABLE entries ADD COLUMN former TEXT;",
}
"""What leads from a version of the schema to the next."""

_EVER: Final = -(2**63)
"""A position below all others."""

_EVENTS: Final = (
    "SELECT e.n, e.blog, e.seq, e.kind, e.id, i.item FROM events e "
    "LEFT JOIN entries i ON i.blog = e.blog AND i.id = e.id AND e.kind <> 'delete' "
)

_NEWER: Final = "SELECT item FROM entries WHERE blog = ? AND (position, id) > (?, ?) ORDER BY position, id LIMIT ?"


class SqliteTimeline:
    """A `timeline.Timeline` in one file, or in memory (``:memory:``)."""

    is_shared = False

    def __init__(self, worker: _Worker, reader: _Worker, lock: int | None, epoch: str) -> None:
        self._writer = worker
        self._reader = reader
        self._lock = lock
        self._epoch = epoch
        self._bells: set[asyncio.Event] = set()
        self._nothing_before = 0.0
        self._changes = 0

    @classmethod
    async def open(cls, path: str) -> SqliteTimeline:
        """Opens or creates a database; raises TimelineError."""
        in_memory = path == ":memory:"
        lock = None if in_memory else _lock(path)
        try:
            writer = _Worker("timeline-writer", path)
            epoch = await writer.run(_prepare)
            reader = writer if in_memory else _Worker("timeline-reader", path)
            await reader.run(_fetch("SELECT 1"))
        except TimelineError:
            if lock is not None:
                os.close(lock)
            raise
        return cls(writer, reader, lock, epoch)

    async def close(self) -> None:
        """Ends the work that is under way, and closes the database."""
        for worker in {self._reader, self._writer}:
            await asyncio.to_thread(worker.close)
        if self._lock is not None:
            os.close(self._lock)

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable."""
        await self._writer.run(lambda db: _follow(db, due))
        self._look_anew()

    async def postpone(self, urls: Sequence[str], until: float) -> None:
        """Makes sure that none of these feeds is claimed before a Unix time."""
        await self._writer.run(lambda db: _postpone(db, urls, until))

    async def states(self) -> Sequence[FeedState]:
        """What is remembered of each followed feed."""
        return await self._reader.run(_states)

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The followed feeds whose last poll failed, without what they listed."""
        query = "SELECT state FROM feeds WHERE followed AND failures ORDER BY url LIMIT ?"
        return [FeedState.from_json(state) for (state,) in await self._reader.run(_fetch(query, limit))]

    async def failing_count(self) -> int:
        """The number of followed feeds whose last poll failed."""
        ((count,),) = await self._reader.run(_fetch("SELECT count(*) FROM feeds WHERE followed AND failures"))
        return int(count)

    async def claim(self, now: float, limit: int, seconds: float) -> Sequence[Lease]:
        """Leases due feeds."""
        if limit < 1 or now < self._nothing_before:
            return []
        changes = self._changes
        due = await self._reader.run(lambda db: _next_due(db, now))
        if due <= now:
            return await self._writer.run(lambda db: _claim(db, now, limit, seconds))
        # No other process has the file: until something is committed here, this stays as it is. A lease may run out.
        if changes == self._changes:
            self._nothing_before = min(due, now + LOOK_SECONDS)
        return []

    def _look_anew(self) -> None:
        self._changes += 1
        self._nothing_before = 0.0

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases; returns those that are still held."""
        held = "UPDATE feeds SET leased_until = ? WHERE url = ? AND fence = ? AND leased_until > 0"
        return await self._writer.run(
            lambda db: [lease for lease in leases if db.execute(held, (until, lease.url, lease.fence)).rowcount]
        )

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing."""

        async def commit_and_ring() -> int:
            count = await self._writer.run(lambda db: _commit(db, state, entries, lease, withdrawn))
            self._look_anew()
            for bell in self._bells:
                bell.set()
            return count

        # Shielded: a caller that gives up does not keep watchers from what was committed.
        return await asyncio.shield(commit_and_ring())

    async def replay(self, blog: str, after: Cursor, limit: int) -> Replay:
        """The events after a cursor."""
        return await self._reader.run(lambda db: _replay(db, self._epoch, blog, after, limit))

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """Entries older than ``before``, the newest if it is None."""
        place = parse_before(before) if before is not None else None
        return await self._reader.run(lambda db: _page(db, self._epoch, blog, place, limit))

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry as JSON text, or None."""
        rows = await self._reader.run(_fetch("SELECT item FROM entries WHERE blog = ? AND id = ?", blog, id))
        return str(rows[0][0]) if rows else None

    async def newer(self, blog: str, than: str, limit: int) -> Sequence[str]:
        """The entries that stand right above a place, newest first."""
        rows = await self._reader.run(_fetch(_NEWER, blog, *parse_before(than), limit))
        return [item for (item,) in reversed(rows)]

    async def fate(self, blog: str, id: str) -> Fate | None:  # noqa: A002 - JSON Feed's word
        """What became of an entry that is not there."""
        return await self._reader.run(lambda db: _fate(db, blog, id))

    async def previous(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """The form that an entry had before its last correction as JSON text, or None."""
        rows = await self._reader.run(_fetch("SELECT former FROM entries WHERE blog = ? AND id = ?", blog, id))
        return rows[0][0] if rows else None

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""
        return await self._reader.run(lambda db: Cursor(self._epoch, _seq(db, blog)))

    async def retire(self, now: float, limits: Limits) -> int:
        """Removes some of what is beyond the limits, a blog at a time."""
        blogs = await self._reader.run(_fetch("SELECT blog FROM blogs"))
        return sum([await self._retire(blog, now, limits) for (blog,) in blogs])

    async def _retire(self, blog: str, now: float, limits: Limits) -> int:
        # Where to cut is found out beside the writer, which has more urgent work.
        cut = await self._reader.run(lambda db: _cut(db, blog, now, limits))
        remembered = await self._reader.run(_fetch("SELECT count(*) FROM retired WHERE blog = ?", blog))
        surplus = remembered[0][0] - limits.memory
        return await self._writer.run(
            lambda db: (
                _retire_entries(db, blog, cut, now)
                + _retire_events(db, blog, now, limits)
                + _forget(db, blog, now - limits.memory_age, surplus)
            )
        )

    async def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        """Every event committed from here on. A commit only rings a bell: events are read from the store."""
        bell = asyncio.Event()
        self._bells.add(bell)
        try:
            # Not the newest event that is there: all may have been retired.
            count = _fetch("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'")
            ((last,),) = await self._reader.run(count)
            yield []
            while True:
                bell.clear()
                query = _fetch(_EVENTS + "WHERE e.n > ? ORDER BY e.n LIMIT ?", last, WATCH_BATCH)
                try:
                    rows = await self._reader.run(query)
                except TimelineError as error:
                    logger.error("Events cannot be read, trying again: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not rows:
                    await bell.wait()
                    continue
                if rows[-1][0] != last + len(rows):
                    raise HistoryLostError("Events were retired before they were read.", "expired")
                last = rows[-1][0]
                if batch := [_event(self._epoch, row) for row in rows if row[1] in blogs]:
                    yield batch
        finally:
            self._bells.discard(bell)


class _Worker:
    """A thread with a connection of its own, which does what it is handed in order, in shared transactions."""

    def __init__(self, name: str, path: str) -> None:
        self._path = path
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._handing_in = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a job in the thread; its transaction is committed when this returns. Raises TimelineError."""
        future: Future[T] = Future()
        with self._handing_in:
            if self._closed:
                raise TimelineError("the database is closed")
            if self._jobs.qsize() >= MOST_WAITING:
                raise TimelineError("the database is asked for more than it can do")
            self._jobs.put((job, future))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finishes what was handed in before, then closes the connection. Blocks."""
        with self._handing_in:
            # Nothing may stand behind the end: it would be waited for in vain.
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
                # What the disk did to a connection that saw it fail is not known: look at the file anew.
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _batch(self) -> list[Job] | None:
        """Waits for a job, and takes what has queued up behind it."""
        first = self._jobs.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < WRITES_TOGETHER:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch

    def _transact(self, connection: sqlite3.Connection, batch: list[Job]) -> bool:
        """Does a batch in one transaction; whether the database was able to."""
        done: list[tuple[Future[Any], Any]] = []
        failed: list[tuple[Future[Any], Exception]] = []
        try:
            connection.execute("BEGIN")
            for job, future in batch:
                try:
                    with _savepoint(connection):
                        done.append((future, job(connection)))
                except Exception as error:
                    if _environmental(error):
                        raise
                    failed.append((future, error))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            _fail(batch, TimelineError(f"{self._path}: {error}"))
            return False
        for future, result in done:
            if future.set_running_or_notify_cancel():
                future.set_result(result)
        for future, problem in failed:
            if future.set_running_or_notify_cancel():
                future.set_exception(problem)
        return True


def _fail(batch: list[Job], error: TimelineError) -> None:
    for _, future in batch:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)


def _environmental(error: Exception) -> bool:
    """Whether the machine failed the database, as opposed to the program: a bug is not waited for."""
    bug = isinstance(error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError))
    return isinstance(error, sqlite3.Error) and not bug


@contextlib.contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT job")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        raise
    connection.execute("RELEASE job")


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


def _lock(path: str) -> int:
    """Takes the lock beside the database; raises TimelineError if another process has it."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise TimelineError(f"{path}: the database cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = Path(f"{path}.lock").read_text(encoding="ascii", errors="replace").strip()
        os.close(descriptor)
        raise TimelineError(f"{path}: another Livelog (process {holder or 'unknown'}) uses this database") from None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def _prepare(db: sqlite3.Connection) -> str:
    """Creates or checks the schema; returns the epoch."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version not in range(SCHEMA_VERSION + 1):
        raise TimelineError(f"the database was written by another version of Livelog (schema {version})")
    if version == 0:
        _execute(db, _SCHEMA)
        db.execute("INSERT INTO meta VALUES ('epoch', ?)", (secrets.token_hex(4),))
    for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
        _execute(db, _UPGRADES[older])
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    # The lock says that no other process lives: leases are of one that died.
    db.execute("UPDATE feeds SET leased_until = 0 WHERE leased_until > 0")
    return str(db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0])


def _execute(db: sqlite3.Connection, script: str) -> None:
    """Statement by statement: executescript would commit the transaction we are in."""
    for statement in script.strip().split(";\n"):
        db.execute(statement)


def _fetch(sql: str, *arguments: object) -> Callable[[sqlite3.Connection], list[Any]]:
    return lambda db: db.execute(sql, arguments).fetchall()


def _states(db: sqlite3.Connection) -> States:
    return States([state for (state,) in db.execute("SELECT state FROM feeds WHERE followed")])


@contextlib.contextmanager
def _given(db: sqlite3.Connection, feeds: Iterable[tuple[str, float]]) -> Iterator[None]:
    """A table of URLs and times, in order: then one statement does for 100,000 of them, without Python's lock."""
    db.execute("CREATE TEMP TABLE given (url TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID")
    db.executemany("INSERT OR REPLACE INTO given VALUES (?, ?)", feeds)
    yield
    db.execute("DROP TABLE given")


def _follow(db: sqlite3.Connection, due: Mapping[str, float]) -> None:
    with _given(db, due.items()):
        db.execute("UPDATE feeds SET followed = 0 WHERE followed AND url NOT IN (SELECT url FROM given)")
        # Only what changes is written: at a start nearly all feeds are known, and due when they were.
        db.execute(
            "INSERT INTO feeds (url, followed, due, state) "
            "SELECT url, 1, at, json_object('url', url) FROM given WHERE true ORDER BY url "
            "ON CONFLICT (url) DO UPDATE SET followed = 1, due = max(min(due, excluded.due), paused) "
            "WHERE NOT followed OR due > excluded.due"
        )


def _postpone(db: sqlite3.Connection, urls: Sequence[str], until: float) -> None:
    with _given(db, ((url, until) for url in urls)):
        db.execute(
            "UPDATE feeds SET paused = at, due = max(due, at) FROM given WHERE feeds.url = given.url AND paused < at"
        )


def _next_due(db: sqlite3.Connection, now: float) -> float:
    """When a feed is due next: ``now`` or before if one can be claimed, infinity if there are none."""
    claimable = "SELECT 1 FROM feeds WHERE followed AND due <= ? AND leased_until <= ? LIMIT 1"
    if db.execute(claimable, (now, now)).fetchone():
        return now
    (due,) = db.execute("SELECT min(due) FROM feeds WHERE followed AND due > ?", (now,)).fetchone()
    return math.inf if due is None else float(due)


def _claim(db: sqlite3.Connection, now: float, limit: int, seconds: float) -> list[Lease]:
    rows = db.execute(
        "UPDATE feeds SET leased_until = ?, fence = fence + 1 WHERE url IN "
        "(SELECT url FROM feeds WHERE followed AND due <= ? AND leased_until <= ? ORDER BY due LIMIT ?) "
        "RETURNING state, (SELECT marks FROM listed WHERE listed.url = feeds.url), fence",
        (now + seconds, now, now, limit),
    ).fetchall()
    return [Lease(FeedState.from_json(state, listed), fence) for state, listed, fence in rows]


def _commit(
    db: sqlite3.Connection,
    state: FeedState,
    entries: Sequence[Entry],
    lease: Lease,
    withdrawn: Sequence[tuple[str, str]],
) -> int:
    updated = db.execute(
        "UPDATE feeds SET state = ?, due = max(?, paused), failures = ?, leased_until = 0 "
        "WHERE url = ? AND fence = ?",
        (state.to_json(), state.next_at, state.failures, lease.url, lease.fence),
    )
    if updated.rowcount != 1:
        raise LeaseLostError(lease.url)
    if state.listed is not lease.state.listed:
        db.execute("INSERT OR REPLACE INTO listed VALUES (?, ?)", (lease.url, state.listed.to_json()))
    # All entries are stored before any event is decided: the front page is known only then.
    at = state.checked_at
    leaving = _leaving(db, withdrawn)
    changes = [(entry, *_store(db, entry, at, leaving)) for entry in entries]
    ends = {blog: _place(db, blog, FRONT_PAGE) for blog in {entry.blog for entry in entries}}
    count = 0
    for entry, kind, entry_id in changes:
        if kind and (kind == "update" or not entry.backfilled or (entry.position, entry_id) >= ends[entry.blog]):
            count += _number(db, entry.blog, kind, entry_id, at)
    return count + sum(_withdraw(db, blog, key, at) for blog, key in withdrawn)


def _leaving(db: sqlite3.Connection, withdrawn: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Blog and id of what is known and withdrawn: it must not come back by the same commit, were that done twice."""
    known = ((blog, _recognised(db, blog, (key,))) for blog, key in withdrawn)
    return {(blog, one[0]) for blog, one in known if one}


def _store(
    db: sqlite3.Connection, entry: Entry, at: float, leaving: Collection[tuple[str, str]]
) -> tuple[str | None, str]:
    """Stores an entry if it is new or changed; returns the kind of event that is (None for no change) and its id."""
    known = _recognised(db, entry.blog, entry.keys)
    if known is None:
        _remember(db, entry, entry.id)
        _insert(db, entry, entry.id, 1)
        return "entry", entry.id
    entry_id, digest = known
    # One that is gone is remembered for as long as it is heard of, and some time more.
    db.execute("UPDATE retired SET at = ? WHERE blog = ? AND id = ?", (at, entry.blog, entry_id))
    revision = _withdrawn_revision(digest)
    if digest == entry.digest or (revision and (entry.blog, entry_id) in leaving):
        return None, entry_id
    _remember(db, entry, entry_id)
    if not revision:
        return _correct(db, entry, entry_id, at), entry_id
    db.execute("DELETE FROM retired WHERE blog = ? AND id = ?", (entry.blog, entry_id))
    _insert(db, entry, entry_id, revision + 1)
    return "entry", entry_id


def _recognised(db: sqlite3.Connection, blog: str, keys: Sequence[str]) -> tuple[str, str] | None:
    """The id and digest of the entry that one of the keys belongs to; the strongest key decides."""
    for key in keys:
        row = db.execute(
            "SELECT k.id, o.digest FROM keys k JOIN keys o ON o.blog = k.blog AND o.key = k.id "
            "WHERE k.blog = ? AND k.key = ?",
            (blog, key),
        ).fetchone()
        if row:
            return str(row[0]), str(row[1])
    return None


def _insert(db: sqlite3.Connection, entry: Entry, entry_id: str, revision: int) -> None:
    item = entry.item(id=entry_id, position=entry.position, seen=entry.seen, revision=revision)
    db.execute(
        "INSERT INTO entries (blog, id, position, seen, revision, item) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.blog, entry_id, entry.position, entry.seen, revision, dump(item)),
    )


def _withdraw(db: sqlite3.Connection, blog: str, key: str, at: float) -> int:
    """Removes the entry that a key belongs to; returns the number of events that is."""
    known = _recognised(db, blog, (key,))
    if known is None:
        return 0
    entry_id, _ = known
    gone = db.execute("DELETE FROM entries WHERE blog = ? AND id = ? RETURNING revision", (blog, entry_id)).fetchone()
    if gone is None:
        return 0
    db.execute("UPDATE keys SET digest = ? WHERE blog = ? AND key = ?", (f"-{gone[0]}", blog, entry_id))
    db.execute("INSERT OR REPLACE INTO retired VALUES (?, ?, ?)", (blog, entry_id, at))
    return _number(db, blog, "delete", entry_id, at)


def _withdrawn_revision(digest: str) -> int | None:
    """The last revision of an entry that was withdrawn, which stands in place of its digest; None for another."""
    return int(digest[1:]) if digest.startswith("-") else None


def _remember(db: sqlite3.Connection, entry: Entry, entry_id: str) -> None:
    """Keeps the keys, and the digest with the one that is the id."""
    for key in entry.keys:
        db.execute(
            "INSERT INTO keys (blog, key, id, digest) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT DO UPDATE SET digest = ?4 WHERE key = ?3",
            (entry.blog, key, entry_id, entry.digest),
        )
    if entry_id not in entry.keys:
        db.execute("UPDATE keys SET digest = ? WHERE blog = ? AND key = ?", (entry.digest, entry.blog, entry_id))


def _correct(db: sqlite3.Connection, entry: Entry, entry_id: str, at: float) -> str | None:
    """Replaces a stored entry by its corrected form, and keeps it beside; None if it is not there (retired)."""
    row = db.execute(
        "SELECT position, seen, revision FROM entries WHERE blog = ? AND id = ?", (entry.blog, entry_id)
    ).fetchone()
    if row is None:
        return None
    position, seen, revision = row
    corrected = int(at * 1_000_000)
    item = entry.item(id=entry_id, position=position, seen=seen, revision=revision + 1, corrected=corrected)
    db.execute(
        "UPDATE entries SET revision = ?, former = item, item = ? WHERE blog = ? AND id = ?",
        (revision + 1, dump(item), entry.blog, entry_id),
    )
    return "update"


def _place(db: sqlite3.Connection, blog: str, rank: int) -> tuple[int, str]:
    """Position (microseconds) and id of a blog's entry of this rank, the newest being the first; else below all."""
    query = "SELECT position, id FROM entries WHERE blog = ? ORDER BY position DESC, id DESC LIMIT 1 OFFSET ?"
    row = db.execute(query, (blog, rank - 1)).fetchone()
    return (row[0], row[1]) if row else (_EVER, "")


def _number(db: sqlite3.Connection, blog: str, kind: str, entry_id: str, at: float) -> int:
    """Appends an event under the blog's next number; returns 1."""
    db.execute("INSERT INTO blogs VALUES (?, 1) ON CONFLICT (blog) DO UPDATE SET seq = seq + 1", (blog,))
    db.execute(
        "INSERT INTO events (blog, seq, kind, id, at) VALUES (?, ?, ?, ?, ?)",
        (blog, _seq(db, blog), kind, entry_id, at),
    )
    return 1


def _fate(db: sqlite3.Connection, blog: str, entry_id: str) -> Fate | None:
    known = _recognised(db, blog, (entry_id,))
    if known is None or db.execute("SELECT 1 FROM entries WHERE blog = ? AND id = ?", (blog, known[0])).fetchone():
        return None
    return "retired" if _withdrawn_revision(known[1]) is None else "withdrawn"


def _seq(db: sqlite3.Connection, blog: str) -> int:
    row = db.execute("SELECT seq FROM blogs WHERE blog = ?", (blog,)).fetchone()
    return int(row[0]) if row else 0


def _replay(db: sqlite3.Connection, epoch: str, blog: str, after: Cursor, limit: int) -> Replay:
    head = Cursor(epoch, _seq(db, blog))
    if after.epoch != epoch or after.seq > head.seq:
        return Replay([], head, complete=False, reason="epoch")
    if head.seq - after.seq > limit:
        return Replay([], head, complete=False, reason="expired")
    rows = db.execute(_EVENTS + "WHERE e.blog = ? AND e.seq > ? ORDER BY e.seq", (blog, after.seq)).fetchall()
    if len(rows) < head.seq - after.seq:
        return Replay([], head, complete=False, reason="expired")
    return Replay([_event(epoch, row) for row in rows], head, complete=True)


def _page(db: sqlite3.Connection, epoch: str, blog: str, place: tuple[int, str] | None, limit: int) -> Page:
    older_than = "" if place is None else "AND (position, id) < (?, ?) "
    rows = db.execute(
        f"SELECT item, position, id FROM entries WHERE blog = ? {older_than}"  # noqa: S608 - a constant
        "ORDER BY position DESC, id DESC LIMIT ?",
        (blog, *(place or ()), limit + 1),
    ).fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    older = before_token(rows[-1][1], rows[-1][2]) if more else None
    return Page([item for item, _, _ in rows], Cursor(epoch, _seq(db, blog)), older)


def _cut(db: sqlite3.Connection, blog: str, now: float, limits: Limits) -> tuple[int, str]:
    """The place (position in microseconds, and id) below which a blog's entries are retired."""
    old = (int((now - limits.entries_age) * 1_000_000), "")
    return max(_place(db, blog, limits.entries), min(_place(db, blog, limits.old_entries), old))


def _retire_entries(db: sqlite3.Connection, blog: str, cut: tuple[int, str], now: float) -> int:
    gone = db.execute(
        "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE blog = ? AND (position, id) < (?, ?) "
        "ORDER BY position, id LIMIT ?) RETURNING id",
        (blog, *cut, RETIRE_BATCH),
    ).fetchall()
    db.executemany("INSERT OR REPLACE INTO retired VALUES (?, ?, ?)", ((blog, entry_id, now) for (entry_id,) in gone))
    return len(gone)


def _retire_events(db: sqlite3.Connection, blog: str, now: float, limits: Limits) -> int:
    """Removes the oldest events, in the order of their numbers: what is left has no holes."""
    oldest = db.execute("SELECT n, seq, at FROM events WHERE blog = ? ORDER BY seq LIMIT ?", (blog, RETIRE_BATCH))
    surplus, old = _seq(db, blog) - limits.events, now - limits.events_age
    gone = [(n,) for n, _, _ in takewhile(lambda event: event[1] <= surplus or event[2] < old, oldest.fetchall())]
    db.executemany("DELETE FROM events WHERE n = ?", gone)
    return len(gone)


def _forget(db: sqlite3.Connection, blog: str, before: float, surplus: int) -> int:
    """Forgets entries that have not been heard of since ``before``, or as many as are too many."""
    gone = db.execute(
        "DELETE FROM retired WHERE blog = ?1 AND id IN "
        "(SELECT id FROM retired WHERE blog = ?1 AND at < ?2 ORDER BY at, id LIMIT ?3) RETURNING blog, id",
        (blog, before if surplus <= 0 else math.inf, RETIRE_BATCH if surplus <= 0 else min(surplus, RETIRE_BATCH)),
    ).fetchall()
    db.executemany("DELETE FROM keys WHERE blog = ? AND id = ? AND key <> id", gone)
    db.executemany("DELETE FROM keys WHERE blog = ? AND key = ?", gone)
    return len(gone)


def _event(epoch: str, row: Any) -> Event:
    _, blog, seq, kind, entry_id, item = row
    return Event(blog, Cursor(epoch, seq), kind if item is not None else "delete", entry_id, item)
