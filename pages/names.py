"""Names of sources as a page shows them: short, in one line, and in the tile beside it.

static/post/names.js computes the same; tests/pages/names.json has the cases of both. Filters use the full title.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

MAX_NAME_CHARS: Final = 60
MIN_NAME_LETTERS: Final = 2
MAX_MARKS: Final = 3
"""Accents in a row that are kept: more would cover the lines above and below."""

NAMELESS: Final = "•"

_CACHED: Final = 1024
_SEPARATOR: Final = re.compile(" [-|–] ")
_NOTES: Final = re.compile("release notes from ", re.IGNORECASE)
# Direction marks reach beyond the name, the others are invisible. Joiners stay: Persian and emoji need them.
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_VERSION: Final = re.compile(
    r"(?:(?:version|release|ver|rel|v)[ ._-]?[0-9]{1,8}|[0-9]{1,8}\.[0-9]{1,8})(?:[._][0-9]{1,8}){0,5}"
    r"(?:[-+._]?[a-z0-9]{1,12}(?:[-+._][a-z0-9]{1,12}){0,3}| (?:alpha|beta|rc|preview|lts)(?: ?[0-9]{1,4})?)?",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(_CACHED)
def short_name(title: str) -> str:
    """A source's title up to the first « - », « | » or « – » that leaves a name; never blank."""
    name = _clean(title)
    notes = _NOTES.match(name)
    if notes and _is_name(name[notes.end() :]):
        name = name[notes.end() :]
    for separator in _SEPARATOR.finditer(name):
        if _is_name(name[: separator.start()]):
            name = name[: separator.start()].strip()
            break
    if len(name) > MAX_NAME_CHARS:
        name = name[: MAX_NAME_CHARS - 1].rstrip() + "…"
    return name if any(unicodedata.category(char)[0] in "LNPS" for char in name) else NAMELESS


@lru_cache(_CACHED)
def initial(title: str) -> str:
    """The first letter or digit of a source's title in upper case, without «The»."""
    words = [word for word in short_name(title).split(" ") if any(map(_is_letter, word))]
    if len(words) > 1 and words[0].casefold() == "the":
        words = words[1:]
    return next((char.upper() for char in "".join(words) if _is_letter(char)), NAMELESS)


def named(item: Mapping[str, Any]) -> str:
    """The title of a post; the short name of the site that it is from comes before one that is only a version."""
    title = str(item.get("title") or "")
    if not _VERSION.fullmatch(title):
        return title
    about = item["_livelog"]
    return f"{short_name(str((about.get('original') or about['source'])['title']))} {title}"


def source_and_site(about: Mapping[str, Any]) -> str:
    """Short name of a post's source, and behind it that of the site that the source has it from."""
    names = [short_name(str(one["title"])) for one in (about["source"], about.get("original")) if one]
    return " · ".join(dict.fromkeys(names))


def _clean(title: str) -> str:
    """A title without invisible characters and piles of accents, white space folded."""
    folded = " ".join(_INVISIBLE.sub("", title).split())
    if folded.isascii():
        return folded
    kept: list[str] = []
    marks = 0
    for char in folded:
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _is_name(text: str) -> bool:
    return sum(map(_is_letter, text)) >= MIN_NAME_LETTERS


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LN"
