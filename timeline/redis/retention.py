"""Retention in Redis (`timeline.Timeline.retire`)."""

from __future__ import annotations

from typing import Final

from timeline.limits import Limits
from timeline.redis.connection import Store, key
from timeline.redis.schema import blog_keys

MAX_RETIRED_PER_STEP: Final = 500
"""Rows that one step removes: Redis serves no other client meanwhile."""

_FEED_KEYS = ("unfollowed", "due", "feeds", "listed", "fences", "leases", "pauses", "failing")


class RedisRetention(Store):
    """See `timeline.Timeline.retire`."""

    async def retire(self, now: float, limits: Limits) -> int:
        """Removes some of the rows beyond the limits: feeds first, then blog by blog."""
        feeds = [MAX_RETIRED_PER_STEP, now, now - limits.unfollowed_age]
        count = int(await self._connection.run("forget_feeds", _FEED_KEYS, feeds))
        ages = (
            limits.entries,
            limits.old_entries,
            int((now - limits.entries_age) * 1_000_000),
            limits.events,
            now - limits.events_age,
            limits.memory,
            now - limits.memory_age,
        )
        for blog in await self._connection.ask("HKEYS", key("heads")):
            arguments = [blog, MAX_RETIRED_PER_STEP, now, *ages]
            count += await self._connection.run("retire", ("heads", *blog_keys(blog)), arguments)
        return count
