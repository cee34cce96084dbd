"""`include` and `exclude` of webhooks: posts that they reject, judged in a process of the parser.

A pattern that takes too long is left out until the configuration is read again, as in filters of feeds: a post that
it might have decided about is accepted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import redaction
from entries import Entry
from feeds.parser.filter import Filter
from feeds.parser_pool import ParserKilledError, ParserPool

logger = logging.getLogger("livelog.feeds")

JUDGE_SECONDS: Final = 0.5
"""CPU for the posts that are judged at a time."""

MAX_SLOW_PATTERNS: Final = 1_000


class EventFilter:
    """Judges posts by words and patterns."""

    def __init__(self, pool: ParserPool) -> None:
        self._pool = pool
        self._slow: set[str] = set()

    def clear(self) -> None:
        """Tries slow patterns again: the configuration has changed."""
        self._slow.clear()

    async def rejected(
        self, include: tuple[str, ...], exclude: tuple[str, ...], posts: Sequence[Entry]
    ) -> frozenset[str]:
        """The ids of the posts that are rejected."""
        wanted = Filter(
            include=() if self._slow.intersection(include) else include,
            exclude=tuple(pattern for pattern in exclude if pattern not in self._slow),
        )
        try:
            judged = await self._pool.judge(wanted, posts, JUDGE_SECONDS)
        except ParserKilledError as error:
            logger.error("Posts for webhooks could not be filtered, and were taken. %s", error)
            return frozenset()
        for pattern in judged.slow:
            self._leave_out(pattern)
        return judged.refused

    def _leave_out(self, pattern: str) -> None:
        if pattern in self._slow or len(self._slow) >= MAX_SLOW_PATTERNS:
            return
        self._slow.add(pattern)
        logger.warning(
            "The pattern %s of a webhook takes too long, and was left out.", redaction.public_text(pattern)
        )
