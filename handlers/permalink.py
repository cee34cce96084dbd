"""`/<blog>/e/<id>`: the page of one entry, among the entries next to it; or the entry as JSON, by `Accept`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Final

from tornado.web import HTTPError

from entries import FRONT_PAGE
from handlers.page import ThemedPage
from pages import metadata
from pages.filter import before_item

NEWER_NEIGHBOURS: Final = 3
OLDER_NEIGHBOURS: Final = 7


class Permalink(ThemedPage):
    """The entry, with NEWER_NEIGHBOURS above and OLDER_NEIGHBOURS below it."""

    def personal(self) -> None:
        """Stores the language that the query names."""
        self.remember_language()

    async def respond(self, slug: str, entry_id: str) -> Sequence[str | bytes]:
        """The page, or the item for programs that ask for JSON. A withdrawn or retired entry is a 410."""
        blog = self.blog(slug)
        text = await self.site.timeline.entry(slug, entry_id)
        if text is None:
            raise await self._missing(slug, entry_id)
        if self.wants_json():
            return self._item(text)
        item = json.loads(text)
        above, below = await asyncio.gather(
            self.site.timeline.newer(slug, before_item(item), NEWER_NEIGHBOURS + FRONT_PAGE),
            self.site.timeline.page(slug, before_item(item), OLDER_NEIGHBOURS),
        )
        shown = [json.loads(one) for one in (*above[-NEWER_NEIGHBOURS:], text, *below.items)]
        return self.themed(
            "permalink.html",
            blog,
            posts=await self.rendered(shown, blog=blog, view=None, current=entry_id),
            newer=_newer(self.base(slug), above),
            older=below.older and f"{self.base(slug)}?before={below.older}",
            meta=metadata.of_entry(blog, self.absolute(f"/{slug}/"), item, self.logo(blog)),
        )

    def _item(self, text: str) -> Sequence[str]:
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Vary", "Accept")
        return [text]

    async def _missing(self, slug: str, entry_id: str) -> HTTPError:
        match await self.site.timeline.fate(slug, entry_id):
            case "withdrawn":
                return HTTPError(410, reason="This post was withdrawn by its source.")
            case "retired":
                return HTTPError(410, reason="This post is too old to be kept here.")
        return HTTPError(404, reason="There is no such post here.")


def _newer(base: str, above: Sequence[str]) -> str | None:
    """The path of the page that ends right above the entries shown here; None if there is nothing above them."""
    if len(above) <= NEWER_NEIGHBOURS:
        return None
    if len(above) < NEWER_NEIGHBOURS + FRONT_PAGE:
        return base
    return f"{base}?before={before_item(json.loads(above[0]))}"
