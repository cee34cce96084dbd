"""`/<blog>/sources`: how fresh each source is, as JSON for the page and for programs."""

from __future__ import annotations

from typing import Any, Final

from handlers.base import Handler
from pages import item
from pages.freshness import CACHE_SECONDS, SourceState
from pages.source_text import iso
from timeline import TimelineError

RETRY_SECONDS: Final = 5


class SourceList(Handler):
    """The sources; 503 while this node cannot read its timeline, since none of its pages is live then."""

    is_large = False

    async def get(self, slug: str) -> None:
        """Sends the state of each source."""
        blog = self.blog(slug)
        try:
            sources = await self.site.sources.of(blog)
            if self.fanout.trouble:
                raise TimelineError(self.fanout.trouble)
        except TimelineError:
            # Not raised: every open page polls this path, and the log has a line for the first failure already.
            self._send_unavailable()
            return
        self.set_header("Cache-Control", f"max-age={CACHE_SECONDS:.0f}")
        self.finish({"sources": [_source(source) for source in sources.known], "more": sources.more})

    def wants_page(self) -> bool:
        """False: errors are JSON, as the answers are."""
        return False

    def _send_unavailable(self) -> None:
        self.set_status(503)
        self.set_header("Retry-After", str(RETRY_SECONDS))
        self.set_header("Cache-Control", "no-store")
        self.finish({"error": {"status": 503, "message": "The timeline cannot be read at the moment."}})


def _source(source: SourceState) -> dict[str, Any]:
    return {
        "title": source.title,
        "mark": item.initial(source.title),
        "hue": item.hue(source.title),
        "state": source.condition,
        "last": iso(source.last),
        "since": iso(source.since),
        "problem": source.problem,
    }
