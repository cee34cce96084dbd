"""A blog of four sources in different conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from config import Blog, Config, Feed
from entries import Source
from tests.timeline.drafts import LEASE_SECONDS, NOW, entry
from timeline import Timeline

FEEDS = {name: f"https://{name}.example/feed" for name in ("harbour", "town", "late", "never")}
TITLES = {FEEDS["harbour"]: "Harbour", FEEDS["town"]: "Town Hall", FEEDS["late"]: "Late"}

SETTINGS = Config(
    store="sqlite::memory:",
    blogs=(
        Blog(
            slug="blog",
            title="Blog",
            feeds=(
                Feed(url=FEEDS["harbour"], title="Harbour"),
                Feed(url=FEEDS["town"]),
                Feed(url=FEEDS["late"].replace("https://", "https://user:secret@")),
                Feed(url=FEEDS["never"]),
            ),
        ),
    ),
)


async def poll(timeline: Timeline, states: dict[str, dict[str, Any]], *, posts: dict[str, float]) -> None:
    """Polls feeds: with these states, and a post each at these times."""
    await timeline.follow(dict.fromkeys(states, 0.0))
    for lease in await timeline.claim(NOW, 100, LEASE_SECONDS):
        entries = [
            replace(entry(name[8:15], at=at), source=Source(TITLES[name], None, name))
            for name, at in posts.items()
            if name == lease.url
        ]
        await timeline.commit(replace(lease.state, **states[lease.url]), entries, lease)


async def filled(timeline: Timeline) -> None:
    ok = {"checked_at": NOW, "ok_at": NOW, "next_at": NOW + 60}
    failing = {**ok, "problem": "No answer within 20 seconds.", "failing_since": NOW - 3600, "failures": 2}
    await poll(
        timeline,
        {
            FEEDS["harbour"]: ok,
            FEEDS["town"]: {**ok, "title": "Town Hall", "newest": (NOW - 2400, NOW - 9000, NOW + 10**6)[:2]},
            FEEDS["late"]: {**failing, "configured_url": FEEDS["late"].replace("https://", "https://user:secret@")},
        },
        posts={FEEDS["harbour"]: NOW - 300},
    )
