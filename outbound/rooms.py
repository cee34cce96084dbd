"""Rooms: slots for exchanges of one kind, so that a server that does not answer delays none of another kind.

An exchange that takes longer than PARK_SECONDS is parked: its slot is free for the next. If more wait than can be
parked, the exchange that was parked longest is put back: it ends, and is to be made later.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

PARK_SECONDS: Final = 0.1
LOOK_SECONDS: Final = 1.5
"""Shortest time that an exchange has before it is put back, and only if others wait."""

PARKED_PER_SLOT: Final = 16
PARKED_SHARE: Final = 1 / 60
"""Share of the file descriptors that the parked exchanges of a room may use."""


class PutBackError(Exception):
    """There is no room for an exchange now: it is to be made later.

    ``slow`` is True for an exchange that was begun, and ended because it took long while others waited.
    """

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__()
        self.slow = slow


@dataclass(eq=False, slots=True)
class _Exchange:
    """An exchange. ``began`` is in the event loop's seconds; ``has_slot`` is False once it was parked."""

    began: float
    timeout: asyncio.Timeout
    has_slot: bool = True
    timer: asyncio.TimerHandle | None = None


class Room:
    """Slots for the exchanges of one kind, granted in the order in which they were asked for.

    With ``look_seconds`` an exchange that took so long is put back when others wait; with None, none ever is.
    """

    def __init__(self, park_seconds: float, look_seconds: float | None, queued_per_slot: int = 2) -> None:
        self.size = 1
        self._queued_per_slot = queued_per_slot
        self._max_parked = 1
        self._park_seconds = park_seconds
        self._look_seconds = look_seconds
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._granted = 0
        # The one parked first comes first.
        self._parked: dict[_Exchange, None] = {}

    @property
    def queued(self) -> int:
        """The number of exchanges that have a slot, or wait for one and for nothing else."""
        return self._granted + len(self._waiting)

    @property
    def free(self) -> int:
        """The number of exchanges that may be added: some wait ahead, so that no slot waits for a claim."""
        return self._queued_per_slot * self.size - self.queued

    @property
    def runs_low(self) -> bool:
        """True if more exchanges should be added."""
        return 2 * self.queued <= self._queued_per_slot * self.size

    def resize(self, size: int) -> None:
        """Changes the number of slots; exchanges under way go on."""
        self.size = size
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._max_parked = max(min(PARKED_PER_SLOT * size, int(descriptors * PARKED_SHARE)), size)
        self._grant()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a slot, and gives it back at the end of the block. Raises PutBackError, also within the block."""
        await self._turn()
        loop = asyncio.get_running_loop()
        exchange = _Exchange(loop.time(), asyncio.timeout(None))
        exchange.timer = loop.call_later(self._park_seconds, self._park, exchange)
        try:
            async with exchange.timeout:
                yield
        except TimeoutError:
            if exchange.timeout.expired():
                raise PutBackError(slow=True) from None
            raise
        finally:
            exchange.timer.cancel()
            self._parked.pop(exchange, None)
            if exchange.has_slot:
                self._granted -= 1
                self._grant()

    async def _turn(self) -> None:
        if self._granted < self.size and not self._waiting:
            self._granted += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if self._waiting.pop(turn, turn) is turn:
                # Granted and cancelled in the same iteration of the loop.
                self._granted -= 1
                self._grant()
            raise

    def _grant(self) -> None:
        while self._waiting and self._granted < self.size:
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            if not turn.done():
                self._granted += 1
                turn.set_result(None)

    def _park(self, exchange: _Exchange) -> None:
        """Parks an exchange, or tries again later if as many are parked as can be."""
        if len(self._parked) >= self._max_parked and not self._put_one_back():
            loop = asyncio.get_running_loop()
            exchange.timer = loop.call_later(self._park_seconds, self._park, exchange)
            return
        self._parked[exchange] = None
        exchange.has_slot = False
        self._granted -= 1
        self._grant()

    def _put_one_back(self) -> bool:
        """Puts back the exchange that was parked first, if others wait and it had its time."""
        if self._look_seconds is None or not self._waiting:
            return False
        now = asyncio.get_running_loop().time()
        first = next(iter(self._parked))
        if now - first.began < self._look_seconds:
            return False
        # Its place is free at once: it ends in the next turns of the loop.
        del self._parked[first]
        first.timeout.reschedule(now)
        return True
