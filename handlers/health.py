"""`/healthz`: whether this process works, for a supervisor or monitoring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import redaction
from feedstate import FeedState
from handlers.base import Handler
from pages.source_text import iso
from timeline import TimelineError

MAX_LISTED: Final = 1_000
"""Failing feeds that are listed; ``feeds.failing`` counts them all."""

_PER_TURN: Final = 100
"""Feed states that are written between two turns of the event loop: parsing 1,000 takes 12 ms."""


class Health(Handler):
    """200 while the timeline can be read and written, else 503 with the problem."""

    is_large = False

    async def get(self) -> None:
        """Sends the state of the timeline, readers, feeds that fail, and patterns that take too long."""
        site = self.site
        problem = (site.polling and site.polling.trouble) or (site.fanout and site.fanout.trouble) or None
        count, listed = 0, list[dict[str, object]]()
        try:
            count = await site.timeline.failing_count()
            listed = await _listed(await site.timeline.failing(MAX_LISTED), site.timeline.now())
        except TimelineError as error:
            problem = str(error)
        if self.admission.is_closing:
            problem = "This server is about to stop."
        self.set_status(503 if problem else 200)
        self.set_header("Cache-Control", "no-store")
        self.finish(
            {
                "status": "failing" if problem else "ok",
                "problem": problem and redaction.public_text(problem),
                "readers": site.fanout.readers() if site.fanout else {},
                "feeds": {"followed": site.config.feeds, "failing": count},
                "failing": listed,
                "slow_patterns": _slow_patterns(site.polling.slow_patterns if site.polling else ()),
            }
        )


async def _listed(failing: Sequence[FeedState], now: float) -> list[dict[str, object]]:
    listed = []
    for n, state in enumerate(failing, 1):
        listed.append(_feed(state, now))
        if n % _PER_TURN == 0:
            await asyncio.sleep(0)
    return listed


def _slow_patterns(found: Iterable[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"feed": feed.partition("://")[2], "blog": blog, "pattern": pattern} for feed, blog, pattern in found]


def _feed(state: FeedState, now: float) -> dict[str, object]:
    return {
        "feed": redaction.public_url(state.address).partition("://")[2],
        "problem": state.problem and redaction.public_text(state.problem),
        "since": iso(min(state.failing_since, now)),
        "failures": state.failures,
        "next_try": iso(state.due_by(now)),
    }
