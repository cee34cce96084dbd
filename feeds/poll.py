"""One poll of one feed, from the exchange to its result.

    answer   = fetcher.get(url, validators)        in a slot for exchanges
    document = parser_pool.parse(answer.body)      only if the body changed
    pages    = CatchUp(gap).run(read)              further pages, if the document lists no known entry
    result   = Polled(answer).changed(document)    entries, withdrawn entries, the feed's next state

A web page that names a feed leads to a second exchange, with that feed. Each failure becomes a result, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import redaction
from feeds import feed_gaps, redirects, schedule
from feeds.catch_up import CatchUp, Page
from feeds.concurrency import QUICK_SECONDS, ExchangeSlots, proven, room_of
from feeds.fetch import Answer, Fetcher, FetchError, Validators
from feeds.followed_feeds import FollowedFeed
from feeds.parser.document import Document, NotAFeedError, Reading
from feeds.parser.filter import Filter
from feeds.parser_pool import ParserKilledError, ParserPool
from feeds.result import Polled, Result, pause_of
from feeds.websub.trust import Active
from feedstate import FeedGap, FeedState
from outbound.host_limits import HostPausedError, host_key
from outbound.rooms import PutBackError

logger = logging.getLogger("livelog.feeds")

BUG: Final = "Livelog met a bug while polling it; the log has the details."

MAX_NAMED_FEEDS: Final = 3
"""Feeds of a web page that its problem names."""

MAX_ENTRIES_ON_LOOP: Final = 50
"""A document of more new entries is made into a result in a thread: 500 entries take about 10 ms."""


class Poll:
    """One poll of a followed feed, whose state before it is ``state``. ``clock`` gives Unix seconds.

    ``active`` is the feed's subscription at a hub, if it has one.
    """

    def __init__(
        self,
        followed: FollowedFeed,
        state: FeedState,
        slots: ExchangeSlots,
        fetcher: Fetcher,
        parser_pool: ParserPool,
        clock: Callable[[], float],
        active: Active | None = None,
    ) -> None:
        self._active = active
        self._followed = followed
        self._state = state.at(followed.url)
        if self._state.request != followed.request:
            # Validators of another request, or the hash of its answer, may belong to another document.
            self._state = _for_request(self._state, followed.request)
        self._slots = slots
        self._fetcher = fetcher
        self._parser_pool = parser_pool
        self._clock = clock
        # A blog that is new to the feed, or takes more of it, needs all entries: the feed is requested as if for the
        # first time.
        self._anew = bool(set(followed.uses) - set(self._state.blogs) or state.loosened(followed.filters))
        self._before = _forgetful(self._state) if self._anew else self._state
        is_same = state.address == followed.url and state.reading == followed.reading
        is_proven = state.validated_url is not None and is_same
        self._may_discover = not is_proven and self._before.found_url is None

    async def run(self) -> Result:
        """Polls the feed. Every outcome is a result: raises nothing but CancelledError."""
        try:
            return await self._with_discovery()
        except HostPausedError as paused:
            return Result(state=replace(self._state, next_at=paused.until), outcome="paused")
        except PutBackError as put_back:
            took = max(self._state.took, QUICK_SECONDS) if put_back.slow else self._state.took
            later = self._slots.later(self._clock())
            return Result(state=replace(self._state, next_at=later, took=took), outcome="paused")
        except Exception as error:
            return self.failed(error)

    def failed(self, error: Exception) -> Result:
        """The result of a poll that an exception ended; one that is not expected is logged, as a bug."""
        now = self._clock()
        problem = str(error) if isinstance(error, (FetchError, NotAFeedError, ParserKilledError)) else BUG
        if problem == BUG != self._state.problem:
            logger.error("Polling %s met a bug.", self._followed.name, exc_info=error)
        status, retry_after = (error.status, error.retry_after) if isinstance(error, FetchError) else (None, None)
        next_at = schedule.after_failure(
            now,
            self._followed.interval,
            self._state.failures + 1,
            random.random(),
            # 410 Gone is final for the configured URL alone, not for one that it led to.
            status=status if status != 410 or redirects.start(self._state, now) == self._followed.url else None,
            retry_after=retry_after,
        )
        no_feed_there = isinstance(error, NotAFeedError) or status in (404, 410)
        after = redirects.after_failure(self._state, no_feed_there=no_feed_there)
        took = error.took if isinstance(error, FetchError) else after.took
        return Result(
            state=replace(after.failed(problem, status, now, next_at), took=took),
            outcome="failed",
            pause=pause_of(error, now, next_at) if isinstance(error, FetchError) else None,
        )

    async def _with_discovery(self) -> Result:
        """The result of the configured URL, or of the feed that a web page there names."""
        try:
            return await self._polled(self._before)
        except NotAFeedError as error:
            if not error.feeds:
                raise
            if not self._may_discover:
                links = ", ".join(map(redaction.public_url, error.feeds[:MAX_NAMED_FEEDS]))
                raise NotAFeedError(f"{error} It links to {links}.", error.feeds) from None
            found = error.feeds[0]
        shown = redaction.public_url(found)
        try:
            result = await self._polled(replace(self._before, found_url=found))
        except (FetchError, NotAFeedError) as error:
            raise NotAFeedError(
                f"This is a web page, and the feed it names, {shown}, is of no use: {error}"
            ) from None
        logger.info("%s is a web page; its feed %s is followed.", self._followed.name, shown)
        return result

    async def _polled(self, before: FeedState) -> Result:
        validators = Validators(before.validated_url, before.etag, before.last_modified)
        answer, started = await self._exchange(before, None, validators)
        after = redirects.after_answer(before, answer.moved_to, started)
        with contextlib.closing(answer):
            is_known = answer.status == 304 or answer.digest == before.body_digest
            document = None if is_known else await self._parsed(before, answer)
        if document is None or len(document.listed) < MAX_ENTRIES_ON_LOOP:
            gap = self._gap(after, answer, document, started)
        else:
            gap = await asyncio.to_thread(self._gap, after, answer, document, started)
        catch_up = await self._caught_up(after, document, gap, started)
        polled = Polled(self._followed, replace(after, gap=catch_up.gap), answer, started, self._active)
        entries = catch_up.found + (len(document.entries) if document else 0)
        if entries < MAX_ENTRIES_ON_LOOP:
            return _result(polled, document, catch_up, self._clock())
        return await asyncio.to_thread(_result, polled, document, catch_up, self._clock())

    def _gap(self, after: FeedState, answer: Answer, document: Document | None, now: float) -> FeedGap | None:
        """The feed gap after an answer; ``document`` is None for a known one."""
        if document is None or answer.status != 200 or not set(self._followed.uses).intersection(after.blogs):
            return after.gap
        further = feed_gaps.further_page(answer.link, document.links, answer.url)
        if further is None and not document.whole:
            # A known entry may have been behind its end.
            return after.gap
        return feed_gaps.found(after, document, further, now)

    async def _caught_up(
        self, after: FeedState, document: Document | None, gap: FeedGap | None, now: float
    ) -> CatchUp:
        """Reads the further pages of a feed with an open gap."""
        catch_up = CatchUp(self._followed.name, after, gap, document, self._fetcher.max_bytes)
        if gap and gap.url and gap.due <= now:
            await catch_up.run(functools.partial(self._page, after), self._clock)
        return catch_up

    async def _page(self, after: FeedState, url: str) -> Page:
        """A further page, which is requested and read as the feed is."""
        answer, _ = await self._exchange(after, url)
        with contextlib.closing(answer):
            document = await self._parsed(after, answer)
        further = feed_gaps.further_page(answer.link, document.links, answer.url)
        return Page(document, further, len(answer.body))

    async def _exchange(
        self, before: FeedState, page: str | None, validators: Validators | None = None
    ) -> tuple[Answer, float]:
        """The answer of a further page, or of the feed; and when the request was sent: intervals count from then."""
        host = host_key(page) if page else self._followed.host
        async with self._slots.slot(host, room_of(self._state)):
            started = self._clock()
            followed = self._followed
            answer = await self._fetcher.get(
                page or redirects.start(before, started),
                validators,
                named=followed.named_by_operator,
                own=followed.own,
                proven=proven(before),
                is_page=followed.selectors is not None,
            )
            return answer, started

    async def _parsed(self, before: FeedState, answer: Answer) -> Document:
        reading = Reading(
            body=answer.body,
            url=self._followed.url,
            name=before.named,
            base=answer.url,
            content_type=answer.content_type,
            known=before.listed,
            known_at=before.ok_at,
            former_site=before.site_url,
            anew=self._anew,
            filters=filters_of(self._followed),
            max_bytes=self._fetcher.max_bytes,
            selectors=self._followed.selectors,
        )
        return await self._parser_pool.parse(reading, proven=proven(before))


def _result(polled: Polled, document: Document | None, catch_up: CatchUp, now: float) -> Result:
    """The result of an answer, whose ``document`` is None if it is known, and of further pages."""
    result = polled.changed(catch_up.joined(document), now) if document else polled.unchanged()
    return catch_up.decided(polled, result, now)


def _for_request(state: FeedState, request: str) -> FeedState:
    """The state of a feed whose request changes, or whose selectors: then all blogs get its entries as a backfill."""
    changed = replace(_forgetful(state), request=request)
    return changed if changed.reading == state.reading else replace(changed, blogs=(), found_url=None, gap=None)


def filters_of(followed: FollowedFeed) -> dict[str, Filter]:
    """The filters of the blogs that have one."""
    return {
        blog: Filter(include=feed.include, exclude=feed.exclude)
        for blog, feed in followed.uses.items()
        if feed.include or feed.exclude
    }


def _forgetful(state: FeedState) -> FeedState:
    """The state of a feed that is requested as if for the first time."""
    return replace(state, validated_url=None, etag=None, last_modified=None, body_digest=None)
