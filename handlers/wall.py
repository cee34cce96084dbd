"""`/<blog>/?view=wall`: the newest posts on an unattended screen; with `&by=source`, a cell for each source.

The browser shows as many as fit. static/wall.js keeps them live.
"""

from __future__ import annotations

from typing import Any, Final

from config import Blog
from handlers.base import Handler
from pages import metadata
from pages.filter import Filter
from pages.freshness import Sources, SourceState
from pages.post_template import PATTERNS
from pages.source_text import iso
from pages.wall import card, problems_text, state_text

BOARD_POSTS: Final = 60
"""Posts of a board: more than fit on any screen, so that others take the place of withdrawn ones."""

MAX_CELLS: Final = 24
"""Sources with a cell: more than fit on any screen. The others are counted."""

GRID_CELLS: Final = 12
"""Cells that are seen without a script, upright, too: static/wall.css."""

_PATTERN: Final = card({**PATTERNS[0], "title": "-"}, "lazy")
_BLANK: Final = SourceState("", "waiting")


async def wall_values(handler: Handler, blog: Blog) -> dict[str, Any]:
    """The values of templates/wall.html. Raises TimelineError, and what `Handler.filtered_page` raises."""
    sources, now = await handler.site.sources.of(blog), handler.site.timeline.now()
    by_source = handler.text_argument("by") == "source"
    chosen = handler.chosen()
    return {
        "view": "wall",
        "by": "source" if by_source else "",
        "chosen": chosen,
        "sources": sources,
        "problems": "" if by_source else problems_text(sources.known, now, handler.locale),
        "state_text": lambda source: state_text(source, now, handler.locale),
        "iso": iso,
        "pattern": (_BLANK, [_PATTERN]) if by_source else _PATTERN,
        "live": True,
        "whole": True,
        "cards": (),
        "cells": (),
        "more": 0,
        "rest": 0,
        "meta": metadata.of_part(blog, handler.absolute(f"/{blog.slug}/"), (), None),
        **await (_cells(handler, blog, chosen, sources) if by_source else _cards(handler, blog, chosen)),
    }


async def _cards(handler: Handler, blog: Blog, chosen: Filter) -> dict[str, Any]:
    """The newest posts."""
    page = await handler.filtered_page(blog, chosen, None, BOARD_POSTS)
    return {
        "cards": [card(item, blog.images) for item in page.items],
        "cursor": page.head,
        "whole": page.is_complete,
    }


async def _cells(handler: Handler, blog: Blog, chosen: Filter, sources: Sources) -> dict[str, Any]:
    """The sources that changed last, each with its newest headlines."""
    known = [one for one in sources.known if not chosen.sources or one.title in chosen.sources]
    shown = known[:MAX_CELLS]
    found = await handler.site.headlines.of(blog, chosen, [one.title for one in shown])
    return {
        "cells": [(one, found.by_source.get(one.title, ())) for one in shown],
        "more": (more := len(known) - len(shown) + (0 if chosen.sources else sources.more)),
        "rest": max(len(shown) + more - GRID_CELLS, 0),
        "cursor": found.head,
    }
