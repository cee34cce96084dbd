"""The event log in Redis (`timeline.EventLog`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from entries import Cursor, Entry, Event
from feedstate import FeedState
from preview import completed
from timeline.errors import HistoryLostError, LeaseLostError, Reason, TimelineError
from timeline.event_log import Replay
from timeline.feed_jobs import Lease
from timeline.redis.commit import commit_call
from timeline.redis.connection import Connection, Store, key
from timeline.redis.schema import blog_keys, new_epoch

logger = logging.getLogger("livelog.timeline")

BLOCK_SECONDS: Final = 1.0
"""Longest wait of a watcher for events; then it checks that the history is still the same."""

RETRY_SECONDS: Final = 0.5
WATCH_BATCH: Final = 500

_LOST: Final[Mapping[Reason, str]] = {
    "epoch": "Redis has lost events that were read from it.",
    "expired": "Events were retired before this node had read them.",
}


@dataclass(frozen=True, slots=True)
class _Progress:
    """The progress of a watcher in a blog: the number of the last event, and its fields.

    The fields identify the event: after data was lost, another event may get its number, but not its fence.
    """

    seq: int
    fields: str


class RedisEventLog(Store):
    """See `timeline.EventLog`."""

    is_delivering = False
    """Commits and events wait for the network, not for threads."""

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing."""
        answer = await self._connection.run("commit", *commit_call(state, entries, lease, withdrawn))
        if answer[0] == "lost":
            raise LeaseLostError(lease.url)
        return int(answer[1])

    async def rename(self, blog: str, name: str) -> bool:
        """Gives a blog another name."""
        keys = ("heads", *blog_keys(blog), *blog_keys(name))
        return bool(await self._connection.run("rename", keys, [blog, name]))

    async def replay(self, blog: str, after: Cursor, limit: int, *, part: bool = False) -> Replay:
        """The events after a cursor."""
        keys = ("epoch", "heads", f"{blog}:events", f"{blog}:items")
        arguments = [blog, after.epoch, after.seq, limit, int(part)]
        epoch, head, reason, rows = await self._connection.run("replay", keys, arguments)
        events = [_event(blog, epoch, int(seq), kind, entry_id, item) for seq, kind, entry_id, item in rows]
        return Replay(events, cursor(epoch, head), complete=not reason, reason=reason or None)

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""
        epoch, (progress,) = await self._heads([blog])
        return Cursor(epoch, progress.seq)

    async def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        """Every event of these blogs committed from here on, by any node."""
        names = list(blogs)
        epoch, heads = await self._heads(names)
        last = dict(zip(names, heads, strict=True))
        yield []
        down = False
        # On a connection of its own: a blocking read would hold up other commands.
        blocking = Connection(self._connection.url, 1, BLOCK_SECONDS)
        try:
            while True:
                try:
                    batch = await self._next_events(blocking, epoch, last)
                except TimelineError as error:
                    if not down:
                        logger.error("Events cannot be read, trying again: %s", error)
                    down = True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if down:
                    logger.warning("Events can be read again.")
                down = False
                if batch:
                    yield batch
        finally:
            await blocking.close()

    async def _next_events(self, blocking: Connection, epoch: str, last: dict[str, _Progress]) -> list[Event]:
        """Waits up to BLOCK_SECONDS for events, and updates ``last``; raises HistoryLostError."""
        if not last:
            await asyncio.sleep(BLOCK_SECONDS)
            return []
        # From concrete ids: "$" would skip events that come while this node is reconnecting.
        blogs = {key(f"{blog}:events"): blog for blog in last}
        after = [f"{progress.seq}-0" for progress in last.values()]
        wait = int(BLOCK_SECONDS * 1000)
        found = await blocking.ask("XREAD", "COUNT", WATCH_BATCH, "BLOCK", wait, "STREAMS", *blogs, *after)
        read = {blogs[name]: await self._read(blogs[name], epoch, rows) for name, rows in found}
        # Checked after reading: then all that was read is of this history, and a failure in between skips nothing.
        await self._check_history(epoch, last)
        for blog, (events, progress) in read.items():
            if progress.seq != last[blog].seq + len(events):
                raise HistoryLostError(_LOST["expired"], "expired")
            last[blog] = progress
        return [event for events, _ in read.values() for event in events]

    async def _read(self, blog: str, epoch: str, rows: Sequence[Any]) -> tuple[list[Event], _Progress]:
        """Rows of a stream as events, with the present form of their entries, and the progress that they are."""
        items = await self._connection.ask("HMGET", key(f"{blog}:items"), *(fields["id"] for _, fields in rows))
        events = [
            _event(blog, epoch, int(number.partition("-")[0]), fields["kind"], fields["id"], item)
            for (number, fields), item in zip(rows, items, strict=True)
        ]
        fields = " ".join(part for pair in rows[-1][1].items() for part in pair)
        return events, _Progress(events[-1].cursor.seq, fields)

    async def _check_history(self, epoch: str, last: Mapping[str, _Progress]) -> None:
        """Raises HistoryLostError if Redis no longer has the events that were read from it."""
        keys = ("epoch", "heads", *(f"{blog}:events" for blog in last))
        known = [part for blog, progress in last.items() for part in (blog, progress.seq, progress.fields)]
        (lost,) = await self._connection.run_timed("check", keys, [epoch, new_epoch(), *known])
        if lost:
            raise HistoryLostError(_LOST[lost], lost)

    async def _heads(self, blogs: Sequence[str]) -> tuple[str, list[_Progress]]:
        """The epoch, and each blog's newest event."""
        keys = ("epoch", "heads", *(f"{blog}:events" for blog in blogs))
        epoch, heads = await self._connection.run("heads", keys, [new_epoch(), *blogs])
        return epoch, [_Progress(int(seq), fields) for seq, fields in heads]


def cursor(epoch: str, head: Any) -> Cursor:
    """The cursor that a script has read; raises TimelineError if Redis has no epoch."""
    if not epoch:
        raise TimelineError("Redis was emptied; a new history is about to begin")
    return Cursor(epoch, int(head))


def _event(blog: str, epoch: str, seq: int, kind: Any, entry_id: str, item: str | None) -> Event:
    # A withdrawn entry may have been listed again: the item is not this event's.
    if kind == "delete" or item is None:
        return Event(blog, Cursor(epoch, seq), "delete", entry_id, None)
    return Event(blog, Cursor(epoch, seq), kind, entry_id, completed(item))
