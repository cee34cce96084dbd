"""All deliveries of a process: the queue, and a sender for each sort of target."""

from __future__ import annotations

from collections.abc import Mapping

from config import Config
from delivery.client import DeliveryClient
from delivery.event_choice import Judge, accept_all
from delivery.queue import DeliveryQueue
from delivery.verification import Verification
from delivery.webhook_targets import WebhookTargets
from delivery.webhooks import Webhooks
from delivery.websub_hub import WebSubHub
from timeline import Timeline


class Deliveries:
    """Sends events to other servers, from `start` to `stop`. ``judge`` applies the filters of webhooks."""

    def __init__(self, config: Config, timeline: Timeline, user_agent: str, judge: Judge = accept_all) -> None:
        self._client = DeliveryClient(user_agent, config.fetch, timeline.now)
        self._hub = WebSubHub(config, timeline, self._client, timeline.now)
        self._verification = Verification(config, timeline, self._client, timeline.now)
        self._webhooks = Webhooks(config, self._client, judge, timeline.now)
        self._webhook_targets = WebhookTargets(config, timeline)
        self._queue = DeliveryQueue(config, timeline, [self._hub, self._verification, self._webhooks])

    @property
    def counts(self) -> Mapping[str, int]:
        """The deliveries since the process started: ``delivered`` and ``failed``; and events that were given up."""
        return self._queue.counts

    @property
    def trouble(self) -> str | None:
        """The reason why nothing is delivered any more, or None."""
        return self._queue.trouble

    @property
    def idle(self) -> bool:
        """True while nothing is being delivered."""
        return not self._queue.under_way

    @property
    def documents_made(self) -> int:
        """The documents that the hub has made for its subscribers."""
        return self._hub.documents.made

    def start(self) -> None:
        """Begins to deliver."""
        self._webhook_targets.start()
        self._queue.start()

    def apply(self, config: Config) -> None:
        """Applies another configuration while running."""
        self._client.apply(config.fetch)
        self._hub.apply(config)
        self._verification.apply(config)
        self._webhooks.apply(config)
        self._webhook_targets.apply(config)
        self._queue.apply(config)

    async def stop(self) -> None:
        """Ends deliveries under way within 3 seconds; what was not delivered is after a restart."""
        await self._webhook_targets.stop()
        await self._queue.stop()
        self._webhooks.close()
        self._client.close()
