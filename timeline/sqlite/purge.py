"""Removes a feed and its entries from SQLite (`timeline.Timeline.purge`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from feedstate import FeedState
from timeline.feed_entries import is_named, public_identity, source_of
from timeline.sqlite.commit import withdraw
from timeline.sqlite.event_log import SqliteEventLog

MAX_READ_PER_STEP: Final = 1_000

_Entry = tuple[str, str]
"""Blog and id."""


class SqlitePurge(SqliteEventLog):
    """See `timeline.Timeline.purge`."""

    async def purge(self, feed: str, at: float) -> int:
        """Removes the entries of a feed, step by step, then what is known of the feed."""
        states = await self._queries.run(lambda db: _states(db, feed))
        sources = {public_identity(address) for address in (feed, *(state.address for state in states))}
        count, row = 0, 0
        while True:
            row, found = await self._queries.run(partial(_entries, sources, row))
            if not row:
                break
            if found:
                count += await self._write_events(partial(_remove, found, at))
        await self._write_events(lambda db: _forget(db, [state.url for state in states]))
        return count


def _states(db: sqlite3.Connection, feed: str) -> list[FeedState]:
    states = map(FeedState.from_json, (text for (text,) in db.execute("SELECT state FROM feeds")))
    return [state for state in states if is_named(state, feed)]


def _entries(sources: Collection[str], after: int, db: sqlite3.Connection) -> tuple[int, Sequence[_Entry]]:
    """The entries of these sources among the next rows, and the last of the rows; 0 at the end."""
    query = "SELECT rowid, blog, id, item FROM entries WHERE rowid > ? ORDER BY rowid LIMIT ?"
    rows = db.execute(query, (after, MAX_READ_PER_STEP)).fetchall()
    found = [(blog, entry_id) for _, blog, entry_id, item in rows if source_of(item) in sources]
    return (rows[-1][0] if rows else 0), found


def _remove(entries: Sequence[_Entry], at: float, db: sqlite3.Connection) -> int:
    return sum(withdraw(db, blog, entry_id, at) for blog, entry_id in entries)


def _forget(db: sqlite3.Connection, identities: Sequence[str]) -> int:
    for identity in identities:
        db.execute("DELETE FROM feeds WHERE url = ?", (identity,))
        db.execute("DELETE FROM listed WHERE url = ?", (identity,))
        db.execute("DELETE FROM pushes WHERE url = ?", (identity,))
    return 0
