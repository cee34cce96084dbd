"""A changed configuration file is applied to the running server, and drops no client."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tornado.websocket import websocket_connect

from demo.newsroom import Newsroom
from tests.livelog import PATIENCE, Client, Livelog, until
from tests.redis import RedisServer


def save(livelog: Livelog, *, blogs: Mapping[str, Any], **sections: Any) -> None:
    """Saves a configuration as editors do: a new file takes the place of the old one."""
    config = {
        "store": f"sqlite:{livelog.database}",
        "server": {"port": 0, "admin": "127.0.0.1:0"},
        **sections,
        "blogs": blogs,
    }
    write(livelog.folder / "config.yaml", json.dumps(config))


def write(path: Path, text: str) -> None:
    """Replaces a file in one step."""
    new = path.with_name(f"{path.name}~")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def feed(url: str, **keys: Any) -> dict[str, Any]:
    """A feed that is polled each second."""
    return {"url": url, "interval": "1s", **keys}


async def applied(livelog: Livelog, times: int = 1) -> None:
    """Waits until a configuration was applied so many times."""
    await until(lambda: livelog.log.count("The configuration was applied") >= times)


async def titled(client: Client, title: str) -> dict[str, Any]:
    """The next message with an entry of this title."""
    while (message := await client.next()).get("item", {}).get("title") != title:
        pass
    return message


async def test_a_feed_that_was_added_reaches_who_is_connected(livelog: Livelog, newsroom: Newsroom) -> None:
    old, new = newsroom.open_desk("/old.xml", title="Old"), newsroom.open_desk("/new.xml", title="New")
    new.publish(title="Of the new feed")
    await livelog.start({"blog": [feed(old.url)]})
    async with livelog.client() as client:
        await client.next()
        save(livelog, blogs={"blog": {"feeds": [feed(old.url), feed(new.url)]}})
        assert (await titled(client, "Of the new feed"))["type"] == "entry"
    assert "The configuration was applied: 2 feeds in 1 blog." in livelog.log


async def test_sighup_applies_the_file_too(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    os.kill(livelog.pid, signal.SIGHUP)
    await applied(livelog)
    assert (await livelog.get("/blog/")).code == 200


async def test_a_file_with_mistakes_changes_nothing_and_says_why(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [feed(desk.url)]})
    async with livelog.client() as client:
        await client.next()
        write(livelog.folder / "config.yaml", "blogs:\n  blog:\n    feeds: [https://a.example/]\n    titel: x\n")
        await until(lambda: "Not applied" in livelog.log)
        assert "config.yaml:4: blogs.blog.titel: unknown key" in livelog.log
        desk.publish(title="Still followed")
        await titled(client, "Still followed")
        assert "The configuration was applied" not in livelog.log
        save(livelog, blogs={"blog": {"title": "Mended", "feeds": [feed(desk.url)]}})
        await applied(livelog)
    assert livelog.log.count("Not applied") == 1
    assert "Mended" in (await livelog.get("/blog/")).body.decode()


async def test_a_file_that_is_still_being_written_is_waited_for(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    path = livelog.folder / "config.yaml"
    whole = path.read_text("utf-8").replace('"title": "blog"', '"title": "Written in steps"')
    for end in range(0, len(whole), 20):
        path.write_text(whole[:end], encoding="utf-8")
        await asyncio.sleep(0.02)
    path.write_text(whole, encoding="utf-8")
    await applied(livelog)
    assert "Not applied" not in livelog.log


async def test_a_file_that_is_gone_changes_nothing(livelog: Livelog) -> None:
    """Even beside the example, of which the first start makes a configuration."""
    await livelog.start({"blog": []})
    (livelog.folder / "config.example.yaml").write_text("blogs: {example: {}}")
    (livelog.folder / "config.yaml").unlink()
    await until(lambda: "config.yaml: cannot be read: No such file or directory" in livelog.log)
    assert (await livelog.get("/blog/")).code == 200
    assert not (livelog.folder / "config.yaml").exists()


async def test_what_needs_a_restart_says_so_and_the_rest_is_applied(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    save(livelog, blogs={"other": {}}, store="sqlite:other.db")
    await applied(livelog)
    await until(lambda: "A change of store needs a restart." in livelog.log)
    assert (await livelog.get("/other/")).code == 200
    assert (await livelog.get("/blog/")).code == 404


async def test_a_feed_that_was_removed_is_asked_no_more_and_its_entries_stay(
    livelog: Livelog, newsroom: Newsroom
) -> None:
    desk, other = newsroom.open_desk("/a.xml", title="A"), newsroom.open_desk("/b.xml", title="B")
    desk.publish(title="Stays")
    await livelog.start({"blog": [feed(desk.url), feed(other.url)]})
    await until(livelog.entries)
    save(livelog, blogs={"blog": {"feeds": [feed(other.url)]}})
    await applied(livelog)
    asked = sum(request.path == "/a.xml" for request in newsroom.requests)
    since = sum(request.path == "/b.xml" for request in newsroom.requests)
    await until(lambda: sum(request.path == "/b.xml" for request in newsroom.requests) >= since + 2)
    assert sum(request.path == "/a.xml" for request in newsroom.requests) == asked
    assert [entry["title"] for entry in await livelog.entries()] == ["Stays"]


async def test_what_a_loosened_filter_lets_through_appears(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Budget")
    desk.publish(title="Weather")
    await livelog.start({"blog": [feed(desk.url, include=["budget"])]})
    await until(livelog.entries)
    save(livelog, blogs={"blog": {"feeds": [feed(desk.url)]}})

    async def both() -> bool:
        return {entry["title"] for entry in await livelog.entries()} == {"Budget", "Weather"}

    await until(both)


async def test_a_style_sheet_that_was_saved_is_served(livelog: Livelog) -> None:
    sheet = livelog.folder / "own.css"
    sheet.write_text("p { color: red }")
    await livelog.start({"blog": {"css": str(sheet), "feeds": []}})
    write(sheet, "p { color: green }")
    await applied(livelog)
    page = (await livelog.get("/blog/")).body.decode()
    (path,) = re.findall(r'href="(/blog/theme\.css[^"]*)"', page)
    assert b"green" in (await livelog.get(path)).body


async def test_a_store_that_is_down_is_waited_for(livelog: Livelog, redis: RedisServer) -> None:
    await livelog.start({"blog": []}, store=redis.url)
    redis.stop()
    save(livelog, blogs={"blog": {}, "other": {}}, store=redis.url)
    await until(lambda: "The configuration waits until the timeline can be" in livelog.log)
    redis.start()
    await applied(livelog)

    async def served() -> bool:
        return (await livelog.get("/other/")).code == 200

    await until(served)


async def test_no_reload_drops_a_client(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(livelog.client()) for _ in range(100)]
        for number in range(20):
            before = livelog.log.count("\n")
            if number % 4 == 3:
                write(livelog.folder / "config.yaml", f"blogs: {{blog: {{titel: {number}}}}}")
            else:
                save(livelog, blogs={"blog": {"title": f"{number}"}})
            os.kill(livelog.pid, signal.SIGHUP)
            await until(lambda before=before: livelog.log.count("\n") > before)
        assert [(await client.next())["type"] for client in clients] == ["hello"] * 100
        for client in clients:
            assert client.connection.close_code is None
    assert livelog.log.count("Not applied") >= 5


async def test_a_renamed_blog_keeps_its_posts_and_its_readers(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Before")
    await livelog.start({"old": [feed(desk.url)]})
    async with livelog.client("old") as client:
        cursor = (await client.next())["cursor"]
        await until(lambda: livelog.entries("old"))
        save(livelog, blogs={"new": {"aliases": ["old"], "feeds": [feed(desk.url)]}})
        await applied(livelog)
        while await client.connection.read_message() is not None:
            pass
    desk.publish(title="After", published=datetime.now(UTC) - timedelta(hours=1))
    async with livelog.client("old", after=cursor) as client:
        hello = await client.next()
        assert hello["recovered"]
        titles = [(await client.next())["item"]["title"] for _ in range(2)]
    assert titles == ["Before", "After"]
    page = await livelog.get("/old/?q=before")
    assert (page.code, page.headers["Location"]) == (308, "/new/?q=before")
    assert [entry["title"] for entry in await livelog.entries("new")] == ["After", "Before"]


async def test_a_token_that_is_removed_ends_its_connections_and_no_others(livelog: Livelog) -> None:
    tokens = ["first-token-of-the-blog-22", "other-token-of-the-blog-22"]
    await livelog.start({"blog": {"feeds": [], "private": True, "tokens": tokens}})
    address = f"ws://127.0.0.1:{livelog.port}/blog/ws?token="
    first, other = [Client(await websocket_connect(address + token)) for token in tokens]
    for client in (first, other):
        assert (await client.next())["type"] == "hello"
    save(livelog, blogs={"blog": {"feeds": [], "private": True, "tokens": tokens[1:]}})
    assert await asyncio.wait_for(first.connection.read_message(), PATIENCE) is None
    assert await other.quiet(0.5)
    assert (await livelog.get(f"/blog/entries?token={tokens[0]}")).code == 401
    for client in (first, other):
        client.connection.close()
    assert "token-of-the-blog" not in livelog.log
