"""Makes failing feeds due, as an operator asks for it: `livelog retry`, and the page /status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from timeline.feed_jobs import FeedJobs

MAX_FEEDS: Final = 10_000
"""Feeds that one call makes due."""


@dataclass
class Retried:
    """Identities of feeds and lists: those that are due, and the Unix time at which the pause of others ends."""

    due: list[str] = field(default_factory=list)
    paused: dict[str, float] = field(default_factory=dict)


def together(feeds: Retried | None, lists: Retried | None) -> Retried | None:
    """The feeds and lists that were retried; None if neither is followed."""
    if feeds is None or lists is None:
        return feeds or lists
    return Retried(feeds.due + lists.due, feeds.paused | lists.paused)


async def retry(timeline: FeedJobs, identity: str | None = None) -> Retried | None:
    """Makes a feed due, or all that fail; None if the feed is not followed. Raises TimelineError."""
    wanted = [state.url for state in await timeline.failing(MAX_FEEDS)] if identity is None else [identity]
    retried, now = Retried(), timeline.now()
    for one in wanted:
        due = await timeline.make_due(one)
        if due is None and identity is not None:
            return None
        if due is not None and due > now:
            retried.paused[one] = due
        elif due is not None:
            retried.due.append(one)
    return retried
