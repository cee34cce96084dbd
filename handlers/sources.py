"""`/<blog>/sources`: how fresh each source is, for the page and for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from tornado.locale import Locale

from config import Config
from entries import timestamp
from fanout.fanout import FanOut
from handlers.base import Handler
from pages import item
from pages.freshness import LOOK_SECONDS, Freshness, SourceState
from timeline import Timeline, TimelineError

RETRY_SECONDS: Final = 5

_AGES: Final = (("silent {n} d", 1440), ("silent {n} h", 60), ("silent {n} min", 1))


class SourceList(Handler):
    """The sources as JSON; a 503 while this node cannot read its timeline: then no page of it is live."""

    is_large = False

    def initialize(  # type: ignore[override]
        self, config: Config, timeline: Timeline, fanout: FanOut, freshness: Freshness
    ) -> None:
        """Takes what the route table hands over."""
        super().initialize(config, timeline)
        self.fanout = fanout
        self.freshness = freshness

    async def get(self, slug: str) -> None:
        """Answers with the state of each source."""
        blog = self.blog(slug)
        try:
            sources = await self.freshness.of(blog)
            if self.fanout.trouble:
                raise TimelineError(self.fanout.trouble)
        except TimelineError:
            # Every open page asks again and again, and whoever reads the timeline has told the log.
            self._refuse()
            return
        self.set_header("Cache-Control", f"max-age={LOOK_SECONDS:.0f}")
        self.finish({"sources": [_told(source) for source in sources.known], "more": sources.more})

    def wants_page(self) -> bool:
        """Never: this is for programs."""
        return False

    def _refuse(self) -> None:
        self.set_status(503)
        self.set_header("Retry-After", str(RETRY_SECONDS))
        self.set_header("Cache-Control", "no-store")
        self.finish({"error": {"status": 503, "message": "The timeline cannot be read at the moment."}})


def _told(source: SourceState) -> dict[str, Any]:
    return {
        "title": source.title,
        "mark": item.initial(source.title),
        "hue": item.hue(source.title),
        "state": source.condition,
        "last": iso(source.last),
        "since": iso(source.since),
        "problem": source.problem,
    }


def freshness_words(source: SourceState, now: float, spoken: Locale) -> str:
    """How fresh a source is, in words, with times in UTC. The script: static/reading/freshness.js."""
    if source.condition == "waiting":
        return spoken.translate("not fetched yet")
    if source.condition == "unreachable":
        return _since(source.since, now, spoken)
    if not source.last:
        return spoken.translate("nothing yet")
    minutes = int(max(now - source.last, 0) // 60)
    if source.condition == "fresh":
        return spoken.translate("{n} min ago" if minutes else "just now").format(n=minutes)
    words, size = next((one for one in _AGES if minutes >= one[1] * 2), _AGES[-1])
    return spoken.translate(words).format(n=minutes // size)


def _since(seconds: float, now: float, spoken: Locale) -> str:
    helpers = item.helpers(spoken)
    at, today = iso(seconds) or "", iso(now) or ""
    write = helpers["clock"] if at[:10] == today[:10] else helpers["moment"]
    return spoken.translate("unreachable since {time}").format(time=write(at))


def iso(seconds: float) -> str | None:
    """A Unix time as RFC 3339; None for never."""
    return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None
