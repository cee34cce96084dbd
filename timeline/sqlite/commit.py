"""One commit in SQLite: recognises entries, stores and numbers them. Runs in the writer's transaction.

    for each entry:       known by a key? → new, corrected, back again, or unchanged
    for each change:      an event, unless it is a backfill behind the front page
    for each withdrawal:  the entry goes, with an event

timeline/redis/scripts/commit.lua does the same for Redis, in the same order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final

from entries import FRONT_PAGE, MAX_ALIASES, Entry, digest_version, dump
from feedstate import FeedState
from timeline.errors import LeaseLostError
from timeline.feed_jobs import Lease

_MIN_POSITION: Final = -(2**63)


def commit(
    db: sqlite3.Connection,
    state: FeedState,
    entries: Sequence[Entry],
    lease: Lease,
    withdrawn: Sequence[tuple[str, str]],
) -> int:
    """Stores a poll's result; returns the number of events. Raises LeaseLostError. See `timeline.EventLog.commit`."""
    _save_state(db, state, lease)
    # All entries are stored before any event is decided: only then is the front page known.
    at = state.changed_at
    leaving = _leaving(db, withdrawn)
    changes = [(entry, *_store(db, entry, at, leaving)) for entry in entries]
    ends = {blog: entry_at_rank(db, blog, FRONT_PAGE) for blog in {entry.blog for entry in entries}}
    count = 0
    for entry, kind, entry_id in changes:
        if kind and (kind == "update" or not entry.backfilled or (entry.position, entry_id) >= ends[entry.blog]):
            count += _append(db, entry.blog, kind, entry_id, at)
    return count + sum(withdraw(db, blog, key, at) for blog, key in withdrawn)


def recognised(db: sqlite3.Connection, blog: str, keys: Sequence[str]) -> tuple[str, str] | None:
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


def withdrawn_revision(digest: str) -> int | None:
    """The last revision of a withdrawn entry, which is stored instead of its digest; None for any other entry."""
    return int(digest[1:]) if digest.startswith("-") else None


def entry_at_rank(db: sqlite3.Connection, blog: str, rank: int) -> tuple[int, str]:
    """Position (microseconds) and id of the entry of a rank, 1 for the newest; below all if there are fewer."""
    query = "SELECT position, id FROM entries WHERE blog = ? ORDER BY position DESC, id DESC LIMIT 1 OFFSET ?"
    row = db.execute(query, (blog, rank - 1)).fetchone()
    return (row[0], row[1]) if row else (_MIN_POSITION, "")


def newest_seq(db: sqlite3.Connection, blog: str) -> int:
    """The number of a blog's newest event, 0 for none."""
    row = db.execute("SELECT seq FROM blogs WHERE blog = ?", (blog,)).fetchone()
    return int(row[0]) if row else 0


def _save_state(db: sqlite3.Connection, state: FeedState, lease: Lease) -> None:
    """Ends the lease, and saves the state of the feed; raises LeaseLostError."""
    updated = db.execute(
        "UPDATE feeds SET state = ?, due = CASE WHEN missed THEN paused ELSE max(?, paused) END, failures = ?, "
        "leased_until = 0 WHERE url = ? AND fence = ?",
        (state.to_json(), state.next_at, state.failures, lease.url, lease.fence),
    )
    if updated.rowcount != 1:
        raise LeaseLostError(lease.url)
    if lease.pushes:
        db.execute("DELETE FROM pushes WHERE url = ? AND n <= ?", (lease.url, lease.pushes[-1].number))
    if state.listed is not lease.state.listed:
        db.execute("INSERT OR REPLACE INTO listed VALUES (?, ?)", (lease.url, state.listed.to_json()))


def _leaving(db: sqlite3.Connection, withdrawn: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Blog and id of known entries that this commit withdraws: done twice, it must not bring them back in between."""
    known = ((blog, recognised(db, blog, (key,))) for blog, key in withdrawn)
    return {(blog, found[0]) for blog, found in known if found}


def _store(
    db: sqlite3.Connection, entry: Entry, at: float, leaving: Collection[tuple[str, str]]
) -> tuple[str | None, str]:
    """Stores an entry if it is new or changed; returns the kind of its event (None if unchanged) and its id."""
    known = recognised(db, entry.blog, entry.keys)
    if known is None and recognised(db, entry.blog, entry.details.via):
        return None, entry.id
    if known is None:
        _insert_keys(db, entry, entry.id)
        _insert(db, entry, entry.id, 1)
        return "entry", entry.id
    entry_id, digest = known
    # An entry that is gone is remembered for as long as a feed lists it, and Limits.memory_age more.
    db.execute("UPDATE retired SET at = ? WHERE blog = ? AND id = ?", (at, entry.blog, entry_id))
    revision = withdrawn_revision(digest)
    if revision and (entry.blog, entry_id) in leaving:
        return None, entry_id
    _remember(db, entry, entry_id)
    if not revision and _is_unchanged(digest, entry):
        return None, entry_id
    if not revision:
        return _correct(db, entry, entry_id, at), entry_id
    db.execute("DELETE FROM retired WHERE blog = ? AND id = ?", (entry.blog, entry_id))
    _insert(db, entry, entry_id, revision + 1)
    return "entry", entry_id


def _is_unchanged(digest: str, entry: Entry) -> bool:
    """True if a stored digest is the entry's, or of an earlier version, which says nothing about its content."""
    same_version = digest_version(digest) == digest_version(entry.digest)
    return digest == entry.digest or not (same_version or entry.is_correction)


def _remember(db: sqlite3.Connection, entry: Entry, entry_id: str) -> None:
    """Stores the keys that are not known yet, and the digest with the key that is the id.

    A feed that renews its guids with each document adds keys without end: beyond MAX_ALIASES only those of this
    document are kept.
    """
    _insert_keys(db, entry, entry_id)
    if entry_id not in entry.keys:
        db.execute("UPDATE keys SET digest = ? WHERE blog = ? AND key = ?", (entry.digest, entry.blog, entry_id))
    aliases = db.execute(
        "SELECT key FROM keys WHERE blog = ? AND id = ? AND key <> id", (entry.blog, entry_id)
    ).fetchall()
    if len(aliases) > MAX_ALIASES:
        outdated = ((entry.blog, alias) for (alias,) in aliases if alias not in entry.keys)
        db.executemany("DELETE FROM keys WHERE blog = ? AND key = ?", outdated)


def _insert_keys(db: sqlite3.Connection, entry: Entry, entry_id: str) -> None:
    db.executemany(
        "INSERT INTO keys (blog, key, id, digest) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT DO UPDATE SET digest = ?4 WHERE key = ?3",
        [(entry.blog, key, entry_id, entry.digest) for key in entry.keys],
    )


def _insert(db: sqlite3.Connection, entry: Entry, entry_id: str, revision: int) -> None:
    item = entry.item(id=entry_id, position=entry.position, seen=entry.seen, revision=revision)
    db.execute(
        "INSERT INTO entries (blog, id, position, seen, revision, item) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.blog, entry_id, entry.position, entry.seen, revision, dump(item)),
    )


def _correct(db: sqlite3.Connection, entry: Entry, entry_id: str, at: float) -> str | None:
    """Replaces a stored entry by its corrected form, and keeps the previous one; None if the entry was retired."""
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


def withdraw(db: sqlite3.Connection, blog: str, key: str, at: float) -> int:
    """Removes the entry that a key belongs to; returns the number of events, 0 if there is no such entry."""
    known = recognised(db, blog, (key,))
    if known is None:
        return 0
    entry_id, _ = known
    gone = db.execute("DELETE FROM entries WHERE blog = ? AND id = ? RETURNING revision", (blog, entry_id)).fetchone()
    if gone is None:
        return 0
    db.execute("UPDATE keys SET digest = ? WHERE blog = ? AND key = ?", (f"-{gone[0]}", blog, entry_id))
    db.execute("INSERT OR REPLACE INTO retired VALUES (?, ?, ?, ?)", (blog, entry_id, at, at))
    return _append(db, blog, "delete", entry_id, at)


def _append(db: sqlite3.Connection, blog: str, kind: str, entry_id: str, at: float) -> int:
    """Appends an event under the blog's next number; returns 1."""
    db.execute("INSERT INTO blogs VALUES (?, 1) ON CONFLICT (blog) DO UPDATE SET seq = seq + 1", (blog,))
    db.execute(
        "INSERT INTO events (blog, seq, kind, id, at) VALUES (?, ?, ?, ?, ?)",
        (blog, newest_seq(db, blog), kind, entry_id, at),
    )
    return 1
