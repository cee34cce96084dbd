"""Trust in the pushes of a hub: earned by a push that comes first, lost by a poll that has to make up for one.

Only a trusted hub makes polls rare. Pure functions; times are Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from feedstate import FeedState

GRACE_SECONDS: Final = 60.0
"""The time that a hub has to push an entry after its date, or after a poll has found it."""


class Active(NamedTuple):
    """A subscription that its hub has confirmed, from one time to another."""

    since: float
    until: float


def after_poll(state: FeedState, dates: Iterable[float], active: Active | None, at: float) -> FeedState:
    """The state after a poll at a time that found new entries with these ``dates``, 0 for none.

    An entry is missed if its date is in the time of the subscription and more than GRACE_SECONDS ago, or if no push
    came within GRACE_SECONDS after a poll had found it.
    """
    if active is None:
        return replace(state, pushed_until=0, push_trusted=False, awaited=0, missed=0, distrusted_at=0)
    due = [date for date in dates if not 0 < date <= active.since]
    late = sum(0 < date <= at - GRACE_SECONDS for date in due)
    is_over = state.awaited > 0 and at - state.awaited_since >= GRACE_SECONDS
    missed = late + (state.awaited if is_over else 0)
    waiting = len(due) - late
    awaited = waiting if is_over else state.awaited + waiting
    return replace(
        state,
        pushed_until=active.until,
        awaited=awaited,
        awaited_since=(at if is_over or not state.awaited else state.awaited_since) if awaited else 0,
        missed=state.missed + missed,
        push_trusted=state.push_trusted and not missed,
        distrusted_at=state.distrusted_at or at if missed else state.distrusted_at,
    )


def after_push(state: FeedState, at: float, *, has_news: bool) -> FeedState:
    """The state after a push at a time; ``has_news`` is True if it had entries that were unknown."""
    pushed = replace(state, pushes=state.pushes + 1, pushed_at=at)
    is_prompt = state.awaited > 0 and at - state.awaited_since < GRACE_SECONDS
    if not has_news and not is_prompt:
        return pushed
    return replace(pushed, push_trusted=True, awaited=0, awaited_since=0, missed=0, distrusted_at=0)
