"""The archive in SQLite (`timeline.Archive`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from entries import Cursor
from preview import completed
from redaction import public_item
from timeline.archive import Fate, Page, Withdrawal, before_token, parse_before
from timeline.sqlite.commit import newest_seq, recognised, withdrawn_revision
from timeline.sqlite.worker import Store, rows

_NEWER: Final = "SELECT item FROM entries WHERE blog = ? AND (position, id) > (?, ?) ORDER BY position, id LIMIT ?"

_WITHDRAWN: Final = (
    "SELECT id, withdrawn_at FROM retired WHERE blog = ? AND withdrawn_at >= ? "
    "ORDER BY withdrawn_at DESC, id DESC LIMIT ?"
)


class SqliteArchive(Store):
    """See `timeline.Archive`."""

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """Entries below a token, newest first."""
        below = parse_before(before) if before is not None else None
        return await self._queries.run(lambda db: _page(db, self._epoch, blog, below, limit))

    async def newer(self, blog: str, than: str, limit: int) -> Sequence[str]:
        """The entries right above a token, newest first."""
        found = await self._queries.run(rows(_NEWER, blog, *parse_before(than), limit))
        return [completed(item) for (item,) in reversed(found)]

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry, or None."""
        found = await self._queries.run(rows("SELECT item FROM entries WHERE blog = ? AND id = ?", blog, id))
        return completed(found[0][0]) if found else None

    async def previous(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """An entry as it was before its last correction, or None."""
        found = await self._queries.run(rows("SELECT former FROM entries WHERE blog = ? AND id = ?", blog, id))
        return public_item(found[0][0]) if found and found[0][0] else None

    async def fate(self, blog: str, id: str) -> Fate | None:  # noqa: A002 - JSON Feed's word
        """Why an entry is gone."""
        return await self._queries.run(lambda db: _fate(db, blog, id))

    async def withdrawn(self, blog: str, since: float, limit: int) -> Sequence[Withdrawal]:
        """The entries that were withdrawn, newest first."""
        return [Withdrawal(*row) for row in await self._queries.run(rows(_WITHDRAWN, blog, since, limit))]


def _page(db: sqlite3.Connection, epoch: str, blog: str, below: tuple[int, str] | None, limit: int) -> Page:
    older_than = "" if below is None else "AND (position, id) < (?, ?) "
    found = db.execute(
        f"SELECT item, position, id FROM entries WHERE blog = ? {older_than}"  # noqa: S608 - a constant
        "ORDER BY position DESC, id DESC LIMIT ?",
        (blog, *(below or ()), limit + 1),
    ).fetchall()
    more = len(found) > limit
    found = found[:limit]
    older = before_token(found[-1][1], found[-1][2]) if more else None
    return Page([completed(item) for item, _, _ in found], Cursor(epoch, newest_seq(db, blog)), older)


def _fate(db: sqlite3.Connection, blog: str, key: str) -> Fate | None:
    known = recognised(db, blog, (key,))
    if known is None or db.execute("SELECT 1 FROM entries WHERE blog = ? AND id = ?", (blog, known[0])).fetchone():
        return None
    return "retired" if withdrawn_revision(known[1]) is None else "withdrawn"
