"""Origins that misbehave in bytes: what a real HTTP server would refuse to send, or to send so slowly."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Answers one request, in whatever bytes; the connection is closed when it returns."""


@dataclass
class RawOrigin:
    """A server on loopback that answers each path with its script. ``heads`` are the requests as they came."""

    scripts: dict[str, Script] = field(default_factory=dict)
    heads: list[str] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "/") -> str:
        """An address of this origin."""
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path: str, script: Script | bytes) -> str:
        """Answers a path with a script, or with these bytes; returns its URL."""
        self.scripts[path] = says(script) if isinstance(script, bytes) else script
        return self.url(path)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            await self.scripts.get(head.split(" ")[1], says(answer(status="404 Not Found")))(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def raw_origin(tls: ssl.SSLContext | None = None) -> AsyncIterator[RawOrigin]:
    """A raw origin that listens until the end of the block; connections still open are cut."""
    origin = RawOrigin()
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(origin.talk(reader, writer))
        connections.add(connection)
        connection.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def answer(*lines: str, status: str = "200 OK", body: bytes = b"") -> bytes:
    """The bytes of an answer with just these header lines."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1") + body


def whole(body: bytes = b"", *lines: str, status: str = "200 OK") -> bytes:
    """The bytes of an answer whose Content-Length is right."""
    return answer(f"Content-Length: {len(body)}", *lines, status=status, body=body)


def says(*parts: bytes) -> Script:
    """Sends these bytes, then closes."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.writelines(parts)
        await writer.drain()

    return script


def moved(location: str, status: str = "302 Found", *lines: str) -> bytes:
    """The bytes of a redirect."""
    return whole(b"", f"Location: {location}", *lines, status=status)


def repeats(start: bytes, part: bytes, pause: float = 0.0) -> Script:
    """Sends a start, and then the same part again and again, as long as anyone listens."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return script


async def silent(writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.Event().wait()
