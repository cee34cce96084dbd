"""Our WebSub hub (https://www.w3.org/TR/2018/REC-websub-20180123/): the sender to its subscribers.

    a request is pending   GET the callback with a random challenge: what it returns confirms the request (§5.3)
    a topic is gone        GET the callback with hub.mode=denied, and forget the subscription (§5.2)
    the lease has ended    forget the subscription
    events                 POST the changed entries, signed with the subscriber's secret (§7)

Callbacks are strangers' URLs: none leads into a private network that config.yaml does not list, redirects are not
followed, and answers are short.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from config import Config
from delivery.client import DeliveryClient, refusal
from delivery.documents import Documents
from delivery.subscriptions import Pending, Subscription
from delivery.target import Sent, Sort, Target
from delivery.topics import Topic
from entries import Event
from outbound.client import STRANGERS, RequestError, Response
from outbound.host_limits import HostPausedError
from outbound.retry_after import retry_after
from timeline import Timeline

SIGNATURE: Final = "sha256"


class WebSubHub:
    """Sends to subscribers. ``clock`` gives Unix seconds."""

    sort: Sort = "hub"

    def __init__(
        self, config: Config, timeline: Timeline, client: DeliveryClient, clock: Callable[[], float]
    ) -> None:
        self.documents = Documents(timeline, clock)
        self._config = config
        self._client = client
        self._clock = clock

    def apply(self, config: Config) -> None:
        """Applies another configuration: subscriptions to feeds that are gone, or private now, are denied."""
        self._config = config
        self.documents.clear()

    def due(self, target: Target) -> float:
        """At once for a request, and for a topic that is gone; else the end of the lease."""
        subscription = Subscription.of(target)
        if subscription.pending or Topic.of(self._config, subscription.topic) is None:
            return 0.0
        return subscription.until

    async def send(self, target: Target, events: Sequence[Event]) -> Sent:
        """Does what is due, or distributes events."""
        subscription = Subscription.of(target)
        topic = Topic.of(self._config, subscription.topic)
        if topic is None:
            await self._deny(target, subscription)
            return Sent(through=target.cursor, is_removed=True)
        if subscription.pending:
            return await self._verify(target, subscription, subscription.pending)
        if subscription.until <= self._clock():
            return Sent(through=target.cursor, is_removed=True)
        if not events:
            return Sent(through=target.cursor, is_delivery=False)
        return await self._distribute(target, subscription, topic, events)

    async def _verify(self, target: Target, subscription: Subscription, pending: Pending) -> Sent:
        """Asks the callback whether it has sent the request; the outcome of a request that it has not is none."""
        is_confirmed = await self._is_confirmed(target, subscription, pending)
        if is_confirmed and pending.mode == "unsubscribe":
            return Sent(through=target.cursor, is_removed=True)
        if is_confirmed:
            until = self._clock() + pending.seconds
            confirmed = replace(subscription, until=until, secret=pending.secret, pending=None)
            return Sent(through=target.cursor, settings=confirmed.settings)
        if subscription.until <= self._clock():
            return Sent(through=target.cursor, is_removed=True)
        former = replace(subscription, pending=None)
        # Anyone can send such a request: it must do no harm to the subscription.
        return Sent(through=target.cursor, settings=former.settings, is_delivery=False)

    async def _is_confirmed(self, target: Target, subscription: Subscription, pending: Pending) -> bool:
        challenge = secrets.token_urlsafe(32)
        fields = {"hub.mode": pending.mode, "hub.topic": subscription.topic, "hub.challenge": challenge}
        if pending.mode == "subscribe":
            fields["hub.lease_seconds"] = str(pending.seconds)
        try:
            url = _with_fields(subscription.callback, fields)
            response = await self._client.request(target, url, method="GET", named=STRANGERS)
        except (RequestError, HostPausedError):
            return False
        return 200 <= response.status < 300 and hmac.compare_digest(response.body, challenge.encode())

    async def _deny(self, target: Target, subscription: Subscription) -> None:
        fields = {
            "hub.mode": "denied",
            "hub.topic": subscription.topic,
            "hub.reason": "This feed is not distributed any more.",
        }
        try:
            url = _with_fields(subscription.callback, fields)
            await self._client.request(target, url, method="GET", named=STRANGERS)
        except (RequestError, HostPausedError):
            return

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


def _with_fields(callback: str, fields: dict[str, str]) -> str:
    """The callback with more parameters: its own stay (§5.3)."""
    return f"{callback}{'&' if urlsplit(callback).query else '?'}{urlencode(fields)}"
