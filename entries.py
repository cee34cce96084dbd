"""What Livelog speaks of: entries, events, cursors, the state of a feed, and the identity rule.

An entry's public form, everywhere, is a JSON Feed 1.1 item (https://www.jsonfeed.org/version/1.1/); what
JSON Feed has no name for stands under ``_livelog``. Times inside the program are Unix seconds (float) for
schedules and integer microseconds for positions; in items they are RFC 3339 in UTC.

Nothing here does input or output, and nothing of Livelog is imported.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

FRONT_PAGE = 50
"""How many entries a page shows at first. What is backfilled behind them is stored without an event."""

LATE_AFTER = timedelta(hours=24)
"""An entry first seen later than this after its own date is an old one that turned up late (backfilled)."""

_SCHEME = re.compile("^https?://")
_ADDRESS = re.compile(r"https?://([^/?#\[\]\s]+)(.*)", re.DOTALL)
_NUMBERED = re.compile("(https?://[^#]+)#[0-9]+")
_PAIRS = [one + other for one in "abcdefghijklmnopqrstuvwxyz234567" for other in "abcdefghijklmnopqrstuvwxyz234567"]

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
    """A file that belongs to an entry, as JSON Feed and RSS enclosures name it.

    Its size and length are left out of its ``repr``, and so of the digest: publishers find them out later.
    """

    url: str
    mime_type: str
    size_in_bytes: int | None = field(default=None, repr=False)
    duration_in_seconds: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as its publisher lists it: text is text, ``content_html`` is cleaned, links are http(s).

    ``keys`` are the names it is recognised by, strongest first; ``id`` is the strongest. ``digest`` tells a
    corrected entry from an unchanged one; dates do not count, so that a re-dated entry is not a correction.
    ``blog``, ``position`` and ``seen`` (microseconds) are given by `place`.
    """

    keys: tuple[str, ...]
    digest: str
    source: Source
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


class Mark(NamedTuple):
    """What is remembered of an entry that a feed's last document listed.

    ``dated`` is its own date in Unix seconds, 0 for none. ``link`` is the key of its link, where no other entry of
    the document has the same. ``absent`` is set where the last document left the entry out although it lists older
    ones.
    """

    digest: str
    dated: int = 0
    link: str = ""
    absent: bool = False


class Marks(Mapping[str, Mark]):
    """The entries that a feed's last document listed, by id, in the document's order.

    Kept as the JSON text that stores keep, and read when first looked at: most polls find nothing changed.
    """

    __slots__ = ("_marks", "_text")

    def __init__(self, marks: Mapping[str, Mark] | None = None, *, text: str | None = None) -> None:
        self._marks = dict(marks or {}) if text is None else None
        self._text = text

    def __getitem__(self, entry_id: str) -> Mark:
        return self._read()[entry_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __reduce__(self) -> tuple[Any, ...]:
        return _marks_of, (self.to_json(),)

    def to_json(self) -> str:
        """The marks as JSON text."""
        if self._text is None:
            self._text = dump({entry_id: list(mark) for entry_id, mark in self._read().items()})
        return self._text

    def _read(self) -> dict[str, Mark]:
        if self._marks is None:
            self._marks = {entry_id: Mark(*mark) for entry_id, mark in json.loads(self._text or "{}").items()}
        return self._marks


def _marks_of(text: str) -> Marks:
    return Marks(text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is remembered of a feed between two polls; committed together with the entries it led to.

    Times are Unix seconds, 0 for never. ``listed`` are the entries of the last document, so that only new and changed
    ones are cleaned and committed. ``newest`` are the dates of its newest entries, which `auto` adapts to. ``blogs``
    names the blogs that have had the feed's entries: a blog that is not among them gets them as a backfill.

    Validators and ``body_digest`` belong to ``validated_url``, where the document came from in the end; to another
    address they are not sent. ``found_url`` is the feed that the page at ``url`` leads to. ``moved_to`` is where
    permanent redirects have led since ``moved_since``. ``max_age``, ``ttl`` (seconds) and ``skip_hours`` (UTC),
    ``skip_days`` (0 for Monday) are what the publisher asked for. ``took`` is how many seconds the last exchange
    needed.
    """

    url: str
    next_at: float = 0
    checked_at: float = 0
    ok_at: float = 0
    validated_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    found_url: str | None = None
    moved_to: str | None = None
    moved_since: float = 0
    max_age: float = 0
    ttl: float = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    took: float = 0
    title: str | None = None
    site_url: str | None = None
    status: int | None = None
    problem: str | None = None
    failures: int = 0
    failing_since: float = 0
    newest: tuple[float, ...] = ()
    blogs: tuple[str, ...] = ()
    listed: Marks = field(default_factory=Marks)

    def succeeded(self, status: int, at: float, next_at: float) -> FeedState:
        """The state after a poll that went well."""
        return replace(
            self, status=status, checked_at=at, ok_at=at, next_at=next_at, problem=None, failures=0, failing_since=0
        )

    def failed(self, problem: str, status: int | None, at: float, next_at: float) -> FeedState:
        """The state after a poll that failed: what is known of the feed stays, validators included."""
        return replace(
            self,
            status=status,
            checked_at=at,
            next_at=next_at,
            problem=problem,
            failures=self.failures + 1,
            failing_since=self.failing_since or at,
        )

    def to_json(self) -> str:
        """The state as JSON text, for a store. ``listed`` stays out: it is larger than the rest, and changes less."""
        defaults = _STATE_DEFAULTS.items()
        return dump({name: value for name, default in defaults if (value := getattr(self, name)) != default})

    @classmethod
    def from_json(cls, text: str, listed: str | None = None) -> FeedState:
        """Reads what `to_json` wrote, and the text of ``listed``; fields of another version are left out."""
        values = {**_STATE_DEFAULTS, **json.loads(text), "listed": Marks(text=listed)}
        for name in _STATE_TUPLES:
            values[name] = tuple(values[name])
        # Past __init__, which takes as long as all the rest: of many feeds all are read at a start.
        state = object.__new__(cls)
        for name, put in _STATE_SLOTS:
            put(state, values[name])
        return state


_STATE_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(FeedState) if f.name != "listed"}
_STATE_TUPLES = [name for name, default in _STATE_DEFAULTS.items() if isinstance(default, tuple)]
_STATE_SLOTS = [(f.name, getattr(FeedState, f.name).__set__) for f in fields(FeedState)]


def identity(feed_url: str, guid: str | None, link: str | None, *text: str | None) -> str:
    """The strongest key of an entry: feed + guid, else feed + link, else feed + hash of its text.

    The scheme of a guid that is a URL does not count: sites that move to https would list everything as new.
    """
    if guid:
        return _key(feed_url, "guid", _SCHEME.sub("//", guid))
    if link:
        return _key(feed_url, "link", link)
    return _key(feed_url, "text", *(part or "" for part in text))


def aliases(feed_url: str, guids: Sequence[str | None]) -> list[str | None]:
    """A second key for each guid of one document: its path without the host, where that is unmistakable.

    A site that moves to another host lists its entries under new guids. Without the host they are the same;
    but only where all guids of the document share one host: a planet's feed has `/?p=1` of many sites.
    """
    addresses = [_ADDRESS.match(guid) if guid else None for guid in guids]
    if len({address[1] for address in addresses if address}) != 1:
        return [None] * len(addresses)
    # A question mark or number sign that nothing follows is left out, as in the URLs of those who normalise them.
    paths = [address[2].removesuffix("#").removesuffix("?") if address else "" for address in addresses]
    return [_key(feed_url, "path", path) if path not in ("", "/") else None for path in paths]


def without_fragment(feed_url: str, guid: str | None, link: str | None) -> str | None:
    """A second key where a guid is the page's address with a number: `/story#0` comes back as `/story#3`."""
    numbered = _NUMBERED.fullmatch(guid) if guid else None
    if not numbered or not link or _bare(link) != _bare(numbered[1]):
        return None
    return identity(feed_url, numbered[1], None)


def link_key(link: str | None, site: str | None) -> str:
    """A short key of a link: the same over http and https, and on another host where the whole site moved there.

    ``site`` is the feed's site: its own host does not count. Without a link the key is empty.
    """
    address, home = _ADDRESS.match(link or ""), _ADDRESS.match(site or "")
    if not address:
        return ""
    host = address[1].removeprefix("www.")
    at_home = home is not None and host == home[1].removeprefix("www.")
    return _hash(5, "" if at_home else host, address[2])


def _bare(url: str) -> str:
    """A URL without scheme, query and fragment."""
    return re.split("[?#]", _SCHEME.sub("//", url), maxsplit=1)[0]


def digest(*parts: object) -> str:
    """A short fingerprint of an entry's content."""
    return _hash(8, *(repr(part) for part in parts))


def place(entries: Sequence[Entry], blog: str, now: float, *, backfill: bool) -> list[Entry]:
    """Gives entries of one document their positions on a blog, oldest first.

    ``entries`` are in the document's order, newest first by custom. A position is the moment the entry was
    first seen; its own date where it is backfilled (``backfill`` is set for a feed that is new to the blog)
    or turned up late. Never in the future, and never twice the same in a document.
    """
    seen = int(now * 1_000_000)
    late_before = now - LATE_AFTER.total_seconds()
    placed = []
    for entry in entries:
        dated = entry.published or entry.modified
        own = dated.timestamp() if dated else None
        backfilled = backfill or (own is not None and own < late_before)
        at = now if own is None or not backfilled else min(own, now)
        placed.append(replace(entry, blog=blog, position=int(at * 1_000_000), seen=seen, backfilled=backfilled))
    # A stable sort: entries of the same moment stay in the document's order, a microsecond apart.
    placed.sort(key=lambda entry: entry.position, reverse=True)
    above = seen + 1
    for n, entry in enumerate(placed):
        above = min(entry.position, above - 1)
        placed[n] = replace(entry, position=above)
    return placed[::-1]


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


def _key(*parts: str) -> str:
    return _hash(10, *parts)


def _hash(size: int, *parts: str) -> str:
    hashed = hashlib.blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=size)
    return _base32(hashed.digest())


def _base32(data: bytes) -> str:
    """Base 32 (RFC 4648) in small letters, without padding. The base64 module takes five times as long."""
    length = -(-8 * len(data) // 5)
    pairs = -(-length // 2)
    number = int.from_bytes(data, "big") << (10 * pairs - 8 * len(data))
    return "".join([_PAIRS[number >> 10 * n & 1023] for n in range(pairs - 1, -1, -1)])[:length]
