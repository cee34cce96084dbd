"""WebSocket clients in Python: many that count messages, and one that measures the lag of a server's event loop."""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A
_EMPTY = b"\x80\x00\x00\x00\x00"
"""The rest of a masked frame without payload."""

_PING_INTERVAL = 0.01  # seconds
_TIMEOUT = 60.0  # seconds
_READ_BYTES = 256 * 1024


@dataclass(slots=True)
class _Client:
    connection: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    upgraded: bool = False

    def take(self, data: bytes) -> int:
        """Take received bytes and return the number of messages that are complete."""
        self.buffer += data
        start = 0
        if not self.upgraded:
            start = self.buffer.find(b"\r\n\r\n") + 4
            if start < 4:
                return 0
            assert self.buffer.startswith(b"HTTP/1.1 101 "), self.buffer[:100]
            self.upgraded = True
        found = 0
        while (end := self._frame_end(start)) <= len(self.buffer):
            found += self.buffer[start] == _TEXT
            if self.buffer[start] == _PING:
                self.connection.send(bytes([_PONG]) + _EMPTY)
            start = end
        del self.buffer[:start]
        return found

    def _frame_end(self, start: int) -> int:
        """The end of the frame that begins at `start`; beyond the buffer if its header is incomplete."""
        head = self.buffer[start : start + 10]
        size = head[1] if len(head) > 1 else 0
        width = {126: 2, 127: 8}.get(size, 0)
        if len(head) < 2 + width:
            return len(self.buffer) + 1
        return start + 2 + width + (int.from_bytes(head[2 : 2 + width]) if width else size)


def read(port: int, path: str, count: int, messages: int, seconds: float) -> tuple[int, int]:
    """Connect `count` clients and wait for `messages` each, at most `seconds`.

    Returns the number of messages received and of connections that the server closed.
    """
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(_REQUEST.format(path=path, port=port).encode("ascii"))
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, _Client(connection))
        came = lost = 0
        deadline = time.monotonic() + seconds
        while came < count * messages and lost < count and time.monotonic() < deadline:
            for key, _ in selector.select(1.0):
                data = key.data.connection.recv(_READ_BYTES)
                came += key.data.take(data)
                if not data:
                    lost += 1
                    selector.unregister(key.data.connection)
        for key in tuple(selector.get_map().values()):
            key.data.connection.close()
    return came, lost


class Lags(NamedTuple):
    """Seconds from the due time of each ping to its pong, and from the due time to the wake-up of this process."""

    trips: list[float]
    wakes: list[float]


def probe(port: int, path: str, seconds: float) -> Lags:
    """Ping every 10 ms for `seconds`. A late pong delays the pings that are due meanwhile."""
    lags = Lags([], [])
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        connection.sendall(_REQUEST.format(path=path, port=port).encode("ascii"))
        while stream.readline() != b"\r\n":
            pass
        due = time.monotonic()
        end = due + seconds
        while due < end:
            due += _PING_INTERVAL
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
                lags.wakes.append(time.monotonic() - due)
            connection.sendall(bytes([_PING]) + _EMPTY)
            while (frame := _frame(stream)) != _PONG:
                if frame == _PING:
                    connection.sendall(bytes([_PONG]) + _EMPTY)
            lags.trips.append(time.monotonic() - due)
    return lags


def _frame(stream: BinaryIO) -> int:
    """Read one frame and return its first byte."""
    first, size = stream.read(2)
    if size > 125:
        size = int.from_bytes(stream.read(2 if size == 126 else 8))
    stream.read(size)
    return int(first)
