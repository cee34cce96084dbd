"""`/robots.txt` (RFC 9309): the paths that crawlers are kept from."""

from __future__ import annotations

from typing import Final

from handlers.base import BaseHandler

_KEPT_FROM: Final = ("ws", "events", "entries", "sources", "filter")
"""Paths below a blog's without a page for readers of a search engine, some of which never end."""

MAX_AGE_SECONDS: Final = 3600


class Robots(BaseHandler):
    """The paths by pattern: no blog is named.

    Pages that ask to be left out are not among them: a crawler that is kept from a page cannot read that it asks so.
    """

    def get(self) -> None:
        """Sends the file. If all blogs are private, crawlers are kept from all of it."""
        blogs = self.site.config.blogs
        is_all = bool(blogs) and all(blog.private for blog in blogs)
        paths = ["/"] if is_all else [f"{self.prefix}/*/{name}" for name in _KEPT_FROM]
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Cache-Control", f"max-age={MAX_AGE_SECONDS}")
        self.finish("\n".join(["User-agent: *", *(f"Disallow: {path}" for path in paths), ""]))
