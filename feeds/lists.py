"""Reads the lists of feeds that blogs follow elsewhere, as politely as feeds.

    for lease in timeline.claim_jobs("opml", now):
        answer = fetch(list)                     # feeds/fetch.py: a conditional GET with limits
        feeds = read(answer.body)                # opml/, in a process that can be killed
        timeline.settle_job(lease, feeds)        # each node then applies them, see opml/lists.py

A list that fails, is empty or is no OPML keeps the feeds of its last good document.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import opml
import redaction
from clock import MIN_JUMP_SECONDS
from config import Config, ConfigError
from feeds import schedule
from feeds.fetch import Answer, Fetcher, FetchError, Validators
from feeds.parser_pool import ParserKilledError, ParserPool
from opml.lists import KIND, MAX_FEEDS, FeedList, Lists, lists_of
from outbound.host_limits import HostPausedError, host_key
from plurals import counted
from timeline import Job, JobLease, LeaseLostError, Timeline

logger = logging.getLogger("livelog.feeds")

INTERVAL: Final = 3_600.0
MAX_INTERVAL: Final = 24 * 3_600.0
"""Seconds between two requests for a list, and the most that its publisher can ask for by ``max-age``."""

MAX_BYTES: Final = 2_000_000
MAX_AT_ONCE: Final = 4
MIN_LEASE_SECONDS: Final = 90.0
"""A lease lasts so long beyond ``fetch.timeout``: a list also waits for its host, and is read."""

FORGOTTEN_AFTER_SECONDS: Final = 30 * 24 * 3_600.0
"""A list that no node follows is forgotten after so long without a request, as a feed is."""


class _UnusableError(Exception):
    """An answer has no list. The message is a sentence."""


class ListRequests:
    """Requests lists. ``clock`` gives Unix seconds."""

    def __init__(self, fetcher: Fetcher, parser_pool: ParserPool, clock: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._parser_pool = parser_pool
        self._clock = clock

    async def request(self, url: str, before: FeedList) -> FeedList:
        """The list after a request: every failure is a state."""
        now = self._clock()
        try:
            answer = await self._answer(url, before)
            with contextlib.closing(answer):
                after = await self._read(answer, before)
        except HostPausedError as paused:
            return replace(before, next_at=paused.until)
        except (FetchError, _UnusableError, ParserKilledError) as error:
            return self._failed(before, error, now)
        max_age = min(max(answer.max_age or 0.0, INTERVAL), MAX_INTERVAL)
        return replace(
            after,
            status=answer.status,
            checked_at=now,
            ok_at=now,
            next_at=now + max_age * (1 + schedule.JITTER * random.random()),
            problem=None,
            failures=0,
            failing_since=0,
        )

    async def _answer(self, url: str, before: FeedList) -> Answer:
        validators = Validators(before.validated_url, before.etag, before.last_modified)
        async with self._fetcher.hosts.slot(host_key(url)):
            return await self._fetcher.get(url, validators, proven=before.ok_at > 0)

    async def _read(self, answer: Answer, before: FeedList) -> FeedList:
        """The list with the feeds of an answer. Raises _UnusableError and ParserKilledError."""
        if answer.status == 226:
            raise _UnusableError("The answer has only a part of the list.")
        if answer.status == 304:
            etag, last_modified = answer.etag or before.etag, answer.last_modified or before.last_modified
            return replace(before, etag=etag, last_modified=last_modified)
        validated = replace(before, validated_url=answer.url, etag=answer.etag, last_modified=answer.last_modified)
        if answer.digest == before.body_digest:
            return validated
        if len(answer.body) > MAX_BYTES:
            raise _UnusableError(f"The answer is larger than {MAX_BYTES} bytes.")
        try:
            work = partial(opml.read_list, answer.body, MAX_FEEDS)
            feeds, left_out, excess = await self._parser_pool.run(work, len(answer.body), proven=before.ok_at > 0)
        except ConfigError as error:
            raise _UnusableError(f"Its document is no list of feeds: {error.problems[-1]}.") from None
        return replace(validated, feeds=feeds, left_out=left_out, excess=excess, body_digest=answer.digest)

    def _failed(self, before: FeedList, error: Exception, now: float) -> FeedList:
        status, retry_after = (error.status, error.retry_after) if isinstance(error, FetchError) else (None, None)
        failures = before.failures + 1
        next_at = schedule.after_failure(now, None, failures, random.random(), status=status, retry_after=retry_after)
        if isinstance(error, FetchError) and error.host and (status == 429 or (status == 503 and retry_after)):
            self._fetcher.hosts.pause(error.host, next_at)
        return replace(
            before,
            status=status,
            checked_at=now,
            next_at=next_at,
            problem=str(error),
            failures=failures,
            failing_since=before.failing_since or now,
        )


class ListPoller:
    """Requests the lists that are due. ``clock`` gives Unix seconds, the timeline's if there is none."""

    def __init__(
        self,
        timeline: Timeline,
        fetcher: Fetcher,
        parser_pool: ParserPool,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._timeline = timeline
        self._clock = clock or timeline.now
        self._requests = ListRequests(fetcher, parser_pool, self._clock)

    async def poll_due(self, config: Config, known: Lists) -> bool:
        """Requests the lists of a configuration that are due; True if there were any. Raises TimelineError."""
        lists = lists_of(config)
        now = self._clock()
        for job_id in lists.keys() - known.stored:
            # The list is new, or its job was lost with the data of the store.
            state = known.states.get(job_id, FeedList())
            if await self._timeline.job(KIND, job_id):
                # Another node has put it since.
                continue
            await self._timeline.put_job(Job(KIND, job_id, KIND, state.to_json()), now)
        await self._pull_back(known, now)
        seconds = config.fetch.timeout + MIN_LEASE_SECONDS
        leases = await self._timeline.claim_jobs(KIND, now, MAX_AT_ONCE, seconds) if lists else ()
        polls = (self._poll(lease, lists.get(lease.job.id)) for lease in leases)
        for ended in await asyncio.gather(*polls, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended
        return bool(leases)

    async def _pull_back(self, known: Lists, now: float) -> None:
        """Makes lists due that were requested in the future: the clock was set back since."""
        for job_id, state in known.states.items():
            if state.checked_at >= now + MIN_JUMP_SECONDS and job_id in known.stored:
                pulled = replace(state, checked_at=now, ok_at=min(state.ok_at, now), next_at=now)
                await self._timeline.replace_job(Job(KIND, job_id, KIND, state.to_json()), pulled.to_json(), now)

    async def _poll(self, lease: JobLease, url: str | None) -> None:
        before = FeedList.from_json(lease.job.state)
        if url is None:
            await self._leave(lease, before)
            return
        after = await self._requests.request(url, before)
        with contextlib.suppress(LeaseLostError):
            # Another node has it: its result counts.
            await self._timeline.settle_job(lease, after.to_json(), after.next_at)
            _report(url, before, after, self._clock())

    async def _leave(self, lease: JobLease, known: FeedList) -> None:
        """Leaves a list to the nodes that follow it, and forgets it if there have been none for long."""
        now = self._clock()
        if now - known.checked_at > FORGOTTEN_AFTER_SECONDS:
            await self._timeline.remove_job(KIND, lease.job.id)
            return
        with contextlib.suppress(LeaseLostError):
            await self._timeline.settle_job(lease, lease.job.state, now + INTERVAL)


def _report(url: str, before: FeedList, after: FeedList, now: float) -> None:
    """Logs a list that begins to fail, recovers, or has other feeds."""
    name = redaction.public_url(url)
    if after.problem and after.problem != before.problem:
        wait = schedule.in_words(after.next_at - now)
        logger.warning("List %s: %s Its last good feeds stay. Next try in %s.", name, after.problem, wait)
    if before.problem and not after.problem:
        logger.warning("List %s: well again after %s.", name, counted(before.failures, "failed request"))
    old, new = ({feed.url for feed in state.feeds} for state in (before, after))
    if old != new:
        count = counted(len(new), "feed")
        logger.info("List %s: %s, %d new, %d gone.", name, count, len(new - old), len(old - new))
