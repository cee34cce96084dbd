"""The demo's evening with fixed dates, in a Livelog of its own: the same page in every run."""

import asyncio
import json
import re
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from tornado.httpclient import AsyncHTTPClient

from demo.__main__ import configuration
from demo.newsroom import Desk, Newsroom
from demo.steps import DeskName, Step
from demo.story import BEFORE, EVENING, open_desks, perform

NOW: Final = datetime(2026, 3, 14, 20, 41, tzinfo=UTC)
"""The time at which the page is opened."""

_SERVER: Final = Path(__file__).resolve().parent.parent / "server.py"
_NEXT: Final = "ferry-vote"
"""The first step that is left out."""

_SLIP: Final = "slip"
_STEP_SECONDS: Final = 195.0
_LAST_AGE_SECONDS: Final = 130.0
_TIMEOUT: Final = 30.0  # seconds


def steps() -> list[Step]:
    """The publications and corrections before `NOW`, oldest first, with their ages."""
    played = [step for step in takewhile(lambda step: step.name != _NEXT, EVENING) if step.name != _SLIP]
    ages = [_LAST_AGE_SECONDS + number * _STEP_SECONDS for number in reversed(range(len(played)))]
    before = [replace(step, age=(step.age or 0.0) + ages[0]) for step in BEFORE]
    return before + [replace(step, age=age) for step, age in zip(played, ages, strict=True)]


@asynccontextmanager
async def reported() -> AsyncIterator[str]:
    """Run a Livelog that has the evening on `/blog/`, and yield its origin.

    Raises TimeoutError if the posts are not there within 30 seconds.
    """
    newsroom = Newsroom()
    await newsroom.start()
    try:
        desks = open_desks(newsroom)
        published = [step for step in steps() if step.action == "publish"]
        corrected = [step for step in steps() if step.action == "correct"]
        for step in published:
            perform(step, newsroom, desks, NOW)
        async with _livelog(desks) as origin:
            await _until(origin, lambda items: len(items) == len(published))
            _correct(corrected, desks)
            revised = len({step.guid for step in corrected})
            await _until(origin, lambda items: sum(item["_livelog"]["revision"] > 1 for item in items) == revised)
            yield origin
    finally:
        await newsroom.stop()


def _correct(corrections: Sequence[Step], desks: Mapping[DeskName, Desk]) -> None:
    """Apply all corrections together, so that a poll finds each post corrected once."""
    for step in corrections:
        desk = desks[step.desk]
        post = next(post for post in desk.posts if post.guid == step.guid)
        when = NOW - timedelta(seconds=step.age or 0.0)
        desk.publish(replace(post, title=step.draft.title or post.title, html=step.draft.html, updated=when))


@asynccontextmanager
async def _livelog(desks: Mapping[DeskName, Desk]) -> AsyncIterator[str]:
    """Run a Livelog on a free port that follows the desks, and yield its origin."""
    with tempfile.TemporaryDirectory(prefix="livelog-evening-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(configuration(0, Path(folder) / "evening.db", desks), encoding="utf-8")
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(_SERVER), f"--config={config}", stderr=PIPE, start_new_session=True
        )
        try:
            yield await asyncio.wait_for(_origin(child), _TIMEOUT)
        finally:
            child.terminate()
            await child.communicate()


async def _origin(child: Process) -> str:
    """Read the origin from the server's log. Raises RuntimeError with the log if the server ends first."""
    assert child.stderr is not None
    log = b""
    async for line in child.stderr:
        log += line
        found = re.search(rb" is on (http://[^/]*:\d+)/", line)
        if found:
            return found[1].decode()
    raise RuntimeError(log.decode("utf-8", "replace"))


async def _until(origin: str, is_there: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Wait until the blog's items satisfy `is_there`. Raises TimeoutError after 30 seconds."""
    client = AsyncHTTPClient(force_instance=True)
    try:
        async with asyncio.timeout(_TIMEOUT):
            while True:
                if is_there(await _items(client, origin)):
                    return
                await asyncio.sleep(0.1)
    finally:
        client.close()


async def _items(client: AsyncHTTPClient, origin: str) -> list[dict[str, Any]]:
    answer = await client.fetch(f"{origin}/blog/entries?limit=200")
    items: list[dict[str, Any]] = json.loads(answer.body)["items"]
    return items
