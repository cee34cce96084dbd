"""Filters: which entries of a feed a blog takes, by words and /regular expressions/ of config.yaml."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from entries import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Accepts entries that match one of ``include``, if there is any, and none of ``exclude``."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def accepts(self, entry: Entry) -> bool:
        """Matches title, content, tags and authors. A regular expression can take exponential time."""
        words = re.sub(r"<[^>]*>", " ", entry.content_html)
        text = "\n".join([entry.title or "", html.unescape(words), *entry.tags, *entry.authors])
        if self.include and not any(_matches(pattern, text) for pattern in self.include):
            return False
        return not any(_matches(pattern, text) for pattern in self.exclude)


def _matches(pattern: str, text: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return re.search(pattern[1:-1], text, re.IGNORECASE) is not None
    # Only ASCII words have edges: Chinese and Japanese are written without spaces between words.
    start = r"(?<![A-Za-z0-9_])" if re.match(r"\w", pattern, re.ASCII) else ""
    end = r"(?![A-Za-z0-9_])" if re.search(r"\w\Z", pattern, re.ASCII) else ""
    return re.search(f"{start}{re.escape(pattern)}{end}", text, re.IGNORECASE) is not None
