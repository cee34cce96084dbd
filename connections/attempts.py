"""Attempts, such as wrong tokens, by the address that they came from: an address has a few a minute."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from connections.limits import address_group

MAX_ATTEMPTS: Final = 10
PERIOD_SECONDS: Final = 60.0
MAX_ADDRESSES: Final = 10_000
"""Addresses that are remembered. With more, all are forgotten: nobody guesses 22 characters anyway."""


class Attempts:
    """Counts wrong tokens, or attempts of another kind, by address and period. ``clock`` returns seconds.

    An address may be the name of a host, too.
    """

    def __init__(self, clock: Callable[[], float] = monotonic, *, limit: int = MAX_ATTEMPTS) -> None:
        self._clock = clock
        self._limit = limit
        self._failed: dict[str, tuple[float, int]] = {}

    def wait_seconds(self, address: str) -> float:
        """The seconds that an address has to wait before it may try again; 0 if it may now."""
        began, count = self._failed.get(_key(address), (0.0, 0))
        return max(began + PERIOD_SECONDS - self._clock(), 0.0) if count >= self._limit else 0.0

    def failed(self, address: str) -> None:
        """Counts a wrong token, or another attempt."""
        key, now = _key(address), self._clock()
        began, count = self._failed.get(key, (now, 0))
        if now - began >= PERIOD_SECONDS:
            began, count = now, 0
        if key not in self._failed and len(self._failed) >= MAX_ADDRESSES:
            self._failed.clear()
        self._failed[key] = (began, count + 1)


def _key(address: str) -> str:
    return address_group(address) or "local"
