"""How an item is shown: what templates call. static/post/post.js does the same for what arrives later."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from tornado.locale import Locale

from pages.language import language

HUES: Final = 12

REMEMBERED: Final = 1024
"""How many days and names are remembered with what was made of them: a page has the same ones many times."""

EXCERPT: Final = 240
"""Characters of a post that are told where there is no room for all of it."""

_MARKUP_LOOKED_AT: Final = 4_000


def clock(iso: str) -> str:
    """The time of day, in UTC: 14:07."""
    return _moment(iso).strftime("%H:%M")


def day(iso: str, code: str = "en") -> str:
    """The day, in UTC and in the language's form, as Intl writes it: 23 November 2026, 2026年11月23日."""
    return _day(iso[:10], code)


@lru_cache(REMEMBERED)
def initial(name: str) -> str:
    """The first letter or digit of a source's name, as its mark."""
    return next((char.upper() for char in name if unicodedata.category(char)[0] in "LN"), "•")


@lru_cache(REMEMBERED)
def hue(name: str) -> int:
    """A source's own colour, 0 to 11: FNV-1a (32 bit) over the UTF-8 bytes of its name."""
    value = 0x811C9DC5
    for byte in name.encode("utf-8", "replace"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value % HUES


def quoted(text: str) -> str:
    """Text for a URL, exactly as JavaScript's encodeURIComponent has it."""
    return quote(text, safe="!'()*~-_.", errors="replace")


def isolated(text: str) -> str:
    """Text of any direction for the middle of a sentence, which keeps its own."""
    return f"\u2068{text}\u2069"


def excerpt(item: Mapping[str, Any]) -> str:
    """The beginning of what a post says, as text in one line."""
    markup = str(item.get("content_html") or "")[:_MARKUP_LOOKED_AT]
    text = html.unescape(re.sub(r"<[^>]*>?", " ", markup)) if markup else str(item.get("summary") or "")
    return _cut(" ".join(text.split()))


def name(item: Mapping[str, Any]) -> str:
    """What a post is called where it must be called something: its title, else how it begins."""
    return _cut(str(item.get("title") or "")) or excerpt(item) or str(item["_livelog"]["source"]["title"])


def _cut(text: str) -> str:
    if len(text) <= EXCERPT:
        return text
    return text[:EXCERPT].rsplit(" ", 1)[0].rstrip() + "…"


@lru_cache(REMEMBERED)
def _day(date: str, code: str) -> str:
    moment = _moment(date)
    if code == "zh":
        return f"{moment.year}年{moment.month}月{moment.day}日"
    return f"{moment.day} {moment:%B %Y}"


def _moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso)


def helpers(spoken: Locale) -> dict[str, Callable[..., Any]]:
    """What templates call, in a language."""
    code = language(spoken).code

    def own_day(iso: str) -> str:
        return day(iso, code)

    def moment(iso: str) -> str:
        return spoken.translate("{day}, {clock}").format(day=day(iso, code), clock=clock(iso))

    def later(iso: str, than: str) -> str:
        return clock(iso) if iso[:10] == than[:10] else moment(iso)

    return {
        "clock": clock,
        "day": own_day,
        "moment": moment,
        "later": later,
        "initial": initial,
        "hue": hue,
        "quoted": quoted,
        "isolated": isolated,
    }
