"""Stores as older versions of Livelog left them, written row by row and key by key."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from entries import dump
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, entry, state

FIRST_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE feeds (
    url TEXT PRIMARY KEY,
    followed INTEGER NOT NULL,      -- 1 while the configuration names it
    due REAL NOT NULL,              -- Unix seconds
    leased_until REAL NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL             -- FeedState as JSON
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
    UNIQUE (blog, id)
);
CREATE UNIQUE INDEX entries_position ON entries (blog, position, id);
CREATE TABLE keys (                 -- dedup memory: outlives the entries
    blog TEXT NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    digest TEXT NOT NULL,           -- kept with the key that is the id
    PRIMARY KEY (blog, key)
) WITHOUT ROWID;
CREATE TABLE events (
    n INTEGER PRIMARY KEY AUTOINCREMENT,    -- of all blogs, in order of commit: what watchers follow
    blog TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    UNIQUE (blog, seq)
);
PRAGMA user_version = 1;
"""
"""The tables of the first version of Livelog."""


def first_database(path: str) -> None:
    """A database of the first version: entries a (corrected, with two keys) and b, and c, which was withdrawn."""
    a, b, c = entry("a", "corrected", at=NOW - 1), entry("b"), entry("c")
    polled = json.loads(state(checked_at=NOW, etag='"1"', failures=2, problem="The answer was 500.").to_json())
    polled["listed"] = {"c": c.digest, "a": a.digest}
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FIRST_SCHEMA)
        db.execute("INSERT INTO meta VALUES ('epoch', 'f1257')")
        db.execute("INSERT INTO feeds VALUES (?, 1, 0, ?, 7, 2, ?)", (FEED, NOW + LEASE_SECONDS, dump(polled)))
        db.execute("INSERT INTO blogs VALUES ('blog', 5)")
        for stored, revision in ((a, 2), (b, 1)):
            item = stored.item(id=stored.id, position=stored.position, seen=stored.seen, revision=revision)
            place = ("blog", stored.id, stored.position, stored.seen, revision, dump(item))
            db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", place)
        known = [("a", "a", a), ("alias", "a", a), ("b", "b", b), ("c", "c", c)]
        db.executemany("INSERT INTO keys VALUES ('blog', ?, ?, ?)", ((key, of, e.digest) for key, of, e in known))
        events = [(1, "entry", "a"), (2, "entry", "b"), (3, "entry", "c"), (4, "update", "a"), (5, "delete", "c")]
        db.executemany("INSERT INTO events (blog, seq, kind, id) VALUES ('blog', ?, ?, ?)", events)
        db.commit()


FOURTH_SCHEMA = """
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
PRAGMA user_version = 4;
"""
"""The tables before digests had a versioned encoding."""

GONE = "https://example.org/gone.xml"
"""A feed of the old stores that is no longer followed."""

SEEN = NOW - 5
A = entry("a", "A", at=NOW - 9, digest="1old-a-digest.")
B = entry("b", "B", digest="1old-b-digest.")
C = entry("c", "C", digest="1old-c-digest.")
"""The entries of the old stores: a, known as alias, too, and corrected once; b; and c, which was withdrawn."""

EVENTS = [(1, "entry", "a"), (2, "entry", "b"), (3, "entry", "c"), (4, "update", "a"), (5, "delete", "c")]


def stored(name: str, revision: int) -> str:
    """The item of an entry as the old code wrote it: byte for byte what is written today."""
    title, position = {"a": ("A", "07:59:51"), "b": ("B", "08:00:00")}[name]
    corrected = '"corrected":"2027-01-15T08:00:00.000000Z",' if revision > 1 else ""
    return (
        f'{{"id":"{name}","content_html":"","title":"{title}",'
        f'"_livelog":{{"source":{{"title":"Example","feed_url":"{FEED}"}},{corrected}'
        f'"position":"2027-01-15T{position}.000000Z","seen":"2027-01-15T07:59:55.000000Z","revision":{revision}}}}}'
    )


def fourth_database(path: str) -> None:
    """A database of schema 4."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FOURTH_SCHEMA)
        db.execute("INSERT INTO meta VALUES ('epoch', 'f1257')")
        insert = "INSERT INTO feeds (url, followed, due, fence, state) VALUES (?, ?, 0, 7, ?)"
        db.execute(insert, (FEED, 1, state(checked_at=NOW, etag='"1"').to_json()))
        db.execute(insert, (GONE, 0, dump({"url": GONE})))
        db.executemany("INSERT INTO listed VALUES (?, '{}')", [(FEED,), (GONE,)])
        db.execute("INSERT INTO blogs VALUES ('blog', 5)")
        for one, revision in ((A, 2), (B, 1)):
            row = (one.id, one.position, int(SEEN * 1_000_000), revision, stored(one.id, revision))
            db.execute("INSERT INTO entries VALUES ('blog', ?, ?, ?, ?, ?, NULL)", row)
        known = [("a", "a", A.digest), ("alias", "a", A.digest), ("b", "b", B.digest), ("c", "c", "-1")]
        db.executemany("INSERT INTO keys VALUES ('blog', ?, ?, ?)", known)
        db.execute("INSERT INTO retired VALUES ('blog', 'c', ?)", (NOW,))
        events = [(*event, NOW) for event in EVENTS]
        db.executemany("INSERT INTO events (blog, seq, kind, id, at) VALUES ('blog', ?, ?, ?, ?)", events)
        db.commit()


def fill_old_redis(redis: RedisServer) -> None:
    """The same in a Redis, as it was before it had a schema number."""

    def put(command: str, name: str, *values: object) -> None:
        redis.ask(command, "{livelog}:" + name, *values)

    put("SET", "epoch", "00000000001f1257")
    put("HSET", "feeds", FEED, state(checked_at=NOW, etag='"1"').to_json(), GONE, dump({"url": GONE}))
    put("HSET", "listed", FEED, "{}", GONE, "{}")
    put("HSET", "fences", FEED, 7 * 2**20, GONE, 7 * 2**20)
    put("HSET", "pauses", GONE, NOW)
    put("ZADD", "due", 0, FEED)
    put("HSET", "heads", "blog", 5)
    put("HSET", "blog:items", "a", stored("a", 2), "b", stored("b", 1))
    put("ZADD", "blog:places", A.position, "a", B.position, "b")
    put("HSET", "blog:memory", "a", f"{A.digest} alias", "b", B.digest, "c", "-1")
    put("HSET", "blog:aliases", "alias", "a")
    put("ZADD", "blog:retired", NOW, "c")
    for seq, kind, name in EVENTS:
        put("XADD", "blog:events", f"{seq}-0", "kind", kind, "id", name, "at", NOW, "by", 7 * 2**20)
