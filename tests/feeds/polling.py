"""A poller whose clock the test moves, over a timeline in memory that fails on request."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from config import Blog, Config, Feed, Fetch
from entries import Cursor, Entry, Event
from feeds.fetch import Fetcher
from feeds.parser.document import Document, Reading
from feeds.parser_pool import ParserPool
from feeds.poller import Poller
from feedstate import FeedState, Mark
from timeline import Lease
from timeline.feed_jobs import MAX_PUSHED_FEEDS
from timeline.sqlite import SqliteTimeline

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


class Clock:
    """Unix seconds that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


class RunningClock(Clock):
    """The time that it is."""

    def __call__(self) -> float:
        return time.time()


class FaultyTimeline(SqliteTimeline):
    """A timeline whose methods raise what is in ``faults`` under their name. It keeps what it was given to commit."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.faults: dict[str, Exception] = {}
        self.tries: Counter[str] = Counter()
        self.commits: list[tuple[FeedState, Sequence[Entry]]] = []

    async def claim(
        self, now: float, limit: int, seconds: float, first: Sequence[str] = (), pushed: int = MAX_PUSHED_FEEDS
    ) -> Sequence[Lease]:
        """Leases due feeds, or fails."""
        self._try("claim")
        return await super().claim(now, limit, seconds, first, pushed)

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases, or fails."""
        self._try("renew")
        return await super().renew(leases, until)

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, or fails."""
        self._try("commit")
        count = await super().commit(state, entries, lease, withdrawn)
        self.commits.append((state, entries))
        return count

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog, or fails."""
        self._try("head")
        return await super().head(blog)

    def _try(self, name: str) -> None:
        self.tries[name] += 1
        if name in self.faults:
            raise self.faults[name]


class WatchedParserPool(ParserPool):
    """A parser pool that counts the documents, and raises ``fault`` in place of reading one."""

    def __init__(self) -> None:
        super().__init__(processes=1, reserve=0)
        self.fault: Exception | None = None
        self.documents = 0

    async def parse(self, reading: Reading, *, proven: bool = True) -> Document:
        """Reads a document, or fails."""
        self.documents += 1
        if self.fault:
            raise self.fault
        # As a proven feed: the queue of the others belongs to an event loop, and each test has one of its own.
        return await super().parse(reading)


class Log:
    """Looking at it is hearing it: what is left at the end of a test fails it."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def heard(self, least: int = logging.WARNING) -> list[str]:
        """The messages of warnings and worse."""
        messages = [record.getMessage() for record in self._caplog.records if record.levelno >= least]
        self._caplog.clear()
        return messages


@dataclass
class Desk:
    """A poller and its parts. `follow` starts it; `later` advances the clock. ``aliases`` are those of blogs."""

    timeline: FaultyTimeline
    parser_pool: WatchedParserPool
    clock: Clock = field(default_factory=Clock)
    steady: Clock | None = None
    fetch: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _poller: Poller | None = None
    _fetcher: Fetcher | None = None

    @property
    def poller(self) -> Poller:
        """The poller that runs."""
        assert self._poller is not None
        return self._poller

    async def follow(self, *feeds: str | Mapping[str, Any], **blogs: Sequence[str | Mapping[str, Any]]) -> None:
        """Follows these feeds in `blog`, or the feeds of several blogs; ends what it did before, as a restart does.

        A feed is polled every minute if it says nothing else.
        """
        await self.stop()
        config = self.config(*feeds, **blogs)
        fetch = config.fetch
        self._fetcher = Fetcher(
            user_agent="Livelog/test",
            timeout=fetch.timeout,
            max_bytes=fetch.max_bytes,
            concurrency=fetch.concurrency,
            private_networks=fetch.private_networks,
            clock=self.clock,
            steady=self.steady,
        )
        self._poller = Poller(
            config, self.timeline, self._fetcher, self.parser_pool, clock=self.clock, steady=self.steady
        )
        await self._poller.start()
        await self.settled()

    def config(self, *feeds: str | Mapping[str, Any], **blogs: Sequence[str | Mapping[str, Any]]) -> Config:
        """The configuration of these feeds, as `follow` takes them."""
        return Config(
            fetch=Fetch(**self.fetch),
            blogs=tuple(
                Blog(slug=slug, title=slug, feeds=tuple(map(_feed, listed)), aliases=self.aliases.get(slug, ()))
                for slug, listed in (blogs or {"blog": feeds}).items()
            ),
        )

    async def apply(self, *feeds: str | Mapping[str, Any], **blogs: Sequence[str | Mapping[str, Any]]) -> None:
        """Applies another configuration while the poller runs, as a reload does."""
        await self.poller.apply(self.config(*feeds, **blogs))
        await self.settled()

    async def later(self, seconds: float = MINUTE) -> None:
        """Lets time pass, and waits for the polls that it brings."""
        self.clock.now += seconds
        await self.poller.tick()
        await self.settled()

    async def settled(self) -> None:
        """Waits for the polls under way."""
        while self.poller._polls:
            await asyncio.wait(self.poller._polls)

    async def stop(self) -> None:
        """Ends the poller."""
        if self._poller is not None:
            await self._poller.stop()
        if self._fetcher is not None:
            self._fetcher.close()

    async def state(self, url: str | None = None) -> FeedState:
        """What is remembered of a feed, or of the only one."""
        states = {state.address: state for state in await self.timeline.states()}
        return states[url] if url else next(iter(states.values()))

    def listed(self) -> Mapping[str, Mark]:
        """What the last commit remembers as listed."""
        return self.timeline.commits[-1][0].listed

    async def items(self, blog: str = "blog") -> list[dict[str, Any]]:
        """The entries of a blog, newest first."""
        return [json.loads(item) for item in (await self.timeline.page(blog, None, 1_000)).items]

    async def titles(self, blog: str = "blog") -> list[str | None]:
        """Their titles."""
        return [item.get("title") for item in await self.items(blog)]

    async def events(self, blog: str = "blog") -> list[Event]:
        """Everything that happened on a blog."""
        head = await self.timeline.head(blog)
        replay = await self.timeline.replay(blog, Cursor(head.epoch, 0), 10_000)
        assert replay.complete
        return list(replay.events)


def _feed(feed: str | Mapping[str, Any]) -> Feed:
    return Feed(**{"interval": MINUTE, **({"url": feed} if isinstance(feed, str) else feed)})
