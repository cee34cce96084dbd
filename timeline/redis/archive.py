"""The archive in Redis (`timeline.Archive`)."""

from __future__ import annotations

from collections.abc import Sequence

from preview import completed
from redaction import public_item
from timeline.archive import Fate, Page, Withdrawal, before_token, parse_before
from timeline.redis.connection import Store, key
from timeline.redis.event_log import cursor


class RedisArchive(Store):
    """See `timeline.Archive`."""

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """Entries below a token, newest first."""
        below = parse_before(before) if before is not None else ("", "")
        keys = ("epoch", "heads", f"{blog}:places", f"{blog}:items")
        epoch, head, rows = await self._connection.run("page", keys, [blog, limit, *below])
        older = before_token(int(rows[limit - 1][1]), rows[limit - 1][0]) if len(rows) > limit else None
        return Page([completed(item) for _, _, item in rows[:limit]], cursor(epoch, head), older)

    async def newer(self, blog: str, than: str, limit: int) -> Sequence[str]:
        """The entries right above a token, newest first."""
        keys = (f"{blog}:places", f"{blog}:items")
        return [completed(item) for item in await self._connection.run("newer", keys, [limit, *parse_before(than)])]

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry, or None."""
        item = await self._connection.ask("HGET", key(f"{blog}:items"), id)
        return item and completed(item)

    async def previous(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """An entry as it was before its last correction, or None."""
        item = await self._connection.ask("HGET", key(f"{blog}:former"), id)
        return item and public_item(item)

    async def fate(self, blog: str, id: str) -> Fate | None:  # noqa: A002 - JSON Feed's word
        """Why an entry is gone."""
        known = await self._connection.ask("HGET", key(f"{blog}:aliases"), id) or id
        memory = await self._connection.ask("HGET", key(f"{blog}:memory"), known)
        if memory is None or await self._connection.ask("HEXISTS", key(f"{blog}:items"), known):
            return None
        return "withdrawn" if memory.startswith("-") else "retired"

    async def withdrawn(self, blog: str, since: float, limit: int) -> Sequence[Withdrawal]:
        """The entries that were withdrawn, newest first."""
        found = await self._connection.ask(
            "ZREVRANGEBYSCORE", key(f"{blog}:withdrawn"), "+inf", since, "WITHSCORES", "LIMIT", 0, limit
        )
        return [Withdrawal(entry_id, float(at)) for entry_id, at in zip(found[::2], found[1::2], strict=True)]
