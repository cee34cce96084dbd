"""The pages people read, rendered on the server: the list of blogs, a blog, one entry."""

from __future__ import annotations

import json
import time
from typing import Final

from tornado.web import HTTPError

from config import Blog
from entries import FRONT_PAGE, FeedState
from feeds.schedule import spoken
from handlers.base import Handler

MOST_PROBLEMS: Final = 1_000


class Index(Handler):
    """`/`: the blogs; straight to the only one."""

    def get(self) -> None:
        """Answers with the list, or a redirect."""
        blogs = self.livelog.blogs
        if len(blogs) == 1:
            self.redirect(f"/{blogs[0].slug}/")
            return
        self.render("index.html", blogs=blogs)


class PageHandler(Handler):
    """`/<blog>/`: the newest entries and the cursor they end at; `?before=` leads through the older ones."""

    async def get(self, slug: str) -> None:
        """Answers with the page."""
        blog = self.blog(slug)
        if not self.request.path.endswith("/"):
            self.redirect(f"/{slug}/")
            return
        before = self.get_query_argument("before", None)
        try:
            page = await self.timeline.page(slug, before, FRONT_PAGE)
        except ValueError:
            raise HTTPError(400, reason="That is not a page of this blog.") from None
        older = page.older and f"/{slug}/?before={page.older}"
        # The page changes with every event: a shared cache would hand out old news.
        self.set_header("Cache-Control", "no-cache")
        self.render(
            "page.html",
            blog=blog,
            items=[json.loads(item) for item in page.items],
            cursor=str(page.head),
            older=older,
            live=before is None,
            problems=await self._problems(blog) if before is None else [],
            has_feeds=bool(blog.feeds),
        )

    async def _problems(self, blog: Blog) -> list[str]:
        """A sentence for each source of the blog that cannot be reached."""
        titles = {feed.url: feed.title for feed in blog.feeds}
        failing = [state for state in await self.timeline.failing(MOST_PROBLEMS) if state.url in titles]
        return [_sentence(state, titles[state.url]) for state in failing]


class Permalink(Handler):
    """`/<blog>/e/<id>`: one entry's page."""

    async def get(self, slug: str, entry_id: str) -> None:
        """Answers with the entry."""
        blog = self.blog(slug)
        item = await self.timeline.entry(slug, entry_id)
        if item is None:
            raise HTTPError(404, reason="There is no such entry here; it may have been withdrawn.")
        self.render("permalink.html", blog=blog, item=json.loads(item))


def _sentence(state: FeedState, title: str | None) -> str:
    name = title or state.title or state.url.partition("://")[2].rpartition("@")[2]
    return f"{name}: {state.problem} Next try in {spoken(state.next_at - time.time())}."
