"""Our WebSub hub (https://www.w3.org/TR/2018/REC-websub-20180123/): the sender to its subscribers.

    a topic is gone        GET the callback with hub.mode=denied, and forget the subscription (§5.2)
    the lease has ended    forget the subscription
    events                 POST the changed entries, signed with the subscriber's secret (§7)

Callbacks are strangers' URLs: none leads into a private network that config.yaml does not list, redirects are not
followed, and answers are short.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from typing import Final

from clock import steady
from config import Config
from delivery import callbacks
from delivery.client import DeliveryClient, refusal
from delivery.documents import Documents
from delivery.subscriptions import Subscription
from delivery.target import Exchange, Sent, Sort, Target
from delivery.topics import Topic
from entries import Event
from outbound.client import STRANGERS, RequestError, Response
from outbound.host_limits import HostPausedError
from outbound.retry_after import retry_after
from timeline import Timeline

SIGNATURE: Final = "sha256"


class WebSubHub:
    """Sends to subscribers. ``clock`` gives Unix seconds, ``steady`` seconds of a clock that is never set."""

    sort: Sort = "hub"

    def __init__(
        self,
        config: Config,
        timeline: Timeline,
        client: DeliveryClient,
        clock: Callable[[], float],
        steady: Callable[[], float] = steady,
    ) -> None:
        self.documents = Documents(timeline, clock)
        self._config = config
        self._client = client
        self._clock = clock
        self._steady = steady
        self._began = clock() - steady()

    def apply(self, config: Config) -> None:
        """Applies another configuration: subscriptions to feeds that are gone, or private now, are denied."""
        self._config = config
        self.documents.clear()

    def due(self, target: Target) -> float:
        """At once for a topic that is gone; else the end of the lease."""
        subscription = Subscription.of(target)
        if Topic.of(self._config, subscription.topic) is None:
            return 0.0
        return subscription.until + self._set_forward()

    async def prepare(self, target: Target, events: Sequence[Event]) -> Exchange:
        """The exchange that does what is due, or distributes events."""
        return lambda _: self._send(target, events)

    async def _send(self, target: Target, events: Sequence[Event]) -> Sent:
        subscription = Subscription.of(target)
        topic = Topic.of(self._config, subscription.topic)
        if topic is None:
            await callbacks.deny(self._client, target, subscription.callback, subscription.topic)
            return Sent(through=target.cursor, is_removed=True)
        if subscription.until + self._set_forward() <= self._clock():
            return Sent(through=target.cursor, is_removed=True)
        if not events:
            return Sent(through=target.cursor, is_delivery=False)
        return await self._distribute(target, subscription, topic, events)

    def _set_forward(self) -> float:
        """Seconds by which the clock was set forward since the start: one that is wrong ends no subscription."""
        return max(self._clock() - self._steady() - self._began, 0.0)

    async def _distribute(
        self, target: Target, subscription: Subscription, topic: Topic, events: Sequence[Event]
    ) -> Sent:
        document = await self.documents.of(self._config, topic, events)
        if not document.body:
            return Sent(through=document.through, is_delivery=False)
        headers = {"Content-Type": document.content_type, "Link": document.link}
        if subscription.secret:
            key = subscription.secret.encode("utf-8", "surrogatepass")
            headers["X-Hub-Signature"] = f"{SIGNATURE}={hmac.new(key, document.body, SIGNATURE).hexdigest()}"
        try:
            response = await self._client.request(
                target, subscription.callback, headers=headers, body=document.body, named=STRANGERS
            )
        except RequestError as error:
            return Sent(through=target.cursor, problem=str(error))
        except HostPausedError as paused:
            wait = paused.until - self._clock()
            return Sent(through=target.cursor, problem="It asked for a pause.", retry_after=wait)
        return self._answered(target, document.through, response)

    def _answered(self, target: Target, through: str, response: Response) -> Sent:
        if 200 <= response.status < 300:
            return Sent(through=through)
        if response.status == 410:
            # WebSub §7: the subscription may be ended.
            return Sent(through=target.cursor, is_removed=True)
        wait = retry_after(response.headers, self._clock())
        return Sent(through=target.cursor, problem=refusal(response), retry_after=wait)
