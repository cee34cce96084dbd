"""Exceptions that a timeline raises.

    TimelineError       the environment failed the store: wait, and try again
    LeaseLostError      the feed or job was claimed anew: drop the result
    HistoryLostError    the store's events are not those that this node knew: start over

Bugs are not wrapped: they keep their own type.
"""

from __future__ import annotations

from typing import Literal

Reason = Literal["epoch", "expired"]
"""Why events are missing: the store lost data and began a new epoch, or they were retired."""


class TimelineError(Exception):
    """The environment failed the store (disk full, Redis unreachable, lock held); the message says how."""


class LockedError(TimelineError):
    """Another process of this machine has the store open, and no second one can."""


class LeaseLostError(Exception):
    """The feed or job was claimed anew, replaced or removed: a result of the old lease must not be stored."""


class HistoryLostError(Exception):
    """The store lost or retired events that this node relied on; its copies must be read again."""

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason: Reason = reason
