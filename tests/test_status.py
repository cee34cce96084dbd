"""`/status`, end to end: failures that really happen lead to words that name the remedy, and to nothing in public."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient

from demo.newsroom import Newsroom
from tests.feeds.origins import RawOrigin, raw_origin, silent, whole
from tests.livelog import Livelog, until
from tests.redis import RedisServer
from tests.test_crashes import failing_disk
from urls import feed_identity

RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><link>https://example.org/</link>'
    "<item><guid>1</guid><title>{text}</title></item></channel></rss>"
)
CERTIFICATE = Path(__file__).parent / "feeds" / "untrusted.pem"
TURNS = "/turns"
PAGE = b'<html><head><link rel="alternate" type="application/rss+xml" href="/other.xml"></head><body>Hello'
PRIVATE = "city-hall-intranet"


def rss(title: str, text: str = "One") -> bytes:
    return whole(RSS.format(title=title, text=text).encode())


@dataclass
class Broken:
    """A Livelog most of whose feeds fail, each in another way."""

    livelog: Livelog
    origin: RawOrigin

    async def status(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((await self.livelog.admin("/status", Accept="application/json")).body)
        return report

    async def sources(self) -> dict[str, dict[str, Any]]:
        """The sources by the end of their address."""
        return {source["feed"].rpartition("/")[2]: source for source in (await self.status())["sources"]}


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
async def broken(livelog: Livelog, tls: ssl.SSLContext) -> AsyncIterator[Broken]:
    async with raw_origin() as origin, raw_origin(tls) as secure:
        statuses = {"401": "401 Unauthorized", "403": "403 Forbidden", "404": "404 Not Found", "410": "410 Gone"}
        statuses |= {"500": "500 Internal Server Error"}
        feeds = [origin.serve(f"/{path}", whole(b"no", status=status)) for path, status in statuses.items()]
        feeds += [
            origin.serve("/challenge", whole(b"no", "cf-mitigated: challenge", status="403 Forbidden")),
            origin.serve("/silent", silent),
            origin.serve("/large", whole(b"<rss>" + b" " * 60_000)),
            origin.serve("/page", whole(b"<!doctype html><html><title>Hello</title><body><p>Hello")),
            origin.serve("/damaged", whole(b"{]")),
            f"https://127.0.0.1:{secure.port}/tls",
            "http://nowhere.invalid/dns",
            "http://127.0.0.1:1/refused",
            f"http://localhost:{origin.port}/private",
        ]
        slow = {"url": origin.serve("/slow", rss("Slow", "a" * 40)), "exclude": ["/(a+)+z/"]}
        turns = {"url": origin.serve(TURNS, rss("Turns")), "interval": "1s"}
        fetch = {"timeout": "1s", "max_bytes": 50_000, "per_host": 16, "private_networks": []}
        await livelog.start({"blog": [*feeds, slow, turns]}, fetch=fetch)
        async with livelog.client() as client:
            await client.next()
            await until(lambda: len(origin.heads) > len(feeds))
            yield Broken(livelog, origin)


EXPECTED = {
    "401": "login",
    "403": "forbidden",
    "404": "missing",
    "410": "gone",
    "500": "server_fault",
    "challenge": "challenge",
    "silent": "timeout",
    "large": "too_large",
    "page": "page",
    "damaged": "unreadable",
    "tls": "tls",
    "dns": "dns",
    "refused": "refused",
    "private": "private",
}


async def test_each_failure_is_told_with_its_remedy_and_none_is_told_in_public(broken: Broken) -> None:
    async def all_failed() -> bool:
        found = await broken.sources()
        return all(found[name]["problem"] for name in EXPECTED) and bool(found["slow"]["slow_patterns"])

    await until(all_failed)
    found = await broken.sources()
    assert {name: found[name]["cause"] for name in EXPECTED} == EXPECTED
    assert all(found[name]["what"] and found[name]["remedy"] for name in EXPECTED)
    assert found["slow"]["slow_patterns"] == ["/(a+)+z/"]
    page = (await broken.livelog.admin("/status", Accept="text/html")).body.decode()
    for name in EXPECTED:
        assert found[name]["remedy"] in page, name
    assert "Write it without a repeat inside a repeat" in page
    chinese = (await broken.livelog.admin("/status?lang=zh", Accept="text/html")).body.decode()
    assert "请检查地址的拼写" in chinese


async def test_a_feed_that_becomes_a_web_page_names_the_feeds_that_it_links_to(broken: Broken) -> None:
    async def is_read() -> bool:
        return bool((await broken.sources())["turns"]["listed"])

    await until(is_read)
    broken.origin.serve(TURNS, whole(PAGE))

    async def is_named() -> bool:
        source = (await broken.sources())["turns"]
        return source["cause"] == "page" and broken.origin.url("/other.xml") in source["problem"]

    await until(is_named)


async def test_a_source_that_asks_for_fewer_requests(livelog: Livelog) -> None:
    async with raw_origin() as origin:
        url = origin.serve("/often", whole(b"no", "Retry-After: 600", status="429 Too Many Requests"))
        await livelog.start({"blog": [url]})
        broken = Broken(livelog, origin)

        async def failed() -> bool:
            return bool((await broken.sources())["often"]["cause"] == "too_often")

        await until(failed)


async def test_a_feed_is_tried_now_whatever_its_back_off(broken: Broken) -> None:
    async def failed() -> bool:
        return bool((await broken.sources())["410"]["problem"])

    await until(failed)
    broken.origin.serve("/410", rss("Back again"))
    client = AsyncHTTPClient()
    answer = await client.fetch(
        f"{broken.livelog.admin_url}/feeds/retry", method="POST", body=f"url={broken.origin.url('/410')}"
    )
    assert json.loads(answer.body) == {"due": [feed_identity(broken.origin.url("/410"))], "paused": {}}

    async def is_well() -> bool:
        found = (await broken.sources())["410"]
        return bool(found["state"] == "ok" and found["title"] == "Back again")

    await until(is_well)


async def test_news_are_counted_by_source_and_timed_to_their_readers(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="City Hall")
    desk.publish(title="First")
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s", "exclude": ["sport"]}]})
    broken = Broken(livelog, RawOrigin())

    async def read(count: int) -> bool:
        return bool((await broken.status())["sources"][0]["listed"] == count)

    await until(lambda: read(1))
    async with livelog.client() as client:
        await client.next()
        desk.publish(title="Second")
        desk.publish(title="All sport")
        await client.next()
        await until(lambda: read(3))
        report = await broken.status()
    (source,) = report["sources"]
    assert (source["taken"], source["filtered"], sum(source["hours"])) == (2, 1, 2)
    assert source["seen_after_seconds"] is not None
    assert source["delivered_after_seconds"] is not None
    (blog,) = report["blogs"]
    assert (blog["readers"], blog["deliveries"]) == ({"websocket": 1, "event_stream": 0}, 1)
    assert blog["delivery_seconds"]["p99"] is not None
    assert [node["readers"] >= 0 and node["role"] for node in report["nodes"]] == ["all"]


async def test_a_redis_that_is_away(livelog: Livelog, redis: RedisServer, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [desk.url]}, store=redis.url)
    broken = Broken(livelog, RawOrigin())
    # A start that loses its store ends.
    await until(lambda: newsroom.requests)
    redis.stop()

    async def away() -> bool:
        return bool((await broken.status())["cause"] == "redis_away")

    await until(away)
    page = (await livelog.admin("/status", Accept="text/html")).body.decode()
    assert "Start Redis, or check its address and the network." in page
    redis.start()

    async def is_back() -> bool:
        return bool((await broken.status())["status"] == "ok")

    await until(is_back)


@pytest.mark.parametrize(("error", "causes"), [("ENOSPC", {"disk_full"}), ("EIO", {"disk_fails"})])
async def test_a_disk_that_fails(livelog: Livelog, newsroom: Newsroom, error: str, causes: set[str]) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})
    broken = Broken(livelog, RawOrigin())
    async with failing_disk(livelog, error):

        async def told() -> bool:
            report = await broken.status()
            assert report["cause"] in {None, *causes}, report["problem"]
            return report["cause"] in causes

        await until(told)
        assert (await livelog.admin("/status", Accept="text/html")).code == 200
