"""The poller: claims due feeds, has them polled, and commits what that came to.

Follow one feed by reading `Poller` downwards, and then `poll`. Everything that goes wrong with a feed ends in its
state, as a sentence with the time of the next try; the other feeds go on.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from tornado.ioloop import PeriodicCallback

import urls
from config import Config
from feeds import schedule
from feeds.concurrency import Lanes
from feeds.fetch import Fetcher, FetchError, HostPausedError
from feeds.parser_pool import ParserPool
from feeds.poll import BUG, Plan, Poll, Result, failed, plans, proven
from feedstate import FeedState
from timeline import HistoryLostError, Lease, LeaseLostError, Timeline, TimelineError

logger = logging.getLogger("livelog.feeds")

TICK_SECONDS: Final = 0.5
SHARED_TICK_SECONDS: Final = 0.05
"""How often due feeds are looked for. Who shares the timeline looks more often: any node may be the first."""

EXPECTED_SECONDS: Final = 60.0
STEP_SECONDS: Final = 0.02
"""A feed that is due again so soon is not left to the ticker. The step is the most that it is late."""

LEASE_SECONDS: Final = 15.0
"""How long another node waits for one that says nothing. Leases of polls that are under way are renewed in time."""

RENEW_SECONDS: Final = 4.0

COMMIT_RETRY_SECONDS: Final = 1.0
COMMIT_PATIENCE: Final = 600.0
"""How long a result is kept for a timeline that is down; then it is dropped, and the feed polled again."""

STOP_SECONDS: Final = 2.0

MOST_POLLS: Final = 1_000
"""How many polls may be begun at a time, most of them waiting for a host that many feeds share."""


class Poller:
    """Drives the feeds. ``clock`` gives Unix seconds.

    ``trouble`` says why the timeline cannot be written now, or is None; ``polls`` counts outcomes.
    """

    def __init__(
        self,
        config: Config,
        timeline: Timeline,
        fetcher: Fetcher,
        sandbox: ParserPool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.trouble: str | None = None
        self.polls = Counter(new=0, unchanged=0, failed=0)
        self._plans = plans(config.blogs)
        self._timeline = timeline
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._clock = clock
        self._concurrency = config.fetch.concurrency
        self._lanes = Lanes(config.fetch.concurrency, config.fetch.per_host)
        self._polls: dict[asyncio.Task[None], Lease] = {}
        self._renew_at = 0.0
        self._unfollowed = False
        self._claiming = False
        self._tick_wanted = False
        self._more_due = False
        self._ahead: asyncio.Task[None] | None = None
        self._expected: set[int] = set()
        # Nodes that were started together must not stay in step: the one a millisecond ahead would have all the work.
        tick = SHARED_TICK_SECONDS if timeline.is_shared else TICK_SECONDS
        self._ticker = PeriodicCallback(self.tick, tick * 1000, jitter=0.1)

    async def start(self) -> None:
        """Tells the timeline which feeds to follow, and polls those that are due at once. Raises TimelineError."""
        await self._follow()
        # The first tick of a PeriodicCallback comes a period late.
        await self.tick()
        self._ticker.start()

    async def _follow(self) -> None:
        states = await self._timeline.states()
        # The states of many feeds take a second to read: not on the event loop.
        await self._timeline.follow(await asyncio.to_thread(self._due, states))

    def _due(self, states: Iterable[FeedState]) -> dict[str, float]:
        """When each feed is due at the latest; of those that are known, no earlier than a restart may ask."""
        due = dict.fromkeys(self._plans, 0.0)
        for state in states:
            if plan := self._plans.get(state.url):
                due[state.url] = schedule.no_later_than(state, plan.interval, plan.uses)
        return due

    async def stop(self) -> None:
        """Claims no more feeds, and gives the polls under way a moment; one that is given up will be made again."""
        self._ticker.stop()
        if self._polls:
            _, pending = await asyncio.wait(self._polls, timeout=STOP_SECONDS)
            for poll in pending:
                poll.cancel()

    async def tick(self) -> None:
        """Claims the feeds that are due, as many as can be worked on, and begins to poll them."""
        self._tick_wanted = True
        if self._claiming:
            return
        self._claiming = True
        try:
            # What becomes due while the timeline is asked may be too late for its answer.
            while self._tick_wanted:
                self._tick_wanted = False
                await self._claim()
        finally:
            self._claiming = False

    async def _claim(self) -> None:
        # A poll that waits for its host takes no room: a slow host of many feeds does not keep the others out.
        room = min(2 * self._concurrency - self._lanes.working, MOST_POLLS - len(self._polls))
        now = self._clock()
        try:
            await self._renew(now)
            leases = await self._timeline.claim(now, room, LEASE_SECONDS)
        except HistoryLostError as lost:
            logger.warning("%s The feeds are followed anew.", lost)
            self._unfollowed = True
            return
        except TimelineError as error:
            self._suffer(error)
            return
        if not self._polls:
            self._recover()
        self._more_due = bool(leases) and len(leases) == room
        for lease in leases:
            poll = asyncio.create_task(self._poll(lease))
            self._polls[poll] = lease
            poll.add_done_callback(self._done)

    def _done(self, poll: asyncio.Task[None]) -> None:
        del self._polls[poll]
        # Where more are due than there was room for, it is not left empty until the next tick.
        if self._more_due and self._lanes.working <= self._concurrency:
            self._more_due = False
            self._tick_now()

    def _expect(self, next_at: float) -> None:
        """Has a feed claimed when it is due. A shared timeline's belongs to whoever is the first."""
        now = self._clock()
        step = math.ceil(next_at / STEP_SECONDS)
        if self._timeline.is_shared or next_at > now + EXPECTED_SECONDS or step in self._expected:
            return
        self._expected.add(step)
        asyncio.get_running_loop().call_later(step * STEP_SECONDS - now, self._come, step)

    def _come(self, step: int) -> None:
        self._expected.discard(step)
        self._tick_now()

    def _tick_now(self) -> None:
        if self._ticker.is_running():
            self._ahead = asyncio.create_task(self.tick())

    async def _renew(self, now: float) -> None:
        """Keeps the leases of the polls under way; says anew which feeds to follow where that was lost."""
        if self._unfollowed:
            await self._follow()
            self._unfollowed = False
        if now < self._renew_at:
            return
        self._renew_at = now + RENEW_SECONDS
        polls = dict(self._polls)
        held = await self._timeline.renew(list(polls.values()), now + LEASE_SECONDS) if polls else []
        fences = {(lease.url, lease.fence) for lease in held}
        for poll, lease in polls.items():
            if (lease.url, lease.fence) not in fences and not poll.done():
                logger.info("Another node polls %s now.", urls.without_credentials(lease.url))
                poll.cancel()

    async def _poll(self, lease: Lease) -> None:
        plan = self._plans.get(lease.url)
        if plan is None:
            return
        result = await self._result(plan, lease.state)
        try:
            await self._commit(result, lease)
        except Exception as error:
            self.polls["failed"] += 1
            await self._commit(self._failed(plan, lease.state, error), lease)

    async def _result(self, plan: Plan, state: FeedState) -> Result:
        """What a poll comes to, good or bad."""
        try:
            turn = partial(self._lanes.turn, urlsplit(plan.url).netloc, proven=proven(state))
            result = await Poll(plan, state, turn, self._fetcher, self._sandbox, self._clock).run()
        except HostPausedError as paused:
            return Result(replace(state, next_at=paused.until))
        except Exception as error:
            self.polls["failed"] += 1
            result = self._failed(plan, state, error)
            await self._heed(error, result.state.next_at)
            return result
        self.polls["new" if result.entries else "unchanged"] += 1
        return result

    async def _heed(self, error: Exception, next_at: float) -> None:
        """Leaves all feeds of a host alone that is asked too much: now, after a restart, and on every node."""
        if not isinstance(error, FetchError) or error.host is None:
            return
        if error.status != 429 and not (error.status == 503 and error.retry_after):
            return
        until = self._clock() + error.retry_after if error.retry_after else next_at
        self._fetcher.pause(error.host, until)
        urls = [url for url in self._plans if urlsplit(url).netloc.rpartition("@")[2] == error.host]
        try:
            await self._timeline.postpone(urls, until)
        except TimelineError as trouble:
            # The fetcher remembers, too: only a restart or another node would forget.
            self._suffer(trouble)

    def _failed(self, plan: Plan, state: FeedState, error: Exception) -> Result:
        after = failed(plan, state, error, self._clock())
        if after.problem == BUG != state.problem:
            logger.error("Polling %s met a bug.", urls.without_credentials(plan.url), exc_info=error)
        return Result(after)

    async def _commit(self, result: Result, lease: Lease) -> None:
        """Commits; waits for a store that is down. A feed that another node has claimed meanwhile is that one's."""
        _report(lease.state, result.state, self._clock())
        give_up = self._clock() + COMMIT_PATIENCE
        while True:
            try:
                await self._timeline.commit(result.state, result.entries, lease, result.withdrawn)
            except TimelineError as error:
                self._suffer(error)
                if self._clock() > give_up or not self._ticker.is_running():
                    return
                await asyncio.sleep(COMMIT_RETRY_SECONDS)
            except LeaseLostError:
                logger.info("Another poll of %s was quicker.", urls.without_credentials(lease.url))
                return
            else:
                self._recover()
                self._expect(result.state.next_at)
                return

    def _suffer(self, error: TimelineError) -> None:
        if self.trouble is None:
            logger.error("The timeline cannot be written, trying again: %s", error)
        self.trouble = str(error)

    def _recover(self) -> None:
        if self.trouble is not None:
            logger.warning("The timeline can be written again.")
        self.trouble = None


def _report(before: FeedState, after: FeedState, now: float) -> None:
    """One line in the log when a feed begins to fail, fails differently, or recovers."""
    if after.problem and after.problem != before.problem:
        wait = max(after.next_at - now, 0)
        logger.warning(
            "%s: %s Next try in %s.", urls.without_credentials(after.url), after.problem, schedule.spoken(wait)
        )
    elif before.problem and not after.problem:
        logger.warning("%s: well again after %d failed polls.", urls.without_credentials(after.url), before.failures)
