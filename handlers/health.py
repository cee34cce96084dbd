"""`/healthz`: whether this process does its work, for whatever watches over it."""

from __future__ import annotations

from datetime import UTC, datetime

from config import Config
from entries import FeedState, timestamp
from fanout import FanOut
from feeds.poller import Poller
from handlers.base import Handler
from timeline import Timeline, TimelineError

MOST_FEEDS = 100


class Health(Handler):
    """200 while the timeline can be read and written, else 503; the body says what is wrong."""

    def initialize(self, config: Config, timeline: Timeline, fanout: FanOut, poller: Poller) -> None:  # type: ignore[override]
        """Takes what the route table hands over."""
        super().initialize(config, timeline)
        self.fanout = fanout
        self.poller = poller

    async def get(self) -> None:
        """Answers with the state of the timeline, the readers, and the feeds that fail."""
        trouble = self.poller.trouble
        states: list[FeedState] = []
        try:
            states = list(await self.timeline.states())
        except TimelineError as error:
            trouble = str(error)
        failing = [state for state in states if state.problem]
        self.set_status(503 if trouble else 200)
        self.set_header("Cache-Control", "no-store")
        self.finish(
            {
                "status": "failing" if trouble else "ok",
                "problem": trouble,
                "readers": self.fanout.readers(),
                "feeds": {"followed": len(states), "failing": len(failing)},
                "failing": [_told(state) for state in failing[:MOST_FEEDS]],
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
