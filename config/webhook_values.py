"""The values of a webhook in config.yaml: its URL, its template, its headers, and the key that signs."""

from __future__ import annotations

import base64
import binascii
import difflib
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from config.json_template import JsonTemplate
from config.url_values import http_url
from config.values import OWN_HEADERS, HeaderName, SecretHeader, headers, one_line

SERVICES: Final = ("slack", "discord", "matrix", "ntfy", "gotify")
"""Chat and notification services whose form is built in."""

MIN_KEY_BYTES: Final = 24
MAX_KEY_BYTES: Final = 64
"""Length of the key in a `whsec_` secret, by Standard Webhooks."""

KEY_PREFIX: Final = "whsec_"

_SERVICES: Final = f"{', '.join(SERVICES[:-1])} or {SERVICES[-1]}"
_TEMPLATE: Final = f'must be {_SERVICES}, or a JSON object such as {{"text": "{{{{title}}}} {{{{url}}}}"}}'
_KEY: Final = (
    f"must be {KEY_PREFIX} and the Base64 of {MIN_KEY_BYTES} to {MAX_KEY_BYTES} random bytes; "
    "echo whsec_$(openssl rand -base64 32) makes one"
)
_OWN: Final = OWN_HEADERS | {"content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"}


def _template(text: str) -> str:
    if text in SERVICES:
        return text
    if not text.startswith(("{", "[")):
        near = difflib.get_close_matches(text.lower(), SERVICES, 1)
        raise ValueError(_TEMPLATE + (f" (did you mean {near[0]}?)" if near else ""))
    JsonTemplate(text)
    return text


def _headers(value: object) -> object:
    return headers(value, {}, _OWN)


def _url(secret: SecretStr) -> SecretStr:
    http_url(secret.get_secret_value())
    return secret


Template = Annotated[str, AfterValidator(_template)]
WebhookHeaders = Annotated[
    tuple[tuple[HeaderName, SecretHeader], ...], BeforeValidator(_headers), Field(max_length=100)
]
WebhookName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(one_line)]
WebhookUrl = Annotated[SecretStr, Field(max_length=4096), AfterValidator(_url)]


def signing_key(secret: str) -> bytes:
    """The key in a `whsec_` secret. Raises ValueError with the sentence for another one."""
    try:
        key = base64.b64decode(secret.removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(KEY_PREFIX) or not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ValueError(_KEY)
    return key
