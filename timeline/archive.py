"""The stored entries of a blog, newest first: pages of them, one by its id, and why one is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from entries import Cursor

Fate = Literal["withdrawn", "retired"]
"""Why an entry is gone: its publisher withdrew it, or retention removed it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a blog as JSON texts, newest first, and the blog's newest cursor at that moment.

    ``older`` is the ``before`` token of the next page; None on the last.
    """

    items: Sequence[str]
    head: Cursor
    older: str | None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An entry that its publisher withdrew, or that was purged, at a Unix time."""

    id: str
    at: float


class Archive(Protocol):
    """Every method may raise TimelineError. Entries are JSON texts: items as `Entry.item` has them."""

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """At most ``limit`` entries below a ``before`` token, the newest if it is None.

        Raises ValueError for a token that `before_token` never wrote.
        """

    async def newer(self, blog: str, than: str, limit: int) -> Sequence[str]:
        """The entries right above a ``before`` token, newest first. Raises ValueError as `page` does."""

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry, or None."""

    async def previous(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """An entry as it was before its last correction, or None. Removed together with the entry."""

    async def fate(self, blog: str, id: str) -> Fate | None:  # noqa: A002 - JSON Feed's word
        """Why an entry is gone, by any of its keys; None if it is stored, was never stored, or is forgotten."""

    async def withdrawn(self, blog: str, since: float, limit: int) -> Sequence[Withdrawal]:
        """The entries that were withdrawn at or after a Unix time, newest first, for as long as they are remembered.

        Without those that were listed again since.
        """


def before_token(position: int, id: str) -> str:  # noqa: A002 - JSON Feed's word
    """The opaque token for the entries below one, of which it has position (microseconds) and id."""
    return f"{position}-{id}"


def parse_before(token: str) -> tuple[int, str]:
    """Reads a token that `before_token` wrote; raises ValueError for any other text."""
    position, sep, entry_id = token.rpartition("-")
    plausible = position.lstrip("-").isascii() and position.lstrip("-").isdigit() and len(position) <= 18
    if not sep or not plausible or not entry_id.isascii() or not entry_id.isalnum() or len(entry_id) > 32:
        raise ValueError("not a token of ours")
    return int(position), entry_id
