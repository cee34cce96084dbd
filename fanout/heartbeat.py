"""The heartbeat: pings every connection and closes those that do not respond.

One timer serves all connections, a few at a time: if all were pinged at once, all would answer at once.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fanout.connection import Connection

TICK_SECONDS: Final = 0.25
"""Time between two groups of pings, about. Waking up costs more than sending a few more pings at a time."""


class Heartbeat:
    """Pings each connection every ``interval`` seconds and checks ``timeout`` seconds later that it is alive."""

    def __init__(self, interval: float, timeout: float, tick: float = TICK_SECONDS) -> None:
        beats = max(round(interval / tick), 2)
        self._seconds = interval / beats
        self._timeout_beats = round(timeout / self._seconds)
        self._at: list[set[Connection]] = [set() for _ in range(beats)]
        self._beats = 0
        self._added = 0
        self._has_connections = asyncio.Event()

    def add(self, connection: Connection) -> None:
        """Adds a connection. Its first ping comes after half an interval to a whole one.

        Connections that are added at the same time are spread evenly.
        """
        beats = len(self._at)
        self._added += 1
        connection.beat = (self._beats + beats // 2 + self._added % (beats - beats // 2)) % beats
        self._at[connection.beat].add(connection)
        self._has_connections.set()

    def remove(self, connection: Connection) -> None:
        """Removes a connection, if it is there."""
        self._at[connection.beat].discard(connection)

    def beat(self) -> None:
        """Pings the connections whose turn it is, and checks those whose timeout has passed."""
        for connection in tuple(self._at[(self._beats - self._timeout_beats) % len(self._at)]):
            connection.check_alive()
        for connection in tuple(self._at[self._beats]):
            connection.ping()
        self._beats = (self._beats + 1) % len(self._at)

    async def run(self) -> None:
        """Beats until it is cancelled.

        After the process was suspended, pinging resumes; connections that were not pinged are not timed out.
        """
        while True:
            await self._has_connections.wait()
            await asyncio.sleep(self._seconds)
            self.beat()
            if not any(self._at):
                self._has_connections.clear()
