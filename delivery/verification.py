"""Verifies requests of subscribers (WebSub §5.3), apart from the deliveries of the subscription that is there.

topic is gone            deny the callback
callback confirms        store the lease and the secret, or remove the subscription
else                     forget the request
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from config import Config
from delivery import callbacks
from delivery.client import DeliveryClient
from delivery.subscriptions import Pending, Subscription, new_target
from delivery.target import KIND, Exchange, Sent, Sort, Target
from delivery.topics import Topic
from entries import Event
from timeline import Timeline

WAIT_SECONDS: Final = 0.5
"""Time until a confirmed request is stored again, while its subscription is delivered to."""


class Verification:
    """The sender of requests' targets. ``clock`` gives Unix seconds."""

    sort: Sort = "request"

    def __init__(
        self, config: Config, timeline: Timeline, client: DeliveryClient, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._timeline = timeline
        self._client = client
        self._clock = clock

    def apply(self, config: Config) -> None:
        """Verifies by the topics of another configuration."""
        self._config = config

    def due(self, _target: Target) -> float:
        """At once."""
        return 0.0

    async def prepare(self, target: Target, _events: Sequence[Event]) -> Exchange:
        """The exchange that asks the callback; what it confirms takes effect."""
        return lambda _: self._verify(target)

    async def _verify(self, target: Target) -> Sent:
        pending = Pending.of(target)
        if not pending.until:
            if not await self._is_confirmed(target, pending):
                return Sent(through=target.cursor, is_removed=True)
            pending = replace(pending, until=self._clock() + pending.request.seconds)
        if await self._takes_effect(target, pending):
            return Sent(through=target.cursor, is_removed=True)
        return Sent(through=target.cursor, settings=pending.settings, is_delivery=False, again_after=WAIT_SECONDS)

    async def _is_confirmed(self, target: Target, pending: Pending) -> bool:
        request = pending.request
        if Topic.of(self._config, request.topic) is None:
            await callbacks.deny(self._client, target, request.callback, request.topic)
            return False
        return await callbacks.is_confirmed(self._client, target, request)

    async def _takes_effect(self, target: Target, pending: Pending) -> bool:
        """Stores a confirmed request; False while the subscription is being delivered to. Raises TimelineError."""
        request = pending.request
        if request.mode == "unsubscribe":
            await self._timeline.remove_job(KIND, request.id)
            return True
        job = await self._timeline.job(KIND, request.id)
        if job is None:
            now = self._clock()
            # Its callback has answered well a moment ago.
            new = replace(new_target(request, target.blog, target.cursor, pending.until), delivered_at=now)
            await self._timeline.put_job(new.job, now)
            return True
        former = Target.from_json(job.state)
        changed = replace(Subscription.of(former), until=pending.until, secret=request.secret)
        return await self._timeline.amend_job(job, replace(former, settings=changed.settings).to_json())
