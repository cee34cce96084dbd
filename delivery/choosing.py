"""Chooses the events of webhooks, in as much time as their filters need.

A filter waits for a process of the parser, which may be busy for long. That is no fault of a webhook's server: the
delivery is put back, and finds what was chosen meanwhile when it comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config import Blog, Webhook
from delivery.event_choice import Choice, Judge, choose
from entries import Cursor, Event
from outbound.rooms import PutBackError

WAIT_SECONDS: Final = 5.0
"""Longest time that a delivery waits: with its exchange it takes less than `delivery.queue.LEASE_SECONDS`."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """A choice that is being made of the events from ``first`` on."""

    first: Cursor
    choosing: asyncio.Task[list[Choice]]


class Choosing:
    """Chooses events by the filters that ``judge`` applies."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._begun: dict[str, _Begun] = {}

    def clear(self) -> None:
        """Forgets the choices that are being made: the configuration has changed."""
        for begun in self._begun.values():
            begun.choosing.cancel()
        self._begun.clear()

    async def of(self, target_id: str, webhook: Webhook, blog: Blog, events: Sequence[Event]) -> list[Choice]:
        """The choice of the oldest events at least. Raises PutBackError if it takes longer than WAIT_SECONDS."""
        begun = self._begun.get(target_id)
        if begun is None or begun.first != events[0].cursor:
            if begun:
                begun.choosing.cancel()
            begun = _Begun(events[0].cursor, asyncio.create_task(choose(webhook, blog, events, self._judge)))
            self._begun[target_id] = begun
        done, _ = await asyncio.wait([begun.choosing], timeout=WAIT_SECONDS)
        if not done:
            raise PutBackError
        if self._begun.get(target_id) is begun:
            del self._begun[target_id]
        if begun.choosing.cancelled():
            # The configuration has changed meanwhile.
            raise PutBackError
        return begun.choosing.result()
