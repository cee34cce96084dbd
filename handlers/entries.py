"""`/<blog>/entries`: older entries as a JSON Feed document (https://www.jsonfeed.org/version/1.1/).

It takes the filter of a page (`q`, `source`, `tag`). If a scan reaches its limit first, the document may have few
or no items, and its ``next_url`` leads on. Scripts of other sites may read the answers.

With `?after=<cursor>` the same path serves clients that can keep neither a WebSocket nor an event stream open: they
poll it, and each answer has the messages that a connection would have received.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar
from urllib.parse import urlencode

from tornado.web import HTTPError

from config import Blog
from entries import FRONT_PAGE, dump
from handlers.base import Handler
from handlers.cached import CachedHandler
from handlers.cors import CorsHandler
from pages.filter import Filter
from timeline import Page

MAX_LIMIT: Final = 200

T = TypeVar("T", str, bytes)


class Entries(CorsHandler, CachedHandler):
    """Entries older than an opaque ``before``, with a ``next_url``; or the messages after a cursor."""

    has_json_errors = True

    async def respond(self, slug: str) -> Sequence[str | bytes]:
        """At most ``limit`` entries, or the messages after the cursor."""
        blog = self.blog(slug)
        after = self.cursor()
        self.set_header("Content-Type", "application/feed+json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        return await (self._older(blog) if after is None else self._messages(blog, after))

    async def _messages(self, blog: Blog, after: str) -> Sequence[str | bytes]:
        messages = await self.fanout.missed(blog.slug, after)
        # `after` can be any bytes, so `feed_url` is the path alone.
        head = dump(self._head(blog, self.request.path))
        return [f'{head[:-1]},"_livelog":{{"messages":[', *_separated(messages, b","), ']},"items":[]}']

    async def _older(self, blog: Blog) -> Sequence[str | bytes]:
        limit = self._limit()
        before = self.get_query_argument("before", None)
        chosen = self.chosen()
        page = await stored_page(self, blog, chosen, before, limit)
        head = {
            **self._head(blog, self.request.uri or ""),
            "_livelog": {"cursor": str(page.head)},
        }
        if page.older:
            query = "&".join(filter(None, (urlencode({"before": page.older, "limit": limit}), chosen.parameters())))
            head["next_url"] = self.absolute(f"/{blog.slug}/entries?{query}")
        # Items are stored as JSON text: they are sent without being parsed.
        return [f'{dump(head)[:-1]},"items":[', *_separated(page.items, ","), "]}"]

    def _head(self, blog: Blog, path: str) -> dict[str, object]:
        return {
            "version": "https://jsonfeed.org/version/1.1",
            "title": blog.title,
            "home_page_url": self.absolute(f"/{blog.slug}/"),
            "feed_url": self.absolute(path),
        }

    def _limit(self) -> int:
        text = self.get_query_argument("limit", str(FRONT_PAGE))
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MAX_LIMIT and len(text) <= 6):
            raise HTTPError(400, reason=f"`limit` is a number from 1 to {MAX_LIMIT}.")
        return int(text)


class Previous(CorsHandler, Handler):
    """`/<blog>/e/<id>/previous`: an entry as it was before its last correction."""

    has_json_errors = True

    async def get(self, slug: str, entry_id: str) -> None:
        """Sends the item as JSON."""
        self.blog(slug)
        item = await self.site.timeline.previous(slug, entry_id)
        if item is None:
            raise HTTPError(404, reason="No former version of such an entry is kept here.")
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(item)


async def stored_page(handler: Handler, blog: Blog, chosen: Filter, before: str | None, limit: int) -> Page:
    """The newest posts that match, as JSON texts, which are not parsed if all do.

    Raises HTTPError 400 for a foreign ``before``, and RefusedError.
    """
    if chosen:
        found = await handler.filtered_page(blog, chosen, before, limit)
        return Page([dump(item) for item in found.items], found.head, found.older)
    try:
        return await handler.site.timeline.page(blog.slug, before, limit)
    except ValueError:
        raise HTTPError(400, reason="`before` is not of this blog.") from None


def _separated(parts: Sequence[T], separator: T) -> Sequence[T]:
    """The parts with a separator between any two."""
    return [piece for part in parts for piece in (separator, part)][1:]
