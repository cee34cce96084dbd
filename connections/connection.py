"""The wire: one connection that was taken over from Tornado, bytes out and bytes in.

Tornado's own way out frames, copies and makes a task for each connection. Here the same bytes go to the kernel for
all. This is the one place that relies on what Tornado does not document: that nothing is between its stream and the
socket while the stream has nothing to write. tests/test_wire.py holds the installed Tornado to it.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from asyncio import Future
from collections.abc import Callable
from typing import Final

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

READ_BYTES: Final = 4 * 1024
"""What is read at a time. Between two reads others get their chance, however much someone sends."""

UNHEARD_SECONDS: Final = 30
"""How long what was sent may go unacknowledged before the kernel ends the connection."""

_KEEPALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class Wire(ABC):
    """One connection. What is heard on it, and that it has ended, are for subclasses to deal with."""

    __slots__ = ("_rest", "_send", "stream")

    def __init__(self, stream: IOStream) -> None:
        """Takes the stream over: nobody else writes to it from now on. Raises OSError if it has ended."""
        if stream.closed():
            raise ConnectionError("the connection has ended")
        self.stream = stream
        self._send: Callable[[bytes], int] = _takes_nothing if isinstance(stream, SSLIOStream) else stream.socket.send
        # What Tornado has yet to write comes first: the future of an empty write is done after it.
        self._rest: Future[None] | None = stream.write(b"") if stream.writing() else None
        stream.read_chunk_size = READ_BYTES
        stream.set_nodelay(True)
        _expect_answers(stream.socket)

    def send(self, data: bytes) -> Future[None] | None:
        """Hands all of it to the kernel, or says when it will have been: the rest waits on the stream.

        The future fails with OSError if the connection ends before. One that has ended takes everything.
        """
        # Done 10,000 times a message: all that is not needed each time is elsewhere.
        if self._rest is not None and not self._rest.done():
            return self._queue(data)
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.stream.close(exc_info=error)
            return None
        return None if sent == len(data) else self._queue(memoryview(data)[sent:])

    def listen(self) -> None:
        """Hears what the other end says, and whether it is there: from now on, until the connection ends."""
        if self.stream.closed():
            self.ended()
            return
        said = asyncio.ensure_future(self.stream.read_bytes(READ_BYTES, partial=True))
        said.add_done_callback(self._read)

    @abstractmethod
    def heard(self, data: bytes) -> None:
        """Takes what the other end said."""

    @abstractmethod
    def ended(self) -> None:
        """Takes note that the connection has ended. It is told once, to who listens."""

    def _queue(self, data: bytes | memoryview) -> Future[None] | None:
        try:
            self._rest = self.stream.write(data)
        except StreamClosedError:
            self._rest = None
        return self._rest

    def _read(self, said: Future[bytes]) -> None:
        if not said.cancelled() and not said.exception():
            self.heard(said.result())
        self.listen()


def _takes_nothing(data: bytes) -> int:  # noqa: ARG001 - stands for a socket's send
    """What TLS has to encrypt is left to the stream."""
    return 0


def _expect_answers(connected: socket.socket) -> None:
    """Has the kernel end a connection whose other end went away without a word, where it can."""
    if connected.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_SECONDS * 1000)
