"""The poller: claims due feeds, polls them, and commits the results.

    every tick, and whenever a feed with a short interval is due:
        timeline.renew(leases of the polls under way)
        for lease in timeline.claim(proven feeds that are due), timeline.claim(feeds that are due):
            result = Poll(followed, lease.state).run()      fetch, parse; a failure is a result, too
                  or Pushed(followed, lease).read()         parse what a hub has pushed
            timeline.commit(result, lease)              again and again while the timeline is down

A clock that was set back would make every feed wait until it has caught up: the feeds are followed anew then, as at a
start, no feed due later after now than it was after its last poll. A node counts by the clock of the timeline.

Each failure of a feed ends in its state, as a sentence with the time of the next poll; the other feeds go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from clock import MIN_JUMP_SECONDS, Jumps
from config import Config
from feeds import schedule
from feeds.commits import Commits
from feeds.concurrency import ExchangeSlots, RoomName, room_of
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeed, FollowedFeeds
from feeds.leases import LEASE_SECONDS, LeasedPolls, UnderWay
from feeds.parser_pool import ParserPool
from feeds.poll import Poll
from feeds.proven_feeds import ProvenFeeds
from feeds.renamed_blogs import with_present_names
from feeds.result import Pause, Result
from feeds.slow_patterns import SlowPatterns
from feeds.ticker import Ticker
from feeds.wakeups import Wakeups
from feeds.websub.pushed import Pushed, unreadable
from feeds.websub.subscriptions import Subscriptions
from feedstate import FeedState
from latency import Latency
from outbound.retry_after import MAX_RETRY_AFTER_SECONDS
from timeline import HistoryLostError, Lease, Timeline, TimelineError
from timeline.feed_jobs import MAX_PUSHED_FEEDS

logger = logging.getLogger("livelog.feeds")

TICK_INTERVAL: Final = 0.5
SHARED_TICK_INTERVAL: Final = 0.05
"""Seconds between claims. Nodes that share a timeline claim more often: any of them may be the first."""

STOP_TIMEOUT: Final = 2.0
CANCEL_TIMEOUT: Final = 1.0

DELAY_BOUNDS: Final = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
"""Upper bounds in seconds of the histogram of times from an entry's date to when it was seen."""

MAX_PUSH_TURN_SECONDS: Final = 60.0

MAX_POLLS: Final = 1_000
"""Polls of proven feeds that may be under way, and as many of others: most wait for a host that many feeds share."""


class Poller:
    """Polls the feeds of a configuration. ``polls`` and ``gaps`` count outcomes of polls and of feed gaps; ``delays``
    are the times from an entry's date to when it was seen.

    ``clock`` gives Unix seconds: the timeline's, if there is none. ``steady`` gives those of a clock that is never
    set, by which jumps of the other are noticed; without it, set-backs alone are.
    ``slow_patterns`` are those that took too long since the configuration was read.
    """

    def __init__(
        self,
        config: Config,
        timeline: Timeline,
        fetcher: Fetcher,
        parser_pool: ParserPool,
        clock: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
        subscriptions: Subscriptions | None = None,
    ) -> None:
        self.polls = Counter(new=0, unchanged=0, failed=0)
        self.pushes = Counter(new=0, unchanged=0, failed=0)
        self.gaps = Counter(closed=0, missed=0)
        self.slow_patterns = SlowPatterns()
        self.delays = Latency(DELAY_BOUNDS)
        self._timeline = timeline
        self._fetcher = fetcher
        self._parser_pool = parser_pool
        self._subscriptions = subscriptions
        self._clock = clock = clock or timeline.now
        self._jumps = Jumps(clock, steady)
        self._commits = Commits(timeline, clock, steady or clock)
        self._slots = ExchangeSlots(config.fetch.concurrency, fetcher.hosts)
        self._polls = LeasedPolls(timeline, self._refill)
        self._wakeups = Wakeups(self._tick_now, clock)
        tick = SHARED_TICK_INTERVAL if timeline.is_shared else TICK_INTERVAL
        self._ticker = Ticker(self.tick, tick * 1000, jitter=0.1)
        self._ahead: asyncio.Task[None] | None = None
        self._claiming = asyncio.Lock()
        self._stopping = False
        self._tick_wanted = False
        self._follow_wanted = False
        self._proven_feeds = ProvenFeeds()
        self._more_due: set[RoomName] = set()
        self._pushed: set[str] = set()
        self._configure(config, FollowedFeeds(config.blogs))

    @property
    def trouble(self) -> str | None:
        """The reason why the timeline cannot be written now, or None."""
        return self._commits.trouble

    @trouble.setter
    def trouble(self, reason: str | None) -> None:
        self._commits.trouble = reason

    async def start(self) -> None:
        """Follows the feeds, and polls those that are due. Raises TimelineError."""
        states = await self._follow()
        await asyncio.to_thread(_report_set_back, states, self._clock())
        # The first tick of the ticker comes after an interval.
        await self.tick()
        self._ticker.start()
        if self._subscriptions:
            self._subscriptions.start(self._followed_feeds)

    async def apply(self, config: Config) -> None:
        """Applies another configuration while running: its feeds are followed, and all others no longer claimed.

        A poll under way of a feed that is no longer followed is cancelled, unless it is being committed. While the
        timeline is down, the old feeds stay followed. The user agent is changed by `Fetcher.apply`. The timeline, and
        the limits of the parser's processes, cannot be changed while running.
        """
        self.slow_patterns.clear()
        self._configure(config, await asyncio.to_thread(FollowedFeeds, config.blogs))
        self._polls.cancel(lambda poll: poll.lease.url not in self._followed_feeds)
        self._follow_wanted = True
        await self.tick()

    def pushed(self, feed: str) -> None:
        """Claims a feed (its identity) at once, as a push was stored; after its commit, if one is under way."""
        if feed in self._followed_feeds:
            self._pushed.add(feed)
            self._tick_now()

    def _configure(self, config: Config, followed_feeds: FollowedFeeds) -> None:
        self._followed_feeds = followed_feeds
        self._aliases = config.aliases
        self._slots.apply(config.fetch.concurrency)
        self._fetcher.apply(config.fetch)

    async def stop(self) -> None:
        """Claims no more feeds, and waits up to STOP_TIMEOUT for the polls under way; the others are cancelled.

        Feeds that a claim under way returns are not polled. A feed whose poll is cancelled is polled after a restart.
        """
        self._stopping = True
        self._ticker.stop()
        self._wakeups.cancel()
        self._commits.give_up()
        if self._subscriptions:
            await self._subscriptions.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                async with self._claiming:
                    pass
                while self._polls:
                    await asyncio.wait(self._polls)
        await self._polls.stop(CANCEL_TIMEOUT)

    async def tick(self) -> None:
        """Claims the feeds that are due, as many as can be worked on, and begins to poll them."""
        self._tick_wanted = True
        if self._claiming.locked():
            return
        async with self._claiming:
            # A feed that becomes due during a claim may miss it.
            while self._tick_wanted and not self._stopping:
                self._tick_wanted = False
                await self._claim()

    async def _claim(self) -> None:
        self._notice_jump()
        now = self._clock()
        room = self._room("other", len(self._polls) - self._polls.named)
        proven_room = self._room("proven", self._polls.named)
        pushed_room = max(MAX_PUSHED_FEEDS - self._polls.pushed, 0)
        proven: Sequence[str] = ()
        try:
            if self._follow_wanted:
                await self._follow()
            lost = await self._polls.renew(now)
            proven = self._proven_feeds.take(now, proven_room)
            leases = await self._timeline.claim(now, room, LEASE_SECONDS, proven, pushed_room)
        except HistoryLostError as error:
            logger.warning("%s The feeds are followed anew.", error)
            self._follow_wanted = True
            # The leases are lost with the data.
            self._polls.cancel(lambda _: True)
            return
        except TimelineError as error:
            for url in proven:
                self._proven_feeds.add(now, url)
            self._commits.failed(error)
            return
        if not self._polls:
            self._commits.worked()
        self._polls.drop(lost, leases)
        named = set(proven)
        others = sum(lease.url not in named and not lease.pushes for lease in leases)
        self._more_due = {
            *(("proven",) if 0 < proven_room == len(proven) else ()),
            *(("other",) if 0 < room == others else ()),
        }
        self._pushed.difference_update(lease.url for lease in leases if lease.pushes)
        for lease in leases:
            if not self._stopping and (followed := self._followed_feeds.get(lease.url)):
                under_way = UnderWay(lease, followed.name, lease.url in named)
                self._polls.begin(under_way, self._poll(followed, under_way))

    def _room(self, name: RoomName, under_way: int) -> int:
        # A poll that waits for its host does not count: a slow host of many feeds does not keep the others waiting.
        return max(min(self._slots.rooms[name].free, MAX_POLLS - under_way), 0)

    def _notice_jump(self) -> None:
        if jump := self._jumps.seconds():
            direction = "back" if jump < 0 else "forward"
            logger.warning("The clock was set %s by %s.", direction, schedule.in_words(abs(jump)))
            self._follow_wanted = self._follow_wanted or jump < 0

    async def _follow(self) -> Sequence[FeedState]:
        self._follow_wanted = False
        try:
            await self._timeline.adopt(self._followed_feeds.urls)
            states, now = await self._timeline.states(), self._clock()
            await self._timeline.pull_back(now + LEASE_SECONDS, now + MAX_RETRY_AFTER_SECONDS)
            # In a thread: to read the states of 100,000 feeds takes a second.
            due, proven = await asyncio.to_thread(_due, self._followed_feeds, states, now)
            await self._timeline.follow(due)
            self._proven_feeds.replace(proven)
        except TimelineError:
            self._follow_wanted = True
            raise
        if self._subscriptions:
            # Now that the store follows them: a feed that is back may have lost its subscription meanwhile.
            self._subscriptions.apply(self._followed_feeds)
        return states

    def _refill(self) -> None:
        """Claims as soon as slots are free, if more feeds are due than could be claimed."""
        if low := [name for name in self._more_due if self._slots.rooms[name].runs_low]:
            self._more_due.difference_update(low)
            self._tick_now()

    def _tick_now(self) -> None:
        self._tick_wanted = True
        if self._ticker.is_running() and (self._ahead is None or self._ahead.done()):
            self._ahead = asyncio.create_task(self.tick())

    async def _poll(self, followed: FollowedFeed, under_way: UnderWay) -> None:
        lease = under_way.lease = await self._with_present_names(under_way.lease)
        if lease.pushes and not self._is_overdue(lease):
            await self._read_pushes(followed, under_way)
            return
        # Pushes that came with the lease stay, and are read next.
        lease = replace(lease, pushes=())
        active = await self._subscriptions.active(lease.state) if self._subscriptions else None
        poll = Poll(followed, lease.state, self._slots, self._fetcher, self._parser_pool, self._clock, active)
        began = time.monotonic()
        result = await poll.run()
        _report(followed.name, result, time.monotonic() - began)
        if result.outcome != "paused":
            self.polls[result.outcome] += 1
        self.slow_patterns.add(followed.name, result.slow_patterns)
        if result.pause:
            await self._pause(result.pause)
        under_way.committing = True
        try:
            committed = await self._commits.commit(result, lease)
        except Exception as error:
            self.polls["failed"] += 1
            result = poll.failed(error)
            committed = await self._commits.commit(result, lease)
        if committed:
            for delay in result.delays:
                self.delays.observe(delay)
            if result.gap:
                self.gaps[result.gap] += 1
            self._reschedule(followed, result)
            if self._subscriptions and result.outcome != "paused":
                # While the store is down, the next poll does it.
                with contextlib.suppress(TimelineError):
                    await self._subscriptions.polled(followed, lease.state, result.state)

    async def _with_present_names(self, lease: Lease) -> Lease:
        try:
            state = await with_present_names(lease.state, self._aliases, self._timeline)
        except TimelineError:
            # Renamed blogs are taken for new ones then: they get the posts since the last poll as a backfill.
            return lease
        return lease if state is lease.state else replace(lease, state=state)

    def _is_overdue(self, lease: Lease) -> bool:
        """True if a feed should have been polled MAX_PUSH_TURN_SECONDS ago: endless pushes must not prevent it."""
        return lease.state.next_at + MAX_PUSH_TURN_SECONDS < self._clock()

    async def _read_pushes(self, followed: FollowedFeed, under_way: UnderWay) -> None:
        """Commits the pushes of a lease. If a bug prevents it, they are dropped, and the feed is polled."""
        lease = under_way.lease
        try:
            result = await Pushed(followed, lease, self._parser_pool, self._clock, self._fetcher.max_bytes).read()
        except Exception as error:
            result = self._dropped(followed, lease, error)
        self.slow_patterns.add(followed.name, result.slow_patterns)
        under_way.committing = True
        try:
            committed = await self._commits.commit(result, lease)
        except Exception as error:
            result = self._dropped(followed, lease, error)
            committed = await self._commits.commit(result, lease)
        if committed:
            self.pushes[result.outcome] += len(lease.pushes)
            for delay in result.delays:
                self.delays.observe(delay)
            self._reschedule(followed, result)

    def _dropped(self, followed: FollowedFeed, lease: Lease, error: Exception) -> Result:
        """The result of pushes that a bug prevents from being read or stored, which is logged."""
        logger.error("Reading a push of %s met a bug.", followed.name, exc_info=error)
        return unreadable(lease.state, self._clock())

    def _reschedule(self, followed: FollowedFeed, result: Result) -> None:
        """Makes sure that a feed is claimed in time after a poll was committed."""
        identity = result.state.url
        current = self._followed_feeds.get(identity)
        set_back = result.state.checked_at >= self._clock() + MIN_JUMP_SECONDS
        if set_back or (current and current is not followed and current != followed):
            # Clock or configuration changed during the poll, whose commit has set the next one by the old one.
            self._follow_wanted = True
            self._tick_now()
        else:
            if room_of(result.state) == "proven":
                self._proven_feeds.add(result.state.next_at, identity)
            if identity in self._pushed:
                self._pushed.discard(identity)
                self._tick_now()
            # A feed of a shared timeline is claimed by whichever node is the first.
            if not self._timeline.is_shared:
                self._wakeups.add(result.state.next_at)

    async def _pause(self, pause: Pause) -> None:
        """Pauses all feeds of a host: at once, after a restart, and on every node."""
        self._fetcher.hosts.pause(pause.host, pause.until)
        try:
            await self._timeline.postpone(self._followed_feeds.on_host(pause.host), pause.until)
        except TimelineError as error:
            # This process observes the pause; only a restart or another node would not.
            self._commits.failed(error)


def _due(
    followed_feeds: FollowedFeeds, states: Iterable[FeedState], now: float
) -> tuple[dict[str, float], Sequence[tuple[float, str]]]:
    """The latest due time of each feed, and those of the proven ones.

    A known feed is due no earlier than its configuration asks, and at once if its URL, a filter or its selectors
    have changed.
    """
    due = dict.fromkeys(followed_feeds, 0.0)
    proven = []
    for state in states:
        if followed := followed_feeds.get(state.url):
            is_loosened = not state.failures and state.loosened(followed.filters)
            is_changed = state.address != followed.url or is_loosened or state.reading != followed.reading
            due[state.url] = 0.0 if is_changed else schedule.latest_due(state, followed.interval, followed.uses, now)
            if room_of(state) == "proven":
                proven.append((due[state.url], state.url))
    return due, proven


def _report(feed: str, result: Result, seconds: float) -> None:
    """Logs one line about a poll."""
    if not logger.isEnabledFor(logging.DEBUG):
        return
    milliseconds, entries = round(seconds * 1000), len(result.entries)
    data = {"feed": feed, "outcome": result.outcome, "milliseconds": milliseconds, "entries": entries}
    logger.debug("%s: %s, %d ms, %d entries", feed, result.outcome, milliseconds, entries, extra={"data": data})


def _report_set_back(states: Iterable[FeedState], now: float) -> None:
    """Logs one line if polls were made at times that are yet to come."""
    ahead = max((state.checked_at for state in states), default=0.0) - now
    if ahead >= MIN_JUMP_SECONDS:
        logger.warning("The clock was set back since the last run, by %s or more.", schedule.in_words(ahead))
