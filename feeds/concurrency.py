"""Limits of the exchanges with publishers that run at the same time.

Each host gets few slots. Feeds are in three rooms. Each room has slots of its own: none waits for another.

    proven   the last exchange was good and quick
    other    never polled, or failing quickly
    slow     the last exchange took long, well or not

An exchange that takes longer than PARK_SECONDS is parked: its slot is free for the next. If more wait than can be
parked, the exchange that was parked longest is put back: its feed is polled later, in the room for slow feeds, where
an exchange has all the time that the configuration gives it.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from feedstate import FeedState
from outbound.host_limits import HostLimits

QUICK_SECONDS: Final = 3.0
"""An exchange that takes longer makes its feed slow."""

PARK_SECONDS: Final = 0.1
LOOK_SECONDS: Final = 1.5
"""Shortest time that an exchange has before it is put back, and only if others wait."""

PARKED_PER_SLOT: Final = 16
PARKED_SHARE: Final = 1 / 60
"""Share of the file descriptors that the parked exchanges of a room may use."""

QUEUED_PER_SLOT: Final = 16
"""Exchanges of the room "other" that are claimed ahead: on a busy machine a hundred end during a claim."""

MAX_WAITING_FOR_HOSTS: Final = 500
"""Exchanges of a room that may wait for their hosts, so that one host of many feeds does not fill it."""

MIN_LATER_SECONDS: Final = 10.0
MAX_LATER_SECONDS: Final = 3600.0
LATER_STEP_SECONDS: Final = 0.01
"""Feeds that were put back come again one by one, so that they are not put back again all at once."""

RoomName = Literal["proven", "other", "slow"]


class PutBackError(Exception):
    """There is no room for an exchange now: its feed is to be polled later.

    ``slow`` is True for an exchange that was begun, and ended because it took long while others waited.
    """

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__()
        self.slow = slow


def proven(state: FeedState) -> bool:
    """True if a feed's last exchange was good and quick, so that the next can be expected to be."""
    return bool(state.ok_at) and not state.failures and state.took < QUICK_SECONDS


def room_of(state: FeedState) -> RoomName:
    """The room that a feed is polled in."""
    if state.took >= QUICK_SECONDS:
        return "slow"
    return "proven" if proven(state) else "other"


def most_exchanges(concurrency: int) -> int:
    """An upper bound of the exchanges that run at the same time."""
    return 3 * concurrency * (1 + PARKED_PER_SLOT)


class ExchangeSlots:
    """Slots for exchanges, by host and by room."""

    def __init__(
        self,
        concurrency: int,
        hosts: HostLimits,
        *,
        park_seconds: float | None = None,
        look_seconds: float | None = None,
    ) -> None:
        park_seconds = park_seconds or PARK_SECONDS
        look_seconds = look_seconds or LOOK_SECONDS
        self._hosts = hosts
        self._waiting_for_hosts: Counter[RoomName] = Counter()
        self._later = 0.0
        self.rooms: Mapping[RoomName, Room] = {
            "proven": Room(park_seconds, look_seconds),
            "other": Room(park_seconds, look_seconds, QUEUED_PER_SLOT),
            "slow": Room(park_seconds, None),
        }
        self.apply(concurrency)

    def apply(self, concurrency: int) -> None:
        """Changes the number of slots; exchanges under way go on."""
        self.rooms["proven"].resize(concurrency)
        self.rooms["other"].resize(max(concurrency // 2, 1))
        self.rooms["slow"].resize(max(concurrency // 2, 1))

    @asynccontextmanager
    async def slot(self, host: str, room: RoomName) -> AsyncIterator[None]:
        """Waits for a slot, and gives it back at the end of the block. Raises PutBackError, also within the block.

        ``host`` is a `host_key`. The host's own slot is kept until the end.
        """
        slots = self.rooms[room]
        if room == "slow" and slots.free <= 0:
            raise PutBackError
        await self._acquire(host, room)
        try:
            async with slots.slot():
                yield
        finally:
            self._hosts.release(host)

    async def _acquire(self, host: str, room: RoomName) -> None:
        if self._hosts.is_busy(host) and self._waiting_for_hosts[room] >= MAX_WAITING_FOR_HOSTS:
            raise PutBackError
        self._waiting_for_hosts[room] += 1
        try:
            await self._hosts.acquire(host)
        finally:
            self._waiting_for_hosts[room] -= 1

    def later(self, now: float) -> float:
        """The Unix time at which a feed that was put back is polled."""
        earliest = now + MIN_LATER_SECONDS
        # After the clock was set back, the times begin anew.
        begins_anew = not earliest <= self._later <= now + MAX_LATER_SECONDS
        self._later = earliest if begins_anew else self._later + LATER_STEP_SECONDS
        return self._later


@dataclass(eq=False, slots=True)
class _Exchange:
    """An exchange. ``began`` is in the event loop's seconds; ``has_slot`` is False once it was parked."""

    began: float
    timeout: asyncio.Timeout
    has_slot: bool = True
    timer: asyncio.TimerHandle | None = None


class Room:
    """Slots for the exchanges of one kind of feeds, granted in the order in which they were asked for.

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
