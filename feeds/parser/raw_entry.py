"""Content of a feed document as its publisher wrote it: untrusted, and in one form for all formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import urls
from entries import Attachment, Details
from feeds.parser.head_links import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """One entry of a document. ``content`` and ``summary`` are HTML.

    ``feed_base`` is the URL that the document came from; ``base`` is the entry's own base (xml:base), if it has one.
    ``origin`` is the address behind a ``link`` that redirects, ``inherited_authors`` are those of its source or feed,
    ``details`` reads the rest of it,
    also as published; none of these is a part of its digest.
    An item of another Livelog ``is_item``: its title, names and tags are plain text, its content is HTML, and none is
    to be guessed at; it ``is_cut`` if that Livelog has shortened its content.
    """

    feed_base: str
    guid: str | None = None
    link: str | None = None
    origin: str | None = None
    base: str | None = None
    title: str | None = None
    title_is_html: bool = False
    content: str | None = None
    summary: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    authors: tuple[str, ...] = ()
    inherited_authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str | None = None
    attachments: tuple[Attachment, ...] = ()
    details: Callable[[], Details] = Details
    is_item: bool = False
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        """True for an entry that has nothing to read, to see or to follow.

        A picture alone has no key of its own without a guid.
        """
        is_seen = self.title or self.content or self.summary or self.link or self.attachments
        return not (is_seen or (self.guid and self.image))

    def is_newer_than(self, other: RawEntry) -> bool:
        """True for the later version of an entry that a document lists twice."""
        mine, its = self.modified or self.published, other.modified or other.published
        return mine is not None and its is not None and mine > its

    @property
    def url(self) -> str | None:
        """The absolute URL of the entry's page: of its origin, else of its link."""
        if self.origin and urls.is_plain(self.origin):
            return self.origin
        if self.link and urls.is_plain(self.link):
            return self.link
        return urls.absolute(self.link, self.own_base or self.feed_base)

    @property
    def own_base(self) -> str | None:
        """The absolute URL of the entry's own base."""
        return urls.absolute(self.base, self.feed_base) if self.base else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Times at which a publisher asks not to be polled: before ``ttl`` seconds, in these hours (UTC), on these days.

    From RSS's ttl, skipHours and skipDays, and the syndication module's updatePeriod and updateFrequency. Days are
    0 for Monday to 6 for Sunday.
    """

    ttl: float = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


NO_WISHES: Final = Wishes()


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that its publisher has withdrawn (RFC 6721): its guid, and since when."""

    guid: str
    when: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFeed:
    """One document: the feed's title and link, its entries in the document's order, and the rest that it lists.

    ``base`` is the URL that it came from, which relative links refer to. ``whole`` is False for a document that was
    cut off. ``logos`` are the addresses of the feed's own pictures. ``links`` are those of `head_links`, None if they
    are to be found in the text.
    """

    base: str
    title: str | None
    link: str | None
    entries: Sequence[RawEntry]
    whole: bool = True
    wishes: Wishes = NO_WISHES
    tombstones: Sequence[Tombstone] = ()
    logos: Sequence[str] = ()
    links: Sequence[Link] | None = None

    @property
    def site_url(self) -> str | None:
        """The absolute URL of the site that the feed belongs to."""
        return urls.absolute(self.link, self.base)
