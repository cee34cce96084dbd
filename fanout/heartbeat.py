"""The pulse: every reader hears of the server now and then, and is let go when nothing is heard of it.

One timer serves all, a few at a time: if all were pinged at once, all would answer at once.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

TICK_SECONDS: Final = 0.25
"""How often some are nudged. To wake up costs more than to do so: it is not done more often than it must be."""


class Patient(Protocol):
    """A connection. ``beat`` says when its turn is; only the pulse sets it."""

    beat: int

    def nudge(self) -> None:
        """Sends something small, and forgets what was heard before."""

    def check(self) -> None:
        """Ends the connection if nothing was heard since it was nudged."""


class Heartbeat:
    """Nudges each of its patients once in ``every`` seconds, and checks on it ``patience`` seconds later."""

    def __init__(self, every: float, patience: float, tick: float = TICK_SECONDS) -> None:
        beats = max(round(every / tick), 2)
        self._seconds = every / beats
        self._patience = round(patience / self._seconds)
        self._at: list[set[Patient]] = [set() for _ in range(beats)]
        self._beats = 0
        self._added = 0
        self._has_patients = asyncio.Event()

    def add(self, patient: Patient) -> None:
        """Takes a patient in. It is nudged first when between half of the time and all of it has passed.

        Those who come all at once are spread evenly.
        """
        beats = len(self._at)
        self._added += 1
        patient.beat = (self._beats + beats // 2 + self._added % (beats - beats // 2)) % beats
        self._at[patient.beat].add(patient)
        self._has_patients.set()

    def remove(self, patient: Patient) -> None:
        """Lets a patient go."""
        self._at[patient.beat].discard(patient)

    def beat(self) -> None:
        """Nudges those whose turn it is, and checks on those whose time is over."""
        for patient in tuple(self._at[(self._beats - self._patience) % len(self._at)]):
            patient.check()
        for patient in tuple(self._at[self._beats]):
            patient.nudge()
        self._beats = (self._beats + 1) % len(self._at)

    async def run(self) -> None:
        """Beats for ever. After a standstill it goes on from there: nobody is to answer for what was not asked."""
        while True:
            await self._has_patients.wait()
            await asyncio.sleep(self._seconds)
            self.beat()
            if not any(self._at):
                self._has_patients.clear()
