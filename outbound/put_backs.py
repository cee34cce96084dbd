"""The times of exchanges that found no room: one after the other, at the pace of their host or room."""

from __future__ import annotations

from typing import Final

MIN_LATER_SECONDS: Final = 0.25
MAX_LATER_SECONDS: Final = 3600.0
MAX_PACES: Final = 1_000
FIRST_INTERVAL: Final = 0.05


class PutBacks:
    """Times, in Unix seconds, by host or room. ``slots`` is how many exchanges of one run at the same time."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._next: dict[str, float] = {}
        self._took: dict[str, float] = {}

    def took(self, name: str, seconds: float) -> None:
        """Notes the duration of an exchange."""
        self._took.pop(name, None)
        self._took[name] = seconds
        if len(self._took) > MAX_PACES:
            del self._took[next(iter(self._took))]

    def later(self, name: str, now: float) -> float:
        """The time of the next exchange that was put back."""
        earliest = now + MIN_LATER_SECONDS
        before = self._next.get(name, 0.0)
        # After the clock was set back, the times begin anew.
        begins_anew = not earliest <= before <= now + MAX_LATER_SECONDS
        at = earliest if begins_anew else before + self._took.get(name, FIRST_INTERVAL) / self._slots
        if len(self._next) >= MAX_PACES:
            self._next = {other: time for other, time in self._next.items() if time > now}
        self._next[name] = at
        return at
