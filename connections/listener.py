"""The listener: accepts connections up to a limit, refuses the rest, and hands those accepted to Tornado.

Tornado's own accept loop runs hot when the process is out of descriptors, and has no limit below that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Iterable
from typing import Any, Final

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate, HTTPServerRequest
from tornado.iostream import IOStream

from connections import limits
from connections.limits import Admission, Slot

logger = logging.getLogger("livelog.listener")

ACCEPTS_PER_TURN: Final = 32
"""Connections that are accepted before the event loop runs other tasks."""

PAUSE_SECONDS: Final = 1.0
"""Pause of accepting after a failure, and so the interval of the log lines about it."""

REFUSED_SECONDS: Final = 1.0
MAX_REFUSED: Final = 128
"""A refused connection stays open for REFUSED_SECONDS so that the client can read the 503; at most MAX_REFUSED do."""

RETRY_SECONDS: Final = (5, 15)
"""Range of `Retry-After`: at random, so that refused clients do not all retry at once."""

QUIET_TIMEOUT: Final = 2.0
EMPTY_TIMEOUT: Final = 1.0
"""At a stop: seconds for responses under way, and for clients to answer the close of their connection."""

_REFUSAL = "Too many connections.\n"


class _Stream(IOStream):
    """An accepted connection, which releases its slot when it is closed."""

    __slots__ = ("slot",)

    def __init__(self, connected: socket.socket, slot: Slot, **limits: int) -> None:
        super().__init__(connected, **limits)
        self.slot = slot

    def close_fd(self) -> None:
        """Closes the socket; called by Tornado, once."""
        super().close_fd()
        self.slot.release()


class Listener:
    """Serves an application on some sockets, within the limits."""

    def __init__(self, application: HTTPServerConnectionDelegate, admission: Admission) -> None:
        self._admission = admission
        self._listening: list[socket.socket] = []
        self._paused: dict[socket.socket, asyncio.TimerHandle] = {}
        self._refused: dict[socket.socket, asyncio.TimerHandle] = {}
        self._server = HTTPServer(
            application,
            max_header_size=limits.MAX_HEADER_BYTES,
            max_body_size=limits.MAX_BODY_BYTES,
            max_buffer_size=limits.MAX_BUFFER_BYTES,
            idle_connection_timeout=limits.HEADER_TIMEOUT,
            body_timeout=limits.BODY_TIMEOUT,
        )

    def open(self, sockets: Iterable[socket.socket]) -> None:
        """Begins to accept connections on bound sockets, which must not block."""
        self._listening = list(sockets)
        for listening in self._listening:
            self._listen(listening)

    def shut(self) -> None:
        """Stops accepting. Open connections end with the response to their next request, and none goes live."""
        self._admission.is_closing = True
        self._server.conn_params.no_keep_alive = True
        for listening in self._listening:
            asyncio.get_running_loop().remove_reader(listening)
            if pause := self._paused.pop(listening, None):
                pause.cancel()
            listening.close()
        self._listening = []

    async def close(self) -> None:
        """Waits for responses and close handshakes under way, within the timeouts, and ends all connections."""
        self.shut()
        await self._admission.quiet(QUIET_TIMEOUT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._server.close_all_connections(), EMPTY_TIMEOUT)
        await self._admission.empty(EMPTY_TIMEOUT)
        for connected in tuple(self._refused):
            self._end(connected)

    def _listen(self, listening: socket.socket) -> None:
        self._paused.pop(listening, None)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                connected, address = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(listening, error)
                return
            connected.setblocking(False)
            if self._admission.is_full():
                self._refuse(connected)
            else:
                self._serve(connected, address)

    def _serve(self, connected: socket.socket, address: Any) -> None:
        stream = _Stream(connected, Slot(self._admission), max_buffer_size=limits.MAX_BUFFER_BYTES)
        self._server.handle_stream(stream, address)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Stops accepting for PAUSE_SECONDS. The usual cause is EMFILE, which does not clear at once."""
        logger.error("Connections cannot be accepted, trying again: %s", error.strerror or error)
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._paused[listening] = loop.call_later(PAUSE_SECONDS, self._listen, listening)

    def _refuse(self, connected: socket.socket) -> None:
        """Sends a 503 and closes REFUSED_SECONDS later.

        An immediate close can reset the connection before the client has read the response.
        """
        self._admission.refused["descriptors"] += 1
        if len(self._refused) >= MAX_REFUSED:
            connected.close()
            return
        with contextlib.suppress(OSError):
            connected.send(_refusal())
            connected.shutdown(socket.SHUT_WR)
        self._refused[connected] = asyncio.get_running_loop().call_later(REFUSED_SECONDS, self._end, connected)

    def _end(self, connected: socket.socket) -> None:
        self._refused.pop(connected).cancel()
        connected.close()


def slot_of(request: HTTPServerRequest) -> Slot:
    """The slot of the connection that a request came on."""
    connection = request.connection
    assert isinstance(connection, HTTP1Connection)
    assert isinstance(connection.stream, _Stream)
    return connection.stream.slot


def retry_after() -> str:
    """A value of `Retry-After`, in seconds, from RETRY_SECONDS."""
    return str(random.randint(*RETRY_SECONDS))


def _refusal() -> bytes:
    return (
        f"HTTP/1.1 503 Service Unavailable\r\nServer: Livelog\r\nRetry-After: {retry_after()}\r\n"
        "Connection: close\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(_REFUSAL)}\r\n\r\n{_REFUSAL}"
    ).encode()
