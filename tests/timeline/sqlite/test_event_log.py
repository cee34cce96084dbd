"""The event log in SQLite: its threads, which requests for pages make way for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.livelog import until
from tests.timeline.drafts import commit, entry
from timeline.sqlite import SqliteTimeline


@pytest.fixture
async def timeline() -> AsyncIterator[SqliteTimeline]:
    opened = await SqliteTimeline.open(":memory:")
    yield opened
    await opened.close()


async def test_an_event_is_delivered_until_the_watcher_waits_for_the_next_one(timeline: SqliteTimeline) -> None:
    events = timeline.watch(["blog"])
    await anext(events)
    next_batch = asyncio.ensure_future(anext(events))
    await until(lambda: not timeline.is_delivering)
    committing = asyncio.ensure_future(commit(timeline, entry("a")))
    await until(lambda: timeline.is_delivering)
    await committing
    await next_batch
    assert timeline.is_delivering
    after = asyncio.ensure_future(anext(events))
    await until(lambda: not timeline.is_delivering)
    after.cancel()
    await asyncio.wait([after])
    await events.aclose()
    assert not timeline.is_delivering
