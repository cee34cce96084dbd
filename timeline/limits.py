"""Limits of retention: number and age of the entries, events and keys that a store keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a store; rows beyond them are retired. Ages are seconds.

    A blog keeps its newest ``entries``; of those older than ``entries_age`` only those among its newest
    ``old_entries``. It keeps its newest ``events``, none older than ``events_age``.

    The keys and digest of an entry that is gone are kept for ``memory_age`` after a feed listed it last, and of at
    most ``memory`` entries of a blog, so that a feed which still lists such an entry does not bring it back as new.

    A feed that no configuration names is forgotten ``unfollowed_age`` after it was last followed. Its entries stay.
    """

    entries: int = 100_000
    old_entries: int = 10_000
    entries_age: float = 3 * 365 * DAY
    events: int = 10_000
    events_age: float = 30 * DAY
    memory: int = 1_000_000
    memory_age: float = 400 * DAY
    unfollowed_age: float = 30 * DAY
