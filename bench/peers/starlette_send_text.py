"""Starlette on uvicorn and uvloop: `send_text` to each connection."""

from __future__ import annotations

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from bench.peers.publishing import BACKLOG, ports, publish

clients: set[WebSocket] = set()


async def client(socket: WebSocket) -> None:
    """Keep a client until it closes."""
    await socket.accept()
    clients.add(socket)
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        clients.discard(socket)


async def broadcast(message: bytes) -> None:
    """Send a message to all clients."""
    text = message.decode()
    for socket in tuple(clients):
        await socket.send_text(text)


async def main() -> None:
    """Serve until killed."""
    await publish(broadcast)
    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/", client)]),
        port=ports()[0],
        log_level="warning",
        backlog=BACKLOG,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main())
