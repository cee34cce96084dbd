"""The state of a feed between two polls, and the entries that its last document listed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from entries import dump


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
