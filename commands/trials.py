"""Polls feeds once, as the server does the first time, and stores nothing: for `check --feeds` and `try`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from app import make_fetcher
from config import Config
from feeds.concurrency import ExchangeSlots
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeed
from feeds.lists import ListRequests
from feeds.parser_pool import ParserPool
from feeds.poll import Poll
from feeds.result import Result
from feedstate import FeedState
from opml.lists import FeedList, lists_of

PATIENCE_SECONDS: Final = 3600.0
"""No exchange is put back because others wait: each has the time of fetch.timeout."""

MAX_AT_ONCE: Final = 400
"""Polls that are begun: more could wait for one host than a room takes."""


@dataclass(frozen=True)
class Trial:
    """One poll of a feed, and its result."""

    followed: FollowedFeed
    result: Result

    @property
    def problem(self) -> str | None:
        """The reason why the feed cannot be read, None if it can."""
        if self.result.outcome == "paused":
            return "Its host asked for a pause when another of its feeds was fetched."
        return self.result.state.problem


class Trials:
    """Polls feeds, in the slots that the configuration gives hosts. Use `open_trials`."""

    def __init__(self, config: Config, fetcher: Fetcher, parser_pool: ParserPool) -> None:
        self._fetcher = fetcher
        self._parser_pool = parser_pool
        self._slots = ExchangeSlots(config.fetch.concurrency, fetcher.hosts, look_seconds=PATIENCE_SECONDS)

    async def lists(self, config: Config) -> dict[str, FeedList]:
        """The lists of feeds of a configuration, by the ids of their jobs; every failure is a state."""
        requests = ListRequests(self._fetcher, self._parser_pool, time.time)
        return {job_id: await requests.request(url, FeedList()) for job_id, url in lists_of(config).items()}

    async def poll(self, followed: FollowedFeed) -> Trial:
        """Polls one feed; every failure is a result."""
        state = FeedState(url=followed.identity)
        poll = Poll(followed, state, self._slots, self._fetcher, self._parser_pool, time.time)
        result = await poll.run()
        if result.pause:
            self._fetcher.hosts.pause(result.pause.host, result.pause.until)
        return Trial(followed, result)

    async def poll_all(self, feeds: Iterable[FollowedFeed]) -> AsyncIterator[Trial]:
        """Polls feeds in parallel; yields the trials as they end."""
        room = asyncio.Semaphore(MAX_AT_ONCE)

        async def in_turn(followed: FollowedFeed) -> Trial:
            async with room:
                return await self.poll(followed)

        for done in asyncio.as_completed([asyncio.ensure_future(in_turn(followed)) for followed in feeds]):
            yield await done


@asynccontextmanager
async def open_trials(config: Config) -> AsyncIterator[Trials]:
    """Trials with the settings of a configuration; their connections and processes end with the block."""
    fetcher = make_fetcher(config, time.time)
    fetcher.apply(config.fetch)
    parser_pool = ParserPool()
    try:
        yield Trials(config, fetcher, parser_pool)
    finally:
        await parser_pool.close()
        fetcher.close()
