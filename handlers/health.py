"""`/healthz`: this process lives; on the admin address with all that is wrong, for monitoring.

`/readyz` of the admin address is the same, and a 503 while the process cannot do its work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import redaction
from feedstate import FeedState
from handlers.admin import AdminHandler
from handlers.base import Handler
from handlers.readiness import problem_of
from pages.source_text import iso
from timeline import TimelineError

MAX_LISTED: Final = 1_000
"""Failing feeds that are listed; ``feeds.failing`` counts them all."""

_PER_TURN: Final = 100
"""Feed states that are written between two turns of the event loop: parsing 1,000 takes 12 ms."""


class Liveness(Handler):
    """200 as long as the process answers at all: a supervisor restarts one that does not."""

    is_large = False

    def get(self) -> None:
        """Sends that the process lives, and no more."""
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ok"})


class Health(AdminHandler):
    """The problem of this process, its readers, failing feeds with their next tries, and slow patterns.

    Always a 200, with ``is_readiness`` a 503 while there is a problem.
    """

    def initialize(self, *, is_readiness: bool = False) -> None:
        """Takes the argument of the route."""
        self._is_readiness = is_readiness

    async def get(self) -> None:
        """Sends the health."""
        site = self.site
        problem = await problem_of(site)
        count, listed = 0, list[dict[str, object]]()
        try:
            count = await site.timeline.failing_count()
            listed = await _listed(await site.timeline.failing(MAX_LISTED), site.timeline.now())
        except TimelineError as error:
            problem = problem or str(error)
        self.set_status(503 if problem and self._is_readiness else 200)
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
