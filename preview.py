"""The preview of a long post: a summary as text, and the minutes that the whole takes to read.

A page shows it instead of the content, with a link to read on. It is made in the parser process and stored with the
item; `completed` adds it to items that an earlier version stored. It is no part of an entry's digest.
"""

from __future__ import annotations

import html
import json
import math
import re
import unicodedata
from typing import Any, Final, NamedTuple

import invisible
import redaction
from entries import Preview, dump
from markup import first_picture

MAX_SHORT_CHARS: Final = 480
MAX_SHORT_CJK_CHARS: Final = 200
MAX_SHORT_PICTURES: Final = 1
MAX_SHORT_LINES: Final = 12
"""Content of more characters (of more than 200 where most are CJK), pictures or lines is long.

So is any that ends in a link to the whole: `Continue reading…`.
"""

MAX_CHARS: Final = 400
"""Length of a summary, with its ellipsis."""

MAX_SUMMARY_CHARS: Final = 4 * MAX_CHARS
"""Part of a publisher's summary that is read."""

MIN_SUMMARY_CHARS: Final = 40
MIN_SUMMARY_CJK_CHARS: Final = 20
"""A publisher's summary of less is none: `Comments`, `Listen now`."""

WORDS_A_MINUTE: Final = 225
CJK_CHARS_A_MINUTE: Final = 450

_CHARS_A_WORD: Final = 10
"""Characters that count as a word where spaces are rare, as in Thai."""

# Sanitised HTML: names are in small letters, values in double quotes, of which a value has none.
_REST: Final = r'(?: [^<>"]*(?:"[^"]*"[^<>"]*)*)?>'
_TAG: Final = re.compile(r"</?[A-Za-z][A-Za-z0-9]*" + _REST)
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|i|ins|kbd|mark|q|ruby|s|samp|small|span|strong|sub|sup|time|u|var|wbr)"
    + _REST
)
_ROW: Final = re.compile(r"<(?:li|td|th|tr|dt)" + _REST)
_CAPTIONED: Final = re.compile(r"<figure\b.*?</figure>", re.DOTALL)
_READING: Final = re.compile(r"<(r[pt])\b.*?</\1>", re.DOTALL)
_SCRIPT: Final = re.compile(r"<(script|style)\b.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_ALT: Final = re.compile(r'<img [^<>]*?\balt="([^"]+)"')
_FORMULA: Final = re.compile(
    r'<math(?: [a-z]+="[^"]*")*? alttext="(?=[^"]*[^"\s])([^"]*)"(?: [a-z]+="[^"]*")*>.*?</math>', re.DOTALL
)
_TEX: Final = re.compile(r"\s*\{\\(?:display|text)style(?![a-z])\s*(.*)\}\s*", re.DOTALL)
_ENDS_IN_LINK: Final = re.compile(r"</a>[^<>]{0,9}(?:</[a-z0-9]+>\s*){0,4}\Z")
_LINE: Final = re.compile(r"<br>|</(?:p|li|tr|h[1-6]|dt|dd|summary|figcaption)>")
_PRE: Final = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
_ENDS: Final = tuple(".:;!?…\u3002\uff01\uff1a\uff1b\uff1f")
_CJK: Final = re.compile(
    "[\u1100-\u11ff\u2e80-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+"
)
_TO_THE_WHOLE: Final = (
    r"(?:continue reading|read more|keep reading)(?: .{1,200}→|)[\s.…→»>]*|(?:阅读|查看)(?:全文|原文)[\s.…→»>]*"
)
_GOES_ON: Final = re.compile(rf"\b(?:{_TO_THE_WHOLE})\Z", re.IGNORECASE)
_SIGNATURE: Final = re.compile(
    rf"\s*(?:the post .{{1,300}} (?:appeared first|first appeared) on .{{1,120}}|{_TO_THE_WHOLE})\Z", re.IGNORECASE
)
_MAX_SIGNATURE_CHARS: Final = 500
_ELLIPSIS: Final = re.compile(r"[\s.,;:]*(?:\[\s*(?:…|\.{3})\s*\]|\(\s*(?:…|\.{3})\s*\)|…|\.{3})\s*\Z")
_BEFORE_ELLIPSIS: Final = " .,;:·–—-、,。"
_DECODER: Final = json.JSONDecoder()
_STORED: Final = re.compile(r'\{"id":"[^"\\]*","content_html":"')


class _Text(NamedTuple):
    """The text of long content on one line, and the number of its CJK characters."""

    text: str
    cjk: int


def of(content: str, summary: str | None = None, title: str | None = None) -> Preview | None:
    """The preview of sanitised HTML; None for short content. ``summary`` is the publisher's own, as text."""
    found = _long_text(content)
    return found and _preview(found, content, summary, title)


def completed(item: str) -> str:
    """A stored item, as JSON text, with its preview and without secrets: earlier versions stored none, and all."""
    item = redaction.public_item(item)
    # Quotes within strings are escaped: these names are found nowhere but in the structure of the item.
    start = None if '"preview":{' in item else _STORED.match(item)
    if start is None:
        return item
    content, _ = _DECODER.raw_decode(item, start.end() - 1)
    found = _long_text(content)
    if found is None:
        return item
    whole: dict[str, Any] = json.loads(item)
    preview = _preview(found, content, whole.get("summary"), whole.get("title"))
    before, name, after = item.rpartition('"_livelog":{')
    return f'{before}{name}"preview":{dump(preview.public())},{after}'


def text_of(content: str) -> str:
    """The text of sanitised HTML on one line, with « · » between items of lists and cells of tables.

    Captions and readings of ruby are left out where there is other text; where there is none, images give theirs.
    A formula is its alternative text, if it has one.
    """
    if "<" not in content:
        return _fold(content)
    if "<math" in content:
        content = _FORMULA.sub(_alternative, content)
    flat = _INLINE.sub("", content)
    return _fold(_CAPTIONED.sub(" ", _READING.sub("", flat))) or _fold(flat) or _fold(" ".join(_ALT.findall(content)))


def _alternative(formula: re.Match[str]) -> str:
    """The text of a formula as its publisher gives it, without the command of TeX for its size."""
    return _TEX.sub(r"\1", formula[1]).replace("<", "&lt;")


def _fold(markup: str) -> str:
    rows = html.unescape(_TAG.sub(" ", _ROW.sub("\x1f", markup)) if "<" in markup else markup).split("\x1f")
    folded = [line for row in rows if (line := " ".join(row.split()))]
    # A sentence needs no other mark of its end.
    parted = [line if line.endswith(_ENDS) else f"{line} ·" for line in folded[:-1]]
    return " ".join([*parted, *folded[-1:]])


def _long_text(content: str) -> _Text | None:
    """The text of content that is long; None for any other."""
    many = content.count("<img") > MAX_SHORT_PICTURES or _lines(content) > MAX_SHORT_LINES
    if not many and len(content) <= MAX_SHORT_CJK_CHARS:
        return None
    text = text_of(content)
    cjk = _cjk_chars(text)
    long = len(text) > (MAX_SHORT_CJK_CHARS if _is_cjk(text, cjk) else MAX_SHORT_CHARS)
    return _Text(text, cjk) if long or many or _goes_on_elsewhere(content, text) else None


def _goes_on_elsewhere(content: str, text: str) -> bool:
    """True for the beginning of something longer, which a link at its end leads to."""
    return _ENDS_IN_LINK.search(content) is not None and _GOES_ON.search(text[-_MAX_SIGNATURE_CHARS:], 1) is not None


def _lines(content: str) -> int:
    """Lines that content has at any width."""
    in_code = sum(code.count("\n") for code in _PRE.findall(content)) if "<pre" in content else 0
    return in_code + len(_LINE.findall(content)) if "<" in content else 0


def _preview(found: _Text, content: str, summary: str | None, title: str | None) -> Preview:
    own = _without_title(_plain((summary or "")[:MAX_SUMMARY_CHARS]), title)
    text = _without_title(found.text, title)
    # The elements that ended a change of direction are no part of the text, nor is its rest.
    shown = invisible.tame_text(shorten(own if _serves(own, text) else _signed_off(text)))
    return Preview(shown, _minutes(found), first_picture(content))


def _plain(summary: str) -> str:
    """A publisher's summary without the markup that some escape twice, and the phrases that blog software appends."""
    if _TAG.search(summary):
        summary = text_of(_SCRIPT.sub(" ", summary))
    return _signed_off(" ".join(summary.split()))


def _signed_off(text: str) -> str:
    """Text without the link to the whole at its end; an ellipsis in brackets is one without."""
    if len(text) > MAX_SUMMARY_CHARS:
        return text
    start = max(len(text) - _MAX_SIGNATURE_CHARS, 0)
    return text[:start] + _ELLIPSIS.sub("…", _SIGNATURE.sub("", text[start:]))


def _serves(summary: str, text: str) -> bool:
    """True for a summary that says more than the beginning of the text does."""
    if not text:
        return bool(summary)
    letters = _letters(summary)
    least = MIN_SUMMARY_CJK_CHARS if _is_cjk(summary, _cjk_chars(summary)) else MIN_SUMMARY_CHARS
    if len(letters) < least or (least == MIN_SUMMARY_CHARS and " " not in summary):
        return False
    return not _letters(text[: 2 * len(summary)]).startswith(letters)


def _without_title(text: str, title: str | None) -> str:
    """Text that begins with the title, without it: the title is above it."""
    if not title or text[: len(title)].casefold() != title.casefold():
        return text
    rest = text[len(title) :]
    if rest[:1].isalnum():
        return text
    return rest.lstrip(" .:;,·|–—-") or text


def _letters(text: str) -> str:
    """Letters and digits alone, for comparisons."""
    return "".join(filter(str.isalnum, text.casefold()))


def _minutes(found: _Text) -> int:
    """The minutes that a text takes to read, rounded up; 0 for less than one."""
    rest = _CJK.sub(" ", found.text) if found.cjk else found.text
    written = rest.split()
    words = max(len(written), len("".join(written)) // _CHARS_A_WORD)
    minutes = words / WORDS_A_MINUTE + found.cjk / CJK_CHARS_A_MINUTE
    return math.ceil(minutes) if minutes >= 1 else 0


def _cjk_chars(text: str) -> int:
    return 0 if text.isascii() else sum(map(len, _CJK.findall(text)))


def _is_cjk(text: str, cjk: int) -> bool:
    """True if most characters are CJK."""
    return 2 * cjk > len(text) - text.count(" ")


def shorten(text: str) -> str:
    """At most MAX_CHARS, cut between words and marked with an ellipsis."""
    if len(text) <= MAX_CHARS:
        return text
    end = MAX_CHARS - 1
    space = text.rfind(" ", 0, end + 1)
    if space > MAX_CHARS // 2:
        end = space
    else:
        # No character is parted from its accents, nor an emoji from its parts.
        while end > 1 and (_joins(text[end]) or text[end - 1] == "\u200d"):
            end -= 1
    return text[:end].rstrip(_BEFORE_ELLIPSIS) + "…"


def _joins(char: str) -> bool:
    return char == "\u200d" or unicodedata.category(char) in ("Mn", "Me", "Mc", "Sk")
