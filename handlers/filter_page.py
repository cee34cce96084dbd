"""`/<blog>/filter`: all sources and tags of a blog to choose, where a page of posts has the newest ones alone."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.page import ThemedPage


class FilterPage(ThemedPage):
    """The filter sheet as a page, with the choices of `?q=`, `?source=` and `?tag=`."""

    async def version(self, slug: str) -> object:
        """The states of the sources, which have the counts, too."""
        return await self.site.sources.of(self.blog(slug))

    async def respond(self, slug: str) -> Sequence[bytes]:
        """The page."""
        blog = self.blog(slug)
        sources = await self.site.sources.of(blog)
        values = self.sheet(blog, self.chosen(), sources, are_all=True)
        return self.themed("filter_page.html", blog, **values)
