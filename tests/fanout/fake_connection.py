"""A connection for tests: it keeps what is sent on it, and reads when the test says so."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio import Future
from typing import Any, NamedTuple

from fanout.connection import Connection
from fanout.frames import Transport
from tests.livelog import until

_BLOCK = re.compile(r"(?:id: ([^\r\n]*)\n)?event: ([a-z]+)\ndata: ([^\r\n]*)\n\n")


class Received(NamedTuple):
    """A message, and the id it came with, if it was a block of an event stream that had one."""

    message: dict[str, Any]
    id: str | None


def read(data: bytes, transport: Transport) -> list[Received]:
    """The messages in what was sent, each of which has to be in the transport's form."""
    if transport is Transport.LINES:
        return [Received(json.loads(line), None) for line in data.splitlines()]
    return _frames(data) if transport is Transport.WEBSOCKET else _blocks(data.decode())


def _frames(data: bytes) -> list[Received]:
    received, at = [], 0
    while at < len(data):
        assert data[at] == 0x81, "a whole text frame"
        size, start = data[at + 1], at + 2
        if size in (126, 127):
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[at + 2 : start])
        at = start + size
        assert len(data) >= at
        received.append(Received(json.loads(data[start:at]), None))
    return received


def _blocks(text: str) -> list[Received]:
    received, at = [], 0
    while at < len(text):
        block = _BLOCK.match(text, at)
        assert block, text[at:]
        message = json.loads(block[3])
        assert message["type"] == block[2]
        assert block[1] in (None, message["cursor"])
        received.append(Received(message, block[1]))
        at = block.end()
    return received


class FakeConnection(Connection):
    """One client. After `stop` it reads nothing until `go_on`."""

    def __init__(self, transport: Transport = Transport.WEBSOCKET) -> None:
        super().__init__()
        self.transport = transport
        self.sends = 0
        self.evicted = self.closed = False
        self.messages: list[dict[str, Any]] = []
        self.last_id: str | None = None
        self.is_stopped = False
        self._waiting: tuple[bytes, Future[None]] | None = None

    def send(self, data: bytes) -> Future[None] | None:
        assert not self.evicted, "it was evicted"
        assert not self._waiting, "the rest has not been sent yet"
        self.sends += 1
        if not self.is_stopped:
            self.take(data)
            return None
        rest: Future[None] = asyncio.get_running_loop().create_future()
        rest.add_done_callback(lambda rest: rest.cancelled() or rest.exception())
        self._waiting = data, rest
        return rest

    def take(self, data: bytes) -> None:
        for received in read(data, self.transport):
            self.receive(received)

    def receive(self, received: Received) -> None:
        self.messages.append(received.message)
        self.last_id = received.id or self.last_id

    def stop(self) -> None:
        self.is_stopped = True

    def go_on(self) -> None:
        """Takes what waits, and what comes."""
        self.is_stopped = False
        if self._waiting:
            (data, rest), self._waiting = self._waiting, None
            self.take(data)
            rest.set_result(None)

    def evict(self) -> None:
        self.evicted = True
        if self._waiting:
            (_, rest), self._waiting = self._waiting, None
            rest.set_exception(ConnectionResetError("gone"))

    def close(self) -> None:
        self.closed = True
        self.evict()

    def ping(self) -> None:
        pass

    def send_alive(self) -> None:
        pass

    def check_alive(self) -> None:
        pass

    @property
    def received(self) -> list[tuple[str, str]]:
        """The messages in short: the type, and the id (or the cursor of a hello)."""
        return [(m["type"], m.get("id") or m.get("item", m).get("id") or m["cursor"]) for m in self.messages]

    async def has(self, count: int) -> list[tuple[str, str]]:
        await until(lambda: len(self.messages) >= count)
        return self.received
