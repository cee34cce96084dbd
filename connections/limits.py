"""Limits of the process and of each address: connections, requests, and responses that wait to be read (law 4).

The limit of a client's message is in websocket.py, that of a slow client's backlog in fanout/channel.py.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final, Literal, get_args
from weakref import WeakSet

logger = logging.getLogger("livelog.limits")

MAX_HEADER_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 256 * 1024
MAX_BUFFER_BYTES: Final = 1024 * 1024
"""Limits of a request: its head, its body, and bytes that are read ahead."""

HEADER_TIMEOUT: Final = 10.0
"""Seconds that a client may take to send the head of a request, in however many pieces.

Tornado counts from the response before, so a kept connection may be idle as long. A new connection costs a client one
round trip; a longer timeout would also hold for every client that sends one byte and waits.
"""

BODY_TIMEOUT: Final = 10.0

RESPONSE_TIMEOUT: Final = 60.0
"""Seconds that a client may take to read a response."""

MAX_UNREAD_BYTES: Final = 64 * 1024 * 1024
MAX_UNREAD_BYTES_PER_ADDRESS: Final = 16 * 1024 * 1024
"""Size of responses that wait to be read, of all clients and of one address. Beyond it, large ones are refused."""

MAX_LIVE_PER_ADDRESS: Final = 1_000
"""Live connections of one address. An office, a school or a whole town may share it."""

MAX_FILES: Final = 1_048_576
"""File descriptors that are asked for. Some systems would allow a thousand times as many."""

LIVE_SHARE: Final = 0.9
CONNECTIONS_SHARE: Final = 0.95
"""Shares of the descriptors: live connections are admitted up to the first, connections accepted up to the second.

The rest is for feeds, the store and the files of the page.
"""

LOG_INTERVAL: Final = 10.0
"""Seconds between two log lines about refused clients."""

POLL_INTERVAL: Final = 0.02


Refusal = Literal["stopping", "descriptors", "address", "unread"]
"""Reasons of refusals: the process stops, has no more descriptors, or the client's address has too much already."""


class RefusedError(Exception):
    """A request is refused for now, with a 503; the message is the reason, for the client."""


class Slot:
    """An accepted connection, as it is counted. `release` it when the connection is closed."""

    __slots__ = ("_admission", "address")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.address: str | None = None
        admission.connections += 1

    def release(self) -> None:
        """Stops counting the connection. To be called once."""
        self._admission.connections -= 1
        if self.address is not None:
            self._admission.forget(self.address)


class Admission:
    """Counts connections, live ones by their address, and responses that wait to be read.

    ``files`` is the number of descriptors that the process may have. While ``is_closing``, no client goes live.
    ``answering`` are the requests whose responses have not been sent in full. ``refused`` counts refusals by reason.
    """

    def __init__(self, files: int, per_address: int = MAX_LIVE_PER_ADDRESS) -> None:
        self.connections = 0
        self.is_closing = False
        self.answering: WeakSet[object] = WeakSet()
        self._max_live = int(files * LIVE_SHARE)
        self._max_connections = int(files * CONNECTIONS_SHARE)
        self._per_address = per_address
        self._live: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()
        self._unread_bytes = 0
        self.refused: Counter[Refusal] = Counter(dict.fromkeys(get_args(Refusal), 0))
        self._unlogged = 0

    def is_full(self) -> bool:
        """True if no further connection can be accepted."""
        return self.connections >= self._max_connections

    def admit(self, slot: Slot, address: str) -> None:
        """Makes the connection in a slot live. Raises RefusedError."""
        if self.is_closing:
            self.refused["stopping"] += 1
            raise RefusedError("This server is about to stop.")
        if self.connections > self._max_live:
            self.refused["descriptors"] += 1
            self._log_refused("there are as many as this process has descriptors for (ulimit -n)")
            raise RefusedError("Too many readers right now. Try again in a minute.")
        group = address_group(address)
        if group is None:
            return
        if self._live[group] >= self._per_address:
            self.refused["address"] += 1
            self._log_refused("one address has %d; if it is a proxy's, server.trusted_proxies has to name it")
            raise RefusedError("Too many readers at your address right now. Try again in a minute.")
        self._live[group] += 1
        slot.address = group

    def forget(self, group: str) -> None:
        """Stops counting one live connection of an address."""
        self._live[group] -= 1
        if not self._live[group]:
            del self._live[group]

    def check_unread(self, address: str) -> None:
        """Raises RefusedError while too many bytes of earlier responses wait to be read."""
        group = address_group(address)
        of_group = self._unread[group] if group else 0
        if self._unread_bytes > MAX_UNREAD_BYTES or of_group > MAX_UNREAD_BYTES_PER_ADDRESS:
            self.refused["unread"] += 1
            raise RefusedError("Too many answers have not been read yet.")

    def unread(self, address: str, size: int) -> None:
        """Counts a response of this size as waiting to be read; a negative size takes it back."""
        self._unread_bytes += size
        if group := address_group(address):
            self._unread[group] += size
            if not self._unread[group]:
                del self._unread[group]

    async def quiet(self, seconds: float) -> None:
        """Waits until all requests are answered, for that many seconds at most."""
        await _poll(lambda: not self.answering, seconds)

    async def empty(self, seconds: float) -> None:
        """Waits until all connections are closed, for that many seconds at most."""
        await _poll(lambda: not self.connections, seconds)

    def _log_refused(self, why: str) -> None:
        """Logs a refused client, once per LOG_INTERVAL."""
        if not self._unlogged:
            asyncio.get_running_loop().call_later(LOG_INTERVAL, self._allow_log)
            logger.warning("Readers are refused: %s.", why.replace("%d", f"{self._per_address:,}"))
        self._unlogged += 1

    def _allow_log(self) -> None:
        self._unlogged = 0


async def _poll(condition: Callable[[], bool], seconds: float) -> None:
    for _ in range(round(seconds / POLL_INTERVAL)):
        if condition():
            return
        await asyncio.sleep(POLL_INTERVAL)


def address_group(address: str) -> str | None:
    """The key that clients are counted by: an IPv4 address or an IPv6 /64, the smallest block a subscriber gets.

    None for this machine: local clients, those of a Unix socket, and those behind a local proxy that is not
    configured, are not counted.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback or found.is_unspecified:
        return None
    return str(IPv6Network((int(found), 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def raise_files() -> int:
    """Raises the soft limit of file descriptors as far as allowed, up to MAX_FILES; returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft >= wanted:
        return min(soft, MAX_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return MAX_FILES if soft == resource.RLIM_INFINITY else soft
    return wanted
