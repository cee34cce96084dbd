"""The state of a target after a delivery, and the time of the next one. Pure functions; times are Unix seconds.

A failure is tried again after 5 s, then after twice the time, up to an hour. After a day of failures the events that
wait are given up: later ones are tried once an hour, so that a server that is gone for good costs little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from delivery.target import NEVER, Sent, Target
from entries import Cursor
from timeline import Reason

FIRST_RETRY_SECONDS: Final = 5.0
MAX_RETRY_INTERVAL: Final = 3600.0
MAX_RETRY_SECONDS: Final = 24 * 3600.0
"""Time for which the same events are tried again."""

MIN_FAILURES: Final = 10
"""Failures before events are given up: a machine that was off, or whose clock was set forward, has not tried for a
day."""

MAX_RETRY_AFTER_SECONDS: Final = 24 * 3600.0
JITTER: Final = 0.1
"""The largest share of a wait that jitter adds."""

QUICK_SECONDS: Final = 3.0
"""A delivery that takes longer makes its target slow."""


def is_proven(target: Target) -> bool:
    """True if the last delivery was good and quick, so that the next can be expected to be."""
    return bool(target.delivered_at) and not target.failures and target.took < QUICK_SECONDS


def after(
    target: Target, sent: Sent, head: Cursor, *, now: float, took: float, jitter: float
) -> tuple[Target, float]:
    """The target after a delivery that took ``took`` seconds, and the time of the next; NEVER if none is known.

    ``head`` is the newest event of the blog, ``jitter`` from 0 to 1.
    """
    undelivered = target.undelivered + sent.given_up
    changed = replace(target, cursor=sent.through, ended=sent.ended, undelivered=undelivered)
    if sent.settings is not None:
        changed = replace(changed, settings=sent.settings)
    if not sent.is_delivery:
        if not changed.failures:
            # One that has failures keeps its own problem.
            since = (changed.failing_since or now) if sent.problem else 0
            changed = replace(changed, problem=sent.problem, failing_since=since)
        if sent.again_after is not None:
            return changed, now + sent.again_after
        return changed, NEVER if changed.cursor == str(head) else now
    changed = replace(changed, took=round(took, 3))
    if sent.ended:
        since = min(target.failing_since or now, now)
        return replace(changed, problem=sent.problem, failing_since=since), NEVER
    if not sent.problem:
        good = replace(changed, failures=0, failing_since=0, problem="", delivered_at=now)
        return good, NEVER if good.cursor == str(head) else now
    # A server that takes some events and then asks for a pause is no failing one. One that refuses them all is.
    since = target.failing_since if sent.given_up else 0
    before = target if sent.through == target.cursor else replace(target, failures=0, failing_since=since)
    since = min(before.failing_since or now, now)
    failures = before.failures + 1
    failed = replace(changed, failures=failures, failing_since=since, problem=sent.problem)
    wait = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 30), MAX_RETRY_INTERVAL)
    if now - since >= MAX_RETRY_SECONDS and failures >= MIN_FAILURES:
        failed, wait = given_up(failed, head), MAX_RETRY_INTERVAL
    return failed, now + max(wait * (1 + JITTER * jitter), min(sent.retry_after or 0.0, MAX_RETRY_AFTER_SECONDS))


def given_up(target: Target, head: Cursor, reason: Reason | None = None) -> Target:
    """The target without the events that wait, which are counted: one for those of another epoch."""
    waiting = 1 if reason == "epoch" else max(head.seq - Cursor.parse(target.cursor).seq, 0)
    return replace(target, cursor=str(head), undelivered=target.undelivered + waiting)


def beginning(target: Target, head: Cursor) -> Target:
    """The target that the queue has seen: it is sent what comes after ``head``."""
    return replace(target, cursor=str(head))


def slowed(target: Target) -> Target:
    """The target whose delivery was put back as it took long: it comes again among slow ones."""
    return replace(target, took=QUICK_SECONDS)
