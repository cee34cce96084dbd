"""Lists of feeds elsewhere, end to end: their feeds on the page, in the lists of sources, and after a restart."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient

from app import App
from config import Blog, Config, Feed, Fetch, Server
from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, raw_origin, whole
from tests.livelog import Livelog, until
from tests.redis import RedisServer
from tests.test_reload import applied, save
from tests.test_server import command

LOOPBACK = {"private_networks": ["127.0.0.0/8"], "interval": "1s", "per_host": 8}


def serve_feed(origin: RawOrigin, name: str) -> str:
    return origin.serve(f"/{name}.xml", whole(rss(f"<title>Post of {name}</title><guid>{name}</guid>")))


def serve_list(origin: RawOrigin, *names: str, path: str = "/list.opml") -> str:
    outlines = "".join(f'<outline text="{n}" xmlUrl="{serve_feed(origin, n)}"/>' for n in names)
    return origin.serve(path, whole(f'<opml version="2.0"><body>{outlines}</body></opml>'.encode()))


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    async with raw_origin() as opened:
        yield opened


async def titles(livelog: Livelog) -> set[str]:
    return {entry["title"] for entry in await livelog.entries()}


async def sources(livelog: Livelog) -> set[str]:
    return {source["title"] for source in (await livelog.json("/blog/sources"))["sources"]}


async def lists(livelog: Livelog) -> dict[str, Any]:
    report = json.loads((await livelog.admin("/status", Accept="application/json")).body)
    found: dict[str, Any] = report["lists"][0]
    return found


async def test_a_blog_follows_a_list(livelog: Livelog, origin: RawOrigin) -> None:
    own = {"url": serve_feed(origin, "a"), "title": "Mine"}
    url = serve_list(origin, "a", "b")
    origin.serve("/list.opml", whole(b"", status="500 Internal Server Error"))
    blog: dict[str, Any] = {"opml": f"{url}?token=abcdefghijklmnopqrstuvwxyz", "feeds": [own]}
    origin.serve("/list.opml?token=abcdefghijklmnopqrstuvwxyz", whole(b"", status="500 Internal Server Error"))
    await livelog.start({"blog": blog}, fetch=LOOPBACK)

    # A list that fails is told to the operator, and to nobody else.
    async def fails() -> bool:
        return str((await lists(livelog))["state"]) == "failing"

    await until(fails)
    told = await lists(livelog)
    assert (told["cause"], told["feeds"], told["blogs"]) == ("server_fault", 0, ["blog"])
    metrics = await livelog.metrics()
    (failing,) = (line for line in metrics.splitlines() if line.startswith("livelog_list_failing_seconds{"))
    assert "token=***" in failing
    assert told["list"] == f"127.0.0.1:{origin.port}/list.opml?token=***"
    page = (await livelog.admin("/status", Accept="text/html")).body.decode()
    assert "Lists of feeds" in page
    for path in ("/blog/", "/blog/sources", "/blog/feeds.opml", "/blog/feeds.opml"):
        assert b"list.opml" not in (await livelog.get(path)).body
    for text in (page, livelog.log):
        assert "abcdefghijklmnopqrstuvwxyz" not in text

    # Once it answers, its feeds are followed; a feed that the blog has, too, keeps its title.
    origin.scripts["/list.opml?token=abcdefghijklmnopqrstuvwxyz"] = origin.scripts["/a.xml"]
    serve_list(origin, "a", "b", path="/list.opml?token=abcdefghijklmnopqrstuvwxyz")
    async with livelog.client() as client:
        await client.next()
        await AsyncHTTPClient().fetch(f"{livelog.admin_url}/feeds/retry", method="POST", body="")
        while (await client.next()).get("item", {}).get("title") != "Post of b":
            pass
    assert await sources(livelog) == {"Mine", "b"}
    exported = (await livelog.get("/blog/feeds.opml")).body.decode()
    assert exported.count("xmlUrl") == 2
    assert [entry["title"] for entry in (await livelog.json("/blog/entries?source=b"))["items"]] == ["Post of b"]

    # Another save of the configuration keeps them.
    save(livelog, blogs={"blog": {**blog, "title": "Other"}}, fetch=LOOPBACK)
    await applied(livelog)
    assert "The configuration was applied: 2 feeds in 1 blog." in livelog.log
    assert await sources(livelog) == {"Mine", "b"}

    # One that is changed is read at once if the operator asks for it.
    serve_list(origin, "b", "c", path="/list.opml?token=abcdefghijklmnopqrstuvwxyz")
    form = urlencode({"url": f"{url}?token=abcdefghijklmnopqrstuvwxyz"})
    answer = await AsyncHTTPClient().fetch(f"{livelog.admin_url}/feeds/retry", method="POST", body=form)
    assert len(json.loads(answer.body)["due"]) == 1

    async def has_third() -> bool:
        return await sources(livelog) == {"Mine", "b", "c"}

    await until(has_third)

    # A feed of the list is not purged.
    await livelog.stop()
    code, output = await command("purge", origin.url("/b.xml"), cwd=livelog.folder)
    assert (code, output) == (
        2,
        f"command line: {origin.url('/b.xml')}: is still in the list of feeds that the blog follows: remove it there "
        "first (blog blog)\n",
    )

    # A start before which the list cannot be read takes the stored one.
    origin.scripts.clear()
    asked = len(origin.heads)
    await livelog.start({"blog": blog}, fetch=LOOPBACK)
    assert await sources(livelog) == {"Mine", "b", "c"}
    assert not any("list.opml" in head for head in origin.heads[asked:]), "a restart asks for no list early"


# In one process, with short intervals


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    monkeypatch.setattr("feeds.lists.INTERVAL", 0.2)
    monkeypatch.setattr("opml.following.INTERVAL", 0.05)
    apps: list[App] = []

    async def started(*feeds: Feed, opml: str, store: str = "sqlite::memory:", role: Any = "all") -> App:
        fetch = Fetch(private_networks=(ip_network("127.0.0.0/8"),), per_host=8)
        blog = Blog(slug="blog", title="Blog", feeds=feeds, opml=opml)
        apps.append(App(Config(server=Server(port=0), store=store, fetch=fetch, blogs=(blog,)), role=role))
        await apps[-1].start()
        return apps[-1]

    yield started
    for one in reversed(apps):
        await one.stop()


def followed(app: App) -> list[str]:
    return sorted(feed.url.rpartition("/")[2] for blog in app.config.blogs for feed in blog.feeds)


async def test_feeds_come_and_go_with_their_list(start: Callable[..., Any], origin: RawOrigin) -> None:
    app = await start(opml=serve_list(origin, "a", "b"))
    await until(lambda: followed(app) == ["a.xml", "b.xml"])
    serve_list(origin, "b", "c")
    await until(lambda: followed(app) == ["b.xml", "c.xml"])
    await until(lambda: "GET /c.xml" in " ".join(origin.heads))
    assert app._poller is not None
    assert sorted(url.rpartition("/")[2] for url in app._poller._followed_feeds.urls) == ["b.xml", "c.xml"]


async def test_another_configuration_takes_its_list_away(start: Callable[..., Any], origin: RawOrigin) -> None:
    app = await start(opml=serve_list(origin, "a"))
    await until(lambda: followed(app) == ["a.xml"])
    plain = app._written.model_copy(update={"blogs": (Blog(slug="blog", title="Blog"),)})
    await app.apply(plain)
    assert followed(app) == []
    await app.apply(
        plain.model_copy(update={"blogs": (Blog(slug="blog", title="Blog", opml=origin.url("/list.opml")),)})
    )
    assert followed(app) == ["a.xml"], "what is stored is used at once"


async def test_a_web_node_shows_the_lists_that_a_fetch_node_reads(
    start: Callable[..., Any], origin: RawOrigin, tmp_path: Path
) -> None:
    redis = RedisServer(tmp_path / "redis")
    redis.start()
    try:
        url = serve_list(origin, "a")
        web = await start(opml=url, store=redis.url, role="web")
        fetch = await start(opml=url, store=redis.url, role="fetch")
        await until(lambda: followed(web) == followed(fetch) == ["a.xml"])
        serve_list(origin, "b")
        await until(lambda: followed(web) == followed(fetch) == ["b.xml"])
        later = await start(opml=url, store=redis.url, role="web")
        assert followed(later) == ["b.xml"]
        page = await AsyncHTTPClient().fetch(f"{later.url}feeds.opml")
        assert b"b.xml" in page.body
        await later.stop()
        await web.stop()
        await fetch.stop()
    finally:
        redis.stop()
