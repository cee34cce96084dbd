"""Limits per host: pauses that a host asked for, and slots for exchanges that run at the same time.

All limits are kept under one key per host, `host_key`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from hostnames import ascii_host
from outbound.private_networks import literal
from outbound.resizable_semaphore import Slots
from outbound.wire import DEFAULT_PORTS, cached

MAX_PAUSES: Final = 10_000


class HostPausedError(Exception):
    """Nothing was sent: the host asked for a pause that lasts until a Unix time."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


@cached
def host_key(url: str) -> str:
    """The key of a URL's host: name and port, the same for all spellings of a host.

    The name is in lower case and in ASCII (IDNA), an address in its shortest form. The port is left out where it is
    the scheme's default, as are user name and password. A URL that has no valid host is its own key.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        name = ascii_host((parts.hostname or "").rstrip("."))
    except ValueError:
        return url
    if address := literal(name):
        name = f"[{address}]" if address.version == 6 else str(address)
    if not name:
        return url
    return f"{name}:{port}" if port and port != DEFAULT_PORTS.get(parts.scheme) else name


class HostLimits:
    """Pauses and slots of hosts, by `host_key`. ``clock`` gives Unix seconds.

    Pauses are counted by ``steady``, a clock that is never set; by ``clock`` if there is none.
    """

    def __init__(
        self, per_host: int, clock: Callable[[], float] = time.time, steady: Callable[[], float] | None = None
    ) -> None:
        self._per_host = per_host
        self._clock = clock
        self._steady = steady or clock
        self._pauses: dict[str, float] = {}
        self._slots: dict[str, Slots] = {}

    def apply(self, per_host: int) -> None:
        """Changes how many exchanges may run with a host at the same time; those under way go on."""
        self._per_host = per_host
        for slots in self._slots.values():
            slots.resize(per_host)

    def pause(self, host: str, until: float) -> None:
        """Sends nothing to a host before a Unix time. A pause is never shortened; beyond MAX_PAUSES none is added."""
        now = self._steady()
        if len(self._pauses) >= MAX_PAUSES:
            self._pauses = {paused: end for paused, end in self._pauses.items() if end > now}
        if host in self._pauses or len(self._pauses) < MAX_PAUSES:
            self._pauses[host] = max(until - self._clock() + now, self._pauses.get(host, 0))

    def check_pause(self, url: str) -> None:
        """Raises HostPausedError while the URL's host is paused."""
        until = self._pauses.get(host_key(url), 0.0) if self._pauses else 0.0
        if (wait := until - self._steady()) > 0:
            raise HostPausedError(self._clock() + wait)

    def is_busy(self, host: str) -> bool:
        """True if a slot of a host has to be waited for."""
        return host in self._slots and self._slots[host].locked()

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits for a slot of a host, and gives it back at the end of the block."""
        await self.acquire(host)
        try:
            yield
        finally:
            self.release(host)

    async def acquire(self, host: str) -> None:
        """Waits for a slot of a host, to be given back with `release`."""
        slots = self._slots.get(host) or self._slots.setdefault(host, Slots(self._per_host))
        try:
            await slots.acquire()
        except asyncio.CancelledError:
            self._forget(host, slots)
            raise

    def release(self, host: str) -> None:
        """Gives a slot of a host back."""
        slots = self._slots[host]
        slots.release()
        self._forget(host, slots)

    def _forget(self, host: str, slots: Slots) -> None:
        if slots.idle:
            self._slots.pop(host, None)
