"""Connections without a library between: what is sent and what comes, byte by byte."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tests.livelog import PATIENCE

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A frame as a client sends it; without a mask as it must not."""
    size = len(payload)
    flag = 0x80 if mask else 0
    if size < 126:
        length = bytes([flag | size])
    elif size < 0x10000:
        length = bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        length = bytes([flag | 127]) + size.to_bytes(8, "big")
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload)) if mask else payload
    return bytes([(0x80 if final else 0) | opcode]) + length + mask + masked


class Block(NamedTuple):
    """A block of an event stream."""

    id: str | None
    event: str
    data: dict[str, Any]


class Bare:
    """One connection, and the head of the answer to its request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def send_all(self, data: bytes) -> None:
        """Sends data, and waits until it is on its way."""
        self._writer.write(data)
        await asyncio.wait_for(self._writer.drain(), PATIENCE)

    @property
    def name(self) -> tuple[str, int]:
        """The address of this end."""
        name: tuple[str, int] = self._writer.get_extra_info("sockname")
        return name

    async def line(self) -> str:
        """The next line; nothing at the end."""
        return (await asyncio.wait_for(self._reader.readline(), PATIENCE)).decode()

    async def answer(self) -> None:
        """Reads the head of the answer."""
        self.status = int((await self.line()).split()[1])
        self.headers.clear()
        while (line := await self.line()) not in ("", "\r\n"):
            name, _, value = line.partition(":")
            self.headers[name] = value.strip()

    def ask(self, path: str, *headers: str, version: str = "1.1") -> None:
        """Sends a request; several may follow one another."""
        host = () if any(header.startswith("Host:") for header in headers) else ("Host: 127.0.0.1",)
        lines = [f"GET {path} HTTP/{version}", *host, *headers, "", ""]
        self.send("\r\n".join(lines).encode())

    async def body(self) -> bytes:
        """The body of the answer whose head was read."""
        return await self._exactly(int(self.headers["Content-Length"]))

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of a WebSocket, which a server does not mask."""
        opcode, size = await self._exactly(2)
        if size in (126, 127):
            size = int.from_bytes(await self._exactly(2 if size == 126 else 8), "big")
        return opcode & 0x0F, await self._exactly(size)

    async def message(self) -> dict[str, Any]:
        """The next message of a WebSocket, behind pings."""
        opcode, payload = await self.frame()
        while opcode == PING:
            opcode, payload = await self.frame()
        assert opcode == TEXT, (opcode, payload)
        message: dict[str, Any] = json.loads(payload)
        return message

    async def close_code(self) -> int | None:
        """The code of the close frame, when all before it is read; None if the connection ends without one."""
        try:
            while True:
                opcode, payload = await self.frame()
                if opcode == CLOSE:
                    return int.from_bytes(payload, "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def block(self) -> Block:
        """The next block of an event stream. Comments and `retry:` are passed over."""
        fields: dict[str, str] = {}
        while line := await self.line():
            if line == "\n" and "event" in fields:
                return Block(fields.get("id"), fields["event"], json.loads(fields["data"]))
            if line != "\n":
                name, _, value = line.removesuffix("\n").partition(": ")
                fields[name] = value
        raise ConnectionError("the stream has ended")

    async def block_or_end(self) -> Block | None:
        """The next block, or None where the stream has ended, perhaps within one."""
        try:
            return await self.block()
        except ConnectionError:
            return None

    def end(self) -> None:
        """Aborts the connection."""
        self._writer.transport.abort()

    async def has_ended(self) -> bool:
        """Whether it ends, when all is read."""
        try:
            return not await asyncio.wait_for(self._reader.read(), PATIENCE) or True
        except ConnectionError:
            return True

    async def _exactly(self, size: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(size), PATIENCE)


@asynccontextmanager
async def asked(port: int, path: str, *headers: str, version: str = "1.1", buffer: int = 0) -> AsyncIterator[Bare]:
    """A connection on which something was asked for; ``buffer`` is what our kernel takes for us, if that matters."""
    connected = socket.socket()
    if buffer:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connected.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", port))
    # With a small limit, what is not asked for stays in the kernel.
    reader, writer = await asyncio.open_connection(sock=connected, limit=2**16)
    bare = Bare(reader, writer)
    bare.ask(path, *headers, version=version)
    try:
        yield bare
    finally:
        writer.close()


UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)


@asynccontextmanager
async def websocket(port: int, path: str = "/blog/ws", *headers: str, buffer: int = 0) -> AsyncIterator[Bare]:
    """A WebSocket whose handshake is done."""
    async with asked(port, path, *UPGRADE, *headers, buffer=buffer) as bare:
        await bare.answer()
        assert bare.status == 101
        yield bare


@asynccontextmanager
async def events(port: int, path: str = "/blog/events", *headers: str, buffer: int = 0) -> AsyncIterator[Bare]:
    """An event stream whose head is read."""
    async with asked(port, path, *headers, buffer=buffer) as bare:
        await bare.answer()
        assert bare.status == 200
        yield bare
