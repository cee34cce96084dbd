"""`/<blog>/sources`: how fresh each source is, as JSON for the page and for programs."""

from __future__ import annotations

from typing import Any

from handlers.base import Handler
from pages import item, names
from pages.freshness import CACHE_SECONDS, SourceState
from pages.source_text import iso
from timeline import TimelineError


class SourceList(Handler):
    """The sources; 503 while this node cannot read its timeline, since none of its pages is live then."""

    is_large = False
    has_json_errors = True

    async def get(self, slug: str) -> None:
        """Sends the state of each source."""
        blog = self.blog(slug)
        sources = await self.site.sources.of(blog)
        if self.fanout.trouble:
            raise TimelineError(self.fanout.trouble)
        self.set_header("Cache-Control", f"max-age={CACHE_SECONDS:.0f}")
        self.finish({"sources": [_source(source) for source in sources.known], "more": sources.more})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Logs no TimelineError: every open page polls this path, and readers of the timeline have logged it."""
        if not isinstance(value, TimelineError):
            super().log_exception(typ, value, tb)


def _source(source: SourceState) -> dict[str, Any]:
    return {
        "title": source.title,
        "mark": names.initial(source.title),
        "hue": item.hue(source.title),
        "state": source.condition,
        "last": iso(source.last),
        "since": iso(source.since),
    }
