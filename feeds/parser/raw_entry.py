"""What a feed document lists, as its publisher wrote it: raw, untrusted, the same for every format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entries import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry of a document. ``content`` and ``summary`` are HTML; ``base`` is what its links refer to."""

    guid: str | None = None
    link: str | None = None
    base: str | None = None
    title: str | None = None
    title_is_html: bool = False
    content: str | None = None
    summary: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def hollow(self) -> bool:
        """Nothing a reader could read or follow."""
        return not (self.title or self.content or self.summary or self.link or self.attachments)

    def newer_than(self, other: Listed) -> bool:
        """Whether this is the later version of an entry that a document lists twice."""
        mine, its = self.modified or self.published, other.modified or other.published
        return mine is not None and its is not None and mine > its


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """When a publisher asks to be polled: not before ``ttl`` seconds, nor in these hours (UTC) and on these days.

    From RSS's ttl, skipHours and skipDays, and the syndication module's updatePeriod and updateFrequency. Days are
    0 for Monday to 6 for Sunday.
    """

    ttl: float = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


NO_WISHES: Final = Wishes()
"""What most publishers ask for: nothing."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that its publisher has withdrawn (RFC 6721): its guid, and since when."""

    guid: str
    when: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A document: the feed's title and site, its entries in the document's order, and what else it says."""

    title: str | None
    site_url: str | None
    entries: Sequence[Listed]
    whole: bool = True
    wishes: Wishes = NO_WISHES
    tombstones: Sequence[Tombstone] = ()
