"""Removes a feed and its entries from Redis (`timeline.Timeline.purge`)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Collection, Mapping
from typing import Final

from feedstate import FeedState
from timeline.feed_entries import is_named, public_identity, source_of
from timeline.redis.connection import Store, key
from timeline.redis.schema import blog_keys
from urls import feed_identity

MAX_READ_PER_STEP: Final = 500

_FEED_KEYS: Final = (
    "pushes",
    "missed",
    *("pushed", "push_due", "feeds", "listed", "fences", "leases", "pauses"),
    *("due", "failing", "unfollowed", "push_queue"),
)


class RedisPurge(Store):
    """See `timeline.Timeline.purge`."""

    async def purge(self, feed: str, at: float) -> int:
        """Removes the entries of a feed, step by step, then what is known of the feed."""
        states = [
            state async for texts in self._scanned("feeds") for state in await asyncio.to_thread(_states, texts, feed)
        ]
        sources = {public_identity(address) for address in (feed, *(state.address for state in states))}
        # It names the events as a fence does: another event of the same number has another.
        by, count = f"purge-{secrets.token_hex(8)}", 0
        for blog in await self._connection.ask("HKEYS", key("heads")):
            async for items in self._scanned(f"{blog}:items"):
                if found := await asyncio.to_thread(_ids, items, sources):
                    keys = ("heads", *blog_keys(blog))
                    count += int(await self._connection.run("purge", keys, [blog, repr(at), by, *found]))
        # A feed that was never polled has no state.
        for identity in {feed, feed_identity(feed), *(state.url for state in states)}:
            await self._connection.run("forget", _FEED_KEYS, [identity])
        return count

    async def _scanned(self, name: str) -> AsyncGenerator[Mapping[str, str], None]:
        """A hash, some fields at a time; those that are removed meanwhile are no obstacle."""
        cursor = None
        while cursor != 0:
            cursor, found = await self._connection.ask("HSCAN", key(name), cursor or 0, "COUNT", MAX_READ_PER_STEP)
            yield found


def _states(texts: Mapping[str, str], feed: str) -> list[FeedState]:
    return [state for state in map(FeedState.from_json, texts.values()) if is_named(state, feed)]


def _ids(items: Mapping[str, str], sources: Collection[str]) -> list[str]:
    return [entry_id for entry_id, item in items.items() if source_of(item) in sources]
