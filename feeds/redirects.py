"""The URL that a feed is requested at: the configured one, or the one that it has moved to permanently.

Pure functions. Keys of entries always have the configured URL: a feed that moves lists the same entries.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from feedstate import FeedState

MOVED_AFTER_SECONDS: Final = 7 * 24 * 3600.0
"""Permanent redirects that have led to one URL for this long are remembered: that URL is requested instead."""


def start(state: FeedState, now: float) -> str:
    """The URL to request; redirects may lead on from it."""
    named = _named(state)
    if not state.moved_to:
        return named
    moved_long_ago = now - state.moved_since >= MOVED_AFTER_SECONDS
    return state.moved_to if moved_long_ago or _to_https(named, state.moved_to) else named


def after_answer(state: FeedState, moved_to: str | None, now: float) -> FeedState:
    """The state after a good answer, to which permanent redirects alone led; ``moved_to`` is None if others did."""
    if moved_to is None:
        # A feed that was requested at the URL it moved to is still there; one that answers at its own has returned.
        is_settled = state.moved_to is None or start(state, now) != _named(state)
        return state if is_settled else replace(state, moved_to=None, moved_since=0)
    # A move in the future was noted before the clock was set back.
    if moved_to == state.moved_to and state.moved_since <= now:
        return state
    return replace(state, moved_to=moved_to, moved_since=now)


def after_failure(state: FeedState, *, no_feed_there: bool) -> FeedState:
    """The state after a failure. The next poll requests the configured URL: a move may have been undone.

    With ``no_feed_there``, a web page that led to the feed is requested again, to discover another.
    """
    settled = replace(state, moved_to=None, moved_since=0)
    if not no_feed_there or state.found_url is None:
        return settled
    return replace(settled, found_url=None, validated_url=None, etag=None, last_modified=None, body_digest=None)


def _named(state: FeedState) -> str:
    return state.found_url or state.address


def _to_https(old: str, new: str) -> bool:
    """True if the URLs differ in nothing but the scheme, and the new one is https."""
    return old.startswith("http://") and re.sub("^http:", "https:", old) == new
