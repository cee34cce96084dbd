"""One contract, every store: a fixture that opens a fresh timeline of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from timeline import Timeline, open_timeline


@pytest.fixture(params=["sqlite-file", "sqlite-memory"])
async def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Timeline]:
    """An empty timeline."""
    url = {"sqlite-file": f"sqlite:{tmp_path / 'livelog.db'}", "sqlite-memory": "sqlite::memory:"}[request.param]
    opened = await open_timeline(url)
    yield opened
    await opened.close()
