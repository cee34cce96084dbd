"""The sources that WebSub hubs push: subscriptions, trust, and the remedy where polls make up for a hub."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redaction
import remedies
import urls
from config import Config
from feed_subscription import FeedSubscription
from feedstate import FeedState
from pages.status import Followed, followed
from remedies import Advice
from timeline import Job

MAX_ROWS: Final = 100

_WORTH: Final = {"active": 3, "pending": 2, "denied": 1, "leaving": 0}
"""A feed is shown with its subscription of the highest worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRow:
    """A source with a hub. Times are Unix seconds, 0 for never; ``until`` is the end of an active subscription.

    Since ``distrusted_at``, polls found ``missed`` posts that the hub should have pushed.
    """

    title: str
    feed: str
    hub: str
    phase: str
    until: float = 0
    pushes: int = 0
    last_push: float = 0
    is_trusted: bool = False
    distrusted_at: float = 0
    missed: int = 0
    problem: str | None = None
    advice: Advice | None = None


@dataclass(frozen=True, slots=True)
class PushRows:
    """Rows, those with advice first. ``more`` are left out; ``subscribed`` of the ``hubs`` sources with a hub are."""

    rows: Sequence[PushRow] = ()
    hubs: int = 0
    subscribed: int = 0
    more: int = 0


def rows(config: Config, states: Mapping[str, FeedState], jobs: Iterable[Job], now: float) -> PushRows:
    """The rows of the followed feeds that name a hub, with the best of their subscriptions."""
    best: dict[str, FeedSubscription] = {}
    for job in jobs:
        one = FeedSubscription.from_json(job.state)
        if one.feed not in best or _WORTH[best[one.feed].phase] < _WORTH[one.phase]:
            best[one.feed] = one
    feeds = followed(config)
    named = [
        (feeds[identity], state, best.get(identity))
        for identity, state in states.items()
        if identity in feeds and state.hub
    ]
    subscribed = sum(_is_active(held, now) for _, _, held in named)
    # Rows are made of those alone that are shown: each costs more than the order of all.
    shown = heapq.nsmallest(MAX_ROWS, named, key=lambda one: _order(one[0], one[1], one[2], now))
    made = [_row(*one, now) for one in shown]
    return PushRows(made, len(named), subscribed, len(named) - len(made))


def _is_active(held: FeedSubscription | None, now: float) -> bool:
    return held is not None and held.phase == "active" and held.until > now


def _order(one: Followed, state: FeedState, held: FeedSubscription | None, now: float) -> tuple[bool, str, str]:
    """Those with advice come first."""
    has_advice = bool((held and held.problem) or (state.distrusted_at and _is_active(held, now)))
    return not has_advice, _title(one, state), one.feed.public_url


def _title(one: Followed, state: FeedState) -> str:
    return one.feed.title or state.title or urls.host_of(state.site_url or one.feed.public_url)


def _row(one: Followed, state: FeedState, held: FeedSubscription | None, now: float) -> PushRow:
    is_active = _is_active(held, now)
    problem = held.problem if held else None
    advice = remedies.for_hub(problem) if problem else None
    address = one.feed.public_url
    return PushRow(
        title=_title(one, state),
        feed=address.partition("://")[2],
        hub=redaction.public_url(state.hub or "").partition("://")[2],
        phase=held.phase if held else "none",
        until=held.until if held and is_active else 0,
        pushes=state.pushes,
        last_push=min(state.pushed_at, now),
        is_trusted=state.push_trusted and is_active,
        distrusted_at=min(state.distrusted_at, now) if is_active else 0,
        missed=state.missed if is_active else 0,
        problem=problem and redaction.public_text(problem),
        advice=advice or (remedies.HUB_DEAD if is_active and state.distrusted_at else None),
    )


def as_json(found: PushRows, iso: Any) -> dict[str, Any]:
    """The rows for programs."""
    return {
        "hubs": found.hubs,
        "subscribed": found.subscribed,
        "more": found.more,
        "sources": [
            {
                "title": row.title,
                "feed": row.feed,
                "hub": row.hub,
                "subscription": row.phase,
                "until": iso(row.until),
                "pushes": row.pushes,
                "last_push": iso(row.last_push),
                "trusted": row.is_trusted,
                "distrusted_since": iso(row.distrusted_at),
                "missed": row.missed,
                "problem": row.problem,
                **remedies.as_json(row.advice),
            }
            for row in found.rows
        ],
    }
