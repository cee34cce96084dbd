"""A connection that was detached from Tornado: bytes out, bytes in, and its time in the fan-out.

Tornado's own way of writing frames and copies each message, and makes a task for each connection. Here the same bytes
are handed to the kernel for every connection. This module alone relies on something that Tornado does not document:
that nothing lies between an IOStream and its socket while the stream has nothing to write.
tests/connections/test_connection.py checks it on the installed version.
"""

from __future__ import annotations

import asyncio
import socket
from abc import abstractmethod
from asyncio import Future
from collections.abc import Callable
from typing import Final

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

from fanout.connection import Connection
from fanout.fanout import FanOut
from timeline import TimelineError

READ_BYTES: Final = 4 * 1024
"""Size of a read. Other connections are served between two reads, however much one client sends."""

UNACKNOWLEDGED_TIMEOUT: Final = 30
"""Seconds after which the kernel ends a connection whose other end does not acknowledge data."""

_KEEPALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class DetachedConnection(Connection):
    """A client's connection once its request is answered. Subclasses implement `data_received` and the transport."""

    __slots__ = ("_fanout", "_rest", "_slug", "_write", "stream")

    def __init__(self, stream: IOStream, fanout: FanOut, slug: str) -> None:
        """Takes a stream over: nothing else may write to it from now on. Raises OSError if it is closed."""
        if stream.closed():
            raise ConnectionError("the connection has ended")
        super().__init__()
        self.stream = stream
        self._fanout = fanout
        self._slug = slug
        self._write: Callable[[bytes], int] = (
            _write_nothing if isinstance(stream, SSLIOStream) else stream.socket.send
        )
        # Data that Tornado has yet to write goes first: the future of an empty write is done after it.
        self._rest: Future[None] | None = stream.write(b"") if stream.writing() else None
        stream.read_chunk_size = READ_BYTES
        stream.set_nodelay(True)
        _set_timeouts(stream.socket)

    async def join(self, response: bytes, after: str | None) -> None:
        """Sends the response to the HTTP request and joins the fan-out at a cursor.

        Returns when the client is live, or its connection closed. From then on the connection needs no task.
        """
        self.send(response)
        self.start_reading()
        if self.stream.closed():
            return
        try:
            await self._fanout.join(self._slug, self, after)
        except (OSError, TimelineError):
            self.evict()

    def send(self, data: bytes) -> Future[None] | None:
        """Hands data to the kernel; the part that it does not take waits on the stream (see `Connection.send`)."""
        # Runs 10,000 times a message, so it does only the work that every call needs.
        if self._rest is not None and not self._rest.done():
            return self._queue(data)
        try:
            sent = self._write(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.stream.close(exc_info=error)
            return None
        return None if sent == len(data) else self._queue(memoryview(data)[sent:])

    def start_reading(self) -> None:
        """Reads until the connection ends: calls `data_received` for each piece, and `connection_lost` once."""
        if self.stream.closed():
            self.connection_lost()
            return
        read = asyncio.ensure_future(self.stream.read_bytes(READ_BYTES, partial=True))
        read.add_done_callback(self._read)

    def send_alive(self) -> None:
        """Sends a sign of life if one is due."""
        if sign := self.sign_of_life():
            self.send(sign)

    def sign_of_life(self) -> bytes:
        """The sign of life that is due; empty if none is."""
        return self._fanout.sign_of_life(self._slug, self)

    def leave(self) -> None:
        """Leaves the fan-out: nothing more is sent."""
        self._fanout.leave(self._slug, self)

    @abstractmethod
    def data_received(self, data: bytes) -> None:
        """Handles data from the client."""

    def connection_lost(self) -> None:
        """Handles the end of the connection."""
        self.leave()

    def _queue(self, data: bytes | memoryview) -> Future[None] | None:
        try:
            self._rest = self.stream.write(data)
        except StreamClosedError:
            self._rest = None
        return self._rest

    def _read(self, read: Future[bytes]) -> None:
        if not read.cancelled() and not read.exception():
            self.data_received(read.result())
        self.start_reading()


def _write_nothing(data: bytes) -> int:  # noqa: ARG001 - replaces a socket's send
    """Writes nothing: the stream has to encrypt all data."""
    return 0


def _set_timeouts(connected: socket.socket) -> None:
    """Sets the kernel's timeouts for a TCP connection whose other end vanished, as far as the platform has them."""
    if connected.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_TIMEOUT * 1000)
