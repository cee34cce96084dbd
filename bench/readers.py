"""Many readers in one process: WebSockets that count what comes, answer pings, and do nothing else."""

from __future__ import annotations

import selectors
import socket
import time
from dataclasses import dataclass, field

REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _PING = 0x81, 0x89
_PONG = b"\x8a\x80\x00\x00\x00\x00"
_READ_BYTES = 256 * 1024


@dataclass(slots=True)
class _Reader:
    connection: socket.socket
    buffer: bytearray = field(default_factory=bytearray)
    upgraded: bool = False

    def take(self, data: bytes) -> int:
        """Counts the messages that have come in full."""
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
                self.connection.send(_PONG)
            start = end
        del self.buffer[:start]
        return found

    def _frame_end(self, start: int) -> int:
        """Where the frame ends that begins there; beyond what is here if its head has not come in full."""
        head = self.buffer[start : start + 10]
        size = head[1] if len(head) > 1 else 0
        width = {126: 2, 127: 8}.get(size, 0)
        if len(head) < 2 + width:
            return len(self.buffer) + 1
        return start + 2 + width + (int.from_bytes(head[2 : 2 + width]) if width else size)


def read(port: int, path: str, count: int, messages: int, seconds: float) -> tuple[int, int]:
    """Connects readers, and waits until each has this many messages; returns how many came, and readers let go."""
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(REQUEST.format(path=path, port=port).encode("ascii"))
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, _Reader(connection))
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
