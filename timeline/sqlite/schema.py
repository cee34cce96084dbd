"""The tables, and the upgrades of databases that an older Livelog wrote."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Final

from timeline.errors import TimelineError

SCHEMA_VERSION: Final = 6

BLOG_TABLES: Final = ("blogs", "entries", "keys", "retired", "events")
"""The tables with rows of a blog, each in its column `blog`."""

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
    paused REAL NOT NULL DEFAULT 0, -- Unix seconds before which it is not due
    unfollowed_at REAL NOT NULL DEFAULT 0,  -- Unix seconds; 0 while followed, and until the next retention
    missed INTEGER NOT NULL DEFAULT 0   -- 1 if a push was dropped since the last poll
);
CREATE TABLE listed (               -- apart from feeds: SQLite writes whole rows, and those change with every poll
    url TEXT PRIMARY KEY,
    marks TEXT NOT NULL             -- Marks as JSON
);
CREATE INDEX feeds_due ON feeds (due) WHERE followed;
CREATE INDEX feeds_failing ON feeds (url) WHERE followed AND failures;
CREATE INDEX feeds_unfollowed ON feeds (unfollowed_at) WHERE NOT followed;
CREATE TABLE blogs (blog TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,      -- microseconds since 1970
    seen INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    item TEXT NOT NULL,             -- the public form: a JSON Feed item
    former TEXT,                    -- the item before the last correction
    UNIQUE (blog, id)
);
CREATE UNIQUE INDEX entries_position ON entries (blog, position, id);
CREATE TABLE keys (                 -- dedup memory: outlives the entries
    blog TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,           -- current where key = id; "-" and the last revision if withdrawn
    PRIMARY KEY (blog, key)
) WITHOUT ROWID;
CREATE INDEX keys_alias ON keys (blog, id) WHERE key <> id;
CREATE TABLE retired (              -- entries that are gone, but still recognised by their keys
    blog TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL,               -- Unix seconds, when a feed listed it last
    withdrawn_at REAL,              -- Unix seconds; NULL if retention removed it
    PRIMARY KEY (blog, id)
) WITHOUT ROWID;
CREATE INDEX retired_at ON retired (blog, at);
CREATE INDEX retired_withdrawn ON retired (blog, withdrawn_at) WHERE withdrawn_at IS NOT NULL;
CREATE TABLE events (
    n INTEGER PRIMARY KEY AUTOINCREMENT,    -- over all blogs, in order of commit: watchers read on from it
    blog TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at REAL NOT NULL DEFAULT 0,     -- Unix seconds, of the poll that led to it
    UNIQUE (blog, seq)
);
CREATE TABLE jobs (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    state TEXT NOT NULL,            -- JSON of its user
    due REAL NOT NULL,              -- Unix seconds; the end of the lease while leased, infinity while idle
    leased INTEGER NOT NULL DEFAULT 0,
    wakeable INTEGER NOT NULL,      -- 1 while idle, or leased and not woken since
    fence INTEGER NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX jobs_due ON jobs (kind, due, id);
CREATE INDEX jobs_group ON jobs (kind, group_name, id);
CREATE INDEX jobs_wakeable ON jobs (kind, group_name) WHERE wakeable;
CREATE TABLE pushes (               -- of followed feeds
    n INTEGER PRIMARY KEY AUTOINCREMENT,    -- a number never recurs: commits remove pushes by it
    url TEXT NOT NULL,
    body BLOB NOT NULL,
    content_type TEXT
);
CREATE INDEX pushes_url ON pushes (url, n);
"""

_FAILURES: Final = """
ALTER TABLE feeds ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
UPDATE feeds SET failures = coalesce(json_extract(state, '$.failures'), 0);
CREATE INDEX feeds_failing ON feeds (url) WHERE failures;
"""
"""A part of version 1 that databases of its first day lack."""

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
    # Digests stay in the old encoding until an entry is listed again: see entries.digest_version.
    4: """
ALTER TABLE feeds ADD COLUMN unfollowed_at REAL NOT NULL DEFAULT 0;
DROP INDEX feeds_failing;
CREATE INDEX feeds_failing ON feeds (url) WHERE followed AND failures;
CREATE INDEX feeds_unfollowed ON feeds (unfollowed_at) WHERE NOT followed;
""",
    5: """
CREATE TABLE jobs (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    state TEXT NOT NULL,
    due REAL NOT NULL,
    leased INTEGER NOT NULL DEFAULT 0,
    wakeable INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX jobs_due ON jobs (kind, due, id);
CREATE INDEX jobs_group ON jobs (kind, group_name, id);
CREATE INDEX jobs_wakeable ON jobs (kind, group_name) WHERE wakeable;
CREATE TABLE pushes (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL,
    body BLOB NOT NULL,
    content_type TEXT
);
CREATE INDEX pushes_url ON pushes (url, n);
ALTER TABLE feeds ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE retired ADD COLUMN withdrawn_at REAL;
UPDATE retired SET withdrawn_at = at WHERE EXISTS
    (SELECT 1 FROM keys WHERE keys.blog = retired.blog AND key = retired.id AND digest LIKE '-%');
CREATE INDEX retired_withdrawn ON retired (blog, withdrawn_at) WHERE withdrawn_at IS NOT NULL;
""",
}
"""Statements that turn a version of the schema into the next."""


def prepare(db: sqlite3.Connection) -> str:
    """Creates, upgrades or checks the schema; returns the epoch. Raises TimelineError for a newer schema."""
    version = _version(db)
    if version == 0:
        _execute(db, _SCHEMA)
        begin_epoch(db)
    if "failures" not in [name for _, name, *_ in db.execute("PRAGMA table_info(feeds)")]:
        _execute(db, _FAILURES)
    for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
        _execute(db, _UPGRADES[older])
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    # The lock keeps other processes out: any lease is of one that died.
    db.execute("UPDATE feeds SET leased_until = 0 WHERE leased_until > 0")
    db.execute("UPDATE jobs SET due = 0, leased = 0, wakeable = 0 WHERE leased")
    return str(db.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()[0])


def check_version(db: sqlite3.Connection, path: str) -> None:
    """Raises TimelineError for a database that is not Livelog's, or of a newer schema."""
    if _version(db) == 0:
        raise TimelineError(f"{path}: this is no database of Livelog")


def _version(db: sqlite3.Connection) -> int:
    """The version of the schema, 0 for none. Raises TimelineError for a newer one."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version not in range(SCHEMA_VERSION + 1):
        raise TimelineError(
            f"the database was written by another version of Livelog (schema {version}, this one reads up to "
            f"{SCHEMA_VERSION}): install that version again, or put back the copy from before the upgrade"
        )
    return version


def begin_epoch(db: sqlite3.Connection) -> str:
    """Begins a new epoch, whose cursors differ from all before; returns it."""
    epoch = secrets.token_hex(4)
    db.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (epoch,))
    return epoch


def _execute(db: sqlite3.Connection, script: str) -> None:
    """Runs statements one by one: `executescript` would commit the transaction under way."""
    for statement in script.strip().split(";\n"):
        db.execute(statement)
