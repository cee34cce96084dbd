"""Tornado as in its chat demo: `write_message` to each connection."""

from __future__ import annotations

import asyncio

from tornado.web import Application
from tornado.websocket import WebSocketHandler

from bench.peers.publishing import BACKLOG, ports, publish

readers: set[Socket] = set()


class Socket(WebSocketHandler):
    """A reader."""

    def open(self) -> None:
        """Joins."""
        readers.add(self)

    def on_message(self, message: str | bytes) -> None:
        """Ignores what a reader says."""

    def on_close(self) -> None:
        """Leaves."""
        readers.discard(self)


async def broadcast(message: bytes) -> None:
    """Sends a message to all."""
    text = message.decode()
    for reader in readers:
        reader.write_message(text)


async def main() -> None:
    """Serves until it is killed."""
    Application([("/", Socket)]).listen(ports()[0], "127.0.0.1", backlog=BACKLOG)
    await publish(broadcast)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
