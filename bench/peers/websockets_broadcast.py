"""websockets with its own `broadcast`, on uvloop."""

from __future__ import annotations

import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.asyncio.server import broadcast as broadcast_to

from bench.peers.publishing import BACKLOG, ports, publish

readers: set[ServerConnection] = set()


async def reader(connection: ServerConnection) -> None:
    """Keeps a reader until it leaves."""
    readers.add(connection)
    try:
        await connection.wait_closed()
    finally:
        readers.discard(connection)


async def broadcast(message: bytes) -> None:
    """Sends a message to all."""
    broadcast_to(readers, message.decode())


async def main() -> None:
    """Serves until it is killed."""
    async with serve(reader, "127.0.0.1", ports()[0], compression=None, ping_interval=None, backlog=BACKLOG):
        await publish(broadcast)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
