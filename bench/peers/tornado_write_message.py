"""Tornado as in its chat demo: `write_message` to each connection."""

from __future__ import annotations

import asyncio

from tornado.web import Application
from tornado.websocket import WebSocketHandler

from bench.peers.publishing import BACKLOG, ports, publish

clients: set[Socket] = set()


class Socket(WebSocketHandler):
    """A client."""

    def open(self) -> None:
        """Add a client."""
        clients.add(self)

    def on_message(self, message: str | bytes) -> None:
        """Ignore messages."""

    def on_close(self) -> None:
        """Remove a client."""
        clients.discard(self)


async def broadcast(message: bytes) -> None:
    """Send a message to all clients."""
    text = message.decode()
    for client in clients:
        client.write_message(text)


async def main() -> None:
    """Serve until killed."""
    Application([("/", Socket)]).listen(ports()[0], "127.0.0.1", backlog=BACKLOG)
    await publish(broadcast)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
