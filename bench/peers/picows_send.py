"""picows (framing in Cython) on uvloop, with one buffer for all connections, its fastest way to send."""

from __future__ import annotations

import asyncio

import uvloop
from picows import WSListener, WSMsgType, WSTransport, ws_create_server

from bench.peers.publishing import BACKLOG, ports, publish

HEADROOM = 14
"""Bytes before a message for the frame header."""

clients: set[WSTransport] = set()


class Listener(WSListener):
    """A client."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Add a client."""
        clients.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Remove a client."""
        clients.discard(transport)


async def broadcast(message: bytes) -> None:
    """Send a message to all clients."""
    buffer = bytearray(HEADROOM) + message
    for transport in clients:
        transport.send_reuse_external_bytearray(WSMsgType.TEXT, buffer, HEADROOM)


async def main() -> None:
    """Serve until killed."""
    server = await ws_create_server(lambda _: Listener(), "127.0.0.1", ports()[0], backlog=BACKLOG)
    await publish(broadcast)
    async with server:
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
