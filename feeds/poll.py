"""One poll of one feed: asked, read, and made into what is to be committed.

Follow it by reading `Poll` downwards. What goes wrong with a feed comes out of `Poll.run` as an exception whose
message is a sentence, and `failed` makes it into the feed's next state.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import urls
from config import Blog, Feed
from entries import Entry
from feeds import redirects, schedule, withdrawal
from feeds.concurrency import QUICK_SECONDS
from feeds.fetch import Answer, Fetcher, FetchError, Validators
from feeds.parser.document import Document, NotAFeedError, Reading
from feeds.parser.filter import Filter
from feeds.parser_pool import ParserKilledError, ParserPool
from feeds.positions import place
from feedstate import FeedState, Marks

logger = logging.getLogger("livelog.feeds")

CUT_OFF: Final = "The document breaks off before its end."
BUG: Final = "Livelog met a bug while polling it; the log has the details."

MOST_PARTIAL: Final = 2_000
"""How many entries of partial answers (226) are remembered as listed."""


MOST_AT_ONCE: Final = 50
"""How many entries are placed on the event loop."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the configuration says of one feed: it is fetched once, however many blogs use it."""

    url: str
    interval: float | None
    uses: Mapping[str, Feed] = field(default_factory=dict)

    @property
    def withdraws(self) -> bool:
        """Whether any blog takes entries that are left out for withdrawn."""
        return any(feed.withdraw for feed in self.uses.values())


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be committed: the feed's next state, entries in their places, (blog, id) of what was withdrawn."""

    state: FeedState
    entries: Sequence[Entry] = ()
    withdrawn: Sequence[tuple[str, str]] = ()


def plans(blogs: Iterable[Blog]) -> dict[str, Plan]:
    """The feeds of all blogs, each once; where blogs differ in the interval, the shortest that is named counts."""
    found: dict[str, Plan] = {}
    for blog in blogs:
        for feed in blog.feeds:
            plan = found.setdefault(feed.url, Plan(feed.url, None))
            named = [interval for interval in (plan.interval, feed.interval) if interval is not None]
            found[feed.url] = Plan(feed.url, min(named, default=None), {**plan.uses, blog.slug: feed})
    return found


def proven(state: FeedState) -> bool:
    """Whether a feed can be expected to answer soon: it did, the last time it was asked."""
    return bool(state.ok_at) and not state.failures and state.took < QUICK_SECONDS


def failed(plan: Plan, state: FeedState, error: Exception, now: float) -> FeedState:
    """A feed's state after a poll that failed."""
    expected = isinstance(error, (FetchError, NotAFeedError, ParserKilledError))
    status, retry_after = (error.status, error.retry_after) if isinstance(error, FetchError) else (None, None)
    for_good = isinstance(error, NotAFeedError) or status in (404, 410)
    # Only what the configuration names can be gone for good.
    counts = status != 410 or redirects.start(state, now) == state.url
    next_at = schedule.after_failure(
        now,
        plan.interval,
        state.failures + 1,
        random.random(),
        status=status if counts else None,
        retry_after=retry_after,
    )
    after = redirects.after_failure(state, for_good=for_good)
    return after.failed(str(error) if expected else BUG, status, now, next_at)


class Poll:
    """One poll. ``turn`` is waited for before each exchange; ``clock`` gives Unix seconds."""

    def __init__(
        self,
        plan: Plan,
        state: FeedState,
        turn: Callable[[], AbstractAsyncContextManager[None]],
        fetcher: Fetcher,
        sandbox: ParserPool,
        clock: Callable[[], float],
    ) -> None:
        self._plan = plan
        self._turn = turn
        self._fetcher = fetcher
        self._sandbox = sandbox
        self._clock = clock
        self._started = clock()
        self._may_discover = state.validated_url is None
        # A blog that is new to the feed needs all of its entries: ask as if for the first time.
        self._before = _forgetful(state) if set(plan.uses) - set(state.blogs) else state

    async def run(self) -> Result:
        """Polls. Raises FetchError, HostPausedError, NotAFeedError and ParserKilledError."""
        try:
            return await self._run(self._before)
        except NotAFeedError as error:
            if not error.feeds or not self._may_discover or self._before.found_url:
                raise
            return await self._discover(error.feeds[0])

    async def _discover(self, found: str) -> Result:
        """Polls the feed that a web page names."""
        try:
            result = await self._run(replace(self._before, found_url=found))
        except (FetchError, NotAFeedError) as error:
            raise NotAFeedError(
                f"This is a web page, and the feed it names, {urls.without_credentials(found)}, is of no use: {error}"
            ) from None
        logger.info(
            "%s is a web page; its feed %s is followed.",
            urls.without_credentials(self._plan.url),
            urls.without_credentials(found),
        )
        return result

    async def _run(self, before: FeedState) -> Result:
        with contextlib.closing(await self._ask(before)) as answer:
            return await self._made_of(before, answer)

    async def _made_of(self, before: FeedState, answer: Answer) -> Result:
        before = redirects.after_answer(before, answer.moved_to, self._started)
        if answer.status == 304 or answer.digest == before.body_digest:
            return self._unchanged(before, answer)
        document = await self._read(before, answer)
        listed, gone = self._compared(before, document, partial=answer.status == 226)
        after = _validated(_told(before, document, self._started), answer, answer.digest if document.whole else None)
        after = replace(after, listed=listed, blogs=self._served(before, document))
        return Result(
            self._succeeded(after, answer, whole=document.whole),
            await self._all_placed(before, document),
            [*self._revoked(before, document), *self._withdrawn(gone)],
        )

    async def _ask(self, before: FeedState) -> Answer:
        validators = Validators(before.validated_url, before.etag, before.last_modified)
        async with self._turn():
            # Intervals count from here: what a publisher sees is when it was asked.
            self._started = self._clock()
            start = redirects.start(before, self._started)
            return await self._fetcher.get(start, validators, named=self._plan.url, suspect=not proven(before))

    async def _read(self, before: FeedState, answer: Answer) -> Document:
        filters = {
            blog: Filter(include=feed.include, exclude=feed.exclude)
            for blog, feed in self._plan.uses.items()
            if feed.include or feed.exclude
        }
        reading = Reading(
            body=answer.body,
            url=self._plan.url,
            base=answer.url,
            content_type=answer.content_type,
            known=before.listed,
            filters=filters,
            max_bytes=self._fetcher.max_bytes,
        )
        return await self._sandbox.parse(reading, suspect=not proven(before))

    def _unchanged(self, before: FeedState, answer: Answer) -> Result:
        """After a 304 validators are replaced where it carries new ones; a 200 replaces both (RFC 9111 §3.2)."""
        gone: list[str] = []
        if answer.status == 304:
            after = replace(
                before,
                etag=answer.etag or before.etag,
                last_modified=answer.last_modified or before.last_modified,
                max_age=before.max_age if answer.max_age is None else answer.max_age,
                took=answer.took,
            )
        else:
            after = _validated(before, answer, before.body_digest)
        if self._plan.withdraws and any(mark.absent for mark in before.listed.values()):
            # The same document once more leaves out what it left out.
            present = {entry_id: mark for entry_id, mark in before.listed.items() if not mark.absent}
            listed, gone = withdrawal.compared(before.listed, present)
            after = replace(after, listed=listed)
        return Result(self._succeeded(after, answer, whole=True), withdrawn=self._withdrawn(gone))

    def _compared(self, before: FeedState, document: Document, *, partial: bool) -> tuple[Marks, list[str]]:
        """What to remember as listed, and what was left out for the second time."""
        if partial:
            # Absence says nothing here (RFC 3229).
            joined = {**document.listed, **{i: mark for i, mark in before.listed.items() if i not in document.listed}}
            return Marks(dict(islice(joined.items(), MOST_PARTIAL))), []
        if not self._plan.withdraws or not document.whole or document.renamed:
            return document.listed, []
        return withdrawal.compared(before.listed, document.listed)

    def _served(self, before: FeedState, document: Document) -> tuple[str, ...]:
        """The blogs that have had the feed's entries, after this document."""
        return tuple(sorted(self._plan.uses)) if document.whole or document.listed else before.blogs

    async def _all_placed(self, before: FeedState, document: Document) -> list[Entry]:
        """The document's entries as all blogs take them."""

        def work() -> list[Entry]:
            return [entry for use in self._plan.uses.items() for entry in self._placed(before, document, *use)]

        # Hundreds of entries take longer than the event loop should be kept waiting.
        return work() if len(document.entries) < MOST_AT_ONCE else await asyncio.to_thread(work)

    def _placed(self, before: FeedState, document: Document, blog: str, feed: Feed) -> list[Entry]:
        """The document's entries as one blog takes them."""
        refused = document.refused.get(blog, frozenset())
        taken = [_as_named(entry, feed) for entry in document.entries if entry.id not in refused]
        # Entries of a feed that suddenly lists none of those it had are old ones, too, under new names.
        backfill = blog not in before.blogs or document.renamed
        return place(taken, blog, self._clock(), backfill=backfill)

    def _revoked(self, before: FeedState, document: Document) -> list[tuple[str, str]]:
        """What tombstones take from all blogs, and what a correction made a blog refuse."""
        taken_back = [(blog, entry_id) for blog in self._plan.uses for entry_id in document.withdrawn]
        refused = [(blog, i) for blog, ids in document.refused.items() if blog in before.blogs for i in ids]
        return taken_back + refused

    def _withdrawn(self, gone: Sequence[str]) -> list[tuple[str, str]]:
        """What is taken from the blogs that believe in being left out."""
        return [(blog, entry_id) for blog, feed in self._plan.uses.items() if feed.withdraw for entry_id in gone]

    def _succeeded(self, after: FeedState, answer: Answer, *, whole: bool) -> FeedState:
        next_at = schedule.after_answer(after, self._started, self._plan.interval, random.random())
        well = after.succeeded(answer.status, self._started, next_at)
        if whole:
            return well
        # It has taken no harm that a back-off could mend.
        unwell = replace(well, failures=after.failures, failing_since=after.failing_since)
        return unwell.failed(CUT_OFF, answer.status, self._started, next_at)


def _as_named(entry: Entry, feed: Feed) -> Entry:
    """The entry with the title and the tags that a blog gives its feed."""
    if not feed.title and not feed.tags:
        return entry
    source = replace(entry.source, title=feed.title) if feed.title else entry.source
    return replace(entry, source=source, tags=tuple(dict.fromkeys((*entry.tags, *feed.tags))))


def _forgetful(state: FeedState) -> FeedState:
    return replace(state, validated_url=None, etag=None, last_modified=None, body_digest=None, listed=Marks())


def _validated(state: FeedState, answer: Answer, body_digest: str | None) -> FeedState:
    """With the validators of an answer whose body has this digest; without any where the body was cut off (None)."""
    whole = body_digest is not None
    return replace(
        state,
        validated_url=answer.url if whole else None,
        etag=answer.etag if whole else None,
        last_modified=answer.last_modified if whole else None,
        body_digest=body_digest,
        max_age=answer.max_age or 0,
        took=answer.took,
    )


def _told(before: FeedState, document: Document, started: float) -> FeedState:
    """With what a document tells of its feed."""
    whole, wishes = document.whole, document.wishes
    dates = {moment.timestamp() for entry in document.entries if (moment := entry.published or entry.modified)}
    past = (date for date in {*before.newest, *dates} if date <= started)
    return replace(
        before,
        title=document.title or (None if whole else before.title),
        site_url=document.site_url or (None if whole else before.site_url),
        ttl=wishes.ttl,
        skip_hours=wishes.skip_hours,
        skip_days=wishes.skip_days,
        newest=tuple(sorted(past, reverse=True)[: schedule.SAMPLE]),
    )
