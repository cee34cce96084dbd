"""The application on a free port, over a timeline in memory; no feeds are polled."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.netutil import bind_sockets

import handlers.site
from config import Blog, Config, Feed, Server
from connections.limits import Admission
from connections.listener import Listener
from fanout.fanout import FanOut
from feeds.fetch import Fetcher
from feeds.parser_pool import ParserPool
from feeds.poller import Poller
from handlers.routes import make_admin_app, make_app
from pages.assets import Assets
from pages.freshness import Freshness
from tests.livelog import ROOT, until
from tests.timeline.drafts import FEED
from timeline import Timeline
from timeline.sqlite import SqliteTimeline

ASSETS = Assets(ROOT / "static")
"""The assets of all sites: bundling them for each takes longer than most tests."""


# asyncio shows a signal handler that it replaces, and with it what a fixture returned: of 10,000 feeds, for a minute.
@dataclass(repr=False)
class Site:
    """What is served, and where."""

    timeline: Timeline
    fanout: FanOut
    poller: Poller
    admission: Admission
    listener: Listener
    port: int
    served: handlers.site.Site
    admin_port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def admin_url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.admin_port}{path}"

    async def get(self, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
        """Fetches a path, whatever the status, once the fan-out has all events; header names have _ for -."""
        return await self._fetch(self.url(path), method, headers)

    async def admin(self, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
        """Fetches a path of the admin address, as `get` does."""
        return await self._fetch(self.admin_url(path), method, headers)

    async def admin_json(self, path: str) -> Any:
        return json.loads((await self.admin(path, Accept="application/json")).body)

    async def _fetch(self, url: str, method: str, headers: Mapping[str, str]) -> HTTPResponse:
        await until(self._has_all_events)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = AsyncHTTPClient()
        return await client.fetch(
            url,
            method=method,
            headers=named,
            body=b"" if method == "POST" else None,
            raise_error=False,
            follow_redirects=False,
            # With it, tornado asks for gzip whatever the headers say.
            decompress_response=not re.search("identity|^br|deflate|q=0", headers.get("Accept_Encoding", "")),
        )

    async def _has_all_events(self) -> bool:
        blogs = () if self.fanout.trouble else self.fanout.readers()
        return all([self.fanout.head(blog) == await self.timeline.head(blog) for blog in blogs])

    async def json(self, path: str) -> Any:
        return json.loads((await self.get(path)).body)


@pytest.fixture
def settings() -> Config:
    """Two blogs, one with a feed."""
    feed = Feed(url=FEED, title="Example")
    return Config(
        server=Server(public_url="https://live.example.org"),
        store="sqlite::memory:",
        blogs=(Blog(slug="blog", title="A <b>lively</b> blog", feeds=(feed,)), Blog(slug="other", title="Other")),
    )


@pytest.fixture
def role() -> str:
    """What the process does."""
    return "all"


@pytest.fixture
def admission() -> Admission:
    """Wide ones."""
    return Admission(10_000)


@pytest.fixture
async def site(settings: Config, role: str, admission: Admission) -> AsyncIterator[Site]:
    """The application, ready to be asked."""
    timeline = await SqliteTimeline.open(":memory:")
    fanout = FanOut(timeline, [blog.slug for blog in settings.blogs])
    await fanout.start()
    fetcher = Fetcher(user_agent="test", timeout=1, max_bytes=1_000, concurrency=1)
    poller = Poller(settings, timeline, fetcher, ParserPool())
    parts = (None if role == "fetch" else fanout, None if role == "web" else poller)
    served = handlers.site.Site(settings, timeline, parts[0], Freshness(timeline), admission, parts[1], assets=ASSETS)
    listener = Listener(make_app(served), admission)
    sockets = bind_sockets(0, "127.0.0.1")
    # What the kernel takes in a reader's stead grows as it likes otherwise: megabytes, at times.
    sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    listener.open(sockets)
    admin_admission = Admission(100)
    admin = Listener(make_admin_app(served, admin_admission, is_loopback=True), admin_admission)
    admin_sockets = bind_sockets(0, "127.0.0.1")
    admin.open(admin_sockets)
    port, admin_port = (bound[0].getsockname()[1] for bound in (sockets, admin_sockets))
    yield Site(timeline, fanout, poller, admission, listener, port, served, admin_port)
    await fanout.close()
    await listener.close()
    await admin.close()
    fetcher.close()
    await timeline.close()
