"""The request of a webhook for an event, or for a test, in the form that the webhook has.

without a template     the event, in the envelope of Standard Webhooks
a JSON template        config/json_template.py, filled with the facts of the post
a service              services.py
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from config import Blog, Webhook, signing_key
from delivery import services, standard_webhooks
from delivery.post_facts import Item, PostFacts, facts_of
from entries import Event, dump

MAX_BODY_BYTES: Final = 256 * 1024
"""Size of an event's body. A longer post is sent without its content, marked `truncated`."""

_JSON: Final = {"Content-Type": "application/json"}
_CONNECTED: Final = {"en": "Livelog is connected", "zh": "Livelog 已连接"}


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request. URL and headers can be secret."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def for_event(
    webhook: Webhook, blog: Blog, event: Event, item: Item, public_url: str | None, now: float
) -> WebhookRequest:
    """The request for an event. ``item`` is that of `post_facts.item_of`, ``now`` Unix seconds."""
    message = standard_webhooks.message_id(event)
    if webhook.template:
        return _templated(webhook, blog, facts_of(event, item, blog, public_url), message, now)
    return _signed(webhook, _event_body(event, item, blog), message, now)


def for_test(webhook: Webhook, blog: Blog, public_url: str | None, now: float) -> WebhookRequest:
    """The request that tells that a webhook works. Its id is another one each time."""
    message = f"msg_test_{secrets.token_hex(8)}"
    title = _CONNECTED[blog.language or "en"]
    url = f"{public_url}/{blog.slug}/" if public_url else ""
    published = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
    if webhook.template:
        facts = PostFacts(
            event="test", id=message, blog=blog.title, title=title, url=url, permalink=url, published=published
        )
        return _templated(webhook, blog, facts, message, now)
    data = {"blog": _named(blog), "title": title, "url": url}
    return _signed(webhook, dump({"type": "test", "timestamp": published, "data": data}), message, now)


def _templated(webhook: Webhook, blog: Blog, facts: PostFacts, message: str, now: float) -> WebhookRequest:
    if webhook.json_template:
        return _signed(webhook, webhook.json_template.render(facts.values()), message, now)
    token = webhook.secret.get_secret_value() if webhook.secret else None
    language = blog.language or "en"
    asked = services.request(webhook.service or "", webhook.address, token, facts, message, language)
    headers = {**_JSON, **asked.headers, **_own(webhook)}
    return WebhookRequest(asked.method, asked.url, headers, asked.body.encode("utf-8", "replace"))


def _signed(webhook: Webhook, text: str, message: str, now: float) -> WebhookRequest:
    body = text.encode("utf-8", "replace")
    key = signing_key(webhook.secret.get_secret_value()) if webhook.secret else None
    signed = standard_webhooks.headers(message, int(now), body, key)
    return WebhookRequest("POST", webhook.address, {**_JSON, **_own(webhook), **signed}, body)


def _own(webhook: Webhook) -> dict[str, str]:
    """The headers of the configuration."""
    return {name: value.get_secret_value() for name, value in webhook.headers}


def _event_body(event: Event, item: Item, blog: Blog) -> str:
    if len(event.item or "") <= MAX_BODY_BYTES:
        text = _envelope(event, item, blog)
        if len(text.encode("utf-8", "replace")) <= MAX_BODY_BYTES:
            return text
    short = {**item, "content_html": "", "_livelog": {**item["_livelog"], "truncated": True}}
    return _envelope(event, short, blog)


def _envelope(event: Event, item: Item, blog: Blog) -> str:
    """The message that clients receive, in the envelope of Standard Webhooks."""
    about: dict[str, Any] = {"blog": _named(blog), "cursor": str(event.cursor)}
    if not item:
        return dump({"type": event.kind, "data": {**about, "id": event.id}})
    livelog = item["_livelog"]
    moment = livelog.get("corrected") if event.kind == "update" else None
    return dump({"type": event.kind, "timestamp": moment or livelog["seen"], "data": {**about, "item": item}})


def _named(blog: Blog) -> dict[str, str]:
    return {"name": blog.slug, "title": blog.title}
