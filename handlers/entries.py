"""`/<blog>/entries`: older entries as a JSON Feed document (https://www.jsonfeed.org/version/1.1/).

With a cursor (`?after=`) it is the way for readers to whom neither WebSocket nor event stream gets through: they ask
again and again, and each answer has the messages that a connection would have brought.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from tornado.web import HTTPError

from config import Blog, Config
from entries import FRONT_PAGE, dump
from fanout.fanout import FanOut
from handlers.base import Handler
from timeline import Timeline

MOST: Final = 200


class Entries(Handler):
    """Entries before an opaque place; the document's ``next_url`` leads on. Or the messages after a cursor."""

    def initialize(self, config: Config, timeline: Timeline, fanout: FanOut) -> None:  # type: ignore[override]
        """Takes what the route table hands over."""
        super().initialize(config, timeline)
        self.fanout = fanout

    async def get(self, slug: str) -> None:
        """Answers with at most ``limit`` entries, or with what follows the cursor."""
        blog = self.blog(slug)
        after = self.cursor()
        if after is None:
            await self._older(blog, slug)
        else:
            await self._missed(blog, slug, after)

    async def _missed(self, blog: Blog, slug: str, after: str) -> None:
        messages = await self.fanout.missed(slug, after)
        # `after` may be any bytes: of the address only the path is repeated.
        head = dump(self._head(blog, slug, self.request.path))
        self._send(f'{head[:-1]},"_livelog":{{"messages":[{b",".join(messages).decode()}]}},"items":[]}}')

    async def _older(self, blog: Blog, slug: str) -> None:
        limit = self._limit()
        before = self.get_query_argument("before", None)
        try:
            page = await self.timeline.page(slug, before, limit)
        except ValueError:
            raise HTTPError(400, reason="`before` is not of this blog.") from None
        head = {
            **self._head(blog, slug, self.request.uri or ""),
            "_livelog": {"cursor": str(page.head)},
        }
        if page.older:
            query = urlencode({"before": page.older, "limit": limit})
            head["next_url"] = self.absolute(f"/{slug}/entries?{query}")
        # Items are stored as JSON: they go out as they are.
        self._send(f'{dump(head)[:-1]},"items":[{",".join(page.items)}]}}')

    def _head(self, blog: Blog, slug: str, path: str) -> dict[str, object]:
        return {
            "version": "https://jsonfeed.org/version/1.1",
            "title": blog.title,
            "home_page_url": self.absolute(f"/{slug}/"),
            "feed_url": self.absolute(path),
        }

    def _send(self, document: str) -> None:
        self.set_header("Content-Type", "application/feed+json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(document)

    def _limit(self) -> int:
        text = self.get_query_argument("limit", str(FRONT_PAGE))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST and len(text) <= 6):
            raise HTTPError(400, reason=f"`limit` is a number from 1 to {MOST}.")
        return int(text)

    def wants_page(self) -> bool:
        """Never: this is for programs."""
        return False


class Previous(Handler):
    """The former item, as JSON."""

    async def get(self, slug: str, entry_id: str) -> None:
        """Answers with it."""
        self.blog(slug)
        item = await self.timeline.previous(slug, entry_id)
        if item is None:
            raise HTTPError(404, reason="No former version of such an entry is kept here.")
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        # It was stored as JSON: it goes out as it is.
        self.finish(item)

    def wants_page(self) -> bool:
        """Never: this is for programs."""
        return False
