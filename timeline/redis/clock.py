"""The clock of Redis, by which all nodes count: one whose own clock is wrong stops no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from clock import MIN_JUMP_SECONDS, steady

logger = logging.getLogger("livelog.timeline")

MAX_DIFFERENCE_SECONDS: Final = 5.0
"""A larger difference between the clocks of this machine and of Redis is logged."""


class RedisClock:
    """Unix seconds by Redis: those of its last answer to TIME, and the steady seconds since.

    Calling it asks nothing. ``steady`` and ``machine`` are the clocks of this machine, which tests replace.
    """

    def __init__(self, steady: Callable[[], float] = steady, machine: Callable[[], float] = time.time) -> None:
        self.steady = steady
        self._machine = machine
        self._offset: float | None = None
        self._ahead = 0.0

    def __call__(self) -> float:
        """The time; that of this machine before the first answer."""
        return self._machine() if self._offset is None else self.steady() + self._offset

    def set(self, answer: tuple[int | str, int | str], sent: float) -> None:
        """Sets the clock by an answer to TIME, which was asked for at ``sent`` by the steady clock.

        Redis answered at some moment since: the clock is changed no more than it must be, so that it does not jump
        because an answer was late.
        """
        told = int(answer[0]) + int(answer[1]) / 1_000_000
        latest, earliest = told - sent, told - self.steady()
        before = (latest + earliest) / 2 if self._offset is None else self._offset
        self._offset = min(max(before, earliest), latest)
        ahead, ahead_before = self._machine() - self(), self._ahead
        self._ahead = ahead
        # A jump of Redis itself is the poller's to log.
        if abs(ahead - ahead_before) > MAX_DIFFERENCE_SECONDS and abs(self._offset - before) < MIN_JUMP_SECONDS:
            logger.warning(
                "The clock of this machine is %.0f s %s that of Redis, by which Livelog counts.",
                abs(ahead),
                "ahead of" if ahead > 0 else "behind",
            )
