"""`/<blog>/entries`: older entries as a JSON Feed document (https://www.jsonfeed.org/version/1.1/).

It takes the filter of a page (`q`, `source`, `tag`). If a scan reaches its limit first, the document may have few
or no items, and its ``next_url`` leads on. Scripts of other sites may read the answers.

With `?after=<cursor>` the same path serves clients that can keep neither a WebSocket nor an event stream open: they
poll it, and each answer has the messages that a connection would have received.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from tornado.web import HTTPError

from config import Blog
from entries import FRONT_PAGE, dump
from handlers.base import Handler
from pages.filter import Filter
from timeline import Page

MAX_LIMIT: Final = 200


class Entries(Handler):
    """Entries older than an opaque ``before``, with a ``next_url``; or the messages after a cursor."""

    has_json_errors = True

    async def get(self, slug: str) -> None:
        """Sends at most ``limit`` entries, or the messages after the cursor."""
        blog = self.blog(slug)
        after = self.cursor()
        if after is None:
            await self._send_older(blog)
        else:
            await self._send_messages(blog, after)

    async def _send_messages(self, blog: Blog, after: str) -> None:
        messages = await self.fanout.missed(blog.slug, after)
        # `after` can be any bytes, so `feed_url` is the path alone.
        head = dump(self._head(blog, self.request.path))
        self._send(f'{head[:-1]},"_livelog":{{"messages":[{b",".join(messages).decode()}]}},"items":[]}}')

    async def _send_older(self, blog: Blog) -> None:
        limit = self._limit()
        before = self.get_query_argument("before", None)
        chosen = self.chosen()
        page = await self._page(blog, chosen, before, limit)
        head = {
            **self._head(blog, self.request.uri or ""),
            "_livelog": {"cursor": str(page.head)},
        }
        if page.older:
            query = "&".join(filter(None, (urlencode({"before": page.older, "limit": limit}), chosen.parameters())))
            head["next_url"] = self.absolute(f"/{blog.slug}/entries?{query}")
        # Items are stored as JSON text: they are sent without being parsed.
        self._send(f'{dump(head)[:-1]},"items":[{",".join(page.items)}]}}')

    async def _page(self, blog: Blog, chosen: Filter, before: str | None, limit: int) -> Page:
        if chosen:
            found = await self.filtered_page(blog, chosen, before, limit)
            return Page([dump(item) for item in found.items], found.head, found.older)
        try:
            return await self.site.timeline.page(blog.slug, before, limit)
        except ValueError:
            raise HTTPError(400, reason="`before` is not of this blog.") from None

    def _head(self, blog: Blog, path: str) -> dict[str, object]:
        return {
            "version": "https://jsonfeed.org/version/1.1",
            "title": blog.title,
            "home_page_url": self.absolute(f"/{blog.slug}/"),
            "feed_url": self.absolute(path),
        }

    def _send(self, document: str) -> None:
        self.set_header("Content-Type", "application/feed+json; charset=utf-8")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cache-Control", "no-cache")
        self.finish(document)

    def _limit(self) -> int:
        text = self.get_query_argument("limit", str(FRONT_PAGE))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_LIMIT and len(text) <= 6):
            raise HTTPError(400, reason=f"`limit` is a number from 1 to {MAX_LIMIT}.")
        return int(text)


class Previous(Handler):
    """`/<blog>/e/<id>/previous`: an entry as it was before its last correction."""

    has_json_errors = True

    async def get(self, slug: str, entry_id: str) -> None:
        """Sends the item as JSON."""
        self.blog(slug)
        item = await self.site.timeline.previous(slug, entry_id)
        if item is None:
            raise HTTPError(404, reason="No former version of such an entry is kept here.")
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cache-Control", "no-cache")
        self.finish(item)
