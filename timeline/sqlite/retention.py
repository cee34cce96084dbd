"""Retention in SQLite (`timeline.Timeline.retire`)."""

from __future__ import annotations

import math
import sqlite3
from itertools import takewhile
from typing import Final

from timeline.limits import Limits
from timeline.sqlite.commit import entry_at_rank, newest_seq
from timeline.sqlite.worker import Store, rows

MAX_RETIRED_PER_STEP: Final = 1_000


class SqliteRetention(Store):
    """See `timeline.Timeline.retire`."""

    async def retire(self, now: float, limits: Limits) -> int:
        """Removes some of the rows beyond the limits: feeds first, then blog by blog."""
        count = await self._writer.run(lambda db: _forget_feeds(db, now, now - limits.unfollowed_age))
        for (blog,) in await self._queries.run(rows("SELECT blog FROM blogs")):
            count += await self._retire(blog, now, limits)
        return count

    async def _retire(self, blog: str, now: float, limits: Limits) -> int:
        # The limit is read in the other thread: the writer has more urgent work.
        cut = await self._queries.run(lambda db: _cut(db, blog, now, limits))
        ((remembered,),) = await self._queries.run(rows("SELECT count(*) FROM retired WHERE blog = ?", blog))
        surplus = remembered - limits.memory
        return await self._writer.run(
            lambda db: (
                _retire_entries(db, blog, cut, now)
                + _retire_events(db, blog, now, limits)
                + _forget_entries(db, blog, now - limits.memory_age, surplus)
            )
        )


def _forget_feeds(db: sqlite3.Connection, now: float, before: float) -> int:
    """Forgets feeds that were last followed before a time, and dates those that have been unfollowed since.

    Only retention knows the time: `follow` is given none. It is exact to the interval of sweeps.
    """
    gone = db.execute(
        "DELETE FROM feeds WHERE url IN (SELECT url FROM feeds WHERE NOT followed "
        "AND unfollowed_at > 0 AND unfollowed_at < ? ORDER BY unfollowed_at LIMIT ?) RETURNING url",
        (before, MAX_RETIRED_PER_STEP),
    ).fetchall()
    db.executemany("DELETE FROM listed WHERE url = ?", gone)
    db.execute(
        "UPDATE feeds SET unfollowed_at = ? WHERE url IN "
        "(SELECT url FROM feeds WHERE NOT followed AND unfollowed_at = 0 LIMIT ?)",
        (now, MAX_RETIRED_PER_STEP),
    )
    return len(gone)


def _cut(db: sqlite3.Connection, blog: str, now: float, limits: Limits) -> tuple[int, str]:
    """The position (microseconds) and id below which a blog's entries are retired."""
    old = (int((now - limits.entries_age) * 1_000_000), "")
    return max(
        entry_at_rank(db, blog, limits.entries),
        min(entry_at_rank(db, blog, limits.old_entries), old),
    )


def _retire_entries(db: sqlite3.Connection, blog: str, cut: tuple[int, str], now: float) -> int:
    gone = db.execute(
        "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE blog = ? AND (position, id) < (?, ?) "
        "ORDER BY position, id LIMIT ?) RETURNING id",
        (blog, *cut, MAX_RETIRED_PER_STEP),
    ).fetchall()
    remember = "INSERT OR REPLACE INTO retired (blog, id, at) VALUES (?, ?, ?)"
    db.executemany(remember, ((blog, entry_id, now) for (entry_id,) in gone))
    return len(gone)


def _retire_events(db: sqlite3.Connection, blog: str, now: float, limits: Limits) -> int:
    """Removes the oldest events, in the order of their numbers: the rest must have no holes."""
    oldest = db.execute(
        "SELECT n, seq, at FROM events WHERE blog = ? ORDER BY seq LIMIT ?", (blog, MAX_RETIRED_PER_STEP)
    )
    surplus, old = newest_seq(db, blog) - limits.events, now - limits.events_age
    gone = [(n,) for n, _, _ in takewhile(lambda event: event[1] <= surplus or event[2] < old, oldest.fetchall())]
    db.executemany("DELETE FROM events WHERE n = ?", gone)
    return len(gone)


def _forget_entries(db: sqlite3.Connection, blog: str, before: float, surplus: int) -> int:
    """Forgets the keys of entries that are gone: those last listed before a time, and the oldest ``surplus``."""
    limit = MAX_RETIRED_PER_STEP if surplus <= 0 else min(surplus, MAX_RETIRED_PER_STEP)
    gone = db.execute(
        "DELETE FROM retired WHERE blog = ?1 AND id IN "
        "(SELECT id FROM retired WHERE blog = ?1 AND at < ?2 ORDER BY at, id LIMIT ?3) RETURNING blog, id",
        (blog, before if surplus <= 0 else math.inf, limit),
    ).fetchall()
    db.executemany("DELETE FROM keys WHERE blog = ? AND id = ? AND key <> id", gone)
    db.executemany("DELETE FROM keys WHERE blog = ? AND key = ?", gone)
    return len(gone)
