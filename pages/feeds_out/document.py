"""The parts of a feed document that all forms share: the blog, the links, and the entries as they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from config import Blog
from pages.feeds_out.links import Links
from pages.language import LANGUAGES
from timeline import Withdrawal

MAX_BYTES: Final = 900_000
"""Size of a document, in UTF-8: entries beyond it are in the next one. Subscribers limit bodies to 1 MiB."""

Item = Mapping[str, Any]
"""An item of JSON Feed 1.1, as `Entry.item` has it."""


class Written(NamedTuple):
    """An entry in the form of a document, and the time of its last change (RFC 3339; empty if the form has none)."""

    text: str
    updated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlogFacts:
    """Facts about a blog in the head of a document. ``language`` is a tag of BCP 47, ``logo`` an absolute URL."""

    title: str
    language: str | None = None
    logo: str | None = None

    @classmethod
    def of(cls, blog: Blog, site_url: str) -> BlogFacts:
        """The facts of a blog, below ``site_url``: `server.public_url`, or the origin that a client asked."""
        language = next((one.tag for one in LANGUAGES if one.code == blog.language), None)
        return cls(title=blog.title, language=language, logo=f"{site_url}/{blog.slug}/logo" if blog.logo else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """All parts of a document. ``withdrawn`` is newest first, ``entries`` as on the page."""

    blog: BlogFacts
    links: Links
    entries: Sequence[Written]
    withdrawn: Sequence[Withdrawal] = ()
