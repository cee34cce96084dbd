"""The timeline: the durable store of entries, events and feed states. One small contract for every store.

`commit` is where an entry becomes part of a blog: recognised, numbered and stored, all or nothing, before anyone
is told. `watch` is how the rest of the program learns of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, overload

from entries import Cursor, Entry, Event
from feedstate import FeedState

DAY: Final = 86_400.0

Reason = Literal["epoch", "expired"]
"""Why events are not there: the store lost data and began a new epoch, or they were retired."""

Fate = Literal["withdrawn", "retired"]
"""Why an entry that was there is not: its publisher took it back, or it was too old to be kept."""


class TimelineError(Exception):
    """The environment failed the store (disk full, Redis away, lock held); the message says how.

    While the program runs it is waited for. Errors in the program itself are not wrapped: they stay loud.
    """


class LeaseLostError(Exception):
    """The feed was claimed anew since: what this node fetched must not be committed."""


class HistoryLostError(Exception):
    """What this node knew of the store is no longer so: take nothing for granted, and begin again."""

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a store keeps; the rest is retired. Ages are seconds.

    A blog keeps ``entries``, and of those that stand further back than ``entries_age`` only the newest
    ``old_entries``; ``events``, none older than ``events_age``. An entry that is gone is remembered for
    ``memory_age`` more, and no more than ``memory`` of these, so that a feed which lists it still does not bring
    it back as new.
    """

    entries: int = 100_000
    old_entries: int = 10_000
    entries_age: float = 3 * 365 * DAY
    events: int = 10_000
    events_age: float = 30 * DAY
    memory: int = 1_000_000
    memory_age: float = 400 * DAY


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll a feed and commit the result, until another claim is made with a higher ``fence``."""

    state: FeedState
    fence: int

    @property
    def url(self) -> str:
        """The feed's URL."""
        return self.state.url


class States(Sequence[FeedState]):
    """States of feeds, kept as texts: each is read whenever it is looked at.

    Of 100,000 feeds that takes a third of the memory. Whoever looks at so many gives others a turn in between: it
    takes 10 ms to read 1,000.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> FeedState: ...

    @overload
    def __getitem__(self, index: slice) -> States: ...

    def __getitem__(self, index: int | slice) -> FeedState | States:
        if isinstance(index, slice):
            return States(self._texts[index])
        return FeedState.from_json(self._texts[index])


@dataclass(frozen=True, slots=True)
class Replay:
    """The events after a cursor, and whether they are complete. ``head`` is the newest cursor of the blog.

    Where ``complete`` is False, ``events`` is empty and ``reason`` says why: ``epoch`` (the cursor is of another
    life of the store) or ``expired`` (events after it are gone, or more than the limit).
    """

    events: Sequence[Event]
    head: Cursor
    complete: bool
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a blog as JSON texts, newest first, the blog's newest cursor at that moment, and what leads on.

    ``older`` is the opaque ``before`` of the next page; None on the last.
    """

    items: Sequence[str]
    head: Cursor
    older: str | None


class Timeline(Protocol):
    """What a store does. Every method may raise TimelineError.

    ``is_shared`` says whether other nodes may work on it, too.
    """

    is_shared: bool

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable. A feed is due at the given Unix time, or earlier if it was so."""

    async def postpone(self, urls: Sequence[str], until: float) -> None:
        """Makes sure that none of these feeds is claimed before a Unix time, whatever `follow` says later.

        For a publisher who asked to be left alone: it is kept, and counts for every node.
        """

    async def states(self) -> Sequence[FeedState]:
        """What is remembered of each followed feed, without what they listed (`States`)."""

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The followed feeds whose last poll failed, at most ``limit``, without what they listed."""

    async def failing_count(self) -> int:
        """The number of followed feeds whose last poll failed."""

    async def claim(self, now: float, limit: int, seconds: float) -> Sequence[Lease]:
        """At most ``limit`` feeds that are due and not leased, leased from ``now`` for ``seconds``.

        Raises HistoryLostError once when the store has begun a new epoch: what is followed must be said again.
        """

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases to a Unix time; returns those that are still held."""

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing; returns the number of events it led to. Ends the lease.

        Each entry names its blog and place (`entries.place`). A new key is an ``entry`` event, a known one with
        another digest an ``update``, else nothing happens. A backfilled entry behind the front page is stored without
        an event. ``withdrawn`` lists (blog, key) to ``delete``, done after the entries; any key of an entry will do.
        An entry that was withdrawn and is listed again is an ``entry`` again. Where the state's ``listed`` is the
        very object of the lease's state, it is not written again. Raises LeaseLostError.
        """

    async def replay(self, blog: str, after: Cursor, limit: int) -> Replay:
        """The events after a cursor, at most ``limit``."""

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """Entries older than ``before``, the newest if it is None. Raises ValueError for a foreign ``before``."""

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry as JSON text, or None."""

    async def newer(self, blog: str, than: str, limit: int) -> Sequence[str]:
        """The entries right above a place (a ``before``), newest first. Raises ValueError as `page` does."""

    async def fate(self, blog: str, id: str) -> Fate | None:  # noqa: A002 - JSON Feed's word
        """What became of an entry that is not there; None if it is, or if it was never heard of or is forgotten."""

    async def previous(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """The form that an entry had before its last correction as JSON text, or None. It goes with the entry."""

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""

    def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        """Every event of these blogs committed by any node after the first step of the iteration, in batches.

        The events of a blog come in order, without holes. The first batch is empty: it says that from here on
        nothing is missed. A store that is down is waited for. Raises HistoryLostError where events were lost.
        """

    async def retire(self, now: float, limits: Limits) -> int:
        """Removes some of what is beyond the limits, in bounded steps; returns how much. 0 says that all is done."""

    async def close(self) -> None:
        """Ends the work that is under way, and closes the store."""


async def open_timeline(url: str) -> Timeline:
    """Opens the store that the configuration names; raises TimelineError."""
    if url.startswith("sqlite:"):
        from timeline.sqlite import SqliteTimeline

        return await SqliteTimeline.open(url.removeprefix("sqlite:"))
    # Imported only where it is used: SQLite alone starts faster without it.
    from timeline.redis import RedisTimeline

    return await RedisTimeline.open(url)


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
