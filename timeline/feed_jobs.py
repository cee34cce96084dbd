"""The feeds to be polled: which are due, which node polls them, and the state of each.

A node claims a feed, polls it, and commits the result under the lease that the claim gave it. A lease that runs out
makes the feed due again, so that no node has to notice that another died; its fence stops late commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, overload

from feedstate import FeedState

MAX_PUSHES: Final = 16
MAX_PUSH_BYTES: Final = 4 * 2**20
"""Pushes of one feed that are kept until they are committed, and the sum of their bodies."""

MAX_PUSHED_FEEDS: Final = 16
"""Feeds that one claim leases because of pushes: their bodies are in memory then."""


@dataclass(frozen=True, slots=True)
class Push:
    """A document that a hub has sent, numbered in order of arrival."""

    number: int
    body: bytes
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to poll a feed and commit the result, until another claim gets another ``fence``.

    ``pushes`` has those that were kept at the claim, oldest first. If there are any, ``state.next_at`` is the time
    from which the feed may be asked: later than the claim if the pushes alone led to it.
    """

    state: FeedState
    fence: int
    pushes: tuple[Push, ...] = ()

    @property
    def url(self) -> str:
        """The feed's identity, see `FeedState`."""
        return self.state.url


class States(Sequence[FeedState]):
    """States of feeds, kept as JSON texts; each access parses one, 10 µs.

    The texts of 100,000 feeds need a third of the memory of the objects. Iterating over thousands blocks the event
    loop: yield to it in between.
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


class FeedJobs(Protocol):
    """Times are Unix seconds. Every method but `now` may raise TimelineError."""

    def now(self) -> float:
        """The time by the clock that all nodes count by: that of Redis, or of this machine. Asks nothing."""

    async def adopt(self, urls: Mapping[str, str]) -> None:
        """Gives feeds that the store does not know the state of the same feed under another identity, if it has one.

        ``urls`` are all feeds to be followed, by identity. The same feed is one whose URL in config.yaml was the same
        at its last poll, but for what `urls.feed_identity` leaves out. The other state stays, for nodes that follow
        it, until it is forgotten.
        """

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable, each from the given time on, or earlier if it was due earlier.

        The state of a feed that is no longer followed is kept for `Limits.unfollowed_age`.
        """

    async def postpone(self, urls: Sequence[str], until: float) -> None:
        """Pauses feeds: no node claims them before ``until``, whatever `follow` says later. Never shortens a pause.

        For a publisher that answered 429. Feeds that the store does not know are ignored.
        """

    async def make_due(self, identity: str) -> float | None:
        """Makes a feed due now, whatever its back-off, or at the end of its pause: returns that time, 0 for now.

        None for a feed that is not followed. A feed that is leased is being polled, and stays so.
        """

    async def push(self, identity: str, body: bytes, content_type: str | None) -> bool:
        """Keeps a document that a hub has sent until it is committed; False for a feed that is not followed.

        The feed can be claimed at once, whatever its pause or back-off: a push costs no request. Beyond MAX_PUSHES or
        MAX_PUSH_BYTES the document is dropped, and the feed is made due as by `make_due`: a poll makes up for it.
        """

    async def pull_back(self, leased: float, paused: float) -> None:
        """Ends every lease at ``leased`` and every pause at ``paused`` at the latest: a clock was ahead.

        Leases of `Jobs` end MAX_JOB_LEASE_SECONDS later. `follow` then makes the feeds due that are due too late.
        """

    async def states(self) -> Sequence[FeedState]:
        """The states of the followed feeds, without marks."""

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The states of at most ``limit`` followed feeds whose last poll failed, by URL, without marks."""

    async def failing_count(self) -> int:
        """The number of followed feeds whose last poll failed: exact, and cheap to read."""

    async def claim(
        self, now: float, limit: int, seconds: float, first: Sequence[str] = (), pushed: int = MAX_PUSHED_FEEDS
    ) -> Sequence[Lease]:
        """Leases at most ``limit`` feeds that are due and not leased, from ``now`` for ``seconds``, oldest first.

        Besides these those of ``first`` that are due, and at most ``pushed`` feeds that have pushes.

        Raises HistoryLostError, once, after the store has begun a new epoch: it may have lost the followed feeds.
        """

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases to a time; returns those that are still held."""
