"""The events of a blog, numbered 1, 2, 3 … without holes: committed, replayed after a cursor, watched as they come.

`EventLog.commit` is where an entry becomes part of a blog: recognised, numbered and stored, all or nothing, before
any client is sent it. `EventLog.watch` is how the rest of the program learns of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from entries import Cursor, Entry, Event
from feedstate import FeedState
from timeline.errors import Reason
from timeline.feed_jobs import Lease


@dataclass(frozen=True, slots=True)
class Replay:
    """The events after a cursor, and the newest cursor of the blog (``head``).

    Where ``complete`` is False, ``events`` is empty and ``reason`` says why: ``epoch`` (the cursor is of another
    epoch, or ahead of the blog) or ``expired`` (events after it were retired, or there are more than the limit).
    """

    events: Sequence[Event]
    head: Cursor
    complete: bool
    reason: Reason | None = None


class EventLog(Protocol):
    """Every method may raise TimelineError."""

    @property
    def is_delivering(self) -> bool:
        """True while threads of this process store a commit, or read its events for watchers."""

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing, and ends the lease; returns the number of new events.

        An entry is recognised by any of its keys; the strongest that is known decides. A new one is an ``entry``
        event, one with another digest an ``update``; else nothing happens, but its new keys are remembered, and a
        digest of an earlier version is replaced (`Entry.is_correction`). An entry that was withdrawn and is listed
        again is an ``entry`` again. A backfilled entry behind the front page is stored without an event. A new entry
        that the blog has, or had, under one of the ids in ``details.via`` is not stored: it came from here.

        ``withdrawn`` lists (blog, key) of entries to ``delete``, after ``entries`` were stored; any key will do. If
        the state's ``listed`` is the very object of the lease's state, it is not written again.

        The pushes of the lease are removed; a feed that was sent others meanwhile can be claimed at once.

        Raises LeaseLostError, and then has stored nothing. Doing the same commit twice changes nothing.
        """

    async def rename(self, blog: str, name: str) -> bool:
        """Gives a blog another name, with all that is stored of it: its cursors stay valid.

        Returns False, and changes nothing, if there is nothing of the blog, or something of one of that name.
        """

    async def replay(self, blog: str, after: Cursor, limit: int, *, part: bool = False) -> Replay:
        """The events after a cursor, if there are at most ``limit``; with ``part`` the oldest of more."""

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""

    def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        """Every event of these blogs that any node commits from the first batch on, in batches.

        The first batch is empty and marks the start. Each blog's events come in order, without holes. A store that is
        down is retried; raises HistoryLostError if events were lost.
        """
