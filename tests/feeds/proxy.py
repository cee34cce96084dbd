"""An HTTP proxy on loopback: absolute targets are passed on, CONNECT makes a tunnel."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.passing import pass_both_ways


class ForwardProxy:
    """A proxy that keeps the heads of its requests. ``refusal`` is sent instead of an answer; ``target`` is a port
    of this machine that it connects to, whatever host it is asked for."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.refusal = b""
        self.target: int | None = None
        self.port = 0

    def url(self, user_info: str = "") -> str:
        """Its address."""
        return f"http://{user_info}127.0.0.1:{self.port}"

    async def talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        self.heads.append(head)
        if self.refusal:
            writer.write(self.refusal)
            return
        method, target, rest = head.split(" ", 2)
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        there, back = await asyncio.open_connection("127.0.0.1", self.target or parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = f"{parts.path}{'?' if parts.query else ''}{parts.query}"
            back.write(f"{method} {path} {rest}".encode("latin-1"))
        await pass_both_ways(reader, writer, there, back)


@asynccontextmanager
async def forward_proxy() -> AsyncIterator[ForwardProxy]:
    """A proxy that listens until the end of the block."""
    proxy = ForwardProxy()
    tasks: set[asyncio.Task[None]] = set()

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await proxy.talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def accept(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(talk(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
