"""Limits: what a connection may take of this process, and how many there may be (law 4).

What a message of a reader may be stands in handlers/inbound.py, what may wait for a reader in fanout/channel.py.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final
from weakref import WeakSet

MOST_HEADER_BYTES: Final = 16 * 1024
MOST_BODY_BYTES: Final = 256 * 1024
MOST_BUFFER_BYTES: Final = 1024 * 1024
"""Of a request: its head, its body, and what is read ahead."""

HEADER_SECONDS: Final = 10.0
"""How long the head of a request may take, however it drips in.

Tornado begins to count when the request before is answered: so it is also how long a kept connection may be idle.
Resume another costs a client a round trip; a longer time would be given to everyone who sends a byte and waits.
"""

BODY_SECONDS: Final = 10.0

ANSWER_SECONDS: Final = 60.0
"""How long a client may take to read an answer."""

ANSWERS_BYTES: Final = 64 * 1024 * 1024
ADDRESS_ANSWERS_BYTES: Final = 16 * 1024 * 1024
"""What may wait to be read, of all and of one address, before whoever asks for more is to come back later."""

ADDRESS_READERS: Final = 1_000
"""Readers of one address: there may be an office, a school or a whole town behind it."""

MOST_FILES: Final = 1_048_576
"""Descriptors that are asked for: nobody needs more, and some systems would give a thousand times as many."""

READERS_SHARE: Final = 0.9
CONNECTIONS_SHARE: Final = 0.95
"""Of the descriptors: up to the first, readers are let in; up to the second, requests are answered.

The rest is for the feeds, the store and the files of the page.
"""

logger = logging.getLogger("livelog.limits")

COMPLAINT_SECONDS: Final = 10.0
"""One line about readers who were refused in so long is enough."""

LOOK_SECONDS: Final = 0.02


class RefusedError(Exception):
    """Someone may not come in now; the message says why."""


class Place:
    """A connection's place among all. `leave` gives it back."""

    __slots__ = ("_admission", "address")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.address: str | None = None
        admission.connections += 1

    def leave(self) -> None:
        """The connection is gone. To be called once."""
        self._admission.connections -= 1
        if self.address is not None:
            self._admission.forget(self.address)


class Admission:
    """Counts connections, readers by their address, and answers that wait to be read.

    ``files`` is the number of descriptors that the process may have. When ``is_closing``, no reader is let in.
    ``answering`` are the requests that are not answered in full.
    """

    def __init__(self, files: int, per_address: int = ADDRESS_READERS) -> None:
        self.connections = 0
        self.is_closing = False
        self.answering: WeakSet[object] = WeakSet()
        self._most_readers = int(files * READERS_SHARE)
        self._most_connections = int(files * CONNECTIONS_SHARE)
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
        if self._unread_bytes > ANSWERS_BYTES or of_group > ADDRESS_ANSWERS_BYTES:
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


def raise_files() -> int:
    """Lets this process have as many descriptors as it may; returns how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft >= wanted:
        return min(soft, MOST_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return wanted
