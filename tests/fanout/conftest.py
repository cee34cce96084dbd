"""A store in memory, for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from timeline import Timeline
from timeline.sqlite import SqliteTimeline


@pytest.fixture
async def timeline() -> AsyncIterator[Timeline]:
    """A store that the test has for itself."""
    opened = await SqliteTimeline.open(":memory:")
    yield opened
    await opened.close()
