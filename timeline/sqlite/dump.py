"""An SQLite database as a source and as a target of records (`timeline.dump`).

No other process uses these files: copies that `files.snapshot` made, and databases that are yet to be put in place.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from entries import to_micros
from feedstate import FeedState
from timeline.dump import (
    Counts,
    EntryRecord,
    EventRecord,
    FeedRecord,
    HeadRecord,
    JobRecord,
    PushRecord,
    Record,
    Stored,
)
from timeline.errors import TimelineError
from timeline.jobs import Job
from timeline.sqlite.jobs import put_job
from timeline.sqlite.schema import begin_epoch, prepare

BATCH: Final = 500
"""Rows of a batch: entries have some 2 kB each, at most some 100 kB."""

PUSHES_BATCH: Final = 16

_FEEDS: Final = (
    "SELECT f.url, state, marks, followed, due, paused, unfollowed_at FROM feeds f LEFT JOIN listed USING (url)"
)
_PUSHES: Final = "SELECT url, body, content_type FROM pushes ORDER BY n"
_JOBS: Final = "SELECT kind, id, group_name, state, CASE WHEN leased THEN 0 ELSE due END FROM jobs"
_ENTRIES: Final = (
    "SELECT k.blog, k.id, k.digest, e.position, e.item, e.former, r.at, r.withdrawn_at, "
    "(SELECT group_concat(a.key, ' ') FROM keys a "
    "WHERE a.blog = k.blog AND a.id = k.id AND a.key <> a.id) FROM keys k "
    "LEFT JOIN entries e ON e.blog = k.blog AND e.id = k.id LEFT JOIN retired r ON r.blog = k.blog AND r.id = k.id "
    "WHERE k.key = k.id"
)


class SqliteSource:
    """All records of a database that nobody writes to. It must have the present schema, see `renew`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        """See `timeline.dump.Source`."""
        try:
            with closing(sqlite3.connect(self._path)) as db:
                for query, record, size in (
                    (_FEEDS, _feed, BATCH),
                    (_PUSHES, lambda row: PushRecord(*row), PUSHES_BATCH),
                    (_JOBS, lambda row: JobRecord(Job(*row[:4]), row[4]), BATCH),
                    ("SELECT blog, seq FROM blogs", lambda row: HeadRecord(*row), BATCH),
                    (_ENTRIES, _entry, BATCH),
                    ("SELECT blog, seq, kind, id, at FROM events ORDER BY n", lambda row: EventRecord(*row), BATCH),
                ):
                    for batch in _read(db, query, record, size):
                        yield batch
        except sqlite3.Error as error:
            raise TimelineError(f"{self._path}: {error}") from None


class SqliteTarget:
    """A new database, in an empty file; complete once it is closed."""

    def __init__(self, path: Path) -> None:
        """Creates the tables. Raises TimelineError."""
        self._path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            # Nobody sees the file before it is complete.
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            prepare(self._db)
        except sqlite3.Error as error:
            raise TimelineError(f"{path}: {error}") from None

    async def put(self, batch: Sequence[Record]) -> None:
        """See `timeline.dump.Target`."""
        try:
            self._db.execute("BEGIN")
            for record in batch:
                _put(self._db, record)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise TimelineError(f"{self._path}: {error}") from None

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


def renew(path: Path) -> None:
    """Upgrades a database that nobody uses, and begins a new epoch in it. Raises TimelineError."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("BEGIN")
            prepare(db)
            begin_epoch(db)
            # The mark of the database that it comes from or replaces is not its own (high_water.py).
            db.execute("DELETE FROM meta WHERE name = 'marked'")
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise TimelineError(f"{path}: {error}") from None


def counts(path: Path) -> Counts:
    """The amount of a database. Raises TimelineError."""
    query = "SELECT (SELECT count(*) FROM blogs), (SELECT count(*) FROM entries), (SELECT count(*) FROM feeds)"
    try:
        with closing(sqlite3.connect(path)) as db:
            return Counts(*db.execute(query).fetchone())
    except sqlite3.Error as error:
        raise TimelineError(f"{path}: {error}") from None


def _read(db: sqlite3.Connection, query: str, record: Callable[[Any], Record], size: int) -> Iterator[list[Record]]:
    rows = db.execute(query)
    while batch := [record(row) for row in rows.fetchmany(size)]:
        yield batch


def _feed(row: Any) -> FeedRecord:
    url, state, marks, followed, due, paused, unfollowed_at = row
    return FeedRecord(url, state, marks, bool(followed), due, paused, unfollowed_at)


def _entry(row: Any) -> EntryRecord:
    blog, entry_id, digest, position, item, former, retired_at, withdrawn_at, aliases = row
    stored = None if item is None else Stored(position, item, former)
    return EntryRecord(blog, entry_id, digest, tuple((aliases or "").split()), stored, retired_at, withdrawn_at)


def _put(db: sqlite3.Connection, record: Record) -> None:
    match record:
        case FeedRecord():
            _put_feed(db, record)
        case PushRecord(url, body, content_type):
            insert = "INSERT INTO pushes (url, body, content_type) VALUES (?, ?, ?)"
            db.execute(insert, (url, body, content_type))
        case JobRecord(job, due):
            put_job(db, job, due)
        case EntryRecord():
            _put_entry(db, record)
        case EventRecord(blog, seq, kind, entry_id, at):
            insert = "INSERT INTO events (blog, seq, kind, id, at) VALUES (?, ?, ?, ?, ?)"
            db.execute(insert, (blog, seq, kind, entry_id, at))
        case HeadRecord(blog, seq):
            db.execute("INSERT OR REPLACE INTO blogs VALUES (?, ?)", (blog, seq))


def _put_feed(db: sqlite3.Connection, feed: FeedRecord) -> None:
    failures = FeedState.from_json(feed.state).failures
    # The fence is random, so that no lease of the other store is ever valid in this one.
    db.execute(
        "INSERT OR REPLACE INTO feeds (url, followed, due, fence, failures, state, paused, unfollowed_at) "
        "VALUES (?, ?, ?, random() & 0xffffffffff, ?, ?, ?, ?)",
        (feed.url, feed.is_followed, feed.due, failures, feed.state, feed.paused, feed.unfollowed_at),
    )
    if feed.marks is not None:
        db.execute("INSERT OR REPLACE INTO listed VALUES (?, ?)", (feed.url, feed.marks))


def _put_entry(db: sqlite3.Connection, entry: EntryRecord) -> None:
    name = (entry.blog, entry.id)
    for rows in ("keys WHERE key <> id AND", "entries WHERE", "retired WHERE"):
        db.execute(f"DELETE FROM {rows} blog = ? AND id = ?", name)  # noqa: S608 - a constant
    keys = ((entry.blog, one, entry.id, entry.digest) for one in (entry.id, *entry.aliases))
    db.executemany("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)", keys)
    if entry.retired_at is not None:
        db.execute("INSERT INTO retired VALUES (?, ?, ?, ?)", (*name, entry.retired_at, entry.withdrawn_at))
    if entry.stored:
        position, item, former = entry.stored.position, entry.stored.item, entry.stored.former
        about = json.loads(item)["_livelog"]
        db.execute(
            "INSERT INTO entries (blog, id, position, seen, revision, item, former) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*name, position, to_micros(about["seen"]), about["revision"], item, former),
        )
