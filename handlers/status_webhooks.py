"""The webhooks of the configuration as the store has them, for `/status` and `/metrics`."""

from __future__ import annotations

from dataclasses import replace

import redaction
import remedies
from config import Config
from delivery.target import Target
from delivery.webhook_targets import Named, named_in, stored
from entries import Cursor
from pages.status_webhooks import WebhookRow
from timeline import Timeline


async def webhooks(config: Config, timeline: Timeline) -> list[WebhookRow]:
    """A row for each webhook. Raises TimelineError."""
    wanted = list(named_in(config))
    if not wanted:
        return []
    targets = await stored(timeline)
    heads = {slug: await timeline.head(slug) for slug in {named.blog.slug for named in wanted}}
    now = timeline.now()
    return [_row(named, targets.get(named.id), heads[named.blog.slug], now) for named in wanted]


def _row(named: Named, target: Target | None, head: Cursor, now: float) -> WebhookRow:
    row = WebhookRow(name=named.name, host=named.webhook.host, blog=named.blog.slug)
    if target is None:
        return row
    return replace(
        row,
        problem=redaction.public_text(target.problem),
        advice=remedies.for_webhook(target.problem),
        since=min(target.failing_since, now),
        failures=target.failures,
        waiting=_waiting(target, head),
        undelivered=target.undelivered,
        delivered_at=min(target.delivered_at, now),
        is_ended=bool(target.ended),
    )


def _waiting(target: Target, head: Cursor) -> int:
    """The number of events after the target's cursor."""
    try:
        cursor = Cursor.parse(target.cursor)
    except ValueError:
        return 0
    return max(head.seq - cursor.seq, 0) if cursor.epoch == head.epoch else 0
