"""picows, whose framing is Cython, on uvloop: one buffer for all connections, which is its quickest way to send."""

from __future__ import annotations

import asyncio

import uvloop
from picows import WSListener, WSMsgType, WSTransport, ws_create_server

from bench.peers.publishing import BACKLOG, ports, publish

HEADROOM = 14
"""Bytes before a message in which picows writes the frame's head."""

readers: set[WSTransport] = set()


class Listener(WSListener):  # type: ignore[misc]  # picows is not installed where types are checked
    """A reader."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Joins."""
        readers.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leaves."""
        readers.discard(transport)


async def broadcast(message: bytes) -> None:
    """Sends a message to all."""
    buffer = bytearray(HEADROOM) + message
    for transport in readers:
        transport.send_reuse_external_bytearray(WSMsgType.TEXT, buffer, HEADROOM)


async def main() -> None:
    """Serves until it is killed."""
    server = await ws_create_server(lambda _: Listener(), "127.0.0.1", ports()[0], backlog=BACKLOG)
    await publish(broadcast)
    async with server:
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
