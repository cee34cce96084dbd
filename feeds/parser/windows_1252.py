"""Text that feedparser maps from windows-1252, character by character: that is skipped where it would change nothing.

It took a fifth of the time of a feed in another script than Latin (`bench parse`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_MAPPED: Final = re.compile("[\x80-\x9f]")


class Text(str):
    """A text whose `translate` from windows-1252 is skipped without one of the characters that it changes."""

    __slots__ = ()

    def translate(self, table: Mapping[int, Any]) -> str:  # type: ignore[override]  # the one table of feedparser
        """The plain text, mapped by feedparser's ``table``."""
        return super().translate(table) if _MAPPED.search(self) else str(self)
