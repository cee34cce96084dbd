"""Commits the results of polls, again and again while the timeline is down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import redaction
from feeds import schedule
from feeds.result import Result
from feedstate import FeedState
from plurals import counted
from timeline import Lease, LeaseLostError, Timeline, TimelineError

logger = logging.getLogger("livelog.feeds")

RETRY_INTERVAL: Final = 1.0
COMMIT_TIMEOUT: Final = 600.0
"""A result that cannot be committed for so long is dropped, and its feed polled again."""


class Commits:
    """Commits results. ``trouble`` is the reason why the timeline cannot be written now, or None.

    ``clock`` gives Unix seconds, ``steady`` seconds of a clock that is never set.
    """

    def __init__(self, timeline: Timeline, clock: Callable[[], float], steady: Callable[[], float]) -> None:
        self.trouble: str | None = None
        self._timeline = timeline
        self._clock = clock
        self._steady = steady
        self._retrying = True

    def give_up(self) -> None:
        """From now on a commit that fails is not tried again."""
        self._retrying = False

    async def commit(self, result: Result, lease: Lease) -> bool:
        """Commits a result, and returns whether it was: not if the lease is lost, or after COMMIT_TIMEOUT."""
        _report(lease.state, result.state, self._clock())
        give_up_at = self._steady() + COMMIT_TIMEOUT
        while True:
            try:
                await self._timeline.commit(result.state, result.entries, lease, result.withdrawn)
            except TimelineError as error:
                self.failed(error)
                if not self._retrying or self._steady() > give_up_at:
                    return False
                await asyncio.sleep(RETRY_INTERVAL)
            except LeaseLostError:
                logger.info("Another poll of %s was quicker.", redaction.public_url(result.state.address))
                return False
            else:
                self.worked()
                return True

    def failed(self, error: TimelineError) -> None:
        """Records that the timeline cannot be written; logs it once."""
        if self.trouble is None:
            logger.error("The timeline cannot be written, trying again: %s", error)
        self.trouble = str(error)

    def worked(self) -> None:
        """Records that the timeline can be written; logs it if it could not before."""
        if self.trouble is not None:
            logger.warning("The timeline can be written again.")
        self.trouble = None


def _report(before: FeedState, after: FeedState, now: float) -> None:
    """Logs one line when a feed begins to fail, fails differently, or recovers."""
    if before.problem == after.problem:
        return
    name = redaction.public_url(after.address)
    if after.problem is None:
        logger.warning("%s: well again after %s.", name, counted(before.failures, "failed poll"))
    else:
        wait = schedule.in_words(max(after.next_at - now, 0))
        logger.warning("%s: %s Next try in %s.", name, redaction.public_text(after.problem), wait)
