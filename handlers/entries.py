"""`/<blog>/entries`: older entries as a JSON Feed document (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from tornado.web import HTTPError

from entries import FRONT_PAGE, dump
from handlers.base import Handler

MOST: Final = 200


class Entries(Handler):
    """Entries before an opaque place; the document's ``next_url`` leads on."""

    async def get(self, slug: str) -> None:
        """Answers with at most ``limit`` entries."""
        blog = self.blog(slug)
        limit = self._limit()
        before = self.get_query_argument("before", None)
        try:
            page = await self.timeline.page(slug, before, limit)
        except ValueError:
            raise HTTPError(400, reason="`before` is not of this blog.") from None
        head = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": blog.title,
            "home_page_url": self.absolute(f"/{slug}/"),
            "feed_url": self.absolute(self.request.uri or ""),
            "_livelog": {"cursor": str(page.head)},
        }
        if page.older:
            query = urlencode({"before": page.older, "limit": limit})
            head["next_url"] = self.absolute(f"/{slug}/entries?{query}")
        self.set_header("Content-Type", "application/feed+json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        # Items are stored as JSON: they go out as they are.
        self.finish(f'{dump(head)[:-1]},"items":[{",".join(page.items)}]}}')

    def _limit(self) -> int:
        text = self.get_query_argument("limit", str(FRONT_PAGE))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST and len(text) <= 6):
            raise HTTPError(400, reason=f"`limit` is a number from 1 to {MOST}.")
        return int(text)

    def wants_page(self) -> bool:
        """Never: this is for programs."""
        return False
