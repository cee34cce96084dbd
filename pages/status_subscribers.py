"""Subscribers of our hub for the operator: the part of `/status` about them. It has the hosts of callbacks alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import remedies
from remedies import Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """A host of callbacks that fail, since a Unix time. ``undelivered`` events were given up."""

    host: str
    subscriptions: int
    problem: str
    advice: Advice
    since: float
    undelivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRows:
    """The number of subscriptions, of those that fail, of events that were given up, and the hosts that fail."""

    count: int = 0
    failing_count: int = 0
    undelivered: int = 0
    failing: Sequence[HostRow] = ()


def as_json(rows: SubscriberRows, iso: Any) -> dict[str, Any]:
    """The rows for programs."""
    return {
        "subscriptions": rows.count,
        "failing": rows.failing_count,
        "undelivered": rows.undelivered,
        "hosts": [
            {
                "host": row.host,
                "subscriptions": row.subscriptions,
                "problem": row.problem,
                **remedies.as_json(row.advice),
                "since": iso(row.since),
                "undelivered": row.undelivered,
            }
            for row in rows.failing
        ],
    }
