"""The event stream of one client: Server-Sent Events with the same JSON messages as a WebSocket.

https://html.spec.whatwg.org/multipage/server-sent-events.html. A browser's EventSource reconnects by itself, with the
``id`` of the last event that it got in `Last-Event-ID`.
"""

from __future__ import annotations

import random
from asyncio import Future
from collections.abc import Iterable
from typing import Final

from tornado.iostream import IOStream

from connections.connection import DetachedConnection
from fanout.fanout import FanOut
from fanout.frames import EVENT_STREAM_COMMENT, Transport

RETRY_MILLISECONDS: Final = (1_000, 5_000)
"""Range of the time after which a browser reconnects: at random, as all may be cut off at the same moment."""

MAX_RECEIVED_BYTES: Final = 4 * 1024
"""Bytes that a client may send after its request, though none are expected."""

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    # nginx would collect events before it passes them on.
    "X-Accel-Buffering": "no",
}


class EventStreamConnection(DetachedConnection):
    """A client's event stream. It ends with the connection; there is no way to give a reason."""

    __slots__ = ("_is_drained", "_received")

    transport = Transport.EVENT_STREAM

    def __init__(self, stream: IOStream, fanout: FanOut, slug: str) -> None:
        super().__init__(stream, fanout, slug)
        self._received = 0
        self._is_drained = True

    def evict(self) -> None:
        """Closes the connection; a browser reconnects."""
        self.stream.close()

    def close(self) -> None:
        """Closes the connection."""
        self.stream.close()

    def ping(self) -> None:
        """Sends a sign of life, or a comment: proxies close connections on which nothing is sent."""
        rest = self.send(self.sign_of_life() or EVENT_STREAM_COMMENT)
        self._is_drained = rest is None
        if rest:
            rest.add_done_callback(self._drained)

    def check_alive(self) -> None:
        """Closes the connection if the client has not read everything up to the ping."""
        if not self._is_drained:
            self.stream.close()

    def data_received(self, data: bytes) -> None:
        """Ignores data, up to MAX_RECEIVED_BYTES; then closes the connection."""
        self._received += len(data)
        if self._received > MAX_RECEIVED_BYTES:
            self.stream.close()

    def _drained(self, rest: Future[None]) -> None:  # noqa: ARG002 - a future's callback
        self._is_drained = True


def response(headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of the response that a stream begins with, and its `retry:` field.

    It has no length and no chunks: every client is sent the same bytes, and the stream ends with the connection.
    """
    lines = "".join(f"{name}: {value}\r\n" for name, value in (*headers, ("Connection", "close")))
    return f"HTTP/1.1 200 OK\r\n{lines}\r\nretry: {random.randint(*RETRY_MILLISECONDS)}\n\n".encode()
