"""The time that a post shows: its own where it was found late; static/post/shown-at.js computes the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

LATE_SECONDS: Final = 300.0
"""A post found later than this after its own date shows that date. It stays at its position, which was announced."""

_MIDNIGHT: Final = "T00:00:00Z"
"""Feeds that have days without times: their posts of today would look hours old."""


def shown_at(item: Mapping[str, Any]) -> str:
    """The time of an item, RFC 3339: `date_published` if it is late, else its position."""
    position: str = item["_livelog"]["position"]
    published = str(item.get("date_published") or "")
    if not published or published.endswith(_MIDNIGHT):
        return position
    late = datetime.fromisoformat(position) - datetime.fromisoformat(published)
    return published if late.total_seconds() > LATE_SECONDS else position
