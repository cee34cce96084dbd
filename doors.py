"""The doors: who is in, and who may still come in."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final
from weakref import WeakSet

import limits

logger = logging.getLogger("livelog.doors")

COMPLAINT_SECONDS: Final = 10.0
"""One line about readers who were refused in so long is enough."""

LOOK_SECONDS: Final = 0.02


class RefusedError(Exception):
    """Someone may not come in now; the message says why."""


class Place:
    """A connection's place among all. `leave` gives it back."""

    __slots__ = ("_doors", "address")

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self.address: str | None = None
        doors.connections += 1

    def leave(self) -> None:
        """The connection is gone. To be called once."""
        self._doors.connections -= 1
        if self.address is not None:
            self._doors.forget(self.address)


class Doors:
    """Counts connections, readers by their address, and answers that wait to be read.

    ``files`` is the number of descriptors that the process may have. When ``is_closing``, no reader is let in.
    ``answering`` are the requests that are not answered in full.
    """

    def __init__(self, files: int, per_address: int = limits.ADDRESS_READERS) -> None:
        self.connections = 0
        self.is_closing = False
        self.answering: WeakSet[object] = WeakSet()
        self._most_readers = int(files * limits.READERS_SHARE)
        self._most_connections = int(files * limits.CONNECTIONS_SHARE)
        self._per_address = per_address
        self._readers: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()
        self._unread_bytes = 0
        self._refused = 0

    def is_full(self) -> bool:
        """Whether there is no place for one more connection."""
        return self.connections >= self._most_connections

    def admit(self, place: Place, address: str) -> None:
        """Lets the connection at a place be a reader's. Raises RefusedError."""
        if self.is_closing:
            raise RefusedError("This server is about to stop.")
        if self.connections > self._most_readers:
            self._complain("there are as many as this process has descriptors for (ulimit -n)")
            raise RefusedError("There are too many readers.")
        group = _group(address)
        if group is None:
            return
        if self._readers[group] >= self._per_address:
            self._complain("one address has %d; if it is a proxy's, server.trusted_proxies has to name it")
            raise RefusedError("There are too many readers at your address.")
        self._readers[group] += 1
        place.address = group

    def forget(self, address: str) -> None:
        """A reader of that address is gone."""
        self._readers[address] -= 1
        if not self._readers[address]:
            del self._readers[address]

    def check_unread(self, address: str) -> None:
        """Raises RefusedError while too much of what was asked for waits to be read."""
        group = _group(address)
        of_group = self._unread[group] if group else 0
        if self._unread_bytes > limits.ANSWERS_BYTES or of_group > limits.ADDRESS_ANSWERS_BYTES:
            raise RefusedError("Too many answers have not been read yet.")

    def unread(self, address: str, size: int) -> None:
        """An answer of that size waits to be read; or, where it is negative, does no longer."""
        self._unread_bytes += size
        if group := _group(address):
            self._unread[group] += size
            if not self._unread[group]:
                del self._unread[group]

    async def quiet(self, seconds: float) -> None:
        """Waits until all requests are answered, but no longer than that."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            if not self.answering:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def empty(self, seconds: float) -> None:
        """Waits until all connections are gone, but no longer than that."""
        for _ in range(round(seconds / LOOK_SECONDS)):
            if not self.connections:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _complain(self, why: str) -> None:
        if not self._refused:
            asyncio.get_running_loop().call_later(COMPLAINT_SECONDS, self._tell)
            logger.warning("Readers are refused: %s.", why.replace("%d", f"{self._per_address:,}"))
        self._refused += 1

    def _tell(self) -> None:
        self._refused = 0


def _group(address: str) -> str | None:
    """Who is counted as one: an address, or a network of IPv6, of which everyone has at least one to himself.

    None is this machine: who is on it, or behind a proxy on it that was not named, is not counted.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return None
    return str(IPv6Network((int(found), 64), strict=False)) if isinstance(found, IPv6Address) else str(found)
