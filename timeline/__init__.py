"""The timeline: the durable store of entries, events and feed states, in five protocols that every store implements.

feed_jobs   which feeds are due, and which node polls them
event_log   the events of a blog: commit, replay, watch
archive     the entries that are stored: pages, one entry, why one is gone
jobs        other durable work: deliveries, subscriptions, lists of feeds
presence    the nodes that run
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from timeline.archive import Archive, Fate, Page, Withdrawal, before_token, parse_before
from timeline.errors import HistoryLostError, LeaseLostError, LockedError, Reason, TimelineError
from timeline.event_log import EventLog, Replay
from timeline.feed_jobs import FeedJobs, Lease, Push, States
from timeline.jobs import IDLE, Job, JobLease, Jobs, all_jobs
from timeline.limits import DAY, Limits
from timeline.presence import Node, Nodes, Presence

__all__ = [
    "DAY",
    "IDLE",
    "Archive",
    "EventLog",
    "Fate",
    "FeedJobs",
    "HistoryLostError",
    "Job",
    "JobLease",
    "Jobs",
    "Lease",
    "LeaseLostError",
    "Limits",
    "LockedError",
    "Node",
    "Nodes",
    "Page",
    "Presence",
    "Push",
    "Reason",
    "Replay",
    "States",
    "Timeline",
    "TimelineError",
    "Withdrawal",
    "all_jobs",
    "before_token",
    "open_existing",
    "open_timeline",
    "parse_before",
]


class Timeline(FeedJobs, EventLog, Archive, Jobs, Nodes, Protocol):
    """A store. ``is_shared`` is True if other nodes may work on it, too."""

    is_shared: bool

    async def retire(self, now: float, limits: Limits) -> int:
        """Removes some of the rows beyond the limits, in bounded steps; returns how much, 0 once nothing is left.

        Raises TimelineError.
        """

    async def purge(self, feed: str, at: float) -> int:
        """Removes the entries of a feed, each with a ``delete`` event, and forgets the feed; returns how many.

        ``feed`` is its identity or URL, ``at`` the Unix time of the events. The feed is no longer followed. Done in
        bounded steps; after a TimelineError it can be done again.
        """

    async def stored_bytes(self) -> int:
        """The size of the store in bytes. Raises TimelineError."""

    async def close(self) -> None:
        """Finishes the work under way, and closes the store."""


async def open_existing(url: str) -> Timeline:
    """Opens a store as `open_timeline` does, but makes no new file for SQLite. Raises TimelineError."""
    scheme, _, path = url.partition(":")
    if scheme == "sqlite" and not await asyncio.to_thread(Path(path).is_file):
        raise TimelineError(f"{path}: there is no such file")
    return await open_timeline(url)


async def open_timeline(url: str) -> Timeline:
    """Opens the store that the configuration names (``sqlite:PATH`` or a Redis URL); raises TimelineError."""
    # Each imported only where it is used: with SQLite alone the program starts faster.
    if url.startswith("sqlite:"):
        from timeline.sqlite import SqliteTimeline

        return await SqliteTimeline.open(url.removeprefix("sqlite:"))
    from timeline.redis import RedisTimeline

    return await RedisTimeline.open(url)
