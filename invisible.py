"""Characters that cannot be seen, that turn the text around them, or that cover other lines.

Publishers' texts have them by accident and on purpose: a link of invisible characters cannot be followed, and U+202E
turns the rest of a sentence round (UAX #9). See also Unicode Technical Report 36, "Unicode Security Considerations".
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_MARKS: Final = 3
"""Accents in a row that are kept: more would cover the lines above and below."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs", "Mn", "Me"})

# Fillers of Hangul, the empty cell of Braille, the place of an object that is not there, and the code points that
# Unicode reserves for characters without ink and for no character.
_BLANK: Final = re.compile(
    "[\u115f\u1160\u2065\u2800\u3164\uffa0\ufdd0-\ufdef\ufff0-\ufff8\ufffc\U000e0000-\U000e0fff]"
)

_MARKS: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
"""Accents of any script. Marks of Hebrew, Thai or Tibetan have places of their own, and do not pile up."""

_PILE: Final = re.compile(f"([{_MARKS}][{_MARKS}]{{{MAX_MARKS - 1}}})[{_MARKS}]+")
"""More than MAX_MARKS. A pattern that begins with one set of characters is searched for in a third of the time."""

_OVERRIDES: Final = ("\u202d", "\u202e")
_EMBEDDINGS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CLOSING: Final = {"\u202a": "\u202c", "\u202b": "\u202c", **dict.fromkeys("\u2066\u2067\u2068", "\u2069")}
_TAGS: Final = re.compile("(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]+")
"""Tag characters that are not part of a flag, as of Scotland."""

_AT_ENDS: Final = "\u00ad\u180e\u200b\u2060\ufeff \t\r\n"


def is_visible(text: str) -> bool:
    """True for a text of which anything can be seen."""
    return any(unicodedata.category(char) not in _INVISIBLE and not _BLANK.match(char) for char in text)


def tame_text(text: str) -> str:
    """Text that stays in its line and its direction, without invisible characters at its ends.

    Embeddings and isolates are kept if each one is ended. Marks of direction, joiners and soft hyphens are kept.
    """
    if text.isascii():
        return text
    text = tame_markup(_TAGS.sub("", text)).strip(_AT_ENDS)
    return text if _is_balanced(text) else _EMBEDDINGS.sub("", text)


def tame_markup(markup: str) -> str:
    """HTML without overrides of direction, for which it has ``<bdo>``, and without piles of accents.

    An element ends the embeddings and isolates that begin in it.
    """
    if markup.isascii():
        return markup
    for override in _OVERRIDES:
        markup = markup.replace(override, "")
    return _PILE.sub(r"\1", markup)


def _is_balanced(text: str) -> bool:
    """True if each embedding and isolate is ended, in order."""
    open_: list[str] = []
    for found in _EMBEDDINGS.finditer(text):
        closing = _CLOSING.get(found[0])
        if closing:
            open_.append(closing)
        elif not open_ or open_.pop() != found[0]:
            return False
    return not open_
