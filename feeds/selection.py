"""Which of a feed's entries a blog takes: `include` and `exclude`, words or /regular expressions/."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from entries import Entry


def wanted(entry: Entry, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether title, content, tags or authors match one of ``include`` (if there is any) and none of ``exclude``."""
    if not include and not exclude:
        return True
    words = re.sub(r"<[^>]*>", " ", entry.content_html)
    text = "\n".join([entry.title or "", html.unescape(words), *entry.tags, *entry.authors])
    if include and not any(_matches(pattern, text) for pattern in include):
        return False
    return not any(_matches(pattern, text) for pattern in exclude)


def _matches(pattern: str, text: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return re.search(pattern[1:-1], text, re.IGNORECASE) is not None
    # Edges matter between ASCII letters only: Chinese and Japanese write words without spaces between them.
    start = r"(?<![A-Za-z0-9_])" if re.match(r"\w", pattern, re.ASCII) else ""
    end = r"(?![A-Za-z0-9_])" if re.search(r"\w\Z", pattern, re.ASCII) else ""
    return re.search(f"{start}{re.escape(pattern)}{end}", text, re.IGNORECASE) is not None
