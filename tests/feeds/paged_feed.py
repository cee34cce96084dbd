"""A feed in pages that name the next one: paged or archived (RFC 5005), a JSON Feed, or by the `Link` header."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate

from tests.feeds.documents import atom, json_feed, rss
from tests.feeds.origins import RawOrigin, whole

ATOM_LINK = 'xmlns:atom="http://www.w3.org/2005/Atom"'


class PagedFeed:
    """A feed of ``posts`` (number and date), newest first, in pages of ``size`` that name the next one."""

    def __init__(self, origin: RawOrigin, form: str = "atom", size: int = 10) -> None:
        self.posts: list[tuple[int, float]] = []
        self.url = origin.url("/feed")
        self._origin = origin
        self._form = form
        self.size = size

    def publish(self, count: int, now: float | None = None) -> None:
        """Publishes posts a second apart, the last of them at a Unix time, now if it is None; serves all pages."""
        first, last = len(self.posts), time.time() if now is None else now
        new = [(first + n, last - (count - 1 - n)) for n in range(count)]
        self.posts = [*reversed(new), *self.posts]
        self.serve()

    def serve(self, *, pages: int = 1_000) -> None:
        """Serves the first ``pages``; the last of them names no other."""
        for number, start in enumerate(range(0, len(self.posts), self.size)):
            more = start + self.size < len(self.posts) and number < pages - 1
            self._origin.serve(self.path(number), self._page(start, self.path(number + 1) if more else None))

    def titles(self) -> list[str]:
        """The titles of all posts, newest first."""
        return [f"post {n}" for n, _ in self.posts]

    def path(self, number: int) -> str:
        """The path of a page, counted from 0."""
        return f"/feed?page={number}" if number else "/feed"

    def _page(self, start: int, further: str | None) -> bytes:
        posts = self.posts[start : start + self.size]
        relation = "prev-archive" if self._form == "archive" else "next"
        link = f'rel="{relation}" href="{further}"'
        match self._form:
            case "json":
                items = [{"id": f"p{n}", "title": f"post {n}", "date_published": rfc3339(at)} for n, at in posts]
                return whole(json_feed(*items, **({"next_url": further} if further else {})))
            case "rss":
                inside = [
                    f"<guid isPermaLink='false'>p{n}</guid><title>post {n}</title><pubDate>{formatdate(at)}</pubDate>"
                    for n, at in posts
                ]
                return whole(rss(*inside, channel=f"<title>News</title><atom:link {ATOM_LINK} {link}/>"))
        inside = [f"<id>p{n}</id><title>post {n}</title><published>{rfc3339(at)}</published>" for n, at in posts]
        if self._form == "header":
            return whole(atom(*inside), f'Link: <{further}>; rel="next"') if further else whole(atom(*inside))
        return whole(atom(*inside, feed="<title>News</title>" + (f"<link {link}/>" if further else "")))


def rfc3339(at: float) -> str:
    """A Unix time as RFC 3339 writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()
