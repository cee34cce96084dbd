"""A counting semaphore whose size can change while slots are taken and waited for."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """``size`` slots, taken with ``async with`` and granted in the order in which they were asked for."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """True if no slot is taken or waited for."""
        return not self._taken and not self._waiting

    def locked(self) -> bool:
        """True if a slot has to be waited for."""
        return self._taken >= self._size

    def resize(self, size: int) -> None:
        """Changes the number of slots. Slots that are taken beyond a smaller size stay taken until released."""
        self._size = size
        self._grant()

    async def acquire(self) -> None:
        """Takes a slot, waiting for it if need be."""
        if self._taken < self._size and not self._waiting:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove(turn)
            else:
                # Granted and cancelled in the same iteration of the loop.
                self.release()
            raise

    def release(self) -> None:
        """Gives a slot back."""
        self._taken -= 1
        self._grant()

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_exc: object) -> None:
        self.release()

    def _grant(self) -> None:
        while self._taken < self._size and (turn := self._next()):
            self._taken += 1
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """Removes and returns the first waiter that was not cancelled."""
        for turn in self._waiting:
            if not turn.done():
                self._waiting.remove(turn)
                return turn
        return None
