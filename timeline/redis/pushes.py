"""Pushes as text: Redis is read as text, and Lua scripts do not parse them."""

from __future__ import annotations

import base64
import json
from typing import Final

from entries import dump
from timeline.feed_jobs import Push

PUSH_KEYS: Final = ("pushes", "pushed", "push_queue", "push_due", "missed")
"""The keys with data of pushes, in the order in which scripts take them."""


def push_text(body: bytes, content_type: str | None) -> str:
    """A push as it is stored."""
    return dump([content_type, base64.b64encode(body).decode()])


def push_of(number: str, text: str) -> Push:
    """A stored push."""
    content_type, body = json.loads(text)
    return Push(int(number), base64.b64decode(body), content_type)


def pushed_numbers(pushed: str) -> list[str]:
    """The numbers in the list of a feed's pushes."""
    return [push.partition(":")[0] for push in pushed.split()]


def queued_at(number: int) -> int:
    """The score of a feed in the queue while it is not leased: below all times, in order of arrival."""
    return number - 10**15
