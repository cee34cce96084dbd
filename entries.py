"""What Livelog speaks of: entries, events, cursors, the state of a feed, and the identity rule.

An entry's public form, everywhere, is a JSON Feed 1.1 item (https://www.jsonfeed.org/version/1.1/); what
JSON Feed has no name for stands under ``_livelog``. Times inside the program are Unix seconds (float) for
schedules and integer microseconds for positions; in items they are RFC 3339 in UTC.

Nothing here does input or output, and nothing of Livelog is imported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

FRONT_PAGE = 50
"""How many entries a page shows at first. What is backfilled behind them is stored without an event."""


Kind = Literal["entry", "update", "delete"]
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry comes from: the feed's title, its site and the feed itself."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as its publisher lists it: text is text, ``content_html`` is cleaned, links are http(s).

    ``keys`` are the names it is recognised by, strongest first; ``id`` is the strongest. ``digest`` tells a
    corrected entry from an unchanged one; dates do not count, so that a re-dated entry is not a correction.
    ``legacy_digest`` is the digest in the encoding of schema 4, to recognise what was stored before an upgrade.
    ``blog``, ``position`` and ``seen`` (microseconds) are given by `place`.
    """

    keys: tuple[str, ...]
    digest: str
    source: Source
    legacy_digest: str = ""
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
    blog: str = ""
    position: int = 0
    seen: int = 0
    backfilled: bool = False

    @property
    def id(self) -> str:
        """The public, URL-safe name of the entry."""
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
        """The entry as a JSON Feed item, under the id and at the place the timeline gave it.

        ``corrected`` is when the correction was seen (microseconds), if it is one. The id comes first, and position,
        seen and revision last: a store may put others in their place in the text.
        """
        item: Item = {
            "id": id,
            "url": self.url,
            "title": self.title,
            "content_html": self.content_html,
            "summary": self.summary,
            "image": self.image,
            "date_published": timestamp(self.published),
            "date_modified": timestamp(self.modified),
            "authors": [{"name": name} for name in self.authors],
            "tags": list(self.tags),
            "attachments": [_attached(attachment) for attachment in self.attachments],
            "_livelog": {
                "source": _without_blanks(asdict(self.source)),
                **({"truncated": True} if self.truncated else {}),
                **({"corrected": from_micros(corrected)} if corrected is not None else {}),
                "position": from_micros(position),
                "seen": from_micros(seen),
                "revision": revision,
            },
        }
        return {"id": id, "content_html": "", **_without_blanks(item)}


@dataclass(frozen=True, slots=True)
class Cursor:
    """`<epoch>.<seq>`: the last event of a blog that a reader has."""

    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Reads a cursor; raises ValueError for anything that this program never wrote."""
        match = re.fullmatch(r"([a-z0-9]{1,16})\.(0|[1-9][0-9]{0,17})", text, re.ASCII)
        if not match:
            raise ValueError("not a cursor")
        return cls(match[1], int(match[2]))


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a blog. ``item`` is the entry's present form as JSON text; None when it was withdrawn."""

    blog: str
    cursor: Cursor
    kind: Kind
    id: str
    item: str | None

    def message(self) -> str:
        """The JSON text that readers receive. The stored item goes in as it is: it is encoded only once."""
        head = f'{{"type":"{self.kind}","cursor":"{self.cursor}",'
        return head + (f'"item":{self.item}}}' if self.item is not None else f'"id":"{self.id}"}}')


def coalesce(events: Iterable[Event]) -> list[Event]:
    """What a reader who was away needs of these events, in order: of each entry its last form only.

    An entry that is new to the reader stays an ``entry`` even if it was corrected since; one that is gone
    is a ``delete``. The last event is always among the result, so the reader ends at its cursor.
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
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def from_micros(micros: int) -> str:
    """Microseconds since 1970 as RFC 3339 in UTC. All have the same width, so that they sort as text."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def dump(value: object) -> str:
    """Compact JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _attached(file: Attachment) -> Item:
    """A file as JSON Feed has it, where the type must not be missing."""
    return {name: value for name, value in asdict(file).items() if value is not None}


def _without_blanks(item: Item) -> Item:
    return {name: value for name, value in item.items() if value not in (None, "", [])}
