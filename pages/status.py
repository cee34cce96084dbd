"""The status of sources, blogs and nodes for the operator: values of templates/status.html, and of its JSON.

It has the reasons of failures and the addresses of feeds (without secrets), and is on no public page.
"""

from __future__ import annotations

import hashlib
import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redaction
import remedies
import urls
from config import Config, Feed
from feedstate import FeedState
from remedies import Advice

MAX_ROWS: Final = 200
"""Failing sources that are listed, and others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A followed feed, at a Unix time ``now``. Times are Unix seconds, 0 for never; durations are seconds.

    ``feed`` is its address without secrets and scheme, ``key`` names it in forms. ``gap`` is the median time between
    its newest entries, ``seen_after`` from the date of an entry to its first sight, and ``delivered_after`` from then
    to its delivery to the last reader of this node; each None if there are no such entries. ``missed`` are two dates
    between which posts may have been missed.
    """

    key: str
    title: str
    feed: str
    blogs: Sequence[str]
    problem: str | None = None
    advice: Advice | None = None
    since: float = 0
    failures: int = 0
    last_poll: float = 0
    next_poll: float = 0
    listed: int = 0
    taken: Sequence[int] = ()
    filtered: int = 0
    gap: float | None = None
    seen_after: float | None = None
    delivered_after: float | None = None
    slow_patterns: Sequence[str] = ()
    missed: tuple[float, float] | None = None

    @property
    def day(self) -> int:
        """Entries taken in the last 24 hours."""
        return sum(self.taken)

    @property
    def condition(self) -> str:
        """`failing`, `waiting` for its first poll, or `ok`."""
        if self.problem:
            return "failing"
        return "ok" if self.last_poll else "waiting"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of failing feeds, latest failure first, and of others by title; ``more`` are left out."""

    failing: Sequence[Row] = ()
    others: Sequence[Row] = ()
    more: int = 0


@dataclass(slots=True)
class Followed:
    """A feed of the configuration, and the blogs that use it."""

    feed: Feed
    blogs: list[str] = field(default_factory=list)


def followed(config: Config) -> dict[str, Followed]:
    """The feeds of all blogs by identity."""
    found: dict[str, Followed] = {}
    for blog in config.blogs:
        for feed in blog.feeds:
            found.setdefault(feed.identity, Followed(feed)).blogs.append(blog.slug)
    return found


def key_of(identity: str) -> str:
    """The name of a feed in forms: identities may have secrets."""
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def named_by(config: Config, text: str) -> str | None:
    """The identity of the feed that a URL, an id or a `key_of` names; None for none."""
    feeds = followed(config)
    if text in feeds:
        return text
    for identity, found in feeds.items():
        if text in (key_of(identity), found.feed.url, found.feed.public_url):
            return identity
    identity = urls.feed_identity(text)
    return identity if identity in feeds else None


def rows(
    feeds: Mapping[str, Followed],
    states: Mapping[str, FeedState],
    now: float,
    *,
    slow: Iterable[tuple[str, str, str]] = (),
    words: str = "",
) -> Rows:
    """The rows of the feeds, of which each has all ``words`` in title, address or blogs."""
    patterns: dict[str, list[str]] = {}
    for feed, _, pattern in slow:
        patterns.setdefault(feed, []).append(pattern)
    wanted = words.lower().split()
    made = [
        _row(one, states.get(identity) or FeedState(url=identity), patterns.get(one.feed.public_url, ()), now)
        for identity, one in feeds.items()
    ]
    chosen = [row for row in made if all(word in _text(row) for word in wanted)]
    failing = sorted((row for row in chosen if row.problem), key=lambda row: (-row.since, row.title))
    others = sorted((row for row in chosen if not row.problem), key=lambda row: (not row.slow_patterns, row.title))
    more = max(len(failing) - MAX_ROWS, 0) + max(len(others) - MAX_ROWS, 0)
    return Rows(failing[:MAX_ROWS], others[:MAX_ROWS], more)


def _row(one: Followed, state: FeedState, slow: Sequence[str], now: float) -> Row:
    address = one.feed.public_url
    return Row(
        key=key_of(one.feed.identity),
        title=one.feed.title or state.title or urls.host_of(state.site_url or address),
        feed=address.partition("://")[2],
        blogs=one.blogs,
        problem=state.problem and redaction.public_text(state.problem),
        advice=remedies.for_feed(state.problem, state.status),
        since=min(state.failing_since, now),
        failures=state.failures,
        last_poll=min(state.checked_at, now),
        next_poll=state.due_by(now),
        listed=state.listing,
        taken=state.by_hour(state.taken, now),
        filtered=sum(state.by_hour(state.filtered, now)),
        gap=_gap(state.newest),
        seen_after=statistics.median(state.delays) if state.delays else None,
        slow_patterns=slow,
        missed=_missed(state, now),
    )


def _missed(state: FeedState, now: float) -> tuple[float, float] | None:
    return (state.gap.after, state.gap.before) if state.gap and state.gap.is_reported(now) else None


def _gap(newest: Sequence[float]) -> float | None:
    gaps = [later - earlier for later, earlier in itertools.pairwise(sorted(newest, reverse=True))]
    return statistics.median(gaps) if gaps else None


def _text(row: Row) -> str:
    return f"{row.title} {row.feed} {' '.join(row.blogs)}".lower()


def as_json(row: Row, iso: Any) -> dict[str, Any]:
    """A row for programs."""
    return {
        "title": row.title,
        "feed": row.feed,
        "blogs": row.blogs,
        "state": row.condition,
        "problem": row.problem,
        **remedies.as_json(row.advice),
        "since": iso(row.since),
        "failures": row.failures,
        "last_poll": iso(row.last_poll),
        "next_poll": iso(row.next_poll),
        "listed": row.listed,
        "taken": row.day,
        "filtered": row.filtered,
        "hours": list(row.taken),
        "gap_seconds": row.gap,
        "seen_after_seconds": row.seen_after,
        "delivered_after_seconds": row.delivered_after,
        "slow_patterns": list(row.slow_patterns),
        "missed_between": row.missed and [iso(at) for at in row.missed],
    }
