"""An origin, for the tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.feeds.origins import RawOrigin, raw_origin


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    """An origin that answers in bytes, and keeps the bodies that it is sent."""
    async with raw_origin() as listening:
        yield listening
