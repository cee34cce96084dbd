"""The two ports of a broadcaster. Each line received on the second is a message to all clients."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

BACKLOG = 4096


def ports() -> tuple[int, int]:
    """The ports for clients and for publishing."""
    _, readers, publishing = sys.argv
    return int(readers), int(publishing)


async def publish(broadcast: Callable[[bytes], Awaitable[None]]) -> None:
    """Listen for messages and broadcast them."""

    async def receive(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        async for line in reader:
            await broadcast(line.rstrip(b"\n"))

    await asyncio.start_server(receive, "127.0.0.1", ports()[1], limit=1 << 20)
