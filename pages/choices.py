"""The sources and tags that the filter sheet offers: on a page the newest and most frequent, on its own page all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pages.filter import Filter
from pages.freshness import Sources, SourceState

MAX_ON_PAGE: Final = 24
"""Sources, and tags, on a page of posts. A line takes 60 bytes of the compressed page."""

_NUMBER: Final = re.compile(r"(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the sheet. ``count`` is the number of recent posts; ``state`` is that of a source."""

    name: str
    count: int
    is_chosen: bool
    state: SourceState | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """The lines of the sheet. ``all_sources`` and ``all_tags`` are the numbers on the sheet's own page."""

    sources: Sequence[Choice]
    tags: Sequence[Choice]
    all_sources: int
    all_tags: int

    @property
    def are_all(self) -> bool:
        """True if no source and no tag is left out."""
        return len(self.sources) >= self.all_sources and len(self.tags) >= self.all_tags


def choices(sources: Sources, chosen: Filter, *, are_all: bool = False) -> Choices:
    """The chosen lines, then the others: at most MAX_ON_PAGE, or all, by name."""
    states = {state.title: state for state in sources.known}
    titles, tags = _with(chosen.sources, states), _with(chosen.tags, sources.tags)
    shown = _by_name if are_all else _first
    return Choices(
        [Choice(one, sources.counts.get(one, 0), one in chosen.sources, states.get(one)) for one in shown(titles)],
        [Choice(one, sources.tags.get(one, 0), one in chosen.tags) for one in shown(tags)],
        len(titles),
        len(tags),
    )


def _with(chosen: Sequence[str], known: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*chosen, *known)))


def _first(names: Sequence[str]) -> Sequence[str]:
    return names[:MAX_ON_PAGE]


def _by_name(names: Sequence[str]) -> Sequence[str]:
    return sorted(names, key=_natural)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts text without case, and numbers in it by their value: "topic 9" before "Topic 10"."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _NUMBER.split(name.casefold())]
