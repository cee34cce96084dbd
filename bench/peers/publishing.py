"""What all broadcasters have in common: two ports. Each line that comes on the second one is a message to all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

BACKLOG = 4096


def ports() -> tuple[int, int]:
    """Where readers connect, and where is published."""
    _, readers, publishing = sys.argv
    return int(readers), int(publishing)


async def publish(broadcast: Callable[[bytes], Awaitable[None]]) -> None:
    """Listens for messages, and broadcasts them. Those that come together are broadcast together."""

    async def hear(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        async for line in reader:
            await broadcast(line.rstrip(b"\n"))

    await asyncio.start_server(hear, "127.0.0.1", ports()[1], limit=1 << 20)
