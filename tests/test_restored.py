"""End to end: a database of an hour ago is put back, and no client believes that it missed nothing."""

from __future__ import annotations

import json
import shutil

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from demo.newsroom import Newsroom
from tests.livelog import Livelog, until
from tests.test_live import every_second, listed


@pytest.mark.parametrize("pattern", ["livelog.db", "livelog.db*"], ids=["the file alone", "all files of it"])
async def test_clients_of_a_lost_history_get_a_reset_by_every_transport(
    livelog: Livelog, newsroom: Newsroom, pattern: str
) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    feeds = {"blog": [every_second(desk.url)]}
    await livelog.start(feeds)
    await until(lambda: newsroom.requests)
    desk.publish(title="Before the copy")
    await listed(livelog, 1)
    await livelog.stop()
    kept = livelog.folder / "kept"
    kept.mkdir()
    for file in livelog.folder.glob(pattern):
        shutil.copy(file, kept)

    await livelog.start(feeds)
    desk.publish(title="After the copy")
    await listed(livelog, 2)
    await livelog.kill()
    await livelog.start(feeds)
    async with livelog.client() as client:
        cursor = (await client.next())["cursor"]
    async with livelog.client(after=cursor) as client:
        assert (await client.next())["recovered"], "a restart is no restored copy, a crash neither"
    await livelog.kill()

    for file in livelog.folder.glob("livelog.db-*"):
        file.unlink()
    for file in kept.iterdir():
        shutil.copy(file, livelog.folder)
    await livelog.start(feeds)
    # The restored database reaches the number of the cursor, and passes it.
    for number in range(3):
        desk.publish(title=f"Other history {number}")
    await listed(livelog, 5)
    gap = {"after": cursor, "reason": "epoch"}

    async with livelog.client(after=cursor) as client:
        hello, reset = await client.take(2)
    assert (hello["recovered"], reset["type"], reset["gap"]) == (False, "reset", gap)

    polled = await livelog.json(f"/blog/entries?after={cursor}")
    hello, reset = polled["_livelog"]["messages"]
    assert (hello["recovered"], reset["type"], reset["gap"]) == (False, "reset", gap)

    assert gap == (await first_events(livelog.url(f"/blog/events?after={cursor}"), 2))[1]["gap"]
    assert {item["title"] for item in reset["items"]} >= {"Before the copy", "After the copy", "Other history 2"}


async def first_events(url: str, count: int) -> list[dict[str, object]]:
    """The first messages of an event stream."""
    data = bytearray()
    request = AsyncHTTPClient(force_instance=True).fetch(HTTPRequest(url, streaming_callback=data.extend))
    await until(lambda: data.count(b"\n\n") >= count)
    request.cancel()
    lines = [line for line in data.decode().splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:count]]
