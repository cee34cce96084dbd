"""The demo's evening with fixed dates, and a Livelog that has all of it: the same page every time it is opened."""

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
from demo.material import BEFORE, EVENING
from demo.newsroom import Desk, Newsroom
from demo.steps import DeskName, Step
from demo.story import open_desks, perform

NOW: Final = datetime(2026, 3, 14, 20, 41, tzinfo=UTC)
"""When the evening is looked at."""

_SERVER: Final = Path(__file__).resolve().parent.parent / "server.py"
_NEXT: Final = "ferry-vote"
"""The step that is still to come."""

_SLIP: Final = "slip"
_PACE: Final = 195.0  # seconds from one step to the next
_FRESH: Final = 40.0  # seconds: the age of the last one
_PATIENCE: Final = 30.0  # seconds


def steps() -> list[Step]:
    """What has happened until `NOW`, oldest first: publications and corrections, with their age in seconds."""
    told = [step for step in takewhile(lambda step: step.name != _NEXT, EVENING) if step.name != _SLIP]
    ages = [_FRESH + number * _PACE for number in reversed(range(len(told)))]
    before = [replace(step, age=(step.age or 0.0) + ages[0]) for step in BEFORE]
    return before + [replace(step, age=age) for step, age in zip(told, ages, strict=True)]


@asynccontextmanager
async def reported() -> AsyncIterator[str]:
    """A Livelog that has the whole evening on `/blog/`; its origin. Ends with the block.

    Raises TimeoutError where it does not get that far within half a minute.
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
    """Corrects posts, each at its own time; all at once, so that each is seen to be corrected once."""
    for step in corrections:
        desk = desks[step.desk]
        post = next(post for post in desk.posts if post.guid == step.guid)
        when = NOW - timedelta(seconds=step.age or 0.0)
        desk.publish(replace(post, title=step.draft.title or post.title, html=step.draft.html, updated=when))


@asynccontextmanager
async def _livelog(desks: Mapping[DeskName, Desk]) -> AsyncIterator[str]:
    """A Livelog on a free port that follows the desks; its origin."""
    with tempfile.TemporaryDirectory(prefix="livelog-evening-") as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(configuration(0, Path(folder) / "evening.db", desks), encoding="utf-8")
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(_SERVER), f"--config={config}", stderr=PIPE, start_new_session=True
        )
        try:
            yield await asyncio.wait_for(_origin(child), _PATIENCE)
        finally:
            child.terminate()
            await child.communicate()


async def _origin(child: Process) -> str:
    """Where the server says that it is. Raises RuntimeError if it ends without saying so."""
    assert child.stderr is not None
    said = b""
    async for line in child.stderr:
        said += line
        found = re.search(rb" is on (http://[^/]*:\d+)/", line)
        if found:
            return found[1].decode()
    raise RuntimeError(said.decode("utf-8", "replace"))


async def _until(origin: str, is_there: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Waits until the blog has what is wanted."""
    client = AsyncHTTPClient(force_instance=True)
    try:
        async with asyncio.timeout(_PATIENCE):
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
