"""Where a feed is asked for: at the address that the configuration names, or where that has led for good.

Pure functions. Keys of entries always have the configuration's address: a feed that moves lists the same entries.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from feedstate import FeedState

PROOF_SECONDS: Final = 7 * 24 * 3600.0
"""How long permanent redirects must have led to the same place before it is asked instead."""


def start(state: FeedState, now: float) -> str:
    """The address to ask first."""
    if state.moved_to and (_to_https(_named(state), state.moved_to) or now - state.moved_since >= PROOF_SECONDS):
        return state.moved_to
    return _named(state)


def after_answer(state: FeedState, moved_to: str | None, now: float) -> FeedState:
    """What is known after a good answer, to which permanent redirects alone led, or not (None)."""
    if moved_to is None:
        # Asked where it had moved to, it is still there; asked where it is named, it is back.
        return state if start(state, now) != _named(state) else replace(state, moved_to=None, moved_since=0)
    if moved_to == state.moved_to:
        return state
    return replace(state, moved_to=moved_to, moved_since=now)


def after_failure(state: FeedState, *, for_good: bool) -> FeedState:
    """What is known after a failure. A move may have been undone: the next poll asks at the old address again.

    Where no feed is there any more (``for_good``), the page that led to it is asked anew.
    """
    settled = replace(state, moved_to=None, moved_since=0)
    if not for_good or state.found_url is None:
        return settled
    return replace(settled, found_url=None, validated_url=None, etag=None, last_modified=None, body_digest=None)


def _named(state: FeedState) -> str:
    return state.found_url or state.url


def _to_https(old: str, new: str) -> bool:
    """Whether only the scheme has changed, to the better."""
    return old.startswith("http://") and re.sub("^http:", "https:", old) == new
