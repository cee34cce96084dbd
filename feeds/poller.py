"""The poller: claims due feeds, fetches and parses them, and commits what they list to the timeline.

Follow one feed by reading `Poller` downwards. Everything that goes wrong with a feed ends in its state, as a
sentence with the time of the next try; the other feeds go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from tornado.ioloop import PeriodicCallback

from config import Blog, Config, Feed
from entries import Entry, FeedState, place
from feeds import clean, schedule
from feeds.fetch import Answer, Fetcher, FetchError
from feeds.parse import Document, NotAFeedError
from feeds.sandbox import ParserKilledError, Sandbox
from feeds.selection import wanted
from timeline import HistoryLostError, Lease, LeaseLostError, Timeline, TimelineError

logger = logging.getLogger("livelog.feeds")

TICK_SECONDS: Final = 0.05
"""How often due feeds are looked for: the most that a poll at an interval of a second is late."""

LEASE_SECONDS: Final = 15.0
"""How long another node waits for one that says nothing. Leases of polls that are under way are renewed in time."""

RENEW_SECONDS: Final = 4.0

COMMIT_RETRY_SECONDS: Final = 1.0
COMMIT_PATIENCE: Final = 600.0
"""How long a result is kept for a timeline that is down; then it is dropped, and the feed polled again."""

STOP_SECONDS: Final = 2.0

MOST_POLLS: Final = 1_000
"""How many polls may be begun at a time, most of them waiting for a host that many feeds share."""

CUT_OFF: Final = "The document breaks off before its end."
BUG: Final = "Livelog met a bug while polling it; the log has the details."


@dataclass(frozen=True, slots=True)
class Plan:
    """What the configuration says of one feed: it is fetched once, however many blogs use it."""

    url: str
    interval: float | None
    uses: Mapping[str, Feed] = field(default_factory=dict)


class Poller:
    """Drives the feeds. ``clock`` gives Unix seconds.

    ``trouble`` says why the timeline cannot be written now, or is None; ``polls`` counts outcomes.
    """

    def __init__(
        self,
        config: Config,
        timeline: Timeline,
        fetcher: Fetcher,
        sandbox: Sandbox,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.trouble: str | None = None
        self.polls = Counter(new=0, unchanged=0, failed=0)
        self._plans = _plans(config.blogs)
        self._timeline = timeline
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._clock = clock
        self._concurrency = config.fetch.concurrency
        self._per_host: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(config.fetch.per_host)
        )
        self._slots = asyncio.Semaphore(config.fetch.concurrency)
        self._polls: dict[asyncio.Task[None], Lease] = {}
        self._renew_at = 0.0
        self._unfollowed = False
        self._working = 0
        # Nodes that were started together must not stay in step: the one a millisecond ahead would have all the work.
        self._ticker = PeriodicCallback(self.tick, TICK_SECONDS * 1000, jitter=0.1)

    async def start(self) -> None:
        """Tells the timeline which feeds to follow, and polls those that are due at once. Raises TimelineError."""
        for url in (plan.url for plan in self._plans.values() if any(feed.withdraw for feed in plan.uses.values())):
            logger.warning("%s: `withdraw: true` has no effect in this version yet.", clean.shown(url))
        await self._follow()
        # The first tick of a PeriodicCallback comes a period late.
        await self.tick()
        self._ticker.start()

    async def _follow(self) -> None:
        known = {state.url: state for state in await self._timeline.states()}
        await self._timeline.follow(
            {
                url: schedule.no_later_than(known[url], plan.interval, plan.uses) if url in known else 0.0
                for url, plan in self._plans.items()
            }
        )

    async def stop(self) -> None:
        """Claims no more feeds, and gives the polls under way a moment; one that is given up will be made again."""
        self._ticker.stop()
        if self._polls:
            _, pending = await asyncio.wait(self._polls, timeout=STOP_SECONDS)
            for poll in pending:
                poll.cancel()

    async def tick(self) -> None:
        """Claims the feeds that are due, as many as can be worked on, and begins to poll them."""
        # A poll that waits for its host takes no room: a slow host of many feeds does not keep the others out.
        room = min(2 * self._concurrency - self._working, MOST_POLLS - len(self._polls))
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
        for lease in leases:
            poll = asyncio.create_task(self._poll(lease))
            self._polls[poll] = lease
            poll.add_done_callback(self._polls.pop)

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
        for poll, lease in polls.items():
            if lease not in held and not poll.done():
                logger.info("Another node polls %s now.", clean.shown(lease.url))
                poll.cancel()

    async def _poll(self, lease: Lease) -> None:
        plan = self._plans.get(lease.url)
        if plan is None:
            return
        try:
            async with self._turn(urlsplit(plan.url).netloc):
                state, entries = await self._read(plan, lease.state)
            _report(lease.state, state, self._clock())
            self.polls["new" if entries else "unchanged"] += 1
            await self._commit(state, entries, lease)
        except Exception as error:
            self.polls["failed"] += 1
            state = self._failed(plan, lease.state, error)
            if state.problem == BUG != lease.state.problem:
                logger.exception("Polling %s met a bug.", clean.shown(plan.url))
            _report(lease.state, state, self._clock())
            await self._commit(state, [], lease)

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """Waits until the host, and then Livelog, has no more exchanges going on than the configuration allows."""
        async with self._per_host[host]:
            self._working += 1
            try:
                async with self._slots:
                    yield
            finally:
                self._working -= 1

    async def _read(self, plan: Plan, state: FeedState) -> tuple[FeedState, Sequence[Entry]]:
        """One good poll: the feed's next state, and the entries that are new or changed, placed on their blogs."""
        started = self._clock()
        if set(plan.uses) - set(state.blogs):
            # A blog that is new to the feed needs all of its entries: ask as if for the first time.
            state = replace(state, etag=None, last_modified=None, body_digest=None, listed={})
        answer = await self._fetcher.get(plan.url, state.etag, state.last_modified)
        body_digest = hashlib.blake2b(answer.body, digest_size=16).hexdigest()
        if answer.status == 304 or body_digest == state.body_digest:
            return self._unchanged(plan, state, answer, started), []
        document = await self._sandbox.parse(
            answer.body, plan.url, answer.content_type, state.listed, base=answer.url
        )
        entries = [entry for use in plan.uses.items() for entry in self._placed(document, state, *use)]
        return self._changed(plan, state, answer, document, body_digest, started), entries

    def _placed(self, document: Document, state: FeedState, blog: str, feed: Feed) -> list[Entry]:
        """The document's entries as one blog takes them."""
        taken = [
            replace(
                entry,
                source=replace(entry.source, title=feed.title) if feed.title else entry.source,
                tags=tuple(dict.fromkeys((*entry.tags, *feed.tags))),
            )
            for entry in document.entries
            if wanted(entry, feed.include, feed.exclude)
        ]
        return place(taken, blog, self._clock(), backfill=blog not in state.blogs)

    def _unchanged(self, plan: Plan, state: FeedState, answer: Answer, started: float) -> FeedState:
        """After a 304 validators are replaced where it carries new ones; a 200 replaces both (RFC 9111 §3.2)."""
        kept = answer.status == 304
        return replace(
            state.succeeded(answer.status, started, _next_poll(plan, state.newest, started)),
            etag=answer.etag or (state.etag if kept else None),
            last_modified=answer.last_modified or (state.last_modified if kept else None),
        )

    def _changed(
        self, plan: Plan, state: FeedState, answer: Answer, document: Document, body_digest: str, started: float
    ) -> FeedState:
        # What came of a document that was cut off must not be taken for the whole: ask without validators.
        whole = document.whole
        dates = {moment.timestamp() for entry in document.entries if (moment := entry.published or entry.modified)}
        past = (date for date in {*state.newest, *dates} if date <= started)
        newest = tuple(sorted(past, reverse=True)[: schedule.SAMPLE])
        next_at = _next_poll(plan, newest, started)
        after = replace(
            state.succeeded(answer.status, started, next_at),
            etag=answer.etag if whole else None,
            last_modified=answer.last_modified if whole else None,
            body_digest=body_digest if whole else None,
            title=document.title or (None if whole else state.title),
            site_url=document.site_url or (None if whole else state.site_url),
            blogs=tuple(sorted(plan.uses)) if whole or document.listed else state.blogs,
            listed=document.listed,
            newest=newest,
        )
        if whole:
            return after
        # It has taken no harm that a back-off could mend.
        unwell = replace(after, failures=state.failures, failing_since=state.failing_since)
        return unwell.failed(CUT_OFF, answer.status, started, next_at)

    def _failed(self, plan: Plan, state: FeedState, error: Exception) -> FeedState:
        now = self._clock()
        expected = isinstance(error, (FetchError, NotAFeedError, ParserKilledError))
        problem = str(error) if expected else BUG
        status, retry_after = (error.status, error.retry_after) if isinstance(error, FetchError) else (None, None)
        interval = plan.interval or schedule.SHORTEST
        next_at = schedule.after_failure(
            now, interval, state.failures + 1, random.random(), status=status, retry_after=retry_after
        )
        return state.failed(problem, status, now, next_at)

    async def _commit(self, state: FeedState, entries: Sequence[Entry], lease: Lease) -> None:
        """Commits; waits for a store that is down. A feed that another node has claimed meanwhile is that one's."""
        give_up = self._clock() + COMMIT_PATIENCE
        while True:
            try:
                await self._timeline.commit(state, entries, lease)
            except TimelineError as error:
                self._suffer(error)
                if self._clock() > give_up or not self._ticker.is_running():
                    return
                await asyncio.sleep(COMMIT_RETRY_SECONDS)
            except LeaseLostError:
                logger.info("Another poll of %s was quicker.", clean.shown(state.url))
                return
            else:
                self._recover()
                return

    def _suffer(self, error: TimelineError) -> None:
        if self.trouble is None:
            logger.error("The timeline cannot be written, trying again: %s", error)
        self.trouble = str(error)

    def _recover(self) -> None:
        if self.trouble is not None:
            logger.warning("The timeline can be written again.")
        self.trouble = None


def _plans(blogs: Iterable[Blog]) -> dict[str, Plan]:
    """The feeds of all blogs, each once; where blogs differ in the interval, the shortest that is named counts."""
    plans: dict[str, Plan] = {}
    for blog in blogs:
        for feed in blog.feeds:
            plan = plans.setdefault(feed.url, Plan(feed.url, None))
            named = [interval for interval in (plan.interval, feed.interval) if interval is not None]
            plans[feed.url] = Plan(feed.url, min(named, default=None), {**plan.uses, blog.slug: feed})
    return plans


def _next_poll(plan: Plan, newest: Sequence[float], started: float) -> float:
    return schedule.after_answer(started, plan.interval or schedule.adapted(newest), random.random())


def _report(before: FeedState, after: FeedState, now: float) -> None:
    """One line in the log when a feed begins to fail, fails differently, or recovers."""
    if after.problem and after.problem != before.problem:
        wait = max(after.next_at - now, 0)
        logger.warning("%s: %s Next try in %s.", clean.shown(after.url), after.problem, schedule.spoken(wait))
    elif before.problem and not after.problem:
        logger.warning("%s: well again after %d failed polls.", clean.shown(after.url), before.failures)
