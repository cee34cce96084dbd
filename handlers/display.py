"""How an item is shown: what templates call. static/entry.js does the same for what arrives later."""

from __future__ import annotations

import unicodedata
from datetime import datetime

HUES = 12


def clock(iso: str) -> str:
    """The time of day, in UTC: 14:07."""
    return _moment(iso).strftime("%H:%M")


def day(iso: str) -> str:
    """The day, in UTC: 23 November 2026."""
    moment = _moment(iso)
    return f"{moment.day} {moment:%B %Y}"


def initial(name: str) -> str:
    """The first letter or digit of a source's name, as its mark."""
    return next((char.upper() for char in name if unicodedata.category(char)[0] in "LN"), "•")


def hue(name: str) -> int:
    """A source's own colour, 0 to 11: FNV-1a (32 bit) over the UTF-8 bytes of its name."""
    value = 0x811C9DC5
    for byte in name.encode("utf-8", "replace"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value % HUES


def _moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso)


HELPERS = {"clock": clock, "day": day, "initial": initial, "hue": hue}
