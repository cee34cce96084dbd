"""`/healthz`: whether this process does its work, for whatever watches over it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from config import Config
from entries import timestamp
from fanout.fanout import FanOut
from feeds.poller import Poller
from feedstate import FeedState
from handlers.base import Handler
from timeline import Timeline, TimelineError

MOST_FEEDS: Final = 1_000


class Health(Handler):
    """200 while the timeline can be read and written, else 503; the body says what is wrong."""

    is_large = False

    def initialize(  # type: ignore[override]
        self, config: Config, timeline: Timeline, fanout: FanOut | None, poller: Poller | None
    ) -> None:
        """Takes what the route table hands over: no fan-out in a fetch node, no poller in a web node."""
        super().initialize(config, timeline)
        self.fanout = fanout
        self.poller = poller

    async def get(self) -> None:
        """Answers with the state of the timeline, the readers, and the feeds that fail."""
        trouble = (self.poller and self.poller.trouble) or (self.fanout and self.fanout.trouble) or None
        failing: Sequence[FeedState] = []
        try:
            failing = await self.timeline.failing(MOST_FEEDS)
        except TimelineError as error:
            trouble = str(error)
        if self.admission.is_closing:
            trouble = "This server is about to stop."
        self.set_status(503 if trouble else 200)
        self.set_header("Cache-Control", "no-store")
        self.finish(
            {
                "status": "failing" if trouble else "ok",
                "problem": trouble,
                "readers": self.fanout.readers() if self.fanout else {},
                "feeds": {"followed": self.livelog.feeds, "failing": len(failing)},
                "failing": [_told(state) for state in failing],
            }
        )


def _told(state: FeedState) -> dict[str, object]:
    return {
        "feed": state.url.partition("://")[2].rpartition("@")[2],
        "problem": state.problem,
        "since": _when(state.failing_since),
        "failures": state.failures,
        "next_try": _when(state.next_at),
    }


def _when(seconds: float) -> str | None:
    return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None
