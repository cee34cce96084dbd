"""The text of a post: its own content, else its description; a caption only if it has neither.

feedparser takes any further description for content, be it a picture's, a podcast's or another module's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Final, NamedTuple

from feeds.parser.sanitize import normalize_text

OF_AN_IMAGE: Final = "image_description"

_CONTENT: Final = ("content", "content_encoded", "fullitem", "body", "xhtml_body", "yandex_full-text")
_SUMMARIES: Final = ("description", "summary", "abstract", "dc_description", "itunes_summary")
_CAPTIONS: Final = ("media_description", OF_AN_IMAGE)
_TITLES: Final = ("title", "dc_title", "media_title")
NAMES: Final = frozenset({*_CONTENT, *_SUMMARIES, *_CAPTIONS, *_TITLES})
"""Elements of an entry that are its text or title, or pass for it."""

_RANKS: Final = {name: rank for rank, name in enumerate((*_SUMMARIES, *_CAPTIONS))}
_TITLE_RANKS: Final = {name: rank for rank, name in enumerate(_TITLES)}

_MAX_BLANK_CHARS: Final = 500
"""Longer markup counts as visible without being read."""

_WORD: Final = re.compile(r"(?:<[a-z][^<>]{0,200}>){0,5}[A-Za-z0-9]", re.IGNORECASE)
"""The beginning of most markup: at most 5 tags, then a letter or digit."""

_SEEN: Final = re.compile(r"<(?:img|picture|video|audio|iframe|object|embed|svg|math|hr)\b", re.IGNORECASE)
_HTML: Final = re.compile(
    r"\s*<(?:p|div|a|b|i|em|strong|span|ul|ol|h[1-6]|table|img|figure|blockquote|pre|section|article)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[a-z/!][^>]*>", re.IGNORECASE)


class Text(NamedTuple):
    """A text of an entry, as published: its element, whether that is inside another element, its type and base."""

    name: str
    nested: bool
    mime_type: str | None
    base: str | None
    value: str


def choose(texts: Iterable[Text]) -> tuple[Text | None, Text | None]:
    """The content and the summary of an entry; without content, its summary is all of its text."""
    given = [text for text in texts if text.name not in _TITLES]
    seen = given if len(given) == 1 else [text for text in given if not is_blank(text.value)] or given
    content = min((text for text in seen if text.name in _CONTENT), key=_content_rank, default=None)
    others = (text for text in seen if text.name in (_SUMMARIES if content else _RANKS))
    summary = min(others, key=_rank, default=None)
    if content is None and summary and [text.value for text in given].count(summary.value) > 1:
        # Published twice, it is both: entries that an earlier version stored keep their digests.
        return summary, summary
    return content, summary


def choose_title(texts: Iterable[Text]) -> Text | None:
    """The title of an entry: its own, before that of a film or another module."""
    titles = (text for text in texts if text.name in _TITLES)
    return min(titles, key=lambda text: (text.nested, _TITLE_RANKS[text.name]), default=None)


def is_html(text: str) -> bool:
    """True for text that is nothing but elements of HTML, as some publish it without a type."""
    return _HTML.match(text) is not None and text.rstrip().endswith(">")


def is_blank(markup: str) -> bool:
    """True for HTML that shows nothing, such as an empty paragraph."""
    if len(markup) > _MAX_BLANK_CHARS or _WORD.match(markup) or _SEEN.search(markup):
        return False
    return normalize_text(unescape(_TAG.sub("", markup))) is None


def _content_rank(text: Text) -> tuple[bool, bool]:
    return text.nested, "html" not in (text.mime_type or "")


def _rank(text: Text) -> tuple[bool, int]:
    return text.nested, _RANKS[text.name]
