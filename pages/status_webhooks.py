"""Webhooks for the operator: the part of `/status` that lists them. It has no URL: a path can be the secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import remedies
from remedies import Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """A webhook. Times are Unix seconds, 0 for never. ``waiting`` events are not delivered yet, ``undelivered`` were
    given up. ``is_ended`` is True if nothing is sent until the configuration changes.
    """

    name: str
    host: str
    blog: str
    problem: str = ""
    advice: Advice | None = None
    since: float = 0
    failures: int = 0
    waiting: int = 0
    undelivered: int = 0
    delivered_at: float = 0
    is_ended: bool = False

    @property
    def condition(self) -> str:
        """`ended`, `failing`, `waiting` for its first event, or `ok`."""
        if self.is_ended:
            return "ended"
        if self.problem:
            return "failing"
        return "ok" if self.delivered_at else "waiting"


@dataclass(frozen=True, slots=True)
class WebhookRows:
    """Rows of webhooks that need the operator, latest failure first, and of others by blog and name."""

    failing: Sequence[WebhookRow] = ()
    others: Sequence[WebhookRow] = ()


def arranged(rows: Sequence[WebhookRow]) -> WebhookRows:
    """The rows in the order of the page."""
    failing = sorted((row for row in rows if row.problem), key=lambda row: (-row.since, row.name))
    return WebhookRows(
        failing, sorted((row for row in rows if not row.problem), key=lambda row: (row.blog, row.name))
    )


def as_json(row: WebhookRow, iso: Any) -> dict[str, Any]:
    """A row for programs."""
    return {
        "name": row.name,
        "host": row.host,
        "blog": row.blog,
        "state": row.condition,
        "problem": row.problem or None,
        **remedies.as_json(row.advice),
        "since": iso(row.since),
        "failures": row.failures,
        "waiting": row.waiting,
        "undelivered": row.undelivered,
        "delivered": iso(row.delivered_at),
    }
