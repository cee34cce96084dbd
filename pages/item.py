"""Parts of an item as text: times, source marks, excerpts, attachments. Templates get them as `helpers`.

static/post/post.js and static/post/files.js write the same for posts that arrive later.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import quote

from tornado.locale import Locale

import invisible
from config import Blog
from pages.details import details
from pages.images import cover, is_film, lead, pictured, thumb
from pages.language import language
from pages.names import initial, named, short_name
from pages.shown_at import shown_at

HUES: Final = 12

EXCERPT_CHARS: Final = 240

_MAX_MARKUP_CHARS: Final = 4_000
"""HTML that is searched for an excerpt."""

_CACHED: Final = 1024
"""Days and hues that are cached: a page has the same ones many times."""

_LABELS: Final = {
    "application/pdf": "PDF",
    "application/epub+zip": "EPUB",
    "application/zip": "ZIP",
}
_MEDIA: Final = {"audio": "Audio", "video": "Video", "image": "Picture", "": "File"}
_UNITS: Final = ("kB", "MB", "GB", "TB")

_INLINE: Final = re.compile(r"</?(?:a|abbr|b|code|em|i|q|s|small|span|strong|sub|sup|u)(?: [^<>]*)?>")
"""Tags that end no word."""
_PLAYER: Final = re.compile("<(?:audio|video)")

Mode = Literal["brief", "whole", "headlines"]
"""The part of a post that a page shows: a summary, all of it, or its headline alone."""

Attachment = Mapping[str, Any]
"""An attachment as JSON Feed has it: `url`, `mime_type`, `title`, `size_in_bytes`, `duration_in_seconds`."""


def helpers(locale: Locale) -> dict[str, Callable[..., Any]]:
    """The functions of this module and of images.py that templates call, in the language of the page."""
    code = language(locale).code

    def own_day(iso: str) -> str:
        return weekday(iso, code)

    def moment(iso: str) -> str:
        return locale.translate("{day}, {clock}").format(day=day(iso, code), clock=clock(iso))

    def later(iso: str, than: str) -> str:
        return clock(iso) if iso[:10] == than[:10] else moment(iso)

    return {
        "clock": clock,
        "day": own_day,
        "moment": moment,
        "later": later,
        "hours": hours,
        "initial": initial,
        "short_name": short_name,
        "named": named,
        "mode_of": mode_of,
        "feed_posts": feed_posts,
        "hue": hue,
        "quoted": quoted,
        "isolated": isolated,
        "listed": listed,
        "label": label,
        "labels": labels,
        "medium": medium,
        "facts": facts,
        "pictured": pictured,
        "lead": lead,
        "cover": cover,
        "thumb": thumb,
        "is_film": is_film,
        "untitled": untitled,
        "shown_at": shown_at,
        "read_on": read_on,
        "details": details,
    }


def clock(iso: str) -> str:
    """The time of day, in UTC: 14:07."""
    return datetime.fromisoformat(iso).strftime("%H:%M")


def day(iso: str, code: str = "en") -> str:
    """The day, in UTC, as JavaScript's Intl writes it in that language: 23 November 2026, 2026年11月23日."""
    return _day(iso[:10], code)


def mode_of(item: Mapping[str, Any], blog: Blog) -> Mode:
    """The part of a post that pages show; static/post/names.js computes the same."""
    about = item["_livelog"]
    chosen = blog.feed_posts.get(about["source"].get("feed_url"), blog.posts)
    if chosen == "headlines":
        return "headlines"
    return "brief" if chosen == "auto" and about.get("preview") else "whole"


def feed_posts(blog: Blog) -> str:
    """``posts`` of the blog's feeds by URL, as JSON for the page's script."""
    return json.dumps(blog.feed_posts, ensure_ascii=False)


def hours(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The id of the newest item of each hour (UTC), from the first item's day. Empty if there is but one hour."""
    found: dict[str, str] = {}
    for item in items:
        position = item["_livelog"]["position"]
        if position[:10] != items[0]["_livelog"]["position"][:10]:
            break
        found.setdefault(position[11:13], item["id"])
    return found if len(found) > 1 else {}


def weekday(iso: str, code: str = "en") -> str:
    """The day with its weekday, in UTC: Monday 23 November 2026, 2026年11月23日 星期一."""
    date = datetime.fromisoformat(iso[:10])
    if code == "zh":
        return f"{day(iso, code)} 星期{'一二三四五六日'[date.weekday()]}"
    return f"{date:%A} {day(iso, code)}"


@lru_cache(_CACHED)
def hue(name: str) -> int:
    """The colour of a source's mark, 0 to 11: FNV-1a (32 bit) over the UTF-8 bytes of its name."""
    value = 0x811C9DC5
    for byte in name.encode("utf-8", "replace"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value % HUES


def quoted(text: str) -> str:
    """Text percent-encoded for a URL, exactly as JavaScript's encodeURIComponent does."""
    return quote(text, safe="!'()*~-_.", errors="replace")


def isolated(text: str) -> str:
    """Text of any direction in Unicode isolates (UAX #9), for the middle of a sentence."""
    return f"\u2068{text}\u2069"


def excerpt(item: Mapping[str, Any]) -> str:
    """The beginning of a post's content as one line of text, at most EXCERPT_CHARS and an ellipsis."""
    markup = str(item.get("content_html") or "")[:_MAX_MARKUP_CHARS]
    text = html.unescape(re.sub(r"<[^>]*>?", " ", _INLINE.sub("", markup)))
    return _cut(" ".join((text.strip() or str(item.get("summary") or "")).split()))


def summary(item: Mapping[str, Any]) -> str:
    """The preview of a long post, cut like an excerpt; else its excerpt."""
    preview = item["_livelog"].get("preview")
    return _cut(preview["text"]) if preview and preview["text"] else excerpt(item)


def name(item: Mapping[str, Any]) -> str:
    """The title of a post, with its source's before one that is only a version; else its excerpt, else its source."""
    return _cut(named(item)) or excerpt(item) or short_name(str(item["_livelog"]["source"]["title"]))


def untitled(item: Mapping[str, Any], blog: Blog, mode: Mode, translate: Callable[[str], str]) -> str:
    """The headline of a post without a title: empty if its text, a picture or a file is shown.

    In a list of headlines it is the beginning of the text, else the kind of what the post has.
    """
    if beginning := excerpt(item):
        return beginning if mode == "headlines" else ""
    content, files = item.get("content_html", ""), item.get("attachments")
    is_pictured = "<img" in content or bool(item.get("image"))
    if mode != "headlines" and (files or _PLAYER.search(content) or (is_pictured and blog.images != "none")):
        return ""
    return translate(label(files[0]) if files else _MEDIA["image"] if is_pictured else "Untitled")


def read_on(minutes: int | None, translate: Callable[[str], str]) -> str:
    """The words of the link to the whole post: Read on · 11 min."""
    length = [translate("{n} min").format(n=minutes)] if minutes else []
    return " · ".join([translate("Read on"), *length])


def listed(item: Mapping[str, Any], *, pictured: bool) -> list[Attachment]:
    """The attachments to list. If the post's picture is shown (``pictured``), it is left out."""
    attachments = item.get("attachments", ())
    return [one for one in attachments if not (pictured and _is_picture(one) and one["url"] == item.get("image"))]


def label(attachment: Attachment) -> str:
    """The kind of a file, from its type: PDF, Audio, else File."""
    kind = attachment.get("mime_type", "")
    return _LABELS.get(kind) or _MEDIA.get(medium(attachment)) or _MEDIA[""]


def labels(translate: Callable[[str], str]) -> str:
    """The labels by type and by medium, as JSON for the page's script."""
    return json.dumps({kind: translate(name) for kind, name in (_LABELS | _MEDIA).items()}, ensure_ascii=False)


def medium(attachment: Attachment) -> str:
    """The part of a file's type before the slash: audio, video, image, …; empty for a type without one."""
    before, slash, _ = str(attachment.get("mime_type", "")).partition("/")
    return before if slash else ""


def facts(attachment: Attachment) -> Iterator[str]:
    """The duration and size of a file, and its type if the label does not give it."""
    if seconds := attachment.get("duration_in_seconds"):
        yield duration(seconds)
    if size := attachment.get("size_in_bytes"):
        yield amount(size)
    if label(attachment) == _MEDIA[""] and attachment.get("mime_type"):
        yield attachment["mime_type"]


def duration(seconds: int) -> str:
    """Seconds as on a clock: 41:07, 1:05:09."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(size: int) -> str:
    """Bytes in powers of 1,000, rounded, with one decimal below 10: 48 MB, 1.2 GB."""
    unit = 0
    while size >= 999_500 and unit < len(_UNITS) - 1:
        size = (size + 500) // 1000
        unit += 1
    tenths = (size + 50) // 100
    whole = (size + 500) // 1000
    return f"{tenths // 10}.{tenths % 10} {_UNITS[unit]}" if tenths < 100 else f"{whole} {_UNITS[unit]}"


def _cut(text: str) -> str:
    """At most EXCERPT_CHARS and an ellipsis, in which no change of direction is left open."""
    if len(text) <= EXCERPT_CHARS:
        return invisible.tame_text(text)
    return invisible.tame_text(text[:EXCERPT_CHARS].rsplit(" ", 1)[0].rstrip()) + "…"


@lru_cache(_CACHED)
def _day(date: str, code: str) -> str:
    moment = datetime.fromisoformat(date)
    if code == "zh":
        return f"{moment.year}年{moment.month}月{moment.day}日"
    return f"{moment.day} {moment:%B %Y}"


def _is_picture(attachment: Attachment) -> bool:
    return bool(attachment.get("mime_type", "").startswith("image/"))
