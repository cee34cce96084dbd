"""A Livelog that was away misses nothing of a feed with further pages, such as that of another Livelog."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from demo.newsroom import Newsroom
from tests.feeds.origins import RawOrigin, raw_origin, silent
from tests.feeds.paged_feed import PagedFeed
from tests.livelog import Livelog, until

POSTS = 300


async def titles(livelog: Livelog) -> list[str]:
    """The titles on the blog, newest first."""
    return [item["title"] for item in await livelog.entries()]


async def has(livelog: Livelog, count: int) -> bool:
    """True once a blog has so many posts."""
    return len(await livelog.entries()) >= count


@pytest.mark.parametrize("form", ["feed.xml", "feed.json"])
async def test_a_livelog_that_follows_another_misses_nothing_while_it_is_down(
    livelog: Livelog, newsroom: Newsroom, tmp_path: Path, form: str
) -> None:
    desk = newsroom.open_desk("/a.xml", title="Desk", keep=2 * POSTS)
    for number in range(60):
        desk.publish(title=f"Post {number}")
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})
    folder = tmp_path / "second"
    folder.mkdir()
    second = Livelog(folder)
    feed = {"url": livelog.url(f"/blog/{form}"), "interval": "1s"}
    try:
        await until(lambda: has(livelog, 60))
        await second.start({"blog": [feed]})
        await until(lambda: has(second, 50))
        await second.stop()
        for number in range(60, 60 + POSTS):
            desk.publish(title=f"Post {number}")
        await until(lambda: has(livelog, 60 + POSTS))
        await second.start({"blog": [feed]})
        async with second.client() as reader:
            await reader.next()
            await until(lambda: has(second, 50 + POSTS))
        assert await titles(second) == (await titles(livelog))[: 50 + POSTS]
        assert 'livelog_feed_gaps_total{outcome="closed"} 1.0' in await second.metrics()
    finally:
        await second.kill()


async def test_a_kill_while_pages_are_read_loses_and_repeats_nothing(livelog: Livelog) -> None:
    async with raw_origin() as origin:
        feed = PagedFeed(origin)
        feed.publish(10, time.time() - 3_600)
        blogs: dict[str, Any] = {"blog": [{"url": feed.url, "interval": "1s"}]}
        await livelog.start(blogs)
        await until(lambda: has(livelog, 10))
        await livelog.stop()
        feed.publish(60)
        page = origin.scripts[feed.path(3)]
        origin.scripts[feed.path(3)] = silent
        await livelog.start(blogs)
        await until(lambda: is_asked(origin, feed.path(3)))
        await livelog.kill()
        origin.scripts[feed.path(3)] = page
        await livelog.start(blogs)
        await until(lambda: has(livelog, 70))
        assert await titles(livelog) == feed.titles()


def is_asked(origin: RawOrigin, path: str) -> bool:
    """True once a path was requested."""
    return any(head.split(" ")[1] == path for head in origin.heads)
