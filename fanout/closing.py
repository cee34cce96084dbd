"""Closes connections gradually: their clients reconnect at the pace at which they are closed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from time import monotonic
from typing import Final

from fanout.channel import Channel

CLOSE_SECONDS: Final = 3.0
CLOSE_RATE: Final = 100
"""Connections are closed over CLOSE_SECONDS, or at CLOSE_RATE per second if there are few."""

EARLY_SECONDS: Final = 0.003
"""A connection that is due within this time is closed now."""


async def close_gradually(channels: Iterable[Channel]) -> None:
    """Closes most connections in random order; those that a busy event loop leaves no time for stay open."""
    connections = [(channel, connection) for channel in channels for connection in channel.connections()]
    random.shuffle(connections)
    began = monotonic()
    interval = min(CLOSE_SECONDS / max(len(connections), 1), 1 / CLOSE_RATE)
    for number, (channel, connection) in enumerate(connections):
        late = monotonic() - began - number * interval
        if late > CLOSE_SECONDS:
            return
        if late < -EARLY_SECONDS or number % CLOSE_RATE == 0:
            await asyncio.sleep(max(-late, 0))
        channel.close(connection)


def close(channels: Iterable[Channel]) -> None:
    """Closes all connections at once."""
    for channel in channels:
        for connection in channel.connections():
            channel.close(connection)
