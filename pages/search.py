"""Words to search for in posts: without case and accents, in title, text, authors, source and tags.

static/reading/search.js finds the same words in posts that arrive later. Both pass the table of cases in
tests/pages/filter_cases.json.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

MAX_QUERY_CHARS: Final = 200

SHORT_WORD_CHARS: Final = 3
"""Words up to this length are only found where a word begins: "ai" is not in "said"."""

_CACHED_QUERIES: Final = 256

_INLINE_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var|wbr)\b[^>]*>"
)
_TAG: Final = re.compile(r"<[^>]*>")
# Accents, Arabic and Hebrew vowel points, soft hyphens, joiners and marks of direction.
_IGNORED: Final = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_SAME: Final = (("ı", "i"), ("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'))
# Latin, Greek and Cyrillic: scripts with spaces between words, in which a word has no prefixes such as "the".
_BELOW_OTHER_SCRIPTS: Final = "\u0530"


def query_of(text: str) -> str:
    """A query as a reader typed it, in one line of at most MAX_QUERY_CHARS; empty if it has no words."""
    query = " ".join(text[: 4 * MAX_QUERY_CHARS].split())[:MAX_QUERY_CHARS].rstrip()
    return query if words_of(query) else ""


@lru_cache(_CACHED_QUERIES)
def words_of(query: str) -> tuple[str, ...]:
    """The folded words of a query, all of which a post must have. Quotation marks around them are ignored."""
    words = (word.strip('"') for word in folded(query).split())
    return tuple(dict.fromkeys(word for word in words if word))


def folded(text: str) -> str:
    """Text without case, accents and differences of width: "Ｃafé" becomes "cafe"."""
    if text.isascii():
        return text.lower()
    result = _IGNORED.sub("", unicodedata.normalize("NFKD", text)).casefold()
    for char, plain in _SAME:
        result = result.replace(char, plain)
    return result


def has_all(words: tuple[str, ...], item: Mapping[str, Any]) -> bool:
    """True if a post has each of the folded words."""
    text = folded("\n".join(_texts(item)))
    return all(_has(word, text) for word in words)


def _texts(item: Mapping[str, Any]) -> Iterator[str]:
    yield item.get("title") or ""
    yield item["_livelog"]["source"]["title"]
    yield from (author.get("name") or "" for author in item.get("authors", ()))
    yield from item.get("tags", ())
    yield item.get("summary") or ""
    yield html.unescape(_TAG.sub("\n", _INLINE_TAG.sub("", item.get("content_html") or "")))


def _has(word: str, text: str) -> bool:
    if len(word) > SHORT_WORD_CHARS or max(word) >= _BELOW_OTHER_SCRIPTS:
        return word in text
    at = text.find(word)
    while at > 0 and text[at - 1].isalnum():
        at = text.find(word, at + 1)
    return at >= 0
