"""Selectors of web pages in OPML, as FreshRSS writes them (https://freshrss.github.io/FreshRSS/en/developers/OPML.html).

FreshRSS has XPath alone, and formats of dates as PHP has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import page_selectors
import redaction
from config import Scrape
from page_selectors import XPATH

NAMESPACE: Final = "https://freshrss.org/opml"
KIND: Final = "HTML+XPath"
"""The ``type`` of an outline that is such a page."""

OTHER_KINDS: Final = re.compile(r"xml\+xpath|(html\+xpath\+)?json\+dotnotation", re.IGNORECASE)
"""Types of FreshRSS that Livelog cannot follow."""

_ATTRIBUTES: Final = {
    "list": "xPathItem",
    "title": "xPathItemTitle",
    "link": "xPathItemUri",
    "date": "xPathItemTimestamp",
    "text": "xPathItemContent",
    "image": "xPathItemThumbnail",
    "author": "xPathItemAuthor",
}
_DATE_FORMAT: Final = "xPathItemTimeFormat"
_KNOWN: Final = frozenset(name.lower() for name in (*_ATTRIBUTES.values(), _DATE_FORMAT))

_PHP: Final = {
    "d": "%d",
    "j": "%d",
    "m": "%m",
    "n": "%m",
    "Y": "%Y",
    "y": "%y",
    "H": "%H",
    "G": "%H",
    "h": "%I",
    "g": "%I",
    "i": "%M",
    "s": "%S",
    "A": "%p",
    "a": "%p",
    "F": "%B",
    "M": "%b",
    "l": "%A",
    "D": "%a",
    "P": "%z",
    "O": "%z",
    "u": "%f",
    "%": "%%",
}
_TO_PHP: Final = {strptime: php for php, strptime in reversed(_PHP.items())}
_RESET: Final = "!|"
"""Characters that set what a date leaves out."""


def read(attributes: Mapping[str, str]) -> dict[str, str]:
    """The keys of `config.Scrape` in an outline; names are in lower case. Without a ``list`` it has no selectors."""
    own = _own(attributes)
    found = {key: f"{XPATH}{own[name.lower()]}" for key, name in _ATTRIBUTES.items() if own.get(name.lower())}
    written = _strptime(own.get(_DATE_FORMAT.lower(), ""))
    return {**found, "date_format": written} if written else found


def ignored(attributes: Mapping[str, str]) -> list[str]:
    """The names of selectors that Livelog does not use, and of a format of dates that it cannot read."""
    own = _own(attributes)
    unread = [_DATE_FORMAT] if own.get(_DATE_FORMAT.lower()) and _strptime(own[_DATE_FORMAT.lower()]) is None else []
    return unread + sorted(name for name in own if name.startswith("xpathitem") and name not in _KNOWN)


def _own(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes of a namespace, without its prefix."""
    pairs = ((name.rpartition(":"), value.strip()) for name, value in attributes.items())
    return {local: value for (_, colon, local), value in pairs if colon and value}


def write(scrape: Scrape) -> Iterator[tuple[str, str]]:
    """The attributes of an outline with these selectors, all as XPath; none if one may have a secret."""
    given = scrape.model_dump(exclude_none=True)
    if any(redaction.public_text(value) != value for value in given.values()):
        return
    selectors = {**page_selectors.DEFAULTS, **given}
    for key, name in _ATTRIBUTES.items():
        if selector := selectors.get(key):
            yield name, _xpath(key, selector)
    if scrape.date_format and (php := _php(scrape.date_format)):
        yield _DATE_FORMAT, php


def _xpath(key: str, selector: str) -> str:
    """The XPath of what Livelog takes from the elements that a selector finds: FreshRSS takes their text."""
    xpath = page_selectors.to_xpath(selector)
    if selector.startswith(XPATH) and selector != page_selectors.DEFAULTS.get(key):
        return xpath
    match key:
        case "link":
            return f"({xpath})/descendant-or-self::*/@href"
        case "image":
            return f"({xpath})/descendant-or-self::img/@src"
        case "date":
            return f"({xpath})/@datetime | ({xpath})[not(@datetime)]"
    return xpath


def _strptime(php: str) -> str | None:
    """The format of `strptime` for one of PHP's `DateTime::createFromFormat`; None if there is none."""
    written = ""
    for escaped, char in re.findall(r"(\\)?(.)", php, re.DOTALL):
        if escaped or not re.match("[A-Za-z%?*+#!|]", char):
            written += "%%" if char == "%" else char
        elif char in _PHP:
            written += _PHP[char]
        elif char not in _RESET:
            return None
    return written or None


def _php(strptime: str) -> str | None:
    """The format of PHP for one of `strptime`; None if there is none."""
    written = ""
    for directive, char in re.findall(r"(%.)|(.)", strptime, re.DOTALL):
        if directive and directive not in _TO_PHP:
            return None
        written += _TO_PHP[directive] if directive else re.sub(r"([A-Za-z\\?*+#!|])", r"\\\1", char)
    return written
