"""What tests of the feeds share: the processes that read documents, and origins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from feeds.sandbox import Sandbox
from tests.feeds.origins import RawOrigin, raw_origin


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox of one process, with the limits that Livelog has."""
    box = Sandbox(processes=1)
    yield box
    await box.close()


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    """An origin that says whatever bytes it is given."""
    async with raw_origin() as listening:
        yield listening
