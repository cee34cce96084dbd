"""What a newsroom publishes: drafts, posts, enclosures and withdrawals. Plain frozen values."""

from dataclasses import dataclass
from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC, in whole seconds: the finest that every feed format can say."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that comes with a post. `length` is in bytes."""

    url: str
    mime_type: str
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a reporter hands in: everything of a post but its place in the world (guid, link, dates)."""

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
    """A post that was taken back, for formats that can say so."""

    guid: str
    when: datetime
