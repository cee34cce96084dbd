"""Positions of new entries on a blog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from entries import Entry

LATE_AFTER = timedelta(hours=24)
"""An entry first seen later than this after its own date is an old one that turned up late (backfilled)."""


def place(entries: Sequence[Entry], blog: str, now: float, *, backfill: bool) -> list[Entry]:
    """Gives entries of one document their positions on a blog, oldest first.

    ``entries`` are in the document's order, newest first by custom. A position is the moment the entry was
    first seen; its own date where it is backfilled (``backfill`` is set for a feed that is new to the blog)
    or turned up late. Never in the future, and never twice the same in a document.
    """
    seen = int(now * 1_000_000)
    late_before = now - LATE_AFTER.total_seconds()
    placed = []
    for entry in entries:
        dated = entry.published or entry.modified
        own = dated.timestamp() if dated else None
        backfilled = backfill or (own is not None and own < late_before)
        at = now if own is None or not backfilled else min(own, now)
        placed.append(replace(entry, blog=blog, position=int(at * 1_000_000), seen=seen, backfilled=backfilled))
    # A stable sort: entries of the same moment stay in the document's order, a microsecond apart.
    placed.sort(key=lambda entry: entry.position, reverse=True)
    above = seen + 1
    for n, entry in enumerate(placed):
        above = min(entry.position, above - 1)
        placed[n] = replace(entry, position=above)
    return placed[::-1]
