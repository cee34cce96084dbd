"""Law 9: what is the operator's business is on no public path, in whatever form the path is asked for."""

from __future__ import annotations

import csv
import itertools
import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient

from delivery.subscriptions import Request, Subscription, new_target
from handlers import routes
from tests.feeds.origins import raw_origin, whole
from tests.livelog import ROOT, Livelog, until
from tests.test_restored import first_events
from tests.test_status import rss
from timeline import open_timeline

SECRET = "hunter2hunter2"
SITE = "http://live.example.org"
SUBSCRIBER = "subscriber-of-ours.example"
TOKEN = "a-token-of-22-letters-or-more"
PATTERN = "/(a+)+z/"
FAILING = {
    "teapot": whole(b"no", status="418 Im a Teapot"),
    "challenge": whole(b"no", "cf-mitigated: challenge", status="403 Forbidden"),
    "page": whole(b'<html><head><link rel="alternate" type="application/rss+xml" href="/linked-feed.xml">'),
}

PATHS = [
    *("/", "/blog", "/blog/", "/blog/?view=wall", "/blog/?view=wall&by=source", "/blog/?view=list", "/blog/embed"),
    *("/blog/?q=one", "/blog/?source=Works", "/blog/filter", "/blog/sources", "/blog/feeds.opml", "/blog/entries"),
    *("/blog/feed.xml", "/blog/feed.json?tag=a", "/blog/feed.txt"),
    *("/blog/e/{id}", "/blog/e/{id}/previous", "/blog/e/aaaa", "/blog/theme.css", "/blog/logo", "/blog/ws"),
    *("/websub/" + "a" * 32, "/websub/" + "a" * 32 + "?hub.mode=subscribe&hub.challenge=x"),
    *("/none/", "/none/sources", "/icon/7.svg", "/favicon.ico", "/robots.txt", "/nothing/at/all"),
    *("/healthz", "/readyz", "/metrics", "/status", "/status?q=a", "/feeds/retry", "/hub"),
    *("/assets/0123456789abcdef/livelog.css", "/static/livelog.css", "/static/missing"),
]
STREAMS = {"/blog/events"}
"""Paths that never end; the first messages are read."""


@dataclass
class Swept:
    """A Livelog with all that goes wrong, and the ``facts`` that only its operator may know."""

    livelog: Livelog
    facts: dict[str, str] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def swept(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Swept]:
    """It is to be asked, and not to be changed."""
    livelog = Livelog(tmp_path_factory.mktemp("swept"))
    async with raw_origin() as origin:
        feeds: list[Any] = [
            {"url": f"{origin.serve(f'/{name}?token={SECRET}', script)}", "title": name.title()}
            for name, script in FAILING.items()
        ]
        feeds += [
            {"url": f"http://ann:{SECRET}@127.0.0.1:1/refused", "title": "Refused"},
            {"url": origin.serve("/works", rss("Works", "a" * 40)), "exclude": [PATTERN, "unwanted-words"]},
        ]
        server = {"admin_token": TOKEN, "public_url": SITE}
        await subscribe(livelog)
        hook = {"url": f"http://127.0.0.1:1/hook/{SECRET}", "name": "desk-alerts", "exclude": ["of-no-alert"]}
        blogs: dict[str, Any] = {"blog": {"feeds": feeds, "webhooks": [hook]}, "empty": feeds[:2]}
        await livelog.start(blogs, server=server, fetch={"per_host": 16, "timeout": "7s"})
        swept = Swept(livelog)

        async def report() -> dict[str, Any]:
            found: dict[str, Any] = json.loads((await livelog.admin("/status", Accept="application/json")).body)
            return found

        async def all_polled() -> bool:
            found = await report()
            slow = any(source["slow_patterns"] for source in found["sources"])
            return found["feeds"]["failing"] == 4 and slow and bool(found["webhooks"][0]["problem"])

        await until(all_polled)
        found = await report()
        swept.facts = {
            "a secret": SECRET,
            "the token": TOKEN,
            "a pattern": PATTERN,
            "a word of a filter": "unwanted-words",
            "the name of a webhook": "desk-alerts",
            "the host of a subscriber": SUBSCRIBER,
            "a word of its filter": "of-no-alert",
            "the admin address": livelog.admin_url.removeprefix("http://"),
            "the folder": str(livelog.folder),
            "the node": f"{socket.gethostname()} {livelog.pid}",
            "the version": f"Livelog {found['version']}",
        }
        for source in found["sources"]:
            for name in ("problem", "what", "remedy"):
                if source[name]:
                    swept.facts[f"the {name} of {source['title']}"] = source[name]
        swept.facts["the remedy of the webhook"] = found["webhooks"][0]["remedy"]
        swept.facts["the remedy of a subscriber"] = found["subscribers"]["hosts"][0]["remedy"]
        yield swept
        await livelog.kill()


async def subscribe(livelog: Livelog) -> None:
    """Stores a subscription that fails, and is tried again much later."""
    callback, topic = f"https://{SUBSCRIBER}/{SECRET}", f"{SITE}/blog/feed.xml"
    settings = Subscription(callback=callback, topic=topic, until=9e9, secret=SECRET).settings
    target = new_target(Request(mode="subscribe", callback=callback, topic=topic), "blog", "")
    timeline = await open_timeline(f"sqlite:{livelog.database}")
    await timeline.put_job(replace(target, settings=settings, problem="Refused.", failures=9).job, 9e9)
    await timeline.close()


def translations() -> dict[str, str]:
    """The operator's sentences in Chinese, which are longer than a word or two."""
    text = (ROOT / "locales" / "operator" / "zh.csv").read_text(encoding="utf-8")
    return {
        f"the translation of {row[0]}": row[1]
        for row in csv.reader(text.splitlines())
        # Those about tokens are said to whoever asks for the operator's paths.
        if len(row[1]) > 8 and "token" not in row[0]
    }


async def answers(livelog: Livelog) -> AsyncIterator[tuple[str, str]]:
    """Each public path with each Accept and language, and all of its answer."""
    entry = (await livelog.entries())[0]["id"]
    client = AsyncHTTPClient()
    for path, accept, language in itertools.product(PATHS, ("text/html", "application/json"), ("en", "zh")):
        asked = path.format(id=entry)
        for method, headers in (("GET", {}), ("POST", {}), ("GET", {"Authorization": "Bearer wrong"})):
            response = await client.fetch(
                livelog.url(asked),
                method=method,
                body=b"" if method == "POST" else None,
                headers={"Accept": accept, "Accept-Language": language, **headers},
                raise_error=False,
                follow_redirects=False,
            )
            head = f"{response.code} {response.reason} {list(response.headers.get_all())}"
            yield f"{method} {asked} ({accept}, {language})", f"{head} {response.body.decode('utf-8', 'replace')}"
    for path in STREAMS:
        yield path, repr(await first_events(livelog.url(f"{path}?after=x.1"), 2))
    async with livelog.client(after="x.1") as socket_client:
        yield "/blog/ws", repr(await socket_client.take(2))


@pytest.mark.asyncio(loop_scope="module")
async def test_no_public_path_has_what_is_the_operators_business(swept: Swept) -> None:
    assert len(swept.facts) > 15
    facts = {**swept.facts, **translations()}
    found = [
        (path, name) async for path, text in answers(swept.livelog) for name, fact in facts.items() if fact in text
    ]
    assert found == []


@pytest.mark.asyncio(loop_scope="module")
async def test_readers_are_told_that_a_source_cannot_be_reached_and_no_more(swept: Swept) -> None:
    text = (await swept.livelog.get("/blog/", Accept="text/html")).body.decode()
    problems = re.findall(r'<p dir="auto">(.*?)</p>', text)
    assert problems
    assert all(re.fullmatch(r"\u2068\w+\u2069 can’t be reached since \d\d:\d\d", problem) for problem in problems)
    sources = (await swept.livelog.json("/blog/sources"))["sources"]
    assert {key for source in sources for key in source} == {"title", "mark", "hue", "state", "last", "since"}


def test_each_public_route_is_swept() -> None:
    """A new route of handlers/routes.py has to be in PATHS or STREAMS, too."""
    asked = {path.partition("?")[0].format(id="aaaa") for path in (*PATHS, *STREAMS)}
    public = (*routes._LIVE, *routes._MONITORING, *routes._OPERATING, *routes._READING)
    missing = [route[0] for route in public if not any(re.fullmatch(route[0], path) for path in asked)]
    assert missing == []


async def test_the_token_alone_opens_the_operators_paths(livelog: Livelog) -> None:
    await livelog.start({"blog": []}, server={"admin_token": TOKEN})
    for path in ("/status", "/metrics"):
        assert (await livelog.get(path)).code == 401
        assert (await livelog.get(path, Authorization=f"Bearer {TOKEN}")).code == 200
