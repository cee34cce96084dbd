"""Made-up entries of the usual size, and polls that commit them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from entries import Entry, Source
from tests.feeds.documents import rss
from timeline import Lease, Timeline

FEED = "https://newsroom.example/feed.xml"
BLOG = "blog"
LEASE_SECONDS = 600.0

_SOURCE = Source("The Newsroom", "https://newsroom.example/", FEED)
_HTML = "<p>Some words of a post, as many as a short one has.</p>" * 10


def keys(number: int) -> tuple[str, str]:
    """The two keys of a post, as most feeds give by guid and link. As long as those of `feeds.parser`."""
    return _hash(f"guid {number}", 16), _hash(f"link {number}", 16)


def digest(number: int, version: int = 0) -> str:
    """The digest of a version of a post. As long as those of `feeds.parser`."""
    return _hash(f"{number} {version}", 14)


def position(number: int) -> int:
    """The position of a post, in microseconds: posts are a second apart."""
    return (1_800_000_000 + number) * 1_000_000


def post(number: int, *, version: int = 0, blog: str = BLOG) -> Entry:
    """An entry whose JSON Feed item takes 1 KB."""
    return Entry(
        keys=keys(number),
        digest=digest(number, version),
        source=_SOURCE,
        url=f"https://newsroom.example/?p={number}",
        title=f"Post {number:07}, version {version:03}",
        content_html=_HTML,
        summary="A sentence that says what it is about.",
        authors=("A. Reporter",),
        tags=("city", "council"),
        blog=blog,
        position=position(number),
        seen=position(number),
    )


def document(numbers: Iterable[int]) -> bytes:
    """An RSS document of small posts."""
    item = (
        "<title>Post {0}</title><guid>https://newsroom.example/?p={0}</guid>"
        "<link>https://newsroom.example/?p={0}</link><description>Some words.</description>"
    )
    return rss(*map(item.format, numbers))


async def lease(timeline: Timeline) -> Lease:
    """Claim the feed."""
    await timeline.follow({FEED: 0.0})
    (leased,) = await timeline.claim(time.time(), 1, LEASE_SECONDS)
    return leased


async def commit(timeline: Timeline, leased: Lease, listed: Sequence[Entry]) -> int:
    """Commit listed entries and return the number of events. A lease is valid until the feed is claimed again."""
    return await timeline.commit(replace(leased.state, next_at=0.0, checked_at=time.time()), listed, leased)


async def poll(timeline: Timeline, listed: Sequence[Entry]) -> int:
    """Claim the feed and commit listed entries; return the number of events."""
    return await commit(timeline, await lease(timeline), listed)


def _hash(text: str, chars: int) -> str:
    return hashlib.blake2b(text.encode()).hexdigest()[:chars]
