"""The wall: posts as cards, for a screen that is read across a room.

static/wall/card.js makes cards of later posts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tornado.locale import Locale

from pages.freshness import SourceState
from pages.images import Mode
from pages.item import clock, day, excerpt, isolated
from pages.language import language
from pages.names import named, short_name, source_and_site
from pages.shown_at import shown_at
from pages.source_text import iso

MIN_PICTURE_WIDTH: Final = 200
"""Pixels. Narrower pictures are icons and avatars."""

MAX_HEADLINE_CHARS: Final = 400
"""A headline of more fits no card."""

_IMAGE: Final = re.compile(r"<img [^>]*>")
_SOURCE: Final = re.compile(r' src="([^"]*)"')
_WIDTH: Final = re.compile(r' width="(\d+)"')


@dataclass(frozen=True, slots=True)
class Card:
    """A post on the wall. ``text`` and ``picture`` are shown on the newest one only; empty if there is none.

    ``names`` are those of its source, and of the site that the source has it from.
    """

    id: str
    position: str
    shown_at: str
    revision: int
    source: str
    names: str
    headline: str
    text: str
    picture: str


def card(item: Mapping[str, Any], images: Mode) -> Card:
    """The card of an item. Without a title, the beginning of its text is the headline."""
    about = item["_livelog"]
    title, text = named(item), about.get("preview", {}).get("text") or excerpt(item)
    source = str(about["source"]["title"])
    headline = title or text or source
    return Card(
        id=item["id"],
        position=about["position"],
        shown_at=shown_at(item),
        revision=about["revision"],
        source=source,
        names=source_and_site(about),
        headline=headline[:MAX_HEADLINE_CHARS],
        text=text if title else "",
        picture=_picture(item) if images == "lazy" else "",
    )


def _picture(item: Mapping[str, Any]) -> str:
    """The post's own picture, else the first in its content that is not declared small."""
    if item.get("image"):
        return str(item["image"])
    for image in _IMAGE.findall(item.get("content_html", "")):
        width, source = _WIDTH.search(image), _SOURCE.search(image)
        if source and (width is None or int(width[1]) >= MIN_PICTURE_WIDTH):
            return html.unescape(source[1])
    return ""


def state_text(source: SourceState, now: float, locale: Locale) -> str:
    """The state of a source in its cell: "silent since 14:10". ``now`` is Unix time."""
    match source.condition:
        case "waiting":
            return locale.translate("not fetched yet")
        case "unreachable":
            return locale.translate("unreachable since {time}").format(time=_when(source.since, now, locale))
    if not source.last:
        return locale.translate("nothing yet")
    if source.condition == "fresh":
        return clock(iso(source.last) or "")
    return locale.translate("silent since {time}").format(time=_when(source.last, now, locale))


def problems_text(sources: Sequence[SourceState], now: float, locale: Locale) -> str:
    """One sentence about the sources that cannot be reached; empty if there are none."""
    unreachable = [source for source in sources if source.condition == "unreachable"]
    if len(unreachable) > 1:
        return locale.translate("{n} sources cannot be reached").format(n=len(unreachable))
    sentence = locale.translate("{name} can’t be reached since {time}")
    times = ((isolated(short_name(source.title)), _when(source.since, now, locale)) for source in unreachable)
    return next((sentence.format(name=name, time=time) for name, time in times), "")


def _when(seconds: float, now: float, locale: Locale) -> str:
    """The time of day, or the day if it is another one."""
    at, today = iso(seconds) or "", iso(now) or ""
    return clock(at) if at[:10] == today[:10] else day(at, language(locale).code)
