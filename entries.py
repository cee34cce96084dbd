"""Entries, and the events and cursors by which their changes are numbered.

The public form of an entry is a JSON Feed 1.1 item (https://www.jsonfeed.org/version/1.1/); fields that JSON Feed
does not have are under ``_livelog``. Times inside the program are Unix seconds (float) for schedules and integer
microseconds for positions; in items they are RFC 3339 in UTC.

This module does no input or output, and imports nothing of Livelog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

FRONT_PAGE = 50
"""Entries of a page before older ones are fetched. Backfilled entries behind these are stored without an event."""

MAX_ALIASES = 32
"""Keys of an entry beside its id, before those that the feed no longer lists are forgotten."""

VERSIONED_DIGEST_CHARS = 14
"""The length of a digest that begins with the version of its encoding."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

Kind = Literal["entry", "update", "delete"]
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """The feed of an entry: its title, the URL of its site, and its own URL without secrets."""

    title: str
    url: str | None
    feed_url: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an entry: an attachment of JSON Feed, or an enclosure of RSS."""

    url: str
    mime_type: str
    size_in_bytes: int | None = None
    duration_in_seconds: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorPage:
    """The page and the picture of an author: `url` and `avatar` of JSON Feed."""

    url: str | None = None
    avatar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Facts about an entry that are not its text. No part of its digest: a comment more is no correction.

    Each is a JSON object: ``comments`` (url, count), ``picture`` (caption and credit of the image), ``original``
    (title and url of the site that the entry is from, if that is not its source), ``episode`` (season, number) and
    ``place`` (name, latitude, longitude). ``external_url`` is JSON Feed's. ``authors`` are pages by name.
    ``via`` are the ids of the entry in blogs of other Livelogs that it came through, the nearest first.
    """

    comments: Item = field(default_factory=dict)
    picture: Item = field(default_factory=dict)
    original: Item = field(default_factory=dict)
    episode: Item = field(default_factory=dict)
    place: Item = field(default_factory=dict)
    external_url: str | None = None
    authors: Mapping[str, AuthorPage] = field(default_factory=dict)
    via: tuple[str, ...] = ()

    def public(self) -> Item:
        """Those without a name in JSON Feed, as they are under ``_livelog``."""
        named = {name: getattr(self, name) for name in ("comments", "episode", "original", "picture", "place", "via")}
        return {name: value for name, value in named.items() if value}


NO_DETAILS: Final = Details()


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of a long entry, see preview.py: text for a summary, and minutes to read the whole, 0 below one.

    ``image`` is the URL of the first picture of the content that is large enough to stand for it.
    """

    text: str
    minutes: int
    image: str | None = None

    def public(self) -> dict[str, object]:
        """Its form in an item."""
        return {"text": self.text, "minutes": self.minutes, **({"image": self.image} if self.image else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as its publisher lists it: text is text, ``content_html`` is sanitised, links are http(s).

    ``keys`` are the keys by which it is recognised, strongest first; ``id`` is the strongest. A corrected entry has
    another ``digest``; dates are not part of it, so that an entry with a new date is no correction.
    A digest of another version says nothing about the content: the stored entry is taken as unchanged, unless
    ``is_correction`` is set, because its publisher has corrected it since the last poll of the earlier version.
    ``blog``, ``position`` and ``seen`` (microseconds) are set by `feeds.positions`.
    """

    keys: tuple[str, ...]
    digest: str
    source: Source
    is_correction: bool = False
    url: str | None = None
    title: str | None = None
    content_html: str = ""
    summary: str | None = None
    image: str | None = None
    published: datetime | None = None
    modified: datetime | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    truncated: bool = False
    preview: Preview | None = None
    details: Details = NO_DETAILS
    blog: str = ""
    position: int = 0
    seen: int = 0
    backfilled: bool = False

    @property
    def id(self) -> str:
        """The public id of the entry, which is safe in a URL."""
        return self.keys[0]

    def item(
        self,
        *,
        id: str,  # noqa: A002 - JSON Feed's word
        position: int,
        seen: int,
        revision: int,
        corrected: int | None = None,
    ) -> Item:
        """The entry as a JSON Feed item, with the id and position that the timeline gave it.

        ``position``, ``seen`` and ``corrected`` (when the last correction was seen; None if there was none) are
        microseconds. The id comes first, and the timeline's part last: see `item_body`.
        """
        published = self._published()
        livelog = {
            **published.pop("_livelog"),
            **({"corrected": from_micros(corrected)} if corrected is not None else {}),
            "position": from_micros(position),
            "seen": from_micros(seen),
            "revision": revision,
        }
        return {"id": id, **published, "_livelog": livelog}

    def item_body(self) -> str:
        """The item's JSON text between the id and the timeline's part: only a publisher changes it.

        A store that learns id, position and revision while it commits writes the item as text: ``{"id":"…",``, the
        body, then ``"corrected":"…",`` of a correction and ``"position":"…","seen":"…","revision":…}}``.
        """
        return dump(self._published())[1:-2] + ","

    def _published(self) -> Item:
        """The item without its id, and without the timeline's part of its last member, ``_livelog``."""
        item: Item = {
            "url": self.url,
            "external_url": self.details.external_url,
            "title": self.title,
            "content_html": self.content_html,
            "summary": self.summary,
            "image": self.image,
            "date_published": timestamp(self.published),
            "date_modified": timestamp(self.modified),
            "authors": [self._author(name) for name in self.authors],
            "tags": list(self.tags),
            "attachments": [_attached(attachment) for attachment in self.attachments],
            "_livelog": {
                **({"preview": self.preview.public()} if self.preview else {}),
                "source": _without_blanks(_members(self.source)),
                **({"truncated": True} if self.truncated else {}),
                **self.details.public(),
            },
        }
        return {"content_html": "", **_without_blanks(item)}

    def _author(self, name: str) -> Item:
        page = self.details.authors.get(name)
        return {"name": name, **(_without_blanks(_members(page)) if page else {})}


@dataclass(frozen=True, slots=True)
class Cursor:
    """`<epoch>.<seq>`: the last event of a blog that a client has."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Reads a cursor; raises ValueError for any text that is not the text of a cursor."""
        match = re.fullmatch(r"([a-z0-9]{1,16})\.(0|[1-9][0-9]{0,17})", text, re.ASCII)
        if not match:
            raise ValueError("not a cursor")
        return cls(match[1], int(match[2]))


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a blog. ``item`` is the entry's current form as JSON text; None for a withdrawn entry."""

    blog: str
    cursor: Cursor
    kind: Kind
    id: str
    item: str | None

    def message(self) -> str:
        """The JSON text that clients receive. It includes the stored text of the item, which is encoded only once."""
        head = f'{{"type":"{self.kind}","cursor":"{self.cursor}",'
        return head + (f'"item":{self.item}}}' if self.item is not None else f'"id":"{self.id}"}}')


def digest_version(digest: str) -> str:
    """The version of a digest's encoding; empty for digests of schema 4, which have none and 13 characters."""
    return digest[0] if len(digest) == VERSIONED_DIGEST_CHARS else ""


def coalesce(events: Iterable[Event]) -> list[Event]:
    """Reduces the events that a client missed to the last event of each entry, in order.

    An entry that is new to the client stays an ``entry`` even if it was corrected since; a withdrawn entry is a
    ``delete``. The result includes the last event, so that the client ends at its cursor.
    """
    last: dict[str, Event] = {}
    for event in events:
        before = last.pop(event.id, None)
        if event.item is None:
            last[event.id] = replace(event, kind="delete")
        elif before and before.kind == "entry" and event.kind == "update":
            last[event.id] = replace(event, kind="entry")
        else:
            last[event.id] = event
    return list(last.values())


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return f"{moment.astimezone(UTC).isoformat(timespec='seconds')[:-6]}Z" if moment else None


def from_micros(micros: int) -> str:
    """Microseconds since 1970 as RFC 3339 in UTC, in a fixed width so that they sort as text."""
    return f"{(_EPOCH + timedelta(microseconds=micros)).isoformat(timespec='microseconds')[:-6]}Z"


def to_micros(iso: str) -> int:
    """Microseconds since 1970 of a text that `from_micros` wrote."""
    return (datetime.fromisoformat(iso) - _EPOCH) // timedelta(microseconds=1)


def dump(value: object) -> str:
    """Compact JSON text."""
    return _ENCODER.encode(value)


def _attached(file: Attachment) -> Item:
    """An attachment of JSON Feed, in which the type is required, even if it is empty."""
    return {name: value for name, value in _members(file).items() if value is not None}


def _members(part: Source | AuthorPage | Attachment) -> Item:
    """The fields of a part of an entry: `dataclasses.asdict` takes 5 times as long: it copies deeply."""
    return {member.name: getattr(part, member.name) for member in fields(part)}


def _without_blanks(item: Item) -> Item:
    return {name: value for name, value in item.items() if value not in (None, "", [])}
