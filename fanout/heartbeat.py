"""The heartbeat: pings every connection, closes those that do not respond, and sends signs of life.

A browser answers pings below JavaScript, so a page cannot see them. An `alive` message is the ping that it can see: a
page that receives nothing for much longer than ALIVE_SECONDS reconnects.

One timer serves all connections, a few at a time: if all were pinged at once, all would answer at once.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fanout.connection import Connection

PING_INTERVAL: Final = 25.0
PONG_TIMEOUT: Final = 10.0
"""Seconds between two pings of a connection, and within which the client has to respond to one."""

ALIVE_SECONDS: Final = 15
"""Longest time without a message on a connection; `hello` announces it as ``alive``."""

QUIET_SECONDS: Final = ALIVE_SECONDS - PING_INTERVAL / 2
"""A connection gets a sign of life twice per PING_INTERVAL if the blog had no event for this long before."""

TICK_SECONDS: Final = 0.25
"""Time between two groups of pings, about. Waking up costs more than sending a few more pings at a time."""


class Heartbeat:
    """Pings each connection every ``interval`` seconds and checks ``timeout`` seconds later that it is alive.

    Sends it a sign of life halfway between two pings; a ping comes with one.
    """

    def __init__(
        self, interval: float = PING_INTERVAL, timeout: float = PONG_TIMEOUT, tick: float = TICK_SECONDS
    ) -> None:
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
        connection.beat = (self._beats - 1 - self._added % (beats - beats // 2)) % beats
        self._at[connection.beat].add(connection)
        self._has_connections.set()

    def remove(self, connection: Connection) -> None:
        """Removes a connection, if it is there."""
        self._at[connection.beat].discard(connection)

    def beat(self) -> None:
        """Pings the connections whose turn it is, checks those whose timeout has passed, and sends signs of life."""
        for connection in self._pinged_before(self._timeout_beats):
            connection.check_alive()
        for connection in self._pinged_before(len(self._at) // 2):
            connection.send_alive()
        for connection in self._pinged_before(0):
            connection.ping()
        self._beats = (self._beats + 1) % len(self._at)

    def _pinged_before(self, beats: int) -> tuple[Connection, ...]:
        return tuple(self._at[(self._beats - beats) % len(self._at)])

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
