"""The timeline: the durable store of entries, events and feed states. One small contract for every store.

`commit` is where an entry becomes part of a blog: recognised, numbered and stored, all or nothing, before anyone
is told. `watch` is how the rest of the program learns of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from entries import Cursor, Entry, Event, FeedState


class TimelineError(Exception):
    """The environment failed the store (disk full, database damaged, lock held); the message says how.

    While the program runs it is waited for. Errors in the program itself are not wrapped: they stay loud.
    """


class LeaseLostError(Exception):
    """Someone else has claimed the feed since: what this node fetched must not be committed."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll a feed and commit the result, until another claim is made with a higher ``fence``."""

    state: FeedState
    fence: int

    @property
    def url(self) -> str:
        """The feed's URL."""
        return self.state.url


@dataclass(frozen=True, slots=True)
class Replay:
    """The events after a cursor, and whether they are complete. ``head`` is the newest cursor of the blog.

    Where ``complete`` is False, ``events`` is empty and ``reason`` says why: ``epoch`` (the cursor is of another
    life of the store) or ``expired`` (events after it are gone, or more than the limit).
    """

    events: Sequence[Event]
    head: Cursor
    complete: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a blog as JSON texts, newest first, the blog's newest cursor at that moment, and what leads on.

    ``older`` is the opaque ``before`` of the next page; None on the last.
    """

    items: Sequence[str]
    head: Cursor
    older: str | None


class Timeline(Protocol):
    """What a store does. Every method may raise TimelineError."""

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable. A feed is due at the given Unix time, or earlier if it was so."""

    async def states(self) -> Sequence[FeedState]:
        """What is remembered of each followed feed."""

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The followed feeds whose last poll failed, at most ``limit``, without what they listed."""

    async def claim(self, now: float, limit: int, seconds: float) -> Sequence[Lease]:
        """At most ``limit`` feeds that are due and not leased, leased from ``now`` for ``seconds``."""

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing; returns the number of events it led to. Ends the lease.

        Each entry names its blog and place (`entries.place`). A new key is an ``entry`` event, a known one with
        another digest an ``update``, else nothing happens. ``withdrawn`` lists (blog, id) to ``delete``. A
        backfilled entry behind the front page is stored without an event. Raises LeaseLostError.
        """

    async def replay(self, blog: str, after: Cursor, limit: int) -> Replay:
        """The events after a cursor, at most ``limit``."""

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """Entries older than ``before``, the newest if it is None. Raises ValueError for a foreign ``before``."""

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry as JSON text, or None."""

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""

    def watch(self) -> AsyncIterator[Sequence[Event]]:
        """Every event committed by any node after the first step of the iteration, in order, in batches.

        The first batch is empty: it says that from here on nothing is missed. A store that is down is waited for.
        """

    async def close(self) -> None:
        """Ends the work that is under way, and closes the store."""


async def open_timeline(url: str) -> Timeline:
    """Opens the store that the configuration names; raises TimelineError."""
    scheme, _, path = url.partition(":")
    if scheme != "sqlite":
        raise TimelineError(f"store: {scheme}: is not available in this version; use sqlite:PATH or sqlite::memory:")
    from timeline.sqlite import SqliteTimeline

    return await SqliteTimeline.open(path)


def before_token(position: int, id: str) -> str:  # noqa: A002 - JSON Feed's word
    """The opaque ``before`` that leads on from the entry at a position (microseconds)."""
    return f"{position}-{id}"


def parse_before(token: str) -> tuple[int, str]:
    """Reads a ``before``; raises ValueError for anything that `before_token` never wrote."""
    position, sep, entry_id = token.rpartition("-")
    plausible = position.lstrip("-").isascii() and position.lstrip("-").isdigit() and len(position) <= 18
    if not sep or not plausible or not entry_id.isascii() or not entry_id.isalnum() or len(entry_id) > 32:
        raise ValueError("not a token of ours")
    return int(position), entry_id
