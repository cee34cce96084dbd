"""Texts of which YAML drops or adds a part without an error: `title: News #1` is «News»."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from config.messages import Loc

_TEXTS: Final = frozenset(
    "title tags include exclude key_events pin cookie password username user_agent headers tokens scrape".split()
)
"""Keys with texts that may have a #. Elsewhere `#note` is taken for a comment."""

_COMMENT: Final = re.compile(r"[ \t]+#[^\s#]")
_ITEM: Final = re.compile(r"\s*- ")


def of(event: Any, loc: Loc, lines: Sequence[str]) -> str | None:
    """The sentence for a plain scalar whose text is not all that is written; None if it is whole."""
    first, last = event.start_mark.line, event.end_mark.line
    if event.style in ("'", '"', "|", ">"):
        return None
    # An empty scalar begins and ends behind its key.
    rest = lines[last][event.end_mark.column :] if last < len(lines) else ""
    if first == last and _is_text(loc) and _COMMENT.match(rest):
        return "# begins a comment of YAML: put the text in quotes, or a space after the #"
    if event.anchor is not None and not event.value:
        return "an anchor of YAML (&name) is no value: a text that begins with & needs quotes"
    continued = next((n for n in range(first + 1, last + 1) if n < len(lines) and _ITEM.match(lines[n])), None)
    if continued is not None:
        return (
            f"goes on in line {continued + 1}, which is indented deeper: give the items of a list one indentation, "
            "in lines below their key"
        )
    return None


def _is_text(loc: Loc) -> bool:
    return any(part in _TEXTS for part in loc[-2:])
