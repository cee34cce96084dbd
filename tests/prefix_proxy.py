"""A proxy on loopback that serves a Livelog below a path, as the locations of nginx and Caddy do."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

from tests.passing import pass_both_ways


class PrefixProxy:
    """Passes requests below ``prefix`` on, with it or ``strip`` without; others are a 404 and in ``outside``.

    ``target`` is the port of the Livelog. Each connection has one request, or a WebSocket.
    """

    def __init__(self, prefix: str, *, strip: bool) -> None:
        self.target = 0
        self.outside: list[str] = []
        self._prefix = prefix
        self._strip = strip
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Closes everything."""
        assert self._server
        self._server.close()
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    @property
    def origin(self) -> str:
        """Its own origin."""
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._serving.discard(task)

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, rest = head.split(" ", 2)
        if not path.partition("?")[0].startswith(f"{self._prefix}/"):
            self.outside.append(path)
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        if self._strip:
            path = path.removeprefix(self._prefix)
        if "upgrade: websocket" not in rest.lower():
            rest = rest.replace("keep-alive", "close").replace("\r\n", "\r\nConnection: close\r\n", 1)
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        back.write(f"{method} {path} {rest}".encode("latin-1"))
        await pass_both_ways(reader, writer, there, back)
