"""`/<blog>/feed.xml`, `feed.json` and `feed.txt`: the blog for feed readers, other sites and a second Livelog.

They take the filter of a page. A document has a front page of posts, fewer if they are long, and leads on to older
ones. There is no `Last-Modified`: two changes within a second would have the same, and a change of the configuration
has no time, so only `ETag` tells whether a document has changed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import cached_property
from time import monotonic
from typing import Final, cast

from config import Blog
from entries import FRONT_PAGE
from handlers.cached import KEPT_SECONDS, UNANNOUNCED_SECONDS, CachedHandler
from handlers.cors import CorsHandler
from handlers.entries import stored_page
from handlers.page import SLICE_SECONDS
from pages.feeds_out.document import BlogFacts, Feed, Written
from pages.feeds_out.links import CONTENT_TYPES, Form, Links, feed_address
from pages.feeds_out.render import write, written
from pages.filter import Filter, before_item
from timeline import Withdrawal, parse_before

MAX_WITHDRAWN: Final = 200
WITHDRAWN_SECONDS: Final = 30 * 86_400.0
"""Withdrawn posts that a document names, and for how long: subscribers that come later may keep them."""


class BlogFeed(CorsHandler, CachedHandler):
    """The newest posts of a blog, or those below an opaque ``before``; and withdrawals."""

    has_json_errors = True

    @cached_property
    def _part(self) -> tuple[Filter, str | None]:
        """The filter, and the ``before`` of older posts."""
        return self.chosen(), self.text_argument("before")

    def key(self) -> object:
        """All that the answer depends on: readers differ in other parameters, languages and `Accept`."""
        return self.request.path, *self._part, self.absolute("")

    def is_short(self) -> bool:
        """True for the front page: thousands may poll it, and one of them has it rendered after a change."""
        return not any(self._part)

    def kept_seconds(self) -> float:
        """Longer for the front page: all its posts are events."""
        return UNANNOUNCED_SECONDS if any(self._part) else KEPT_SECONDS

    async def respond(self, slug: str, name: str) -> Sequence[str | bytes]:
        """The document."""
        form, blog = cast("Form", name), self.blog(slug)
        chosen, before = self._part
        page = await stored_page(self, blog, chosen, before, FRONT_PAGE)
        entries = await _write_entries(form, page.items)
        older = page.older
        if len(entries) < len(page.items):
            older = before_item(json.loads(page.items[len(entries) - 1]))
        site = self.absolute("")
        links = Links.of(self.site.config, blog, form, chosen, site_url=site, before=before).leading_on(
            previous=site + await self._previous(blog, form, before) if before and not chosen else None,
            following=site + feed_address(slug, form, chosen, before=older) if older else None,
        )
        self.set_header("Content-Type", CONTENT_TYPES[form])
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Link", links.header())
        withdrawn = await self._withdrawn(slug) if before is None else ()
        return [write(form, Feed(blog=BlogFacts.of(blog, site), links=links, entries=entries, withdrawn=withdrawn))]

    async def _previous(self, blog: Blog, form: Form, before: str) -> str:
        """The address of the document that ends right above: it has as many posts as have room."""
        _, last = parse_before(before)
        own = await self.site.timeline.entry(blog.slug, last)
        above = await self.site.timeline.newer(blog.slug, before, FRONT_PAGE + 1)
        nearest = [*([own] if own else []), *reversed(above)]
        count = len(await _write_entries(form, nearest[:FRONT_PAGE]))
        top = before_item(json.loads(nearest[count])) if count < len(nearest) else None
        return feed_address(blog.slug, form, before=top)

    async def _withdrawn(self, slug: str) -> Sequence[Withdrawal]:
        since = self.site.timeline.now() - WITHDRAWN_SECONDS
        return await self.site.timeline.withdrawn(slug, since, MAX_WITHDRAWN)


async def _write_entries(form: Form, items: Sequence[str]) -> list[Written]:
    """As many entries as a document has room for, written in slices: other tasks run in between."""
    entries, until = [], monotonic() + SLICE_SECONDS
    for entry in written(form, items):
        entries.append(entry)
        if monotonic() > until:
            await asyncio.sleep(0)
            until = monotonic() + SLICE_SECONDS
    return entries
