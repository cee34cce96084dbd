"""The pages people read, rendered on the server: the list of blogs, a blog, one entry among its neighbours."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import Any, Final

from tornado.escape import xhtml_escape
from tornado.web import HTTPError

from config import Blog, Config
from entries import FRONT_PAGE
from feedstate import FeedState
from handlers.base import Handler
from handlers.sources import freshness_words, iso
from pages import metadata
from pages.filter import Filter, Listing, Listings, place
from pages.freshness import Freshness, Sources
from pages.metadata import Metadata
from pages.theme import Theme
from timeline import Timeline, before_token

MOST_PROBLEMS: Final = 1_000
MOST_TAGS: Final = 24

WALL_POSTS: Final = 20
EMBED_POSTS: Final = 10

NEWER_NEIGHBOURS: Final = 3
OLDER_NEIGHBOURS: Final = 7

OLDEST: Final = before_token(-(10**16), "0")
"""A place below all entries."""

_WAITS: Final = (("{n} days", 86_400), ("{n} hours", 3_600), ("{n} minutes", 60), ("{n} seconds", 1))


class Index(Handler):
    """`/`: the blogs; straight to the only one."""

    def get(self) -> None:
        """Answers with the list, or a redirect."""
        blogs = self.livelog.blogs
        if len(blogs) == 1:
            self.redirect(f"/{blogs[0].slug}/")
            return
        self.remember_language()
        self.render("index.html", blogs=blogs)


class _BlogPage(Handler):
    """A page of a blog, as the operator wants it to look."""

    def initialize(  # type: ignore[override]
        self,
        config: Config,
        timeline: Timeline,
        listings: Listings,
        freshness: Freshness,
        themes: dict[str, Theme],
    ) -> None:
        """Takes what the route table hands over."""
        super().initialize(config, timeline)
        self.listings = listings
        self.freshness = freshness
        self.themes = themes

    def show(self, template: str, blog: Blog, **more: Any) -> None:
        """Answers with a page. It changes with every event: a shared cache would hand out old news."""
        self.set_header("Cache-Control", "no-cache")
        self.render(template, **{"blog": blog, "theme": self.themes[blog.slug], "current": None, **more})

    def logo(self, blog: Blog) -> str | None:
        """The address of a blog's logo."""
        file = self.themes[blog.slug].logo
        return self.absolute(f"/{blog.slug}/logo?v={file.version}") if file else None

    def argument(self, name: str) -> str | None:
        """What the address says; bytes that are no text are text that nothing matches."""
        given = self.request.query_arguments.get(name)
        return given[-1].decode("utf-8", "replace") if given else None


class PageHandler(_BlogPage):
    """`/<blog>/`: the newest entries and the cursor they end at; `?before=` leads through the older ones.

    `?source=` and `?tag=` leave some of them, `?view=wall` is for a screen that nobody stands at.
    """

    async def get(self, slug: str) -> None:
        """Answers with the page."""
        blog = self.blog(slug)
        if not self.request.path.endswith("/"):
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(f"/{slug}/{query}")
            return
        self.remember_language()
        view = "wall" if self.argument("view") == "wall" else None
        await self.answer(blog, view, self.argument("before"), WALL_POSTS if view else FRONT_PAGE)

    async def answer(self, blog: Blog, view: str | None, before: str | None, limit: int) -> None:
        """Answers with some posts of a blog."""
        chosen = Filter(self.argument("source") or None, self.argument("tag") or None)
        try:
            found = await self.listings.find(blog.slug, chosen, before, limit)
        except ValueError:
            raise HTTPError(400, reason="That is not a page of this blog.") from None
        live = before is None
        sources = await self.freshness.of(blog) if not view or not found.items else Sources(())
        now = time.time()
        self.show(
            "page.html",
            blog,
            items=found.items,
            cursor=str(found.head),
            older=found.older and self._older(blog, chosen, found.older),
            live=live,
            view=view,
            chosen=chosen,
            whole=found.is_whole,
            problems=await self._problems(blog) if live and view != "embed" else [],
            sources=sources,
            tags=_tags(blog, found),
            snippet=self._snippet(blog),
            freshness=lambda source: freshness_words(source, now, self.locale),
            iso=iso,
            meta=await self._metadata(blog, chosen, found, is_front=live and not view),
        )

    def _snippet(self, blog: Blog) -> str:
        """What a site that may frame the blog puts into a page of its own."""
        address, title = xhtml_escape(self.absolute(f"/{blog.slug}/embed")), xhtml_escape(blog.title)
        return f'<iframe src="{address}" title="{title}" width="100%" height="600" loading="lazy"></iframe>'

    def _older(self, blog: Blog, chosen: Filter, before: str) -> str:
        return f"/{blog.slug}/?" + "&".join(filter(None, (f"before={before}", chosen.query())))

    async def _metadata(self, blog: Blog, chosen: Filter, found: Listing, *, is_front: bool) -> Metadata:
        url = self.absolute(f"/{blog.slug}/")
        if not is_front or chosen:
            return metadata.of_part(blog, url, found.items, self.logo(blog))
        oldest = await self.timeline.newer(blog.slug, OLDEST, 1)
        return metadata.of_blog(blog, url, found.items, next(map(json.loads, oldest), None), self.logo(blog))

    async def _problems(self, blog: Blog) -> list[str]:
        """A sentence for each source of the blog that cannot be reached."""
        titles = {feed.url: feed.title for feed in blog.feeds}
        failing = [state for state in await self.timeline.failing(MOST_PROBLEMS) if state.url in titles]
        return [self._sentence(state, titles[state.url]) for state in failing]

    def _sentence(self, state: FeedState, title: str | None) -> str:
        return self.locale.translate("{name}: {problem} Next try in {wait}.").format(
            name=title or state.title or state.url.partition("://")[2].rpartition("@")[2],
            problem=state.problem,
            wait=self._wait(max(state.next_at - time.time(), 2)),
        )

    def _wait(self, seconds: float) -> str:
        words, size = next((words, size) for words, size in _WAITS if seconds >= 2 * size or size == 1)
        return self.locale.translate(words).format(n=f"{seconds / size:.0f}")


class Embed(PageHandler):
    """`/<blog>/embed`: few posts, for an iframe. Links open outside of it; those may frame it who are named."""

    async def get(self, slug: str) -> None:
        """Answers with the page."""
        blog = self.blog(slug)
        ancestors = " ".join(("frame-ancestors 'self'", *blog.frame_ancestors))
        policy = str(self._headers["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy.replace("frame-ancestors 'self'", ancestors))
        await self.answer(blog, "embed", None, EMBED_POSTS)


class Permalink(_BlogPage):
    """`/<blog>/e/<id>`: one entry among its neighbours."""

    async def get(self, slug: str, entry_id: str) -> None:
        """Answers with the entry."""
        blog = self.blog(slug)
        text = await self.timeline.entry(slug, entry_id)
        if text is None:
            raise await self._absence(slug, entry_id)
        self.remember_language()
        item = json.loads(text)
        above, below = await asyncio.gather(
            self.timeline.newer(slug, place(item), NEWER_NEIGHBOURS + FRONT_PAGE),
            self.timeline.page(slug, place(item), OLDER_NEIGHBOURS),
        )
        neighbours = (*above[-NEWER_NEIGHBOURS:], text, *below.items)
        self.show(
            "permalink.html",
            blog,
            items=[json.loads(one) for one in neighbours],
            current=entry_id,
            newer=_newer(slug, above),
            older=below.older and f"/{slug}/?before={below.older}",
            meta=metadata.of_entry(blog, self.absolute(f"/{slug}/"), item, self.logo(blog)),
        )

    async def _absence(self, slug: str, entry_id: str) -> HTTPError:
        match await self.timeline.fate(slug, entry_id):
            case "withdrawn":
                return HTTPError(410, reason="This post was withdrawn by its source.")
            case "retired":
                return HTTPError(410, reason="This post is too old to be kept here.")
        return HTTPError(404, reason="There is no such post here.")


def _newer(slug: str, above: Any) -> str | None:
    """The page of the posts above those that are shown above an entry."""
    if len(above) <= NEWER_NEIGHBOURS:
        return None
    if len(above) < NEWER_NEIGHBOURS + FRONT_PAGE:
        return f"/{slug}/"
    return f"/{slug}/?before={place(json.loads(above[0]))}"


def _tags(blog: Blog, found: Listing) -> list[str]:
    """The tags that a reader may want: those of the operator's, and those of most posts on the page."""
    own = {tag: len(found.items) for feed in blog.feeds for tag in feed.tags}
    used = Counter(tag for item in found.items for tag in item.get("tags", []))
    return [tag for tag, _ in (Counter(own) + used).most_common(MOST_TAGS)]
