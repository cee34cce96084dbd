"""The state of a feed between two polls, and the marks of the entries that its last document listed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, NamedTuple

from entries import dump

DAY_HOURS: Final = 24
MAX_DELAYS: Final = 20
GAP_REPORTED_SECONDS: Final = 30 * 86_400.0


class Mark(NamedTuple):
    """The record of an entry that a feed's last document listed.

    ``dated`` is its own date in Unix seconds, 0 for none. ``link`` is the key of its link, empty if another entry of
    the document has the same link. ``absent`` is set if the last document left the entry out but lists older ones.
    ``written`` is the digest of the entry as it was written, which spares the comparison of what readers see.
    ``pushed`` is set if no poll has found the entry yet.
    """

    digest: str
    dated: int = 0
    link: str = ""
    absent: bool = False
    written: str = ""
    pushed: bool = False


class FeedGap(NamedTuple):
    """Entries that were published between two polls of a feed, and that the later document does not list.

    ``ids`` are the newest entries that were known before; ``floor`` and ``after`` are the dates of the oldest and the
    newest of them, ``before`` is that of the oldest entry found since, in Unix seconds, 0 for unknown. ``url`` is the
    page to read next, from the time ``due`` on; None if the gap stays. It was found at ``since``; ``pages`` were read
    for it, and the next could not be read so many ``failures`` in a row.
    """

    url: str | None
    ids: tuple[str, ...]
    floor: float
    after: float
    before: float
    since: float
    due: float = 0
    pages: int = 0
    failures: int = 0

    def is_reported(self, now: float) -> bool:
        """True for a likely gap that stays, for GAP_REPORTED_SECONDS."""
        return self.url is None and self.before > 0 and now - self.since <= GAP_REPORTED_SECONDS


class Marks(Mapping[str, Mark]):
    """The marks of the entries that a feed's last document listed, by id, in the document's order.

    Kept as the JSON text that stores have, and parsed on first use: most polls find nothing changed.
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
        if self._text is None:
            self._text = dump({entry_id: _written(mark) for entry_id, mark in self._read().items()})
        return self._text

    def _read(self) -> dict[str, Mark]:
        if self._marks is None:
            self._marks = {entry_id: Mark(*mark) for entry_id, mark in json.loads(self._text or "{}").items()}
        return self._marks


def _written(mark: Mark) -> tuple[Any, ...]:
    """The values of a mark; the last one is False for nearly all, and left out."""
    return mark if mark.pushed else mark[:-1]


def _marks_of(text: str) -> Marks:
    return Marks(text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The state of a feed between two polls, committed together with the entries of a poll.

    Times are Unix seconds, 0 for never. ``listed`` has the entries of the last document: only new and changed ones
    are sanitised and committed. ``newest`` are the dates of its newest entries, which `auto` adapts to. ``blogs``
    names the blogs that have had the feed's entries: any other blog gets them as a backfill. ``filters`` has name and
    `Feed.filter_digest` of each blog that filters them, separated by a space.

    ``url`` is the feed's identity, `config.Feed.identity`; ``key_name`` the name in the keys of its entries, if it
    was followed under another identity before. ``configured_url`` is the URL that config.yaml had at the last poll,
    None for ``url``: ``found_url`` and ``moved_to`` belong to it.

    The validators and ``body_digest`` belong to ``validated_url``, the URL that answered, and are sent to no other.
    ``request`` is the digest of the headers, credentials and proxy that they were received with, empty for none;
    behind a colon stands that of the selectors of a web page.
    ``found_url`` is the feed that the web page at ``url`` names. ``moved_to`` is where permanent redirects have led
    since ``moved_since``. ``max_age``, ``ttl`` (seconds), ``skip_hours`` (UTC) and ``skip_days`` (0 for Monday) are
    the publisher's wishes. ``took`` is the duration of the last exchange in
    seconds, at least 3 for one that was ended because others waited.

    ``listing`` is the number of entries in the last document. ``taken`` and ``filtered`` count its new entries that a
    blog took, and those that the filters of all blogs rejected, by the hour in which they were seen, up to ``hour``
    (Unix hours). ``delays`` are the newest times in seconds from the date of an entry to when it was seen.

    ``gap`` is the last feed gap that is still open, or that stayed.

    ``hub`` and ``topic`` are the WebSub hub that the last document named, and the topic to subscribe to at it.
    ``pushed_until`` is the end of the subscription that was active at the last poll. The hub pushed ``pushes``
    documents, the last at ``pushed_at``. ``push_trusted`` is True while pushes come before polls find the same; since
    ``distrusted_at``, polls had to make up for ``missed`` entries. Polls since ``awaited_since`` found ``awaited``
    entries that are so new that they may still be pushed.
    """

    url: str
    key_name: str | None = None
    configured_url: str | None = None
    next_at: float = 0
    checked_at: float = 0
    ok_at: float = 0
    validated_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    request: str = ""
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
    filters: tuple[str, ...] = ()
    listing: int = 0
    hour: int = 0
    taken: tuple[int, ...] = ()
    filtered: tuple[int, ...] = ()
    delays: tuple[int, ...] = ()
    hub: str | None = None
    topic: str | None = None
    pushed_until: float = 0
    pushed_at: float = 0
    pushes: int = 0
    push_trusted: bool = False
    awaited: int = 0
    awaited_since: float = 0
    missed: int = 0
    distrusted_at: float = 0
    gap: FeedGap | None = None
    listed: Marks = field(default_factory=Marks)

    @property
    def named(self) -> str:
        """The name of the feed in the keys of its entries."""
        return self.key_name or self.url

    @property
    def address(self) -> str:
        """The URL that config.yaml had at the last poll."""
        return self.configured_url or self.url

    @property
    def reading(self) -> str:
        """The digest of the selectors that the last document was read with, empty for none."""
        return self.request.partition(":")[2]

    @property
    def changed_at(self) -> float:
        """The time of the last poll or push, for the events of its commit."""
        return max(self.checked_at, self.pushed_at)

    def is_pushed(self, now: float) -> bool:
        """True if pushes can be relied upon at a Unix time, so that polls are a backup."""
        return self.push_trusted and self.pushed_until > now

    @property
    def is_catching_up(self) -> bool:
        """True while further pages of the feed are to be read."""
        return self.gap is not None and self.gap.url is not None

    def at(self, url: str) -> FeedState:
        """The state for a poll of the feed whose URL in config.yaml is ``url`` now.

        The validators stay: they are sent to the URL that they came from alone, perhaps after a redirect.
        """
        if url == self.address:
            return self
        configured = None if url == self.url else url
        return replace(self, configured_url=configured, found_url=None, moved_to=None, moved_since=0)

    def counted(self, at: float, *, taken: int, filtered: int, delays: Sequence[float] = ()) -> FeedState:
        """The state after a document with new entries at a Unix time; ``delays`` are those from their dates."""
        if not taken and not filtered:
            return self
        all_taken, all_filtered = self.by_hour(self.taken, at), self.by_hour(self.filtered, at)
        all_taken[-1] += taken
        all_filtered[-1] += filtered
        return replace(
            self,
            hour=int(at // 3600),
            taken=_trimmed(all_taken),
            filtered=_trimmed(all_filtered),
            delays=tuple([*(round(delay) for delay in delays), *self.delays][:MAX_DELAYS]),
        )

    def by_hour(self, counts: Sequence[int], now: float) -> list[int]:
        """``taken`` or ``filtered`` in each of the last DAY_HOURS, the present hour last."""
        passed = min(max(int(now // 3600) - self.hour, 0), DAY_HOURS)
        return [*([0] * DAY_HOURS), *counts, *([0] * passed)][-DAY_HOURS:]

    def renamed(self, identity: str) -> FeedState:
        """The state of the same feed under another identity."""
        return replace(self, url=identity, key_name=self.named, configured_url=self.address)

    def called(self, names: Mapping[str, str]) -> FeedState:
        """The state with the present ``names`` of blogs, by their former ones."""
        filters = {names.get(blog, blog): digest for blog, digest in self._filters.items()}
        return replace(
            self,
            blogs=tuple(sorted({names.get(blog, blog) for blog in self.blogs})),
            filters=tuple(f"{blog} {digest}" for blog, digest in sorted(filters.items())),
        )

    def loosened(self, filters: Mapping[str, str]) -> frozenset[str]:
        """The blogs whose filter of the feed is another than at the last poll, where they had one.

        ``filters`` has the digest of each blog's filter, empty for none.
        """
        if not self.filters:
            return frozenset()
        before = self._filters
        return frozenset(blog for blog, digest in filters.items() if before.get(blog, digest) != digest)

    @property
    def _filters(self) -> dict[str, str]:
        """The digests of ``filters`` by blog."""
        return dict(known.split(" ", 1) for known in self.filters)

    def succeeded(self, status: int, at: float, next_at: float) -> FeedState:
        """The state after a poll that succeeded."""
        return replace(
            self, status=status, checked_at=at, ok_at=at, next_at=next_at, problem=None, failures=0, failing_since=0
        )

    def failed(self, problem: str, status: int | None, at: float, next_at: float) -> FeedState:
        """The state after a poll that failed. Everything else about the feed stays, validators included."""
        return replace(
            self,
            status=status,
            checked_at=at,
            next_at=next_at,
            problem=problem,
            failures=self.failures + 1,
            failing_since=min(self.failing_since or at, at),
        )

    def due_by(self, now: float) -> float:
        """The time of the next poll, in Unix seconds; no further from ``now`` than it was from the last poll.

        It can be further only if the clock was set back since. A feed that was never polled is due at once.
        """
        wait = max(self.next_at - self.checked_at, 0.0) if self.checked_at else 0.0
        return min(self.next_at, now + wait)

    def to_json(self) -> str:
        """The state as JSON text, without ``listed``, which is larger than the rest and changes less often."""
        defaults = _STATE_DEFAULTS.items()
        return dump({name: value for name, default in defaults if (value := getattr(self, name)) != default})

    @classmethod
    def from_json(cls, text: str, listed: str | None = None) -> FeedState:
        """Reads the text of `to_json`, and the one of ``listed``; fields of another version are ignored."""
        values = {**_STATE_DEFAULTS, **json.loads(text), "listed": Marks(text=listed)}
        for name in _STATE_TUPLES:
            values[name] = tuple(values[name])
        if values["gap"]:
            url, ids, *others = values["gap"]
            values["gap"] = FeedGap(url, tuple(ids), *others)
        # Without __init__, which takes as long as all the rest: a start reads the states of all feeds.
        state = object.__new__(cls)
        for name, put in _STATE_SLOTS:
            put(state, values[name])
        return state


def _trimmed(counts: Sequence[int]) -> tuple[int, ...]:
    """The counts without the hours before the first one."""
    first = next((n for n, count in enumerate(counts) if count), len(counts))
    return tuple(counts[first:])


_STATE_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(FeedState) if f.name != "listed"}
_STATE_TUPLES = [name for name, default in _STATE_DEFAULTS.items() if isinstance(default, tuple)]
_STATE_SLOTS = [(f.name, getattr(FeedState, f.name).__set__) for f in fields(FeedState)]
