"""Starlette on uvicorn and uvloop: `send_text` to each connection."""

from __future__ import annotations

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from bench.peers.publishing import BACKLOG, ports, publish

readers: set[WebSocket] = set()


async def reader(socket: WebSocket) -> None:
    """Keeps a reader until it leaves."""
    await socket.accept()
    readers.add(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        readers.discard(socket)


async def broadcast(message: bytes) -> None:
    """Sends a message to all."""
    text = message.decode()
    for socket in tuple(readers):
        await socket.send_text(text)


async def main() -> None:
    """Serves until it is killed."""
    await publish(broadcast)
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/", reader)]),
        port=ports()[0],
        log_level="warning",
        backlog=BACKLOG,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main())
