"""Documents that a hub has pushed: parsed in their order, and made into one result, without a request.

A document that cannot be read is dropped; a poll makes up for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import redaction
from feeds.concurrency import proven
from feeds.fetch import Answer
from feeds.followed_feeds import FollowedFeed
from feeds.parser.document import NotAFeedError, Reading
from feeds.parser_pool import ParserKilledError, ParserPool
from feeds.poll import filters_of
from feeds.result import Polled, Result
from feedstate import FeedState
from timeline.feed_jobs import Lease, Push

logger = logging.getLogger("livelog.feeds")

MIN_POLL_SECONDS: Final = 60.0
"""Time from a poll to the one that makes up for an unreadable push: a hub must not have us poll at its pace."""

IM_USED: Final = 226
"""A push is like the answer of a poll with the entries that are new (RFC 3229)."""


class Pushed:
    """The pushes that a lease of a followed feed came with. ``clock`` gives Unix seconds."""

    def __init__(
        self,
        followed: FollowedFeed,
        lease: Lease,
        parser_pool: ParserPool,
        clock: Callable[[], float],
        max_bytes: int,
    ) -> None:
        self._followed = followed
        self._lease = lease
        self._parser_pool = parser_pool
        self._clock = clock
        self._max_bytes = max_bytes

    async def read(self) -> Result:
        """The result of all pushes, oldest first: what is known after one is known before the next.

        The rest is dropped after one that cost a process: each could cost another.
        """
        result = Result(state=self._lease.state, outcome="unchanged")
        for push in self._lease.pushes:
            try:
                result = _joined(result, await self._read(result.state, push))
            except ParserKilledError as error:
                self._report(error)
                return _joined(result, unreadable(result.state, self._clock()))
        return result

    async def _read(self, state: FeedState, push: Push) -> Result:
        followed, base = self._followed, state.validated_url or self._followed.url
        reading = Reading(
            body=push.body,
            url=followed.url,
            name=state.named,
            base=base,
            content_type=push.content_type,
            known=state.listed,
            known_at=state.ok_at,
            former_site=state.site_url,
            filters=filters_of(followed),
            max_bytes=self._max_bytes,
            selectors=followed.selectors,
        )
        try:
            document = await self._parser_pool.parse(reading, proven=proven(state))
        except NotAFeedError as error:
            self._report(error)
            return unreadable(state, self._clock())
        answer = Answer(IM_USED, base, None, None, push.content_type, push.body)
        now = self._clock()
        return Polled(followed, state, answer, now).pushed(document, now)

    def _report(self, error: Exception) -> None:
        logger.info("%s: a push was dropped. %s", self._followed.name, redaction.public_text(str(error)))


def unreadable(state: FeedState, now: float) -> Result:
    """The result of a push that cannot be read: the feed is due."""
    due = max(now, state.checked_at + MIN_POLL_SECONDS)
    return Result(state=replace(state, next_at=min(state.next_at, due)), outcome="failed")


def _joined(first: Result, then: Result) -> Result:
    """The result of both, as one commit: each entry once, in its later form."""
    entries = {(entry.blog, entry.id): entry for entry in (*first.entries, *then.entries)}
    again = {(entry.blog, entry.id) for entry in then.entries}
    return replace(
        then,
        outcome="new" if entries else then.outcome,
        entries=tuple(entries.values()),
        withdrawn=(*(one for one in first.withdrawn if one not in again), *then.withdrawn),
        slow_patterns=(*first.slow_patterns, *then.slow_patterns),
        delays=(*first.delays, *then.delays),
    )
