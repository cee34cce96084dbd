"""Limits of the exchanges with publishers that run at the same time.

Each host gets few slots. Feeds are in three rooms. Each room has slots of its own: none waits for another.

    proven   the last exchange was good and quick
    other    never polled, or failing quickly
    slow     the last exchange took long, well or not

The feed of an exchange that is put back (`outbound.rooms`) is polled later, in the room for slow feeds, where an
exchange has all the time that the configuration gives it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal

from feedstate import FeedState
from outbound.host_limits import HostLimits
from outbound.rooms import LOOK_SECONDS, PARK_SECONDS, PARKED_PER_SLOT, PutBackError, Room

QUICK_SECONDS: Final = 3.0
"""An exchange that takes longer makes its feed slow."""

QUEUED_PER_SLOT: Final = 16
"""Exchanges of the room "other" that are claimed ahead: on a busy machine a hundred end during a claim."""

MAX_WAITING_FOR_HOSTS: Final = 500
"""Exchanges of a room that may wait for their hosts, so that one host of many feeds does not fill it."""

MIN_LATER_SECONDS: Final = 10.0
MAX_LATER_SECONDS: Final = 3600.0
LATER_STEP_SECONDS: Final = 0.01
"""Feeds that were put back come again one by one, so that they are not put back again all at once."""

RoomName = Literal["proven", "other", "slow"]


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
