"""Rules for a webhook of config.yaml that are about several of its keys.

The forms of URLs and tokens are those of each service's documentation, see `delivery.services`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from config.schema import Blog, Webhook
from config.webhook_values import signing_key

_KNOWN_HOSTS: Final = (
    (r"hooks\.slack(-gov)?\.com/services/", "Slack", "slack"),
    (r"(\w+\.)?discord(app)?\.com/api/(v\d+/)?webhooks/[^/]+/[^/]+/?$", "Discord", "discord"),
)
"""URLs that accept the form of their service alone."""


def mistakes(webhook: Webhook, blog: Blog) -> Iterator[tuple[str, str]]:
    """Keys of a webhook whose values do not fit each other, each with a sentence."""
    if webhook.events == "key_events" and blog.key_events is None:
        yield "events", "needs key_events of the blog: the tag that key events have"
    yield from _mistakes_of_secret(webhook)
    yield from _mistakes_of_url(webhook)


def _mistakes_of_secret(webhook: Webhook) -> Iterator[tuple[str, str]]:
    in_headers = any(name.lower() in ("authorization", "x-gotify-key") for name, _ in webhook.headers)
    has_login = in_headers or "token=" in urlsplit(webhook.address).query
    match webhook.service:
        case "slack" | "discord" if webhook.secret:
            yield "secret", f"has no use for {webhook.service}: its URL is the secret; leave it out"
        case "matrix" | "gotify" if not webhook.secret and not has_login:
            token = "access token" if webhook.service == "matrix" else "application token"
            yield "template", f"needs a secret beside it: the {token} of {webhook.service}"
        case None if webhook.secret:
            try:
                signing_key(webhook.secret.get_secret_value())
            except ValueError as error:
                yield "secret", str(error)


def _mistakes_of_url(webhook: Webhook) -> Iterator[tuple[str, str]]:
    address = urlsplit(webhook.address)
    behind_host = webhook.address.split(address.netloc, 1)[1]
    match webhook.service:
        case "matrix" if not re.fullmatch(r".*/_matrix/client/\w+/rooms/(!|%21)[^/?#]+/send/[\w.]+", behind_host):
            yield (
                "url",
                "must be a room of Matrix, such as https://matrix.example.org/_matrix/client/v3/rooms/"
                "!ROOM:example.org/send/m.room.message",
            )
        case "ntfy" if not re.fullmatch(r".*/[A-Za-z0-9_-]{1,64}", behind_host):
            yield "url", "must end in the name of a topic, such as https://ntfy.sh/my-topic"
        case "discord" if re.search(r"/(slack|github)/?$", address.path):
            yield "url", "must have nothing behind its token, such as https://discord.com/api/webhooks/ID/TOKEN"
        case "gotify" if not re.fullmatch(r".*/message", address.path):
            yield "url", "must end in /message, such as https://gotify.example.org/message"
        case None if webhook.template is None:
            for pattern, name, service in _KNOWN_HOSTS:
                if re.match(f"https?://{pattern}", webhook.address):
                    yield "url", f"is a webhook of {name}, which accepts its own form alone: add template: {service}"
