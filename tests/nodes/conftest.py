"""An installation of several nodes, yet to be started."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.nodes.installation import Installation


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """Nodes around a Redis of their own. Whatever is done to them, none may meet a bug."""
    started = Installation(tmp_path)
    yield started
    await started.close()
    assert not [node.log for node in started.nodes if "Traceback" in node.log]
