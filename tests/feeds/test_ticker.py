"""The ticker calls on, whatever happens to the clock of the machine."""

from __future__ import annotations

import time

import pytest

from feeds.ticker import Ticker
from tests.livelog import until


@pytest.mark.parametrize("seconds", [-3_600.0, 3_600.0])
async def test_a_clock_that_is_set_stops_no_call(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real, ahead, calls = time.time, [0.0], [0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    async def call() -> None:
        calls[0] += 1

    ticker = Ticker(call, 10, jitter=0.1)
    ticker.start()
    await until(lambda: calls[0] > 2)
    ahead[0], before = seconds, calls[0]
    await until(lambda: calls[0] > before + 2)
    ticker.stop()
    assert not ticker.is_running()
