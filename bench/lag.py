"""How late a server's event loop is, seen from outside: pings on a WebSocket that has nothing else to do."""

from __future__ import annotations

import socket
import time
from typing import BinaryIO, NamedTuple

from bench.readers import REQUEST

_EVERY_SECONDS = 0.01
_PATIENCE = 60.0
_PING, _PONG = 0x89, 0x8A
_NOTHING = b"\x80\x00\x00\x00\x00"


class Lags(NamedTuple):
    """Seconds: from when each ping was due until its answer, and how late this process itself woke up to send it."""

    trips: list[float]
    wakes: list[float]


def probe(port: int, path: str, seconds: float) -> Lags:
    """Sends pings for so long, some milliseconds apart. While one is not answered, those that are due grow late."""
    lags = Lags([], [])
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        connection.sendall(REQUEST.format(path=path, port=port).encode("ascii"))
        while stream.readline() != b"\r\n":
            pass
        due = time.monotonic()
        end = due + seconds
        while due < end:
            due += _EVERY_SECONDS
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
                lags.wakes.append(time.monotonic() - due)
            connection.sendall(bytes([_PING]) + _NOTHING)
            while (frame := _frame(stream)) != _PONG:
                if frame == _PING:
                    connection.sendall(bytes([_PONG]) + _NOTHING)
            lags.trips.append(time.monotonic() - due)
    return lags


def _frame(stream: BinaryIO) -> int:
    """Reads one frame; returns its first byte."""
    first, size = stream.read(2)
    if size > 125:
        size = int.from_bytes(stream.read(2 if size == 126 else 8))
    stream.read(size)
    return int(first)
