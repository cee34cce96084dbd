"""Positions of new entries on a blog."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from entries import Entry

LATE_AFTER: Final = timedelta(hours=24)
"""An entry that is first seen later than this after its own date is backfilled."""


def positioned(
    entries: Sequence[Entry],
    blog: str,
    now: float,
    *,
    backfill: bool,
    late_after: float = LATE_AFTER.total_seconds(),
    old_before: float = math.inf,
) -> list[Entry]:
    """Gives entries of one document their positions on a blog, and returns them oldest first.

    ``entries`` are in the document's order, newest first by custom; those of one position stand in the order of their
    own dates, as some feeds list the oldest first. The position is ``now`` (Unix seconds); for a
    backfilled entry it is its own date. ``backfill`` is set for a feed that is new to the blog. No position is in the
    future, and no two entries of a document have the same.

    A late entry, dated ``late_after`` seconds ago or more, has the position of a backfilled one, but is no less an
    event for it, unless it is dated before ``old_before``: only such an entry cannot be new, whatever the clock says.
    """
    seen = int(now * 1_000_000)
    late_before = now - late_after
    rank = now
    found: list[tuple[float, Entry]] = []
    for entry in entries:
        dated = entry.published or entry.modified
        own = dated.timestamp() if dated else None
        late = own is not None and own < late_before
        at = min(own, now) if own is not None and (backfill or late) else now
        backfilled = backfill or (late and own is not None and own < old_before)
        # One without a date is as old as the one listed before it.
        rank = rank if own is None else min(own, now)
        placed = replace(entry, blog=blog, position=int(at * 1_000_000), seen=seen, backfilled=backfilled)
        found.append((rank, placed))
    # A stable sort: entries of the same moment stay in the document's order, a microsecond apart.
    found.sort(key=lambda ranked: (ranked[1].position, ranked[0]), reverse=True)
    above = seen + 1
    result = []
    for _, entry in found:
        above = min(entry.position, above - 1)
        result.append(replace(entry, position=above))
    return result[::-1]
