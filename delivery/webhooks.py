"""Webhooks: a request for each event of a blog, one after the other, to the URLs that the configuration names.

events chosen by kind, words and patterns       # event_choice.py
facts of the post, without secrets              # post_facts.py
body: the event, a template, or a service's     # webhook_requests.py
id, time, signature                             # standard_webhooks.py
2xx: the next event; 410: the webhook ends; else this event is tried again
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from config import Blog, Config, Webhook
from delivery.choosing import Choosing
from delivery.client import DeliveryClient, refusal
from delivery.event_choice import Choice, Judge
from delivery.target import NEVER, Exchange, Reached, Sent, Sort, Target
from delivery.webhook_requests import WebhookRequest, for_event
from delivery.webhook_targets import named_in
from entries import Event
from outbound.client import RequestError, Response
from outbound.retry_after import retry_after

logger = logging.getLogger("livelog.delivery")

BEGIN_SECONDS: Final = 1.5
"""Time in which requests of one delivery begin: the last has the whole timeout of a request."""

LEAVE_SECONDS: Final = 2.0
"""Time for which a node leaves a webhook that it does not have to the others."""

MAX_REFUSALS: Final = 3
"""Tries of an event that the server says is wrong in itself: it is given up, so that others can follow."""

_WRONG: Final = (400, 413, 422)
_REFUSED: Final = "refused"


class Webhooks:
    """The sender of webhooks. ``judge`` is that of `event_choice`, ``clock`` gives Unix seconds."""

    sort: Sort = "webhook"

    def __init__(self, config: Config, client: DeliveryClient, judge: Judge, clock: Callable[[], float]) -> None:
        self._client = client
        self._choosing = Choosing(judge)
        self._clock = clock
        self.apply(config)

    def apply(self, config: Config) -> None:
        """Sends by another configuration from now on."""
        self._choosing.clear()
        self._public_url = config.server.public_url
        self._named = {named.id: (named.blog, named.webhook) for named in named_in(config)}

    def close(self) -> None:
        """Ends the filters that are at work."""
        self._choosing.clear()

    def due(self, _target: Target) -> float:
        """Never: there is nothing to do without events."""
        return NEVER

    async def prepare(self, target: Target, events: Sequence[Event]) -> Exchange | Sent:
        """The exchange that sends the events that the webhook wants, until one fails. Raises PutBackError."""
        if target.id not in self._named:
            # It is left to a node that has it.
            problem = "The configuration of this node does not have it."
            return Sent(through=target.cursor, problem=problem, is_delivery=False, again_after=LEAVE_SECONDS)
        blog, webhook = self._named[target.id]
        choices = await self._choosing.of(target.id, webhook, blog, events)
        if not any(choice.is_chosen for choice in choices):
            return Sent(through=str(choices[-1].event.cursor), is_delivery=False)
        return lambda reached: self._send(target, blog, webhook, choices, reached)

    async def _send(
        self, target: Target, blog: Blog, webhook: Webhook, choices: Sequence[Choice], reached: Reached
    ) -> Sent:
        begin_before = asyncio.get_running_loop().time() + BEGIN_SECONDS
        through = target.cursor
        for choice in choices:
            if choice.is_chosen:
                if through != target.cursor and asyncio.get_running_loop().time() > begin_before:
                    break
                asked = for_event(webhook, blog, choice.event, choice.item, self._public_url, self._clock())
                try:
                    response = await request(self._client, target, asked)
                except RequestError as error:
                    return _logged(target, Sent(through=through, problem=str(error)))
                if not 200 <= response.status < 300:
                    return _logged(target, self._failed(target, choice.event, response, through))
            through = str(choice.event.cursor)
            reached(through)
        return _logged(target, Sent(through=through, settings=_without_refusals(target)))

    def _failed(self, target: Target, event: Event, response: Response, through: str) -> Sent:
        """The outcome of an answer that is no success."""
        problem = problem_of(response)
        if response.status == 410:
            return Sent(through=through, problem=problem, ended="gone")
        wait = retry_after(response.headers, self._clock())
        if response.status not in _WRONG:
            return Sent(through=through, problem=problem, retry_after=wait)
        cursor = str(event.cursor)
        before = target.settings.get(_REFUSED, {})
        times = before.get("times", 0) + 1 if before.get("cursor") == cursor else 1
        if times < MAX_REFUSALS:
            settings = {**target.settings, _REFUSED: {"cursor": cursor, "times": times}}
            return Sent(through=through, problem=problem, retry_after=wait, settings=settings)
        return Sent(through=cursor, problem=problem, settings=_without_refusals(target), given_up=1)


async def request(client: DeliveryClient, target: Target, asked: WebhookRequest) -> Response:
    """Sends a request. Raises RequestError."""
    return await client.request(target, asked.url, method=asked.method, headers=asked.headers, body=asked.body)


def _logged(target: Target, sent: Sent) -> Sent:
    """An outcome, which is logged if it is news for the operator."""
    if sent.ended:
        logger.warning("Webhook %s of blog %s is gone. %s", target.name, target.blog, sent.problem)
    elif sent.given_up:
        logger.warning("Webhook %s of blog %s refuses a post. %s", target.name, target.blog, sent.problem)
    elif sent.problem and not target.failures:
        logger.warning("Webhook %s of blog %s fails. %s", target.name, target.blog, sent.problem)
    elif target.failures and not sent.problem:
        logger.warning("Webhook %s of blog %s is well again.", target.name, target.blog)
    return sent


def problem_of(response: Response) -> str:
    """The sentence for an answer that is no success."""
    problem = refusal(response)
    is_redirect = 300 <= response.status < 400
    return f"{problem[:-1]}: a redirect, which is not followed." if is_redirect else problem


def _without_refusals(target: Target) -> dict[str, Any] | None:
    """Settings without what is known of an event that was sent or given up; None if they stay as they are."""
    if _REFUSED not in target.settings:
        return None
    return {name: value for name, value in target.settings.items() if name != _REFUSED}
