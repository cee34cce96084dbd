"""The subscribers of our hub as the store has them, for `/status`."""

from __future__ import annotations

from typing import Final

import redaction
import remedies
from delivery.subscribers import Subscribers
from pages.status_subscribers import HostRow, SubscriberRows

MAX_AGE_SECONDS: Final = 10.0
"""Age of a survey that is shown: the page renews itself."""


async def subscriber_rows(subscribers: Subscribers, now: float) -> SubscriberRows:
    """The rows. Raises TimelineError."""
    survey = await subscribers.survey(MAX_AGE_SECONDS)
    failing = [
        HostRow(
            host=host.host,
            subscriptions=host.subscriptions,
            problem=redaction.public_text(host.problem),
            advice=remedies.for_subscriber(host.problem),
            since=min(host.since, now),
            undelivered=host.undelivered,
        )
        for host in survey.failing
    ]
    return SubscriberRows(
        count=survey.count, failing_count=survey.failing_count, undelivered=survey.undelivered, failing=failing
    )
