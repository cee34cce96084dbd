"""`/<blog>/e/<id>/previous`: what an entry was before its last correction."""

from __future__ import annotations

from tornado.web import HTTPError

from handlers.base import Handler


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
