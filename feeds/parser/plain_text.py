"""Plain text where a feed promises HTML: its line breaks are kept, and its addresses become links.

YouTube's descriptions are plain text, and so are many descriptions of RSS. Digests are those of the text as it was
published, so this corrects no stored entry.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Final

_MAX_CHARS: Final = 64 * 1024
"""Longer text stays as it is: it would be cut in any case."""

_WRAPPED_CHARS: Final = range(60, 121)
"""The longest line of a text that a program wrapped has so many characters."""

_TAG: Final = re.compile(r"<[a-z/!?]", re.IGNORECASE)
_STRUCTURE: Final = re.compile(r"<(?=[a-z/!?])(?!/?(?:p|br|div)\b)", re.IGNORECASE)
"""The start of a tag that is neither a paragraph nor a line break."""

_EMPTY_LINES: Final = re.compile(r"\n(?:[^\S\n]*\n)+")
_TAG_OR_ADDRESS: Final = re.compile(
    r"<[a-z/][^>]{0,2000}>|(?<![a-z0-9])https?://(?:(?!&(?:lt|gt|quot|nbsp|#))[^\s<>\"“”‘’，。；：！？、（）《》「」【】]){1,2000}",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);)(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});"
)
"""A reference that nobody writes about: `&nbsp;` in plain text was meant as a space."""

_PUNCTUATION: Final = ".,;:!?'*_…"


def text_as_html(markup: str) -> str:
    """Text without tags as paragraphs and lines, with links; HTML that has only paragraphs, with links.

    Other HTML is returned as it is. Neither ``markup`` nor the result is sanitised.
    """
    if len(markup) > _MAX_CHARS or _STRUCTURE.search(markup):
        return markup
    return _TAG_OR_ADDRESS.sub(_link, markup if _TAG.search(markup) else _with_lines(markup))


def resolve_references(text: str) -> str:
    """Plain text that is escaped as HTML, as the characters that were meant.

    `&lt;` and the like alone may be what the text is about.
    """
    return unescape(text) if "&" in text and _REFERENCE.search(text) else text


def _with_lines(text: str) -> str:
    folded = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = [_lines(part) for part in _EMPTY_LINES.split(folded)]
    if sum(map(len, paragraphs)) < 2:
        return text
    between = " " if _is_wrapped(paragraphs) else "<br>"
    return "".join(f"<p>{between.join(lines)}</p>" for lines in paragraphs)


def _lines(paragraph: str) -> list[str]:
    return [line for line in map(str.strip, paragraph.split("\n")) if line]


def _is_wrapped(paragraphs: Sequence[Sequence[str]]) -> bool:
    """True if a program broke the lines: no line has room for the first word of the next."""
    longest = max(len(line) for lines in paragraphs for line in lines)
    pairs = [(lines[n - 1], lines[n]) for lines in paragraphs for n in range(1, len(lines))]
    has_room = any(len(line) + 1 + len(after.split(maxsplit=1)[0]) <= longest for line, after in pairs)
    return longest in _WRAPPED_CHARS and len(pairs) > 1 and not has_room


def _link(found: re.Match[str]) -> str:
    text = found[0]
    if text.startswith("<"):
        return text
    address = _address(text)
    return f'<a href="{address}">{address}</a>{text[len(address) :]}'


def _address(text: str) -> str:
    """The address without the punctuation of the sentence around it."""
    while True:
        address = text.rstrip(_PUNCTUATION).removesuffix("&amp;")
        if address.endswith(")") and address.count("(") < address.count(")"):
            address = address[:-1]
        if address == text:
            return address
        text = address
