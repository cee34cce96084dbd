"""Which of a feed's entries a blog takes: `include` and `exclude`, words or /regular expressions/."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from entries import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a blog takes of a feed: what matches one of ``include`` (if there is any) and none of ``exclude``."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def wanted(entry: Entry, selection: Selection) -> bool:
    """Whether a selection takes an entry, by its title, content, tags and authors."""
    words = re.sub(r"<[^>]*>", " ", entry.content_html)
    text = "\n".join([entry.title or "", html.unescape(words), *entry.tags, *entry.authors])
    if selection.include and not any(_matches(pattern, text) for pattern in selection.include):
        return False
    return not any(_matches(pattern, text) for pattern in selection.exclude)


def _matches(pattern: str, text: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return re.search(pattern[1:-1], text, re.IGNORECASE) is not None
    # Edges matter between ASCII letters only: Chinese and Japanese write words without spaces between them.
    start = r"(?<![A-Za-z0-9_])" if re.match(r"\w", pattern, re.ASCII) else ""
    end = r"(?![A-Za-z0-9_])" if re.search(r"\w\Z", pattern, re.ASCII) else ""
    return re.search(f"{start}{re.escape(pattern)}{end}", text, re.IGNORECASE) is not None
