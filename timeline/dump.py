"""The rows of a store as records that every store reads and writes: for copies between stores, and backups.

A source gives its feeds, with their pushes, and its jobs first, and its blogs after them. A feed's state says which
entries its last document listed: one that is later than the entries would hide those that came in between; with an
earlier one they are listed again, and recognised. If an entry comes twice, the later record counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from timeline.jobs import Job


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A feed: state and marks as JSON; ``due``, ``paused`` and ``unfollowed_at`` in Unix seconds. Leases end."""

    url: str
    state: str
    marks: str | None
    is_followed: bool
    due: float
    paused: float
    unfollowed_at: float


@dataclass(frozen=True, slots=True)
class PushRecord:
    """A document that a hub has sent for a feed; those of a feed come in order."""

    url: str
    body: bytes
    content_type: str | None


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job, due at a Unix time, or idle. Leases end: the job is due."""

    job: Job
    due: float


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored entry: its position in microseconds, the item as JSON, and the item before its last correction."""

    position: int
    item: str
    former: str | None


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """The memory of an entry: digest and further keys; the entry itself while it is stored.

    ``retired_at`` and ``withdrawn_at`` are in Unix seconds, None for an entry that is not retired or withdrawn.
    """

    blog: str
    id: str
    digest: str
    aliases: tuple[str, ...]
    stored: Stored | None
    retired_at: float | None
    withdrawn_at: float | None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event, at a Unix time. Those of a blog come in order, without holes."""

    blog: str
    seq: int
    kind: str
    id: str
    at: float


@dataclass(frozen=True, slots=True)
class HeadRecord:
    """The number of a blog's newest event, also of one that was retired."""

    blog: str
    seq: int


Record = FeedRecord | PushRecord | JobRecord | EntryRecord | EventRecord | HeadRecord


class Source(Protocol):
    """A store that is read."""

    def batches(self) -> AsyncIterator[Sequence[Record]]:
        """All records, in batches of bounded size. Raises TimelineError."""


class Target(Protocol):
    """An empty store that is written, and replaces nothing before it is complete."""

    async def put(self, batch: Sequence[Record]) -> None:
        """Writes some records. Raises TimelineError."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The amount of a copy, for people."""

    blogs: int = 0
    entries: int = 0
    feeds: int = 0

    def __str__(self) -> str:
        entries = f"{self.entries} {'entry' if self.entries == 1 else 'entries'}"
        blogs = f"{self.blogs} {'blog' if self.blogs == 1 else 'blogs'}"
        feeds = f"{self.feeds} {'feed' if self.feeds == 1 else 'feeds'}"
        return f"{entries} of {blogs}, and {feeds}"


async def pour(source: Source, target: Target) -> None:
    """Copies all records. Raises TimelineError."""
    async for batch in source.batches():
        await target.put(batch)
