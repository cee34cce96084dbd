"""websockets with its own `broadcast`, on uvloop."""

from __future__ import annotations

import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.asyncio.server import broadcast as broadcast_to

from bench.peers.publishing import BACKLOG, ports, publish

clients: set[ServerConnection] = set()


async def client(connection: ServerConnection) -> None:
    """Keep a client until it closes."""
    clients.add(connection)
    try:
        await connection.wait_closed()
    finally:
        clients.discard(connection)


async def broadcast(message: bytes) -> None:
    """Send a message to all clients."""
    broadcast_to(clients, message.decode())


async def main() -> None:
    """Serve until killed."""
    async with serve(client, "127.0.0.1", ports()[0], compression=None, ping_interval=None, backlog=BACKLOG):
        await publish(broadcast)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
