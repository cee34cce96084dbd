"""A feed whose documents are committed to a timeline one after the other, as polls do, without a server."""

from __future__ import annotations

import json
from dataclasses import replace

from entries import Event
from feeds.parser.document import Reading, parse
from feeds.positions import positioned
from feedstate import Marks
from timeline import Timeline

NOW = 1_800_000_000.0

Change = tuple[str, str | None]
"""The kind of an event, and the title of its entry; None for one that is gone."""


class ServedFeed:
    """A feed of a blog of its own, at ``url``."""

    def __init__(self, timeline: Timeline, blog: str = "blog") -> None:
        self.blog = blog
        self.url = f"https://newsroom.example/{blog}"
        self._timeline = timeline
        self._known = Marks()
        self._site: str | None = None

    async def serve(self, body: bytes, base: str | None = None) -> list[Change]:
        """Commits a document, which was found at ``base``; returns the events."""
        reading = Reading(
            body=body,
            url=self.url,
            base=base or self.url,
            known=self._known,
            known_at=NOW,
            former_site=self._site,
        )
        document = parse(reading)
        self._known, self._site = document.listed, document.site_url
        await self._timeline.follow({self.url: 0.0})
        (lease,) = await self._timeline.claim(NOW, 1, 60.0)
        head = await self._timeline.head(self.blog)
        state = replace(lease.state, checked_at=NOW, next_at=0.0, listed=document.listed)
        entries = positioned(document.entries, self.blog, NOW, backfill=False)
        # Entries behind the front page are stored without an event only if they are backfilled.
        announced = [replace(entry, backfilled=False) for entry in entries]
        withdrawn = [(self.blog, entry_id) for entry_id in document.withdrawn]
        await self._timeline.commit(state, announced, lease, withdrawn)
        return [_change(event) for event in (await self._timeline.replay(self.blog, head, 100_000)).events]

    async def titles(self) -> list[str]:
        """The titles of the newest entries, sorted."""
        page = await self._timeline.page(self.blog, None, 200)
        return sorted(json.loads(item).get("title", "") for item in page.items)


def _change(event: Event) -> Change:
    return event.kind, json.loads(event.item).get("title") if event.item else None
