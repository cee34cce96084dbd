"""`/<blog>/events?after=<cursor>`: the live stream as Server-Sent Events, the same messages as JSON.

https://html.spec.whatwg.org/multipage/server-sent-events.html. A browser's EventSource comes back by itself, with the
``id`` of the last event that it got in `Last-Event-ID`.
"""

from __future__ import annotations

import contextlib
import random
import time
from asyncio import Future
from typing import Final

from tornado.httputil import format_timestamp
from tornado.iostream import IOStream

from connections.reader import Reader
from fanout.fanout import FanOut
from fanout.frames import EVENTS_COMMENT, Transport
from handlers.base import SECURITY_HEADERS, Handler

RETRY_MILLISECONDS: Final = (1_000, 5_000)
"""After how long a browser comes back: each after its own time, as all are cut off in the same moment."""

MOST_SAID: Final = 4 * 1024
"""Bytes that a reader may send after its request."""


_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


class Events(Handler):
    """The request of a reader. The connection is taken over from Tornado, and ends when either side closes it."""

    is_large = False

    async def get(self, slug: str) -> None:
        """Opens the stream of a blog that exists."""
        self.blog(slug)
        after = self.request.headers.get("Last-Event-ID") or self.cursor()
        with contextlib.suppress(OSError):
            reader = EventsReader(self.take_over(), self.fanout, slug)
            await reader.follow(_answer(), after)

    def head(self, slug: str) -> None:
        """Says what a stream would begin with."""
        self.blog(slug)
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    def compute_etag(self) -> None:
        """None: a stream is never the same."""


class EventsReader(Reader):
    """A reader of an event stream."""

    __slots__ = ("_said", "_takes")

    transport = Transport.EVENTS

    def __init__(self, stream: IOStream, fanout: FanOut, slug: str) -> None:
        super().__init__(stream, fanout, slug)
        self._said = 0
        self._takes = True

    def evict(self) -> None:
        """Ends the stream; a browser takes that as a reason to come back."""
        self.stream.close()

    def dismiss(self) -> None:
        """Ends the stream; there is no way to say why."""
        self.stream.close()

    def nudge(self) -> None:
        """Sends a comment: a proxy takes a connection for dead on which nothing happens."""
        rest = self.send(EVENTS_COMMENT)
        self._takes = rest is None
        if rest:
            rest.add_done_callback(self._taken)

    def check(self) -> None:
        """Cuts the reader off if it still has not taken what waited for it."""
        if not self._takes:
            self.stream.close()

    def heard(self, data: bytes) -> None:
        """Ignores what should not come, up to a bound."""
        self._said += len(data)
        if self._said > MOST_SAID:
            self.stream.close()

    def _taken(self, rest: Future[None]) -> None:  # noqa: ARG002 - a future's callback
        self._takes = True


def _answer() -> bytes:
    headers = {
        **SECURITY_HEADERS,
        **_HEADERS,
        "Date": format_timestamp(time.time()),
        # No length and no chunks: all readers are sent the same bytes, and the stream ends with the connection.
        "Connection": "close",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\nretry: {random.randint(*RETRY_MILLISECONDS)}\n\n".encode()
