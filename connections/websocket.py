"""`/<blog>/ws?after=<cursor>`: the live stream as WebSocket, JSON text frames."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future
from collections.abc import Awaitable, Sequence
from typing import Final

from tornado.iostream import IOStream
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from connections.reader import Reader
from connections.websocket_frames import CLOSE, PING, PONG, Inbound, ViolationError, close_code, control_frame
from fanout.fanout import FanOut
from fanout.frames import WEBSOCKET_PING, Transport
from handlers.base import Handler

GOING_AWAY: Final = 1001
TRY_AGAIN_LATER: Final = 1013

MOST_SILENCES: Final = 2
"""How many pings in a row may go unanswered. One may: a tab that the browser has put to sleep wakes up late."""

CLOSING_SECONDS: Final = 5.0
"""How long a reader may take to hear that its connection is closed, before it is cut off."""


class Stream(WebSocketHandler, Handler):
    """The request of a reader. Tornado judges it; the connection is then taken over."""

    is_large = False

    def get(self, slug: str) -> Awaitable[None]:  # type: ignore[override]
        """Opens the stream of a blog that exists; another is a 404, not a closed socket."""
        self.blog(slug)
        return super().get(slug)

    def get_websocket_protocol(self) -> _TakeOver | None:  # type: ignore[override]
        """What goes on with a request that is in order."""
        return _TakeOver() if self.request.headers.get("Sec-WebSocket-Version") == "13" else None


class _TakeOver:
    """Stands where Tornado has its protocol, which takes ten KiB a connection, and a task."""

    async def accept_connection(self, handler: Stream) -> None:
        """Answers the handshake (RFC 6455, 4.2.2), and has the reader follow."""
        key = handler.request.headers.get("Sec-WebSocket-Key")
        if not key:
            raise HTTPError(400, reason="Sec-WebSocket-Key is missing.")
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {WebSocketProtocol13.compute_accept_value(key)}\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            reader = SocketReader(handler.take_over(), handler.fanout, handler.path_args[0])
            await reader.follow(answer.encode(), handler.cursor())


class SocketReader(Reader):
    """A reader at a WebSocket. What it says is ignored, but has to be in order."""

    __slots__ = ("_inbound", "_is_closing", "_is_ponging", "_ping", "_silences", "is_there")

    transport = Transport.WEBSOCKET

    def __init__(self, stream: IOStream, fanout: FanOut, slug: str) -> None:
        super().__init__(stream, fanout, slug)
        self._inbound = Inbound()
        self.is_there = True
        self._silences = 0
        self._is_closing = False
        self._is_ponging = False
        self._ping: bytes | None = None

    def close(self, code: int) -> None:
        """Says why the connection ends, and cuts the reader off if it does not end it soon."""
        if not self._is_closing:
            self._say_goodbye(code)
            self._cut_off_later()

    def evict(self) -> None:
        """Asks the reader to come back."""
        self.close(TRY_AGAIN_LATER)

    def dismiss(self) -> None:
        """Says that the server goes away."""
        self.close(GOING_AWAY)

    def nudge(self) -> None:
        """Pings."""
        self.is_there = False
        self.send(WEBSOCKET_PING)

    def check(self) -> None:
        """Cuts the reader off if nothing came of that, twice in a row: within a minute of its last word."""
        self._silences = 0 if self.is_there else self._silences + 1
        if self._silences == MOST_SILENCES:
            self.stream.close()

    def heard(self, data: bytes) -> None:
        """Answers pings and a close, ignores messages, and closes a connection on which anything else comes."""
        self.is_there = True
        pings: list[bytes] = []
        try:
            for control in self._inbound.feed(data):
                if control.opcode == PING:
                    pings.append(control.payload)
                elif control.opcode == CLOSE:
                    self._pong(pings)
                    self._part(close_code(control.payload))
                    return
            self._pong(pings)
        except ViolationError as violation:
            self.close(violation.code)

    def _part(self, code: int | None) -> None:
        """Answers a close frame, unless it is the answer to ours."""
        if not self._is_closing:
            self._say_goodbye(code)
        if self.stream.writing():
            self._cut_off_later()
        else:
            self.stream.close()

    def _say_goodbye(self, code: int | None) -> None:
        self._is_closing = True
        self.leave()
        self.send(control_frame(CLOSE, code.to_bytes(2, "big") if code else b""))

    def _cut_off_later(self) -> None:
        asyncio.get_running_loop().call_later(CLOSING_SECONDS, self.stream.close)

    def _pong(self, pings: Sequence[bytes]) -> None:
        """Answers pings at once; where answers are still waiting to get out, only the last ping is answered later."""
        if self._is_closing or not pings:
            return
        if self._is_ponging:
            self._ping = pings[-1]
        elif rest := self.send(b"".join(control_frame(PONG, payload) for payload in pings)):
            self._is_ponging = True
            rest.add_done_callback(self._ponged)

    def _ponged(self, rest: Future[None]) -> None:  # noqa: ARG002 - a future's callback
        self._is_ponging = False
        payload, self._ping = self._ping, None
        if payload is not None:
            self._pong([payload])
