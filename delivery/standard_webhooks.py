"""Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): the id, the time and the signature of a request.

A receiver recognises a request that it has had already by its id, which is made of the event's cursor: the same on
every node, after every crash, and in every try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from entries import Event


def message_id(event: Event) -> str:
    """The id of an event's requests. It has no dot, which separates the parts of what is signed."""
    return f"msg_{event.blog}_{event.cursor.epoch}_{event.cursor.seq}"


def signature(key: bytes, message: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: HMAC-SHA256 of id, time (Unix seconds) and body."""
    signed = f"{message}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def headers(message: str, timestamp: int, body: bytes, key: bytes | None) -> dict[str, str]:
    """The headers of a request; without a ``key`` it is not signed."""
    named = {"webhook-id": message, "webhook-timestamp": str(timestamp)}
    return named | ({"webhook-signature": signature(key, message, timestamp, body)} if key else {})
