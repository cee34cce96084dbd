"""The listener: accepts connections, as many as there is place for, and hands them to Tornado.

Tornado's own loop of accepts spins when the process is out of descriptors, and knows no bound before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Iterable
from typing import Any, Final

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.iostream import IOStream

from connections import limits
from connections.limits import Admission, Place

logger = logging.getLogger("livelog.listener")

ACCEPTS: Final = 32
"""Connections that are accepted at a time; then others get their chance."""

PAUSE_SECONDS: Final = 1.0
"""How long nobody is accepted after that failed, and so the most lines in the log: one in so long."""

REFUSED_SECONDS: Final = 1.0
MOST_REFUSED: Final = 128
"""How long, and at how many connections at a time, someone who is refused may take to read why."""

RETRY_SECONDS: Final = (5, 15)
"""When someone who is refused may come back: each after a time of his own."""

QUIET_SECONDS: Final = 2.0
EMPTY_SECONDS: Final = 1.0
"""At the end: for answers under way, and for readers to take note that their connection is closed."""

_REFUSAL = "Too many connections.\n"


class Stream(IOStream):
    """A connection that gives its place back when it ends."""

    __slots__ = ("place",)

    def __init__(self, connected: socket.socket, place: Place, **limits: int) -> None:
        super().__init__(connected, **limits)
        self.place = place

    def close_fd(self) -> None:
        """Closes the socket, as Tornado asks for."""
        super().close_fd()
        self.place.leave()


class Listener:
    """Serves an application on some sockets, within the limits."""

    def __init__(self, application: HTTPServerConnectionDelegate, admission: Admission) -> None:
        self._admission = admission
        self._listening: list[socket.socket] = []
        self._paused: dict[socket.socket, asyncio.TimerHandle] = {}
        self._refused: dict[socket.socket, asyncio.TimerHandle] = {}
        self._server = HTTPServer(
            application,
            max_header_size=limits.MOST_HEADER_BYTES,
            max_body_size=limits.MOST_BODY_BYTES,
            max_buffer_size=limits.MOST_BUFFER_BYTES,
            idle_connection_timeout=limits.HEADER_SECONDS,
            body_timeout=limits.BODY_SECONDS,
        )

    def open(self, sockets: Iterable[socket.socket]) -> None:
        """Begins to accept connections on bound sockets, which do not block."""
        self._listening = list(sockets)
        for listening in self._listening:
            self._listen(listening)

    def shut(self) -> None:
        """Accepts no more. Connections end with the answer to their next request; no reader is let in."""
        self._admission.is_closing = True
        self._server.conn_params.no_keep_alive = True
        for listening in self._listening:
            asyncio.get_running_loop().remove_reader(listening)
            if pause := self._paused.pop(listening, None):
                pause.cancel()
            listening.close()
        self._listening = []

    async def close(self) -> None:
        """Gives requests and readers that are on their way out a moment, then ends all connections."""
        self.shut()
        await self._admission.quiet(QUIET_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._server.close_all_connections(), EMPTY_SECONDS)
        await self._admission.empty(EMPTY_SECONDS)
        for connected in tuple(self._refused):
            self._end(connected)

    def _listen(self, listening: socket.socket) -> None:
        self._paused.pop(listening, None)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS):
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
                self._take(connected, address)

    def _take(self, connected: socket.socket, address: Any) -> None:
        stream = Stream(connected, Place(self._admission), max_buffer_size=limits.MOST_BUFFER_BYTES)
        self._server.handle_stream(stream, address)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Lets who comes wait: it is likely that there are no descriptors, and it takes time until there are."""
        logger.error("Connections cannot be accepted, trying again: %s", error.strerror or error)
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._paused[listening] = loop.call_later(PAUSE_SECONDS, self._listen, listening)

    def _refuse(self, connected: socket.socket) -> None:
        """Says so, and closes when that can have been read: if it is closed at once, what was sent is lost."""
        if len(self._refused) >= MOST_REFUSED:
            connected.close()
            return
        with contextlib.suppress(OSError):
            connected.send(_refusal())
            connected.shutdown(socket.SHUT_WR)
        self._refused[connected] = asyncio.get_running_loop().call_later(REFUSED_SECONDS, self._end, connected)

    def _end(self, connected: socket.socket) -> None:
        self._refused.pop(connected).cancel()
        connected.close()


def retry_after() -> str:
    """When to come back, in seconds: not all at once."""
    return str(random.randint(*RETRY_SECONDS))


def _refusal() -> bytes:
    return (
        f"HTTP/1.1 503 Service Unavailable\r\nServer: Livelog\r\nRetry-After: {retry_after()}\r\n"
        "Connection: close\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(_REFUSAL)}\r\n\r\n{_REFUSAL}"
    ).encode()
