"""Drafts, posts, enclosures and withdrawals: frozen values."""

from dataclasses import dataclass
from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC, in whole seconds, the resolution that all feed formats share."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file attached to a post. `length` is in bytes."""

    url: str
    mime_type: str
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post without guid, link and dates."""

    title: str | None = None
    html: str = ""
    summary: str | None = None
    author: str | None = None
    categories: tuple[str, ...] = ()
    image: str | None = None
    enclosure: Enclosure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post(Draft):
    """A published draft. `updated` equals `published` until the first correction."""

    guid: str
    link: str
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """The withdrawal of a post, for formats that have tombstones."""

    guid: str
    when: datetime
