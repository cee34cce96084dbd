"""Turns of large requests: a crowd that loads pages must not delay the events that are sent to readers.

An iteration of the event loop serves all connections that have something to say, a page for each of 32 readers, and
an event needs some ten iterations from its feed to the last reader. So few pages are begun in an iteration; the rest
wait in line. While an event is being sent, there is one page for each turn of sending.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable
from typing import Final

from connections.limits import RefusedError

PER_ITERATION: Final = 4
PER_ITERATION_WHILE_SENDING: Final = 1
"""Requests that begin in an iteration of the event loop. One from the cache takes 0.2 ms."""

MAX_WAITING: Final = 10_000


class Turns:
    """Begins requests in the order in which they come. ``is_sending`` is True while an event is being sent."""

    def __init__(self, is_sending: Callable[[], bool]) -> None:
        self._is_sending = is_sending
        self._waiting: deque[Future[None]] = deque()
        self._begun = 0
        self._is_scheduled = False

    async def next(self) -> None:
        """Waits for its turn. Raises RefusedError if MAX_WAITING others are waiting."""
        if not self._waiting and self._begun < self._allowed():
            self._begun += 1
            self._schedule()
            return
        if len(self._waiting) >= MAX_WAITING:
            raise RefusedError("Too many readers right now. Try again in a minute.")
        turn: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._schedule()
        await turn

    def _allowed(self) -> int:
        return PER_ITERATION_WHILE_SENDING if self._is_sending() else PER_ITERATION

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._iterate)

    def _iterate(self) -> None:
        self._is_scheduled = False
        self._begun = 0
        while self._waiting and self._begun < self._allowed():
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._begun += 1
        if self._begun:
            self._schedule()
