"""`/<blog>/ws` and `/<blog>/events`: the live messages of a blog, as WebSocket and as event stream.

A request is checked and admitted here. Then its connection is detached from Tornado (connections/) and joins the
fan-out; the handler is freed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable

from tornado.iostream import IOStream
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from connections import eventstream
from connections.connection import DetachedConnection
from connections.eventstream import EventStreamConnection
from connections.listener import slot_of
from connections.websocket import WebSocketConnection, handshake
from handlers.base import Handler


class Live(Handler):
    """A request whose connection is detached from Tornado when it is answered."""

    is_large = False

    def renamed(self, slug: str) -> None:
        """Serves the blog under its present name: browsers follow no redirect of a WebSocket."""
        self.path_args[0] = slug

    def take_over(self) -> IOStream:
        """Admits the client and detaches its connection. Raises RefusedError if there are too many.

        Clears `ui`, which refers to the handler: without this cycle, the request is freed at once.
        """
        self.admission.admit(slot_of(self.request), self.request.remote_ip or "")
        self.admission.answering.discard(self)
        self.ui.clear()
        return self.detach()

    def joins(self, connection: DetachedConnection) -> None:
        """Remembers the reason why a private blog is shown: when it no longer counts, the connection ends."""
        if self.grant is not None:
            self.site.access.add(connection, self.grant)


class WebSocket(WebSocketHandler, Live):
    """A WebSocket handshake. Tornado checks the request, and its origin; an unknown blog is a 404."""

    def get(self, slug: str) -> Awaitable[None]:  # type: ignore[override]
        self.blog(slug)
        return super().get(slug)

    def head(self, *_: str) -> None:
        """Raises HTTPError 405: a handshake is a GET (RFC 6455 §4.1)."""
        raise HTTPError(405)

    def get_websocket_protocol(self) -> _Protocol | None:  # type: ignore[override]
        """The only version that there is (RFC 6455, 4.4)."""
        return _Protocol() if self.request.headers.get("Sec-WebSocket-Version") == "13" else None


class _Protocol:
    """Takes the part of Tornado's WebSocketProtocol, which needs 10 KiB and a task for each connection."""

    async def accept_connection(self, handler: WebSocket) -> None:
        """Answers the handshake, and joins the fan-out."""
        key = handler.request.headers.get("Sec-WebSocket-Key")
        if not key:
            raise HTTPError(400, reason="Sec-WebSocket-Key is missing.")
        with contextlib.suppress(OSError):
            connection = WebSocketConnection(handler.take_over(), handler.fanout, handler.path_args[0])
            handler.joins(connection)
            await connection.join(handshake(key), handler.cursor())


class EventStream(Live):
    """A request for an event stream."""

    async def get(self, slug: str) -> None:
        """Joins at the `Last-Event-ID` of a browser that reconnects, else at the cursor of the address."""
        self.head(slug)
        after = self.request.headers.get("Last-Event-ID") or self.cursor()
        with contextlib.suppress(OSError):
            connection = EventStreamConnection(self.take_over(), self.fanout, slug)
            self.joins(connection)
            self.protect()
            await connection.join(eventstream.response(self._headers.get_all()), after)

    def head(self, *arguments: str) -> None:
        self.blog(*arguments)
        for name, value in eventstream.HEADERS.items():
            self.set_header(name, value)

    def compute_etag(self) -> None:
        """None: a stream has no fixed content."""
