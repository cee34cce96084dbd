"""Addresses of a blog's feeds, and the links of a document: to itself, its hub, its page and its neighbours.

A filter is part of the address, as of a page's: `/blog/feed.xml?source=City%20Hall`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args
from urllib.parse import quote

from config import Blog, Config
from pages.filter import Filter

Form = Literal["xml", "json", "txt"]
"""Atom, JSON Feed and plain text, by the extension of the address."""

FORMS: Final[tuple[Form, ...]] = get_args(Form)

MEDIA_TYPES: Final[dict[Form, str]] = {
    "xml": "application/atom+xml",
    "json": "application/feed+json",
    "txt": "text/plain",
}
CONTENT_TYPES: Final[dict[Form, str]] = {form: f"{kind}; charset=utf-8" for form, kind in MEDIA_TYPES.items()}

HUB_PATH: Final = "/hub"

_ALL: Final = Filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Absolute URLs of a document: its own, that of the page, of the hub if there is one, and of its neighbours.

    ``first``, ``previous`` and ``following`` are the documents of RFC 5005 (paged feeds), newest first.
    """

    own: str
    page: str
    hub: str | None = None
    first: str | None = None
    previous: str | None = None
    following: str | None = None

    @classmethod
    def of(
        cls,
        config: Config,
        blog: Blog,
        form: Form,
        chosen: Filter = _ALL,
        *,
        site_url: str,
        before: str | None = None,
    ) -> Links:
        """The links of a blog's document without those to its neighbours.

        ``site_url`` is `server.public_url`, or the origin that a client asked.
        """
        query = f"?{chosen.parameters()}" if chosen else ""
        own = site_url + feed_address(blog.slug, form, chosen, before=before)
        has_hub = before is None and is_topic(config, blog, chosen)
        return cls(
            own=own,
            page=f"{site_url}/{blog.slug}/{query}",
            hub=f"{config.server.public_url}{HUB_PATH}" if has_hub else None,
            first=site_url + feed_address(blog.slug, form, chosen) if before is not None else None,
        )

    def leading_on(self, *, previous: str | None, following: str | None) -> Links:
        """The links with those to the documents of newer and of older entries."""
        return replace(self, previous=previous, following=following)

    def header(self) -> str:
        """The value of a `Link` header (RFC 8288) by which WebSub subscribers find the hub and the topic."""
        hub = (f'<{self.hub}>; rel="hub"',) if self.hub else ()
        return ", ".join((*hub, f'<{self.own}>; rel="self"'))

    def neighbours(self) -> Iterator[tuple[str, str]]:
        """Relation and URL of the documents of RFC 5005."""
        for relation, url in (("first", self.first), ("previous", self.previous), ("next", self.following)):
            if url:
                yield relation, url


def feed_address(slug: str, form: Form, chosen: Filter = _ALL, *, before: str | None = None) -> str:
    """The path and query of a blog's document; without `server.public_url`'s path."""
    pairs = (f"before={quote(before)}" if before else "", chosen.parameters())
    query = "&".join(filter(None, pairs))
    return f"/{slug}/feed.{form}{'?' if query else ''}{query}"


def alternates(blog: Blog, chosen: Filter | None) -> Iterator[tuple[str, str]]:
    """Media type and address of the feeds that a page names to feed readers."""
    for form in ("xml", "json"):
        yield MEDIA_TYPES[form], feed_address(blog.slug, form, chosen or _ALL)


def is_topic(config: Config, blog: Blog, chosen: Filter = _ALL) -> bool:
    """True for the feeds that our hub distributes: those of public blogs, also by source or tag, but no searches."""
    return config.server.public_url is not None and not blog.private and not chosen.query
