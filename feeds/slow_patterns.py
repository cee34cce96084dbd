"""The patterns of filters that took too long, for the log and `/healthz`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import redaction

logger = logging.getLogger("livelog.feeds")

MAX_SLOW_PATTERNS: Final = 100


class SlowPattern(NamedTuple):
    """A pattern of a blog's filter that took too long on a feed. ``feed`` and ``pattern`` are without secrets."""

    feed: str
    blog: str
    pattern: str


class SlowPatterns:
    """The patterns that took too long since the configuration was read, in the order in which they did."""

    def __init__(self) -> None:
        self._found: dict[SlowPattern, None] = {}

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[SlowPattern]:
        return iter(self._found)

    def add(self, feed: str, patterns: Iterable[tuple[str, str]]) -> None:
        """Adds a blog's patterns for a feed, and logs each once."""
        for blog, pattern in patterns:
            found = SlowPattern(feed, blog, redaction.public_text(pattern))
            if found in self._found or len(self._found) >= MAX_SLOW_PATTERNS:
                continue
            self._found[found] = None
            logger.warning(
                "%s: the pattern %s of blog %s takes too long, and was left out.", feed, found.pattern, blog
            )

    def clear(self) -> None:
        """Forgets all: the configuration has changed."""
        self._found.clear()
