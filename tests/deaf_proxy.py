"""A TCP proxy on loopback that can go deaf without closing anything, like a NAT that forgot its connections."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter


class DeafProxy:
    """Passes bytes on in both directions, to a port of this machine.

    After `deafen`, nothing passes on any connection, old or new, and none is closed. After `heal`, new connections
    work; those of before stay deaf.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._is_deaf = False
        self._deaf_writers: set[StreamWriter] = set()
        self._writers: set[StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._stopped = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Closes everything."""
        assert self._server
        self._server.close()
        self._stopped.set()
        for writer in self._writers:
            writer.transport.abort()
        if self._serving:
            await asyncio.wait(self._serving)

    def url(self, path: str) -> str:
        """An address by way of the proxy."""
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{path}"

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._serving)

    def deafen(self) -> None:
        """Passes nothing on from now."""
        self._is_deaf = True
        self._deaf_writers |= self._writers

    def heal(self) -> None:
        """Passes bytes of new connections on again."""
        self._is_deaf = False

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.create_task(self._relay(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _relay(self, reader: StreamReader, writer: StreamWriter) -> None:
        others, other = await asyncio.open_connection("127.0.0.1", self._target)
        ends = {writer, other}
        self._writers |= ends
        if self._is_deaf:
            self._deaf_writers |= ends
        try:
            await asyncio.gather(self._pass_on(reader, other), self._pass_on(others, writer))
        except OSError:
            pass
        finally:
            for end in ends:
                end.transport.abort()
            self._writers -= ends
            self._deaf_writers -= ends

    async def _pass_on(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(64 * 1024):
            if writer not in self._deaf_writers:
                writer.write(data)
        if writer in self._deaf_writers:
            await self._stopped.wait()
        writer.write_eof()
