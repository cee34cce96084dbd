"""A time limit for an exchange, which a process that was stopped for a while does not hold against the server.

After a stop (SIGSTOP, a suspended machine, a loop that was blocked) the limit of an exchange is over at once, while
its answer may have come in time, and has but to be read. A post that was accepted would be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

LATE_SECONDS: Final = 1.0
"""A timer that fires so much later than it should tells of a stop."""

READ_SECONDS: Final = 1.0
"""Time to read what came during a stop."""


@asynccontextmanager
async def deadline(when: float) -> AsyncIterator[asyncio.Timeout]:
    """Like `asyncio.timeout_at`, READ_SECONDS later after a stop."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def end() -> None:
        nonlocal timer
        if loop.time() - when < LATE_SECONDS:
            timeout.reschedule(loop.time())
        else:
            timer = loop.call_later(READ_SECONDS, lambda: timeout.reschedule(loop.time()))

    async with asyncio.timeout(None) as timeout:
        timer = loop.call_at(when, end)
        try:
            yield timeout
        finally:
            timer.cancel()
