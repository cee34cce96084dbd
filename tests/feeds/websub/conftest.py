"""A hub, and a subscriber: poller and callback of one process, with the clock in the hands of the test."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tornado.netutil import bind_sockets

from config import Config, Server
from connections.limits import Admission
from connections.listener import Listener
from fanout.fanout import FanOut
from feed_subscription import KIND, FeedSubscription
from feeds.fetch import Fetcher
from feeds.poller import Poller
from feeds.websub.subscriptions import Subscriptions
from handlers.routes import make_app
from handlers.site import Site
from pages.assets import Assets
from pages.freshness import Freshness
from tests.feeds.polling import Clock, Desk, FaultyTimeline, WatchedParserPool
from tests.livelog import ROOT, until

ASSETS = Assets(ROOT / "static")


class ClockedTimeline(FaultyTimeline):
    """A timeline that counts by the clock of the test."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.clock = Clock()

    def now(self) -> float:
        """The time of the test."""
        return self.clock()

    async def make_due(self, identity: str) -> float | None:
        """Makes a feed due, or fails."""
        due = await super().make_due(identity)
        self._try("make_due")
        return due


@dataclass
class Subscriber(Desk):
    """A desk that subscribes to hubs, under a public URL with a path."""

    port: int = 0
    site: Site | None = None
    prefix: str = "/live"
    has_public_url: bool = True
    _open: list[Any] = field(default_factory=list)

    @property
    def public_url(self) -> str:
        """The address by which hubs know it."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def config(self, *feeds: str | Mapping[str, Any], **blogs: Sequence[str | Mapping[str, Any]]) -> Config:
        """The configuration, with a public URL."""
        server = Server(public_url=self.public_url if self.has_public_url else None)
        return super().config(*feeds, **blogs).model_copy(update={"server": server})

    async def follow(self, *feeds: str | Mapping[str, Any], **blogs: Sequence[str | Mapping[str, Any]]) -> None:
        """Follows these feeds, and serves the callback."""
        await self.stop()
        if not self.port:
            sockets = bind_sockets(0, "127.0.0.1")
            self.port = int(sockets[0].getsockname()[1])
            self._open = sockets
        config = self.config(*feeds, **blogs)
        self._fetcher = Fetcher(
            user_agent="Livelog/test",
            timeout=60,
            max_bytes=1_000_000,
            concurrency=8,
            private_networks=config.fetch.private_networks,
            clock=self.clock,
        )
        self.subscriptions = subscriptions = Subscriptions(
            self.timeline, self._fetcher, config.server.public_url, self.clock
        )
        self._poller = Poller(
            config, self.timeline, self._fetcher, self.parser_pool, clock=self.clock, subscriptions=subscriptions
        )
        if self.site is None:
            fanout = FanOut(self.timeline, [])
            self.site = Site(
                config, self.timeline, fanout, Freshness(self.timeline), Admission(1_000), self._poller, assets=ASSETS
            )
            self._listener = Listener(make_app(self.site), self.site.admission)
            self._listener.open(self._open)
        self.site.polling = self._poller
        await self._poller.start()
        await self.settled()

    async def close(self) -> None:
        """Ends all of it."""
        await self.stop()
        if self.site is not None:
            await self._listener.close()

    async def held(self) -> list[FeedSubscription]:
        """The subscriptions that are stored."""
        return [FeedSubscription.from_json(job.state) for job in await self.timeline.jobs(KIND)]

    async def active(self) -> FeedSubscription:
        """The active subscription, once there is one."""

        async def found() -> bool:
            return any(one.phase == "active" for one in await self.held())

        await until(found)
        return next(one for one in await self.held() if one.phase == "active")

    async def shows(self, *titles: str) -> None:
        """Waits until the blog has just these titles, in any order: the clock stands still."""

        async def found() -> bool:
            return Counter(await self.titles()) == Counter(titles)

        await until(found)


@pytest.fixture
async def subscriber(processes: WatchedParserPool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Subscriber]:
    """A subscriber yet to be started. Only the test polls; jobs are looked for all the time."""
    monkeypatch.setattr("feeds.poller.TICK_INTERVAL", 3_600.0)
    monkeypatch.setattr("feeds.websub.subscriptions.TICK_SECONDS", 0.02)
    processes.fault, processes.documents = None, 0
    timeline = await ClockedTimeline.open(":memory:")
    assert isinstance(timeline, ClockedTimeline)
    made = Subscriber(timeline, processes, timeline.clock)
    yield made
    await made.close()
    await timeline.close()
