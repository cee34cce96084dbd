"""Feed jobs in a file: what outlives the process, and claims that need no query."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW
from timeline.sqlite import SqliteTimeline


async def test_leases_of_a_process_that_died_do_not_outlive_it(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    await first.follow({FEED: 0.0})
    assert await first.claim(NOW, 1, LEASE_SECONDS)
    await first.close()
    second = await SqliteTimeline.open(path)
    assert await second.claim(NOW, 1, LEASE_SECONDS)
    await second.close()


async def test_a_pause_outlives_the_process(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    await first.follow({FEED: 0.0})
    await first.postpone([FEED], NOW + 90)
    await first.close()
    second = await SqliteTimeline.open(path)
    await second.follow({FEED: 0.0})
    assert not await second.claim(NOW + 89, 1, LEASE_SECONDS)
    assert await second.claim(NOW + 90, 1, LEASE_SECONDS)
    await second.close()


async def test_while_nothing_is_due_the_database_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await SqliteTimeline.open(":memory:")
    await opened.follow({FEED: NOW + 0.9})
    assert await opened.claim(NOW, 1, LEASE_SECONDS) == []
    with monkeypatch.context() as patch:
        patch.setattr(opened._queries, "run", None)
        assert await opened.claim(NOW + 0.8, 1, LEASE_SECONDS) == []
    assert len(await opened.claim(NOW + 0.9, 1, LEASE_SECONDS)) == 1
    await opened.close()
