"""The pages of a blog, rendered on the server: the list of blogs, a blog's page, and the page for an iframe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Final

from tornado.escape import xhtml_escape

from config import Blog
from entries import FRONT_PAGE
from handlers.access import remember
from handlers.base import Handler
from handlers.cached import KEPT_SECONDS, UNANNOUNCED_SECONDS, CachedHandler
from handlers.wall import wall_values
from pages import item, language, metadata
from pages.addresses import blog_address
from pages.choices import choices
from pages.filter import Filter, FilteredPage
from pages.freshness import Sources
from pages.metadata import Metadata
from pages.search import MAX_QUERY_CHARS
from pages.source_text import freshness_text, iso, problem_texts
from timeline import before_token

EMBED_POSTS: Final = 10

SLICE_SECONDS: Final = 0.002
"""Time of rendering after which the event loop runs other tasks."""

_BELOW_ALL: Final = before_token(-(10**16), "0")
"""A ``before`` older than every entry: the entry above it is the oldest."""


class Index(Handler):
    """`/`: the list of blogs; a redirect if there is only one."""

    def get(self) -> None:
        """Sends the list, or the redirect."""
        all_blogs = self.site.config.blogs
        is_named = self.is_named()
        blogs = [blog for blog in all_blogs if is_named or not blog.private]
        if len(blogs) < len(all_blogs) or is_named:
            self.set_header("Cache-Control", "private, no-store")
        if len(blogs) == 1:
            self.redirect(f"/{blogs[0].slug}/")
            return
        self.remember_language()
        self.render("index.html", blogs=blogs, are_private=bool(all_blogs) and not blogs)


class ThemedPage(CachedHandler):
    """A page of a blog, with the blog's accent, style sheet and logo."""

    def prepare(self) -> None:
        """Answers a link with a token by a redirect to the address without it, and a cookie."""
        super().prepare()
        if not self._finished and self.token and self.grant is not None and not self.wants_json():
            remember(self, self.base(self.path_args[0]), self.grant)
            slash = "/" if self.request.path == f"/{self.path_args[0]}" else ""
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(f"{self.request.path}{slash}{query}", status=303)

    def themed(self, template: str, blog: Blog, **values: Any) -> Sequence[bytes]:
        """A rendered template. Caches must revalidate: the page changes with every event."""
        self.set_header("Cache-Control", "no-cache")
        html = self.page(template, **{"blog": blog, "theme": self.site.theme(blog), "current": None, **values})
        return [html]

    async def rendered(self, items: Sequence[Mapping[str, Any]], **values: Any) -> list[bytes]:
        """Posts as HTML, made in slices of SLICE_SECONDS: 50 posts take 8 ms. Other tasks run in between."""
        code = language.language(self.locale).code
        parts: list[bytes] = []
        last_day, until = None, monotonic() + SLICE_SECONDS
        for one in items:
            own_day = item.day(one["_livelog"]["position"], code)
            parts.append(
                self.render_string("entry.html", item=one, own_day=own_day, starts_day=own_day != last_day, **values)
            )
            last_day = own_day
            if monotonic() > until:
                await asyncio.sleep(0)
                until = monotonic() + SLICE_SECONDS
        return parts

    def logo(self, blog: Blog) -> str | None:
        """The absolute URL of a blog's logo."""
        file = self.site.theme(blog).logo
        return self.absolute(f"/{blog.slug}/logo?v={file.version}") if file else None

    def sheet(self, blog: Blog, chosen: Filter, sources: Sources, *, are_all: bool = False) -> dict[str, Any]:
        """The names that templates/filter_form.html needs. The links of the page keep the list view."""
        view = "list" if self.text_argument("view") == "list" else None
        now = self.site.timeline.now()
        return {
            "chosen": chosen,
            "choices": choices(sources, chosen, are_all=are_all),
            "sources": sources,
            "address_of": partial(blog_address, self.base(blog.slug), view=view),
            "kept_view": view,
            "freshness": lambda source: freshness_text(source, now, self.locale),
            "iso": iso,
            "MAX_QUERY_CHARS": MAX_QUERY_CHARS,
        }


class BlogPage(ThemedPage):
    """`/<blog>/`: the newest entries and the cursor they end at; with `?before=`, older ones.

    `?q=`, `?source=` and `?tag=` filter; `?view=list` has headlines only, `?view=wall` is for an unattended screen.
    """

    async def get(self, slug: str, *_: str) -> None:
        """Sends the page, or a redirect to the address with a slash."""
        self.blog(slug)
        if self.request.path == f"/{slug}":
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(f"/{slug}/{query}")
            return
        await super().get(slug)

    def is_protected(self, blog: Blog) -> bool:
        """False for the address without a slash, to which no cookie is sent: it leads to the one with a slash."""
        return super().is_protected(blog) and (self.request.path != f"/{blog.slug}" or self.token is not None)

    def personal(self) -> None:
        """Stores the language that the query names."""
        self.remember_language()

    def kept_seconds(self) -> float:
        """Longer for the front page: all its posts are events."""
        return KEPT_SECONDS if self.request.query in ("", "view=wall", "view=list") else UNANNOUNCED_SECONDS

    async def version(self, slug: str) -> object:
        """The newest event, and the states of the sources."""
        head = self.fanout.head(slug)
        return head and (head, await self.site.sources.of(self.blog(slug)))

    async def respond(self, slug: str) -> Sequence[bytes]:
        """The page."""
        blog = self.blog(slug)
        if self.text_argument("view") == "wall":
            return self.themed("wall.html", blog, **await wall_values(self, blog))
        view = "list" if self.text_argument("view") == "list" else None
        return await self.posts(blog, view, self.text_argument("before"), FRONT_PAGE)

    async def posts(self, blog: Blog, view: str | None, before: str | None, limit: int) -> Sequence[bytes]:
        """A page with at most ``limit`` posts, older than ``before`` if it is given."""
        chosen = self.chosen()
        page = await self.filtered_page(blog, chosen, before, limit)
        live = before is None
        # The embed shows neither the filter nor problems; its sources explain an empty page only.
        sources = await self.site.sources.of(blog) if view != "embed" or not page.items else Sources(())
        has_highlights = live and not chosen and view != "wall"
        sheet = self.sheet(blog, chosen, sources)
        now = self.site.timeline.now()
        return self.themed(
            "page.html",
            blog,
            items=page.items,
            posts=await self.rendered(page.items, blog=blog, view=view, current=None),
            cursor=str(page.head),
            older=page.older and sheet["address_of"](chosen, before=page.older),
            view_address=partial(blog_address, self.base(blog.slug)),
            live=live,
            view=view,
            **sheet,
            whole=page.is_complete,
            problems=problem_texts(sources, now, self.locale) if live and view != "embed" else [],
            snippet=self._snippet(blog),
            highlights=await self.site.key_events.of(blog, page.head) if has_highlights else None,
            shown={item["id"] for item in page.items},
            meta=await self._metadata(blog, chosen, page, is_front=live and not view),
        )

    def _snippet(self, blog: Blog) -> str:
        """The HTML that embeds the blog in another site's page."""
        address, title = xhtml_escape(self.absolute(f"/{blog.slug}/embed")), xhtml_escape(blog.title)
        return f'<iframe src="{address}" title="{title}" width="100%" height="600" loading="lazy"></iframe>'

    async def _metadata(self, blog: Blog, chosen: Filter, page: FilteredPage, *, is_front: bool) -> Metadata:
        url = self.absolute(f"/{blog.slug}/")
        if not is_front or chosen:
            return metadata.of_part(blog, url, page.items, self.logo(blog))
        oldest = await self.site.timeline.newer(blog.slug, _BELOW_ALL, 1)
        return metadata.of_blog(blog, url, page.items, next(map(json.loads, oldest), None), self.logo(blog))


class Embed(BlogPage):
    """`/<blog>/embed`: few posts, for an iframe on the sites in `frame_ancestors`. Links open in a new tab."""

    def personal(self) -> None:
        """Stores nothing: the page is inside another site's."""

    async def respond(self, slug: str) -> Sequence[bytes]:
        """The page."""
        blog = self.blog(slug)
        ancestors = " ".join(("frame-ancestors 'self'", *blog.frame_ancestors))
        policy = str(self._headers["Content-Security-Policy"])
        self.set_header("Content-Security-Policy", policy.replace("frame-ancestors 'self'", ancestors))
        return await self.posts(blog, "embed", None, EMBED_POSTS)
