"""The subscriptions of followed feeds: made after polls, renewed before they end, ended when nothing needs them.

    after a poll:     a hub and a topic without a subscription → a pending one
    every second, for each job that is due:
        pending       ask the hub to subscribe; it verifies at the callback (handlers/websub.py) → active
        active        poll the feed, then a pending successor with another callback; once that is active → leaving
        leaving       ask the hub to unsubscribe; it verifies at the callback → removed
        denied        try again

A pending job is stored before its hub is asked, as a hub may verify before it answers. Each job is done by the node
that claims it. A subscription that ends makes its feed due: polls take over at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import redaction
from feed_subscription import KIND, FeedSubscription, group_of, new_secret, new_token
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeed
from feeds.websub.discovery import Named
from feeds.websub.hub_requests import HubAnswer, Mode
from feeds.websub.hubs import Hubs
from feeds.websub.trust import Active
from feedstate import FeedState
from outbound.rooms import PutBackError
from timeline import LeaseLostError, Timeline, TimelineError
from timeline.jobs import Job, JobLease, all_jobs

logger = logging.getLogger("livelog.feeds")

TICK_SECONDS: Final = 1.0
MAX_REQUESTS: Final = 16
"""Requests to hubs that are under way or wait for a slot of their host."""

LEASE_SECONDS: Final = 300.0
"""Duration of the lease of a job, which may have to wait for its hub."""

CONFIRM_SECONDS: Final = 300.0
"""Time that a hub has to verify a request that it has accepted."""

MIN_BACKOFF_SECONDS: Final = 60.0
MAX_BACKOFF_SECONDS: Final = 24 * 3600.0
MAX_REFETCHES: Final = 5
REFETCH_SECONDS: Final = 60.0
"""A renewal waits for a poll of the feed, asked for so many times, so long each."""

MAX_LEAVING_REQUESTS: Final = 3
MAX_OF_FEED: Final = 20
MAX_TRIES: Final = 5
"""Times that a subscription is stored if others change it meanwhile."""

NOT_CONFIRMED: Final = "The hub has accepted the subscription, and has not confirmed it."


class Subscriptions:
    """Manages the subscriptions of the feeds that are followed. ``clock`` gives Unix seconds.

    ``public_url`` is that of the server, without which there can be none. `start` it, and `stop` it.
    """

    def __init__(
        self, timeline: Timeline, fetcher: Fetcher, public_url: str | None, clock: Callable[[], float] | None = None
    ) -> None:
        self._timeline = timeline
        self._base = public_url and f"{public_url}/websub/"
        self._clock = clock or timeline.now
        self._followed: Mapping[str, FollowedFeed] = {}
        self._hubs = Hubs(fetcher, self._clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._sweep_wanted = True

    def start(self, followed: Mapping[str, FollowedFeed]) -> None:
        """Begins to work on the jobs that are due."""
        self.apply(followed)
        self._running = asyncio.create_task(self._run())

    def apply(self, followed: Mapping[str, FollowedFeed]) -> None:
        """Follows other feeds: the subscriptions of those that are left are ended."""
        self._followed = followed
        self._sweep_wanted = True
        self._wake.set()

    async def stop(self) -> None:
        """Stops; requests under way are cancelled, and made again after a restart."""
        tasks = [*self._tasks, *filter(None, (self._running,))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def active(self, state: FeedState) -> Active | None:
        """The time of the feed's active subscription; the one that was active at the last poll if the store fails."""
        if self._base is None or not (state.hub or state.pushed_until):
            return None
        now = self._clock()
        try:
            found = [one for _, one in await self._of(state.url) if one.phase == "active" and now < one.until]
        except TimelineError:
            return Active(state.checked_at, state.pushed_until) if state.pushed_until > now else None
        return Active(min(one.since for one in found), max(one.until for one in found)) if found else None

    async def polled(self, followed: FollowedFeed, before: FeedState, state: FeedState) -> None:
        """Makes and ends subscriptions of a feed, after the commit of a poll. Raises TimelineError."""
        if self._base is None or not (state.hub or before.hub):
            return
        named = _named(state)
        kept = await self._keep_wanted(followed.identity, named)
        if named and not kept:
            await self._put(followed.identity, named)
        renewed = {one.predecessor for _, one in kept}
        latest = sorted(
            ((job, one) for job, one in kept if not one.predecessor and job.id not in renewed),
            key=lambda pair: pair[1].until,
        )
        for job, one in latest[:-1]:
            # Two nodes have polled the feed at nearly the same time.
            await self._leave(job, one)
        for job, one in latest[-1:]:
            if one.phase == "active" and self._clock() >= one.renew_at:
                await self._put(one.feed, Named(one.hub, one.topic), predecessor=job.id)

    async def _keep_wanted(self, feed: str, named: Named | None) -> list[tuple[Job, FeedSubscription]]:
        """The subscriptions of a feed to a topic at a hub; has others ended."""
        kept = []
        for job, one in await self._of(feed):
            if one.phase != "leaving" and not self._is_wanted(one, named):
                await self._leave(job, one)
            elif one.phase != "leaving":
                kept.append((job, one))
        return kept

    async def do_due(self) -> None:
        """Claims the jobs that are due, and works on them."""
        free = MAX_REQUESTS - len(self._tasks)
        if free <= 0:
            return
        for lease in await self._timeline.claim_jobs(KIND, self._clock(), free, LEASE_SECONDS):
            task = asyncio.create_task(self._work(lease))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK_SECONDS)
            self._wake.clear()
            try:
                await self._sweep()
                await self.do_due()
            except TimelineError:
                # The poller logs that the store is down.
                continue
            except Exception:
                logger.exception("Working on the subscriptions met a bug.")

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A subscription met a bug.", exc_info=error)

    async def _sweep(self) -> None:
        """Ends the subscriptions of feeds that are no longer followed, or name another hub.

        A feed that was polled as a backup, and has no subscription any more, is due.
        """
        if not self._sweep_wanted:
            return
        self._sweep_wanted = False
        try:
            # Before the states: a poll that ends meanwhile stores the hub in its state, and then the job.
            jobs = [(job, FeedSubscription.from_json(job.state)) async for job in all_jobs(self._timeline, KIND)]
            states = await asyncio.to_thread(_with_hub, await self._timeline.states(), self._followed)
            pushed = {feed for feed, state in states.items() if state.is_pushed(self._clock())}
            for job, one in jobs:
                state = states.get(one.feed)
                if self._base is None:
                    await self._timeline.remove_job(KIND, job.id)
                elif one.phase != "leaving" and not self._is_wanted(one, _named(state) if state else None):
                    await self._leave(job, one)
                elif one.phase == "active":
                    pushed.discard(one.feed)
            for feed in pushed:
                await self._timeline.make_due(feed)
        except TimelineError:
            self._sweep_wanted = True
            raise

    async def _of(self, feed: str) -> list[tuple[Job, FeedSubscription]]:
        jobs = await self._timeline.jobs(KIND, group_of(feed), MAX_OF_FEED)
        return [(job, FeedSubscription.from_json(job.state)) for job in jobs]

    def _is_wanted(self, one: FeedSubscription, named: Named | None) -> bool:
        is_ours = one.callback.startswith(self._base or " ")
        return one.feed in self._followed and (one.hub, one.topic) == named and is_ours

    async def _leave(self, job: Job, one: FeedSubscription) -> None:
        """Begins to end a subscription, also one that its hub or its node changes meanwhile."""
        for _ in range(MAX_TRIES):
            if one.phase == "leaving" or await self._is_left(job, one):
                break
            found = await self._timeline.job(KIND, job.id)
            if found is None:
                break
            job, one = found, FeedSubscription.from_json(found.state)
        self._wake.set()

    async def _is_left(self, job: Job, one: FeedSubscription) -> bool:
        """Has a hub end a subscription, or removes one that no hub holds; False if it has changed meanwhile."""
        if one.phase == "denied" or not one.until:
            return await self._timeline.remove_job(KIND, job.id, job.state)
        return await self._timeline.replace_job(job, one.left().to_json(), self._clock())

    async def _put(self, feed: str, named: Named, predecessor: str = "") -> None:
        """Stores a pending subscription, with a callback and a secret of its own."""
        token = new_token()
        one = FeedSubscription(
            feed=feed,
            hub=named.hub,
            topic=named.topic,
            callback=f"{self._base}{token}",
            secret=new_secret(),
            predecessor=predecessor,
        )
        await self._timeline.put_job(Job(KIND, token, group_of(feed), one.to_json()), self._clock())
        self._wake.set()

    async def _work(self, lease: JobLease) -> None:
        one = FeedSubscription.from_json(lease.job.state)
        # A job that was replaced is the business of its next claim; while the store is down, the lease runs out.
        with contextlib.suppress(TimelineError, LeaseLostError):
            try:
                await self._do(lease, one)
            except PutBackError:
                await self._timeline.settle_job(lease, lease.job.state, self._hubs.later(one))

    async def _do(self, lease: JobLease, one: FeedSubscription) -> None:
        """Raises PutBackError, TimelineError and LeaseLostError."""
        match one.phase:
            case "pending":
                await self._subscribe(lease, one)
            case "active":
                await self._renew(lease, one)
            case "leaving":
                await self._unsubscribe(lease, one)
            case "denied":
                await self._begin_anew(lease.job, one)

    async def _subscribe(self, lease: JobLease, one: FeedSubscription) -> None:
        if one.feed not in self._followed:
            # Another node may have a newer list of feeds; a sweep removes what none follows.
            await self._timeline.settle_job(lease, one.to_json(), self._clock() + CONFIRM_SECONDS)
            return
        if one.is_accepted:
            one = replace(one, is_accepted=False, failures=one.failures + 1, problem=NOT_CONFIRMED)
        answer = await self._ask(one, "subscribe")
        now = self._clock()
        if answer.problem is None:
            due = now + max(CONFIRM_SECONDS, _backoff(one.failures))
            one = replace(one, is_accepted=True)
        else:
            one = replace(one, failures=one.failures + 1, problem=answer.problem)
            due = max(now + _backoff(one.failures), answer.retry_at)
        await self._timeline.settle_job(lease, one.to_json(), due)

    async def _renew(self, lease: JobLease, one: FeedSubscription) -> None:
        """Retires the predecessor of a new subscription; has the feed polled before a renewal; ends a lease."""
        now = self._clock()
        if now >= one.until:
            logger.info("The subscription of %s at %s has ended.", *_names(one))
            await self._begin_anew(lease.job, one)
            await self._timeline.make_due(one.feed)
            return
        if one.predecessor:
            old = await self._timeline.job(KIND, one.predecessor)
            if old:
                await self._leave(old, FeedSubscription.from_json(old.state))
            one = replace(one, predecessor="")
        if now < one.renew_at:
            await self._timeline.settle_job(lease, one.to_json(), one.renew_at)
            return
        followers = [other for _, other in await self._of(one.feed) if other.predecessor == lease.job.id]
        if followers:
            await self._timeline.settle_job(lease, one.to_json(), one.until)
        elif one.refetches < MAX_REFETCHES:
            await self._timeline.make_due(one.feed)
            one = replace(one, refetches=one.refetches + 1)
            await self._timeline.settle_job(lease, one.to_json(), min(now + REFETCH_SECONDS, one.until))
        else:
            await self._timeline.settle_job(lease, one.to_json(), one.until)
            await self._put(one.feed, Named(one.hub, one.topic), predecessor=lease.job.id)

    async def _unsubscribe(self, lease: JobLease, one: FeedSubscription) -> None:
        now = self._clock()
        if one.failures >= MAX_LEAVING_REQUESTS or now >= one.until:
            await self._timeline.remove_job(KIND, lease.job.id)
            return
        answer = await self._ask(one, "unsubscribe")
        one = replace(one, failures=one.failures + 1)
        due = max(self._clock() + CONFIRM_SECONDS, answer.retry_at)
        await self._timeline.settle_job(lease, one.to_json(), due)

    async def _begin_anew(self, job: Job, one: FeedSubscription) -> None:
        """Replaces a subscription that its hub does not hold by a pending one, unless there is another."""
        others = [other for other_job, other in await self._of(one.feed) if other_job.id != job.id]
        if one.feed in self._followed and all(other.phase == "leaving" for other in others):
            await self._put(one.feed, Named(one.hub, one.topic))
        await self._timeline.remove_job(KIND, job.id)

    async def _ask(self, one: FeedSubscription, mode: Mode) -> HubAnswer:
        """The answer of a hub. Raises PutBackError."""
        answer = await self._hubs.ask(one, mode, self._followed.get(one.feed))
        if answer.problem and answer.problem != one.problem:
            logger.info("%s cannot be subscribed at %s. %s", *_names(one), redaction.public_text(answer.problem))
        return answer


def _with_hub(states: Iterable[FeedState], followed: Mapping[str, FollowedFeed]) -> dict[str, FeedState]:
    return {state.url: state for state in states if (state.hub or state.pushed_until) and state.url in followed}


def _named(state: FeedState) -> Named | None:
    return Named(state.hub, state.topic) if state.hub and state.topic else None


def _backoff(failures: int) -> float:
    """Seconds until the next request, after so many failures."""
    seconds = min(MIN_BACKOFF_SECONDS * 2.0 ** min(max(failures - 1, 0), 30), MAX_BACKOFF_SECONDS)
    return seconds * (1 + 0.1 * random.random())


def _names(one: FeedSubscription) -> Sequence[str]:
    return redaction.public_url(one.topic), redaction.public_url(one.hub)
