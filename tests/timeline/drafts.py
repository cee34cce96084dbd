"""Entries and commits for tests of the timeline, with only what matters spelled out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from entries import Entry, Source
from feeds.parser.digest import digest
from feedstate import FeedState
from timeline import Timeline

FEED = "https://example.org/feed.xml"
LEASE_SECONDS = 60.0
NOW = 1_800_000_000.0


def entry(name: str, text: str = "", *, at: float = NOW, blog: str = "blog", **more: Any) -> Entry:
    """An entry that is known by its name; another text is another version. ``at`` is its position, in seconds."""
    return Entry(
        keys=more.pop("keys", (name,)),
        digest=digest(name, text),
        source=Source("Example", None, FEED),
        title=text or name,
        blog=blog,
        position=int(at * 1_000_000),
        seen=int(NOW * 1_000_000),
        **more,
    )


async def commit(timeline: Timeline, *entries: Entry, withdrawn: Sequence[tuple[str, str]] = (), **state: Any) -> int:
    """One poll of the feed: claims it, and commits what it listed."""
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    after = replace(lease.state, **{"next_at": 0.0, "checked_at": NOW, **state})
    return await timeline.commit(after, entries, lease, withdrawn)


async def titles(timeline: Timeline, blog: str = "blog") -> list[str]:
    """The titles of a blog's newest entries, newest first."""
    page = await timeline.page(blog, None, 200)
    return [json.loads(item)["title"] for item in page.items]


def state(**fields: Any) -> FeedState:
    """A state of the feed."""
    return FeedState(url=FEED, **fields)
