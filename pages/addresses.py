"""Addresses of a blog's page: with a filter, a view, and the entry above its first one.

static/timeline/addresses.js writes the same for posts that arrive later.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pages.filter import Filter

_ALL: Final = Filter()


def blog_address(base: str, chosen: Filter = _ALL, *, view: str | None = None, before: str | None = None) -> str:
    """The path and query of a blog's page, whose path is ``base``.

    ``view`` and ``before`` come first, the filter last.
    """
    pairs = ((name, value) for name, value in (("view", view), ("before", before)) if value)
    query = "&".join((*(f"{name}={quote(value)}" for name, value in pairs), *filter(None, (chosen.parameters(),))))
    return f"{base}{'?' if query else ''}{query}"
