"""Claims of a timeline that are held back, so that a test can do something meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from timeline import Lease, Timeline


class HeldClaims:
    """Claims end when ``go_on`` is set; ``are_made`` is set with the first one.

    They are made before they are held, or, with ``early``, held before they are made.
    """

    def __init__(self, timeline: Timeline, monkeypatch: pytest.MonkeyPatch, *, early: bool = False) -> None:
        self.are_made = asyncio.Event()
        self.go_on = asyncio.Event()
        self._claim = timeline.claim
        self._is_early = early
        monkeypatch.setattr(timeline, "claim", self._held)

    async def _held(self, *arguments: Any) -> Sequence[Lease]:
        if self._is_early:
            await self.go_on.wait()
        leases = await self._claim(*arguments)
        self.are_made.set()
        await self.go_on.wait()
        return leases
