"""Feed jobs in SQLite (`timeline.FeedJobs`)."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from entries import dump
from feedstate import FeedState
from timeline.feed_jobs import MAX_PUSH_BYTES, MAX_PUSHED_FEEDS, MAX_PUSHES, Lease, Push, States
from timeline.jobs import MAX_JOB_LEASE_SECONDS
from timeline.sqlite.worker import Store, Worker, rows
from urls import feed_identity

IDLE_SECONDS: Final = 1.0
"""Longest time that `claim` trusts its last answer: a lease may run out without a write."""

_DUE: Final = "SELECT url FROM feeds WHERE followed AND due <= ? AND leased_until <= ? ORDER BY due LIMIT ?"
_DUE_OF_THESE: Final = (
    "SELECT url FROM feeds WHERE url IN (SELECT value FROM json_each(?)) "
    "AND followed AND due <= ? AND leased_until <= ?"
)
_PUSHED: Final = (
    # CROSS JOIN: SQLite must not go through all feeds to find one of few pushes.
    "SELECT url FROM pushes CROSS JOIN feeds USING (url) WHERE followed AND leased_until <= ? "
    "GROUP BY url ORDER BY min(n) LIMIT ?"
)


class SqliteFeedJobs(Store):
    """See `timeline.FeedJobs`."""

    def __init__(self, writer: Worker, queries: Worker, epoch: str) -> None:
        super().__init__(writer, queries, epoch)
        self._idle = (0.0, 0.0)
        self._changes = 0

    def now(self) -> float:
        """The time of this machine."""
        return time.time()

    async def adopt(self, urls: Mapping[str, str]) -> None:
        """Gives unknown feeds the state of the same feed under another identity."""
        await self._writer.run(lambda db: _adopt(db, urls))
        self._feeds_changed()

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable."""
        await self._writer.run(lambda db: _follow(db, due))
        self._feeds_changed()

    async def postpone(self, urls: Sequence[str], until: float) -> None:
        """Pauses feeds until a Unix time."""
        await self._writer.run(lambda db: _postpone(db, urls, until))

    async def make_due(self, identity: str) -> float | None:
        """Makes a feed due now, or at the end of its pause."""
        query = rows("UPDATE feeds SET due = min(due, paused) WHERE url = ? AND followed RETURNING due", identity)
        found = await self._writer.run(query)
        self._feeds_changed()
        return float(found[0][0]) if found else None

    async def push(self, identity: str, body: bytes, content_type: str | None) -> bool:
        """Keeps a push of a followed feed."""
        kept = await self._writer.run(lambda db: _push(db, identity, body, content_type))
        self._feeds_changed()
        return kept

    async def pull_back(self, leased: float, paused: float) -> None:
        """Ends leases and pauses at the given times at the latest."""
        await self._writer.run(lambda db: _pull_back(db, leased, paused))
        self._feeds_changed()
        self._jobs_changed()

    async def states(self) -> Sequence[FeedState]:
        """The states of the followed feeds."""
        return await self._queries.run(_states)

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The states of feeds whose last poll failed."""
        query = "SELECT state FROM feeds WHERE followed AND failures ORDER BY url LIMIT ?"
        return [FeedState.from_json(state) for (state,) in await self._queries.run(rows(query, limit))]

    async def failing_count(self) -> int:
        """The number of feeds whose last poll failed, counted in an index of these alone."""
        query = rows("SELECT count(*) FROM feeds INDEXED BY feeds_failing WHERE followed AND failures")
        ((count,),) = await self._queries.run(query)
        return int(count)

    async def claim(
        self, now: float, limit: int, seconds: float, first: Sequence[str] = (), pushed: int = MAX_PUSHED_FEEDS
    ) -> Sequence[Lease]:
        """Leases due feeds, and those with pushes."""
        if first:
            return await self._writer.run(lambda db: _claim(db, now, limit, seconds, first, pushed))
        # Both bounds: the clock may be set back.
        if self._idle[0] <= now < self._idle[1]:
            return []
        changes = self._changes
        due = await self._queries.run(lambda db: _next_due(db, now, limit, pushed))
        if due <= now:
            return await self._writer.run(lambda db: _claim(db, now, limit, seconds, (), pushed))
        # No other process writes to the file: until a commit here nothing is due earlier, except when a lease ends.
        if changes == self._changes and limit > 0 and pushed > 0:
            self._idle = (now, min(due, now + IDLE_SECONDS))
        return []

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases; returns those that are still held."""
        held = "UPDATE feeds SET leased_until = ? WHERE url = ? AND fence = ? AND leased_until > 0"
        return await self._writer.run(
            lambda db: [lease for lease in leases if db.execute(held, (until, lease.url, lease.fence)).rowcount]
        )

    def _feeds_changed(self) -> None:
        self._changes += 1
        self._idle = (0.0, 0.0)


def _states(db: sqlite3.Connection) -> States:
    return States([state for (state,) in db.execute("SELECT state FROM feeds WHERE followed")])


@contextlib.contextmanager
def _given(db: sqlite3.Connection, feeds: Iterable[tuple[str, float]]) -> Iterator[None]:
    """A temporary table of URLs and times: one statement then handles 100,000 without holding Python's lock."""
    db.execute("CREATE TEMP TABLE given (url TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID")
    db.executemany("INSERT OR REPLACE INTO given VALUES (?, ?)", feeds)
    yield
    db.execute("DROP TABLE given")


def _adopt(db: sqlite3.Connection, urls: Mapping[str, str]) -> None:
    with _given(db, ((identity, 0) for identity in urls)):
        query = "SELECT url FROM given WHERE url NOT IN (SELECT url FROM feeds)"
        unknown = [(identity, feed_identity(urls[identity])) for (identity,) in db.execute(query)]
    if not unknown:
        return
    wanted = {url for _, url in unknown}
    # Of several the last one counts: a followed one, and of these the one that was polled last.
    known = db.execute(
        "SELECT url, coalesce(json_extract(state, '$.configured_url'), url) FROM feeds "
        "ORDER BY followed, json_extract(state, '$.checked_at')"
    )
    former = {url: identity for identity, address in known if (url := feed_identity(address)) in wanted}
    for identity, url in unknown:
        if url in former:
            _copy_feed(db, former[url], identity)


def _copy_feed(db: sqlite3.Connection, former: str, identity: str) -> None:
    (text,) = db.execute("SELECT state FROM feeds WHERE url = ?", (former,)).fetchone()
    state = FeedState.from_json(text).renamed(identity).to_json()
    db.execute(
        "INSERT INTO feeds (url, followed, due, fence, failures, state, paused) "
        "SELECT ?, followed, due, random() & 0xffffffffff, failures, ?, paused FROM feeds WHERE url = ?",
        (identity, state, former),
    )
    db.execute("INSERT OR REPLACE INTO listed SELECT ?, marks FROM listed WHERE url = ?", (identity, former))


def _follow(db: sqlite3.Connection, due: Mapping[str, float]) -> None:
    with _given(db, due.items()):
        db.execute(
            "UPDATE feeds SET followed = 0, leased_until = 0 WHERE followed AND url NOT IN (SELECT url FROM given)"
        )
        db.execute("DELETE FROM pushes WHERE url NOT IN (SELECT url FROM given)")
        # Writes only changed rows: at a start nearly all feeds are known, and due no later than given. The first
        # fence is random, so that no lease from before a feed was forgotten is ever valid again.
        db.execute(
            "INSERT INTO feeds (url, followed, due, fence, state) "
            "SELECT url, 1, at, random() & 0xffffffffff, json_object('url', url) FROM given WHERE true ORDER BY url "
            "ON CONFLICT (url) DO UPDATE SET "
            "due = max(CASE WHEN followed THEN min(due, excluded.due) ELSE excluded.due END, paused), "
            "followed = 1, unfollowed_at = 0 "
            "WHERE NOT followed OR due > excluded.due"
        )


def _postpone(db: sqlite3.Connection, urls: Sequence[str], until: float) -> None:
    with _given(db, ((url, until) for url in urls)):
        db.execute(
            "UPDATE feeds SET paused = at, due = max(due, at) FROM given WHERE feeds.url = given.url AND paused < at"
        )


def _pull_back(db: sqlite3.Connection, leased: float, paused: float) -> None:
    db.execute("UPDATE feeds SET leased_until = ?1 WHERE leased_until > ?1", (leased,))
    db.execute("UPDATE feeds SET paused = ?1, due = min(due, ?1) WHERE paused > ?1", (paused,))
    db.execute("UPDATE jobs SET due = ?1 WHERE leased AND due > ?1", (leased + MAX_JOB_LEASE_SECONDS,))


def _push(db: sqlite3.Connection, identity: str, body: bytes, content_type: str | None) -> bool:
    if not db.execute("SELECT 1 FROM feeds WHERE url = ? AND followed", (identity,)).fetchone():
        return False
    kept = "SELECT count(*), coalesce(sum(length(body)), 0) FROM pushes WHERE url = ?"
    count, size = db.execute(kept, (identity,)).fetchone()
    if count >= MAX_PUSHES or size + len(body) > MAX_PUSH_BYTES:
        db.execute("UPDATE feeds SET due = min(due, paused), missed = 1 WHERE url = ?", (identity,))
    else:
        insert = "INSERT INTO pushes (url, body, content_type) VALUES (?, ?, ?)"
        db.execute(insert, (identity, body, content_type))
    return True


def _next_due(db: sqlite3.Connection, now: float, limit: int, pushed: int) -> float:
    """The next due time of a feed: ``now`` or before if one can be claimed, infinity if none ever will be."""
    if (
        db.execute(_PUSHED, (now, min(pushed, 1))).fetchone()
        or db.execute(_DUE, (now, now, min(limit, 1))).fetchone()
    ):
        return now
    (due,) = db.execute("SELECT min(due) FROM feeds WHERE followed AND due > ?", (now,)).fetchone()
    return math.inf if due is None else float(due)


def _claim(
    db: sqlite3.Connection, now: float, limit: int, seconds: float, first: Sequence[str], pushed: int
) -> list[Lease]:
    lease = partial(_lease, db, now, now + seconds)
    leases = lease(_PUSHED, (now, pushed)) if pushed > 0 else []
    leases += lease(_DUE_OF_THESE, (dump(first), now, now)) if first else []
    return leases + (lease(_DUE, (now, now, limit)) if limit > 0 else [])


def _lease(db: sqlite3.Connection, now: float, until: float, urls: str, parameters: Sequence[object]) -> list[Lease]:
    claimed = db.execute(
        "UPDATE feeds SET leased_until = ?, fence = fence + 1, "  # noqa: S608 - a constant
        f"missed = missed AND due > ? WHERE url IN ({urls}) "
        "RETURNING state, (SELECT marks FROM listed WHERE listed.url = feeds.url), fence, due",
        (until, now, *parameters),
    ).fetchall()
    has_pushes = db.execute("SELECT 1 FROM pushes LIMIT 1").fetchone()
    leases = []
    for text, listed, fence, due in claimed:
        state = FeedState.from_json(text, listed)
        pushes = _pushes(db, state.url) if has_pushes else ()
        leases.append(Lease(replace(state, next_at=due) if pushes else state, fence, pushes))
    return leases


def _pushes(db: sqlite3.Connection, url: str) -> tuple[Push, ...]:
    query = "SELECT n, body, content_type FROM pushes WHERE url = ? ORDER BY n"
    return tuple(Push(*row) for row in db.execute(query, (url,)))
