"""`/<blog>/ws?after=<cursor>`: the live stream as WebSocket, JSON text frames."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from config import Config
from fanout import FanOut
from handlers.base import Handler
from timeline import Timeline, TimelineError

QUEUE_BYTES: Final = 256 * 1024
"""What may wait for a slow reader; beyond it the reader is let go, and comes back by cursor."""

CATCH_UP_SECONDS: Final = 30.0

TRY_AGAIN_LATER: Final = 1013


class Stream(WebSocketHandler, Handler):
    """One reader of a blog. What it sends is ignored."""

    def initialize(self, config: Config, timeline: Timeline, fanout: FanOut) -> None:  # type: ignore[override]
        """Takes what the route table hands over."""
        Handler.initialize(self, config, timeline)
        self.fanout = fanout
        self.slug = ""
        self.queued = 0

    async def get(self, slug: str) -> None:
        """Opens the stream of a blog that exists; another is a 404, not a closed socket."""
        self.blog(slug)
        await super().get(slug)

    async def open(self, slug: str) -> None:
        """Joins the fan-out with the cursor the reader came with."""
        self.slug = slug
        self.set_nodelay(True)
        try:
            await self.fanout.join(slug, self, self._cursor())
        except (ConnectionError, TimelineError):
            self.close(TRY_AGAIN_LATER)

    def on_message(self, message: str | bytes) -> None:
        """Ignores what a reader says."""

    def on_close(self) -> None:
        """Leaves the fan-out."""
        if self.slug:
            self.fanout.leave(self.slug, self)

    async def catch_up(self, frames: Sequence[str]) -> None:
        """Sends frames at the pace of the connection."""
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                for frame in frames:
                    await self.write_message(frame)
        except (WebSocketClosedError, TimeoutError):
            raise ConnectionError("the reader went away, or does not read") from None

    def send(self, frames: Sequence[str]) -> None:
        """Queues frames, up to a bound."""
        for frame in frames:
            self._write(frame)

    def evict(self) -> None:
        """Closes the connection; the reader comes back by cursor."""
        self.close(TRY_AGAIN_LATER)

    def _cursor(self) -> str | None:
        """What the reader says it has; bytes that are no text are a cursor that is none, not a bad request."""
        given = self.request.query_arguments.get("after")
        return given[-1].decode("utf-8", "replace") if given else None

    def _write(self, frame: str) -> None:
        try:
            sent = asyncio.ensure_future(self.write_message(frame))
        except WebSocketClosedError:
            return
        size = len(frame)
        self.queued += size
        sent.add_done_callback(lambda done: self._written(done, size))
        if self.queued > QUEUE_BYTES:
            self.fanout.leave(self.slug, self)
            self.evict()

    def _written(self, done: asyncio.Future[None], size: int) -> None:
        self.queued -= size
        if not done.cancelled():
            # A connection that ended meanwhile is no news: on_close has dealt with it.
            done.exception()
