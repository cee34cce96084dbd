"""Webhooks: a request for each event of a blog, one after the other, to the URLs that the configuration names.

events chosen by kind, words and patterns       # event_choice.py
facts of the post, without secrets              # post_facts.py
body: the event, a template, or a service's     # config/json_template.py, services.py
id, time, signature                             # standard_webhooks.py
2xx: the next event; 410: the webhook ends; else this event is tried again
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from config import Blog, Config, Webhook, signing_key
from delivery import services, standard_webhooks
from delivery.choosing import Choosing
from delivery.client import DeliveryClient, refusal
from delivery.event_choice import Choice, Judge
from delivery.post_facts import Item, facts_of
from delivery.services import ServiceRequest
from delivery.target import NEVER, Exchange, Reached, Sent, Sort, Target
from delivery.webhook_targets import named_in
from entries import Event, dump
from outbound.client import RequestError, Response
from outbound.retry_after import retry_after

logger = logging.getLogger("livelog.delivery")

BEGIN_SECONDS: Final = 1.5
"""Time in which requests of one delivery begin: the last has the whole timeout of a request."""

LEAVE_SECONDS: Final = 2.0
"""Time for which a node leaves a webhook that it does not have to the others."""

MAX_BODY_BYTES: Final = 256 * 1024
"""Size of an event's body. A longer post is sent without its content, marked `truncated`."""

MAX_REFUSALS: Final = 3
"""Tries of an event that the server says is wrong in itself: it is given up, so that others can follow."""

_WRONG: Final = (400, 413, 422)
_REFUSED: Final = "refused"
_JSON: Final = {"Content-Type": "application/json"}


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
                try:
                    response = await self._request(target, blog, webhook, choice)
                except RequestError as error:
                    return _logged(target, Sent(through=through, problem=str(error)))
                if not 200 <= response.status < 300:
                    return _logged(target, self._failed(target, choice.event, response, through))
            through = str(choice.event.cursor)
            reached(through)
        return Sent(through=through, settings=_without_refusals(target))

    async def _request(self, target: Target, blog: Blog, webhook: Webhook, choice: Choice) -> Response:
        """Sends one event. Raises RequestError."""
        own = {name: value.get_secret_value() for name, value in webhook.headers}
        if webhook.service:
            asked = self._service_request(webhook.service, blog, webhook, choice)
            headers = {**_JSON, **asked.headers, **own}
            return await self._client.request(
                target, asked.url, method=asked.method, headers=headers, body=asked.body.encode("utf-8", "replace")
            )
        body = self._body(blog, webhook, choice).encode("utf-8", "replace")
        key = signing_key(webhook.secret.get_secret_value()) if webhook.secret else None
        signed = standard_webhooks.headers(standard_webhooks.message_id(choice.event), int(self._clock()), body, key)
        headers = {**_JSON, **own, **signed}
        return await self._client.request(target, webhook.address, headers=headers, body=body)

    def _service_request(self, service: str, blog: Blog, webhook: Webhook, choice: Choice) -> ServiceRequest:
        facts = facts_of(choice.event, choice.item, blog, self._public_url)
        token = webhook.secret.get_secret_value() if webhook.secret else None
        message = standard_webhooks.message_id(choice.event)
        return services.request(service, webhook.address, token, facts, message, blog.language or "en")

    def _body(self, blog: Blog, webhook: Webhook, choice: Choice) -> str:
        if webhook.json_template:
            facts = facts_of(choice.event, choice.item, blog, self._public_url)
            return webhook.json_template.render(facts.values())
        if len(choice.event.item or "") <= MAX_BODY_BYTES:
            text = event_body(choice.event, choice.item, blog)
            if len(text.encode("utf-8", "replace")) <= MAX_BODY_BYTES:
                return text
        return event_body(choice.event, _short(choice.item), blog)

    def _failed(self, target: Target, event: Event, response: Response, through: str) -> Sent:
        """The outcome of an answer that is no success."""
        problem = refusal(response)
        if response.status == 410:
            return Sent(through=through, problem=problem, ended="gone")
        if 300 <= response.status < 400:
            return Sent(through=through, problem=f"{problem[:-1]}: a redirect, which is not followed.")
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


def _logged(target: Target, sent: Sent) -> Sent:
    """An outcome, which is logged if it is news for the operator."""
    if sent.ended:
        logger.warning("Webhook %s of blog %s is gone. %s", target.name, target.blog, sent.problem)
    elif sent.given_up:
        logger.warning("Webhook %s of blog %s refuses a post. %s", target.name, target.blog, sent.problem)
    elif not target.failures:
        logger.warning("Webhook %s of blog %s fails. %s", target.name, target.blog, sent.problem)
    return sent


def event_body(event: Event, item: Item, blog: Blog) -> str:
    """The body without a template: the message that clients receive, in the envelope of Standard Webhooks."""
    about = {"blog": {"name": blog.slug, "title": blog.title}, "cursor": str(event.cursor)}
    if not item:
        return dump({"type": event.kind, "data": {**about, "id": event.id}})
    livelog = item["_livelog"]
    moment = livelog.get("corrected") if event.kind == "update" else None
    return dump({"type": event.kind, "timestamp": moment or livelog["seen"], "data": {**about, "item": item}})


def _short(item: Item) -> dict[str, Any]:
    """A post without its content."""
    return {**item, "content_html": "", "_livelog": {**item["_livelog"], "truncated": True}}


def _without_refusals(target: Target) -> dict[str, Any] | None:
    """Settings without what is known of an event that was sent or given up; None if they stay as they are."""
    if _REFUSED not in target.settings:
        return None
    return {name: value for name, value in target.settings.items() if name != _REFUSED}
