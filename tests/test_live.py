"""End to end: a publisher, a real server, a connected client."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tornado.web import RequestHandler

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from tests.livelog import Livelog, until

ENTRIES = 30


def every_second(url: str) -> dict[str, Any]:
    return {"url": url, "interval": "1s"}


async def listed(livelog: Livelog, count: int) -> list[dict[str, Any]]:
    """All entries of the blog, once there are ``count``."""

    async def enough() -> bool:
        return len(await livelog.entries()) >= count

    await until(enough)
    return await livelog.entries()


async def test_a_new_post_reaches_a_connected_client_soon(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [every_second(desk.url)]})
    delays = []
    async with livelog.client() as client:
        await client.next()
        for number in range(5):
            # A different phase of the second each time.
            await asyncio.sleep(0.37)
            published = time.monotonic()
            desk.publish(title=f"Post {number}")
            message = await client.next()
            delays.append(time.monotonic() - published)
            assert (message["type"], message["item"]["title"]) == ("entry", f"Post {number}")
    # 1.3 s is promised, and `make bench` measures it; a shared machine gets ten times that.
    assert max(delays) < 13


async def test_a_correction_reaches_a_connected_client(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    post = desk.publish(title="Two hurt")
    await livelog.start({"blog": [every_second(desk.url)]})
    await listed(livelog, 1)
    async with livelog.client() as client:
        hello = await client.next()
        desk.correct(post.guid, title="Three hurt")
        message = await client.next()
    assert (message["type"], message["item"]["title"]) == ("update", "Three hurt")
    assert message["item"]["_livelog"]["revision"] == 2
    assert int(message["cursor"].split(".")[1]) == int(hello["cursor"].split(".")[1]) + 1


async def test_a_feed_with_500_old_entries_does_not_flood_clients(livelog: Livelog, newsroom: Newsroom) -> None:
    now = datetime.now(UTC)
    news = newsroom.open_desk("/news.xml", title="News", keep=100)
    for number in range(FRONT_PAGE):
        news.publish(title=f"News {number}", published=now - timedelta(hours=2, minutes=-number))
    await livelog.start({"blog": [every_second(news.url)]})
    await listed(livelog, FRONT_PAGE)
    await livelog.stop()

    archive = newsroom.open_desk("/archive.xml", title="Archive", keep=600)
    for number in range(500):
        archive.publish(title=f"Old {number}", published=now - timedelta(days=600 - number))
    await livelog.start({"blog": [every_second(news.url), every_second(archive.url)]})
    async with livelog.client() as client:
        await client.next()
        entries = await listed(livelog, FRONT_PAGE + 500)
        news.publish(title="Fresh")
        message = await client.next()
    assert message["item"]["title"] == "Fresh", "the archive made no events"
    assert [item["title"] for item in entries[:2]] == [f"News {FRONT_PAGE - 1}", f"News {FRONT_PAGE - 2}"]
    assert [item["title"] for item in entries[FRONT_PAGE:]] == [f"Old {n}" for n in reversed(range(500))]


async def test_a_restart_shows_the_same_history_and_repeats_nothing(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    for number in range(ENTRIES):
        desk.publish(title=f"Post {number}")
    feeds = {"blog": [every_second(desk.url)]}
    await livelog.start(feeds)
    before = await listed(livelog, ENTRIES)
    async with livelog.client() as client:
        cursor = (await client.next())["cursor"]
    await livelog.stop()
    asked = len(newsroom.requests)
    await livelog.start(feeds)
    await until(lambda: len(newsroom.requests) > asked + 1)
    assert await livelog.entries() == before
    async with livelog.client(after=cursor) as client:
        assert await client.next() == {"type": "hello", "cursor": cursor, "recovered": True, "missed": 0, "alive": 15}
    assert {request.status for request in list(newsroom.requests)[asked:]} == {304}


async def test_kill_at_any_moment_loses_and_repeats_nothing(livelog: Livelog, newsroom: Newsroom) -> None:
    """SIGKILL at random moments under load: afterwards there is one event for each post, in order."""
    desk = newsroom.open_desk("/a.xml", title="A", keep=500)
    feeds = {"blog": [every_second(desk.url)]}
    desk.publish(title="Post 0")
    published = 1
    await livelog.start(feeds)
    # The first fetch is a backfill; every later post makes an event.
    await listed(livelog, 1)
    await livelog.kill()
    for _ in range(5):
        await livelog.start(feeds)
        for _ in range(random.randint(1, 20)):
            desk.publish(title=f"Post {published}")
            published += 1
            await asyncio.sleep(random.random() * 0.1)
        await livelog.kill()
        etag, last_modified, head = committed(livelog)
        # The next request has exactly the validators that were committed.
        asked = len(newsroom.requests)
        await livelog.start(feeds)
        await until(partial(more_requests, newsroom, asked))
        headers = newsroom.requests[asked].headers
        assert headers.get("If-None-Match") == etag
        assert headers.get("If-Modified-Since") == last_modified
        await livelog.kill()
        assert committed(livelog)[2] >= head
    await livelog.start(feeds)
    entries = await listed(livelog, published)
    assert sorted(item["title"] for item in entries) == sorted(f"Post {n}" for n in range(published))
    epoch = (await livelog.json("/blog/entries"))["_livelog"]["cursor"].split(".")[0]
    async with livelog.client(after=f"{epoch}.0") as client:
        hello = await client.next()
        assert (hello["recovered"], hello["missed"]) == (True, published)
        events = await client.take(published)
    assert [message["cursor"] for message in events] == [f"{epoch}.{n + 1}" for n in range(published)]
    assert len({message["item"]["id"] for message in events}) == published


async def test_a_feed_that_fails_is_reported_and_the_others_go_on(livelog: Livelog, newsroom: Newsroom) -> None:
    good = newsroom.open_desk("/good.xml", title="Good")
    good.publish(title="All is well")

    async def page(handler: RequestHandler) -> bool:
        handler.finish("<!doctype html><html><title>No feed</title></html>")
        return True

    newsroom.script("/page", page)
    bad = [newsroom.url("/missing.xml"), newsroom.url("/page"), "http://127.0.0.1:1/refused", "http://localhost:1/"]
    await livelog.start({"blog": [good.url, *bad]})
    await listed(livelog, 1)

    async def all_failing() -> bool:
        return bool((await livelog.health())["feeds"]["failing"] == len(bad))

    await until(all_failing)
    health = await livelog.health()
    assert health["status"] == "ok", "a publisher's fault is not ours"
    problems = {state["feed"].partition("/")[2]: state["problem"] for state in health["failing"]}
    assert problems["missing.xml"] == "The answer was 404 Not Found."
    assert problems["page"] == "This is a web page, not a feed."
    assert problems["refused"] == "The connection was refused."
    assert "private_networks" in problems[""]
    assert all(state["next_try"] and state["since"] and state["failures"] for state in health["failing"])
    await until(lambda: _says(livelog, "can’t be reached since"))
    assert not await _says(livelog, "404 Not Found"), "a reason is the operator's business"
    assert livelog.log.count("The answer was 404 Not Found. Next try in") == 1
    assert "Traceback" not in livelog.log


async def _says(livelog: Livelog, words: str) -> bool:
    """True if the blog's page has these words."""
    return words in (await livelog.get("/blog/")).body.decode()


def more_requests(newsroom: Newsroom, than: int) -> bool:
    return len(newsroom.requests) > than


def committed(livelog: Livelog) -> tuple[str | None, str | None, int]:
    """The ETag, Last-Modified and number of events in the database."""
    db = sqlite3.connect(livelog.database)
    row = db.execute(
        "SELECT json_extract(state, '$.etag'), json_extract(state, '$.last_modified') FROM feeds"
    ).fetchone()
    (count,) = db.execute("SELECT count(*) FROM events").fetchone()
    db.close()
    return row[0], row[1], count
