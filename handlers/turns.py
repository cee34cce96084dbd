"""Turns of large requests: a crowd that loads pages must not delay the events that are sent to readers.

An iteration of the event loop serves all connections that have something to say, a page for each of 32 readers, and
an event needs some ten iterations from its feed to the last reader. So one request begins in an iteration; the others
wait in line. Short ones, which send what is made already, begin MAX_SHORT at a time. While an event is on its way
they all wait: a loop without a pause has the thread that stores the event wait for the interpreter at each of its
queries, 20 ms in all.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from connections.limits import RefusedError

MAX_PAUSE_SECONDS: Final = 0.06
"""Longest pause for an event; as long as that, requests go on then. So they have half of the time at least."""

CHECK_SECONDS: Final = 0.001
"""Interval in which the end of an event's way is checked for."""

MAX_WAITING: Final = 10_000

MAX_SHORT: Final = 4
"""Short requests that begin in an iteration: readers of a feed were answered 1.55 times as late as /healthz with one,
and 1.34 times with four."""


class Turns:
    """Begins requests in the order in which they come. ``is_busy`` is True while an event is on its way.

    ``clock`` returns seconds.
    """

    def __init__(self, is_busy: Callable[[], bool], clock: Callable[[], float] = monotonic) -> None:
        self._is_busy = is_busy
        self._clock = clock
        self._waiting: deque[tuple[Future[None], bool]] = deque()
        self._is_scheduled = False
        self._pause_ends: float | None = None
        self._next_pause = 0.0

    async def next(self, *, is_short: bool = False) -> None:
        """Waits for the turn of a request. Raises RefusedError if MAX_WAITING others are waiting."""
        if not self._is_scheduled and not self._is_paused():
            self._schedule()
            return
        if len(self._waiting) >= MAX_WAITING:
            raise RefusedError("Too many readers right now. Try again in a minute.")
        turn: Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, is_short))
        self._schedule()
        await turn

    def _is_paused(self) -> bool:
        now = self._clock()
        if now < self._next_pause or not self._is_busy():
            self._pause_ends = None
            return False
        if self._pause_ends is None:
            self._pause_ends = now + MAX_PAUSE_SECONDS
        if now < self._pause_ends:
            return True
        self._pause_ends, self._next_pause = None, now + MAX_PAUSE_SECONDS
        return False

    def _schedule(self) -> None:
        """Delays other requests until the next iteration."""
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._iterate)

    def _iterate(self) -> None:
        """Begins the first request in line, or some short ones, unless an event is on its way."""
        if self._waiting and self._is_paused():
            asyncio.get_running_loop().call_later(CHECK_SECONDS, self._iterate)
            return
        self._is_scheduled = False
        begun = 0
        while self._waiting and begun < MAX_SHORT:
            turn, is_short = self._waiting.popleft()
            if turn.done():
                continue
            turn.set_result(None)
            self._schedule()
            begun += 1
            if not is_short:
                return
