"""The result of a poll, and how it is made from an answer and a document. Pure, except for random jitter."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal

from config import Feed
from entries import Entry, digest_version
from feeds import schedule, withdrawal
from feeds.fetch import Answer, FetchError
from feeds.followed_feeds import FollowedFeed
from feeds.parser.document import Document
from feeds.positions import LATE_AFTER, positioned
from feeds.websub import discovery, trust
from feeds.websub.trust import Active
from feedstate import FeedState, Marks

CUT_OFF: Final = "The document breaks off before its end."

MAX_PARTIAL_MARKS: Final = 2_000
"""Entries of partial answers (226) that are kept as listed."""

Outcome = Literal["new", "unchanged", "failed", "paused"]
"""``new``: there are entries to commit; ``unchanged``: none; ``paused``: nothing was sent, the host is paused."""

GapOutcome = Literal["closed", "missed"]
"""``closed``: further pages had the entries of a feed gap; ``missed``: none did."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause until a Unix time that a publisher asked for, for all feeds of a host (a `host_key`)."""

    host: str
    until: float


def pause_of(error: FetchError, now: float, next_at: float) -> Pause | None:
    """The pause that a publisher asks for: 429 Too Many Requests, or 503 with a Retry-After."""
    if error.host is None or (error.status != 429 and not (error.status == 503 and error.retry_after)):
        return None
    return Pause(error.host, now + error.retry_after if error.retry_after else next_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a poll: the feed's next state, entries with positions, (blog, id) of entries to withdraw.

    ``slow_patterns`` are blogs and patterns of their filters that took too long. ``delays`` are the seconds from the
    dates of new entries to when they were seen. ``gap`` is the outcome of a feed gap that the poll decided.
    """

    state: FeedState
    outcome: Outcome
    entries: Sequence[Entry] = ()
    withdrawn: Sequence[tuple[str, str]] = ()
    pause: Pause | None = None
    slow_patterns: Sequence[tuple[str, str]] = ()
    delays: Sequence[float] = ()
    gap: GapOutcome | None = None


@dataclass(frozen=True, slots=True)
class Polled:
    """A poll that got an answer. ``before`` is the state before it, ``started`` the Unix time of the request.

    ``active`` is the feed's subscription at a hub, if it has one.
    """

    followed: FollowedFeed
    before: FeedState
    answer: Answer
    started: float
    active: Active | None = None

    @property
    def uses(self) -> Iterable[tuple[str, Feed]]:
        """The blogs that use the feed, each with its configuration of it."""
        return self.followed.uses.items()

    def unchanged(self) -> Result:
        """The result of an answer without a new document (304, or the bytes of the last one).

        A 304 replaces the validators that it carries, a 200 replaces both (RFC 9111 §3.2).
        """
        before, answer = self.before, self.answer
        if answer.status == 304:
            after = replace(
                before,
                etag=answer.etag or before.etag,
                last_modified=answer.last_modified or before.last_modified,
                max_age=before.max_age if answer.max_age is None else answer.max_age,
                took=answer.took,
            )
        else:
            after = self._validated(before, before.body_digest)
        gone: list[str] = []
        if self.followed.withdraws and any(mark.absent for mark in before.listed.values()):
            # The second document in a row that leaves out the absent entries.
            present = {entry_id: mark for entry_id, mark in before.listed.items() if not mark.absent}
            listed, gone = withdrawal.compared(before.listed, present)
            after = replace(after, listed=listed)
        if (filters := self._filters()) != after.filters:
            after = replace(after, filters=filters)
        if named := discovery.find_in_header(answer.link, answer.url):
            after = replace(after, hub=named.hub, topic=named.topic)
        after = trust.after_poll(after, (), self.active, self.started)
        return Result(state=self._succeeded(after, whole=True), outcome="unchanged", withdrawn=self._left_out(gone))

    def changed(self, document: Document, now: float) -> Result:
        """The result of a document. New entries get the position ``now``, in Unix seconds."""
        listed, gone = self._compared(document)
        after = self._described(document)
        after = self._validated(after, self.answer.digest if document.whole else None)
        is_read = document.whole or bool(document.listed)
        filters = self._filters() if is_read else self.before.filters
        after = replace(after, listed=listed, blogs=self._served(document), filters=filters)
        entries = [entry for blog, feed in self.uses for entry in self._entries(document, blog, feed, now)]
        news = self._news(document)
        delays = self._delays(news, entries)
        filtered = self._rejected_by_all(document, news)
        after = replace(after, listing=len(listed))
        after = after.counted(now, taken=len(news) - filtered, filtered=filtered, delays=delays)
        after = trust.after_poll(after, self._dates(document, news), self.active, self.started)
        return Result(
            state=self._succeeded(after, whole=document.whole),
            outcome="new" if entries else "unchanged",
            entries=entries,
            withdrawn=[*self._revoked(document), *self._left_out(gone)],
            slow_patterns=document.slow_patterns,
            delays=delays,
        )

    def caught_up(self, result: Result, pages: Document, floor: float, now: float) -> Result:
        """The result of the poll, with the entries of further ``pages`` that an earlier poll could not read.

        They are sorted in by their dates, below those that have been shown since, and are news all the same; unless
        they are dated before ``floor``.
        """
        pages = replace(pages, entries=tuple(map(self._of_feed, pages.entries)))
        uses = [(blog, feed) for blog, feed in self.uses if blog in self.before.blogs]
        entries = [
            entry
            for blog, feed in uses
            for entry in positioned(
                self._accepted(pages, blog, feed),
                blog,
                now,
                backfill=pages.renamed,
                late_after=0,
                old_before=min(self._old_before(now), floor),
            )
        ]
        news = self._news(pages)
        filtered = self._rejected_by_all(pages, news)
        return replace(
            result,
            state=result.state.counted(now, taken=len(news) - filtered, filtered=filtered),
            outcome="new" if entries else result.outcome,
            entries=[*entries, *result.entries],
            withdrawn=[*result.withdrawn, *self._revoked(pages)],
            slow_patterns=[*result.slow_patterns, *pages.slow_patterns],
        )

    def pushed(self, document: Document, now: float) -> Result:
        """The result of a document that a hub has pushed: a partial answer, which changes no time of a poll.

        A push can have another title than the feed (YouTube's has): a known title and site stay. A blog that is new
        to the feed gets its entries with the next poll.
        """
        before = self.before
        document = replace(document, entries=tuple(map(self._of_feed, document.entries)), renamed=False)
        polled = {entry_id for entry_id, mark in before.listed.items() if not mark.pushed}
        joined, _ = self._compared(document)
        listed = Marks({i: mark if i in polled else mark._replace(pushed=True) for i, mark in joined.items()})
        uses = [(blog, feed) for blog, feed in self.uses if blog in before.blogs]
        taken = [entry for blog, feed in uses for entry in self._entries(document, blog, feed, now)]
        news = self._news(document)
        delays = self._delays(news, taken)
        filtered = self._rejected_by_all(document, news)
        after = replace(before, listed=listed, listing=len(listed), newest=self._newest(document, now))
        after = after.counted(now, taken=len(news) - filtered, filtered=filtered, delays=delays)
        return Result(
            state=trust.after_push(after, now, has_news=bool(news)),
            outcome="new" if taken else "unchanged",
            entries=taken,
            withdrawn=self._revoked(document),
            slow_patterns=document.slow_patterns,
            delays=delays,
        )

    def _of_feed(self, entry: Entry) -> Entry:
        """The entry with title and site of the feed, where they are known."""
        title, site = self.before.title, self.before.site_url
        return replace(entry, source=replace(entry.source, title=title, url=site)) if title else entry

    def _dates(self, document: Document, news: set[str]) -> list[float]:
        """The dates of new entries, 0 for none; none at all of a feed whose old entries have new guids."""
        if document.renamed:
            return []
        dated = ((entry, entry.published or entry.modified) for entry in document.entries if entry.id in news)
        return [date.timestamp() if date else 0.0 for _, date in dated]

    def _news(self, document: Document) -> set[str]:
        """The ids of entries that the last document did not list."""
        return {entry.id for entry in document.entries if entry.id not in self.before.listed}

    def _rejected_by_all(self, document: Document, news: set[str]) -> int:
        rejected = [document.refused.get(blog, frozenset()) for blog, _ in self.uses]
        return len(news.intersection(*rejected)) if rejected else 0

    def _delays(self, news: set[str], entries: Iterable[Entry]) -> list[float]:
        """The seconds from an entry's date to now, of new entries that were published since the last poll or so."""
        dated = {e.id: e.seen / 1e6 - e.published.timestamp() for e in entries if e.published and not e.backfilled}
        return [max(delay, 0.0) for entry_id, delay in dated.items() if entry_id in news]

    def _compared(self, document: Document) -> tuple[Marks, list[str]]:
        """The marks to keep, and the ids of entries that are left out for the second time."""
        before = self.before.listed
        if self.answer.status == 226:
            # A partial answer (RFC 3229) leaves out the entries that have not changed.
            joined = {**document.listed, **{i: mark for i, mark in before.items() if i not in document.listed}}
            return Marks(dict(islice(joined.items(), MAX_PARTIAL_MARKS))), []
        if document.renamed:
            return document.listed, []
        if not self.followed.withdraws or not document.whole:
            return self._with_pushed(document.listed), []
        return withdrawal.compared(before, document.listed)

    def _with_pushed(self, listed: Marks) -> Marks:
        """The marks of a document, and those of newer entries that a hub has pushed and no poll has found.

        A cache can answer with a document that is older than the push: the next one would seem to make up for it.
        """
        oldest = min((mark.dated for mark in listed.values() if mark.dated), default=0)
        kept = {
            entry_id: mark
            for entry_id, mark in self.before.listed.items()
            if mark.pushed and 0 < oldest < mark.dated and entry_id not in listed
        }
        return Marks({**listed, **dict(islice(kept.items(), MAX_PARTIAL_MARKS))}) if kept else listed

    def _described(self, document: Document) -> FeedState:
        """The state with a document's metadata of its feed."""
        before, whole, wishes = self.before, document.whole, document.wishes
        named = discovery.find(self.answer.link, document.links, self.answer.url)
        # A document that is partial, or was cut off, can lack the links.
        is_said = named is not None or (whole and self.answer.status == 200)
        return replace(
            before,
            hub=named and named.hub if is_said else before.hub,
            topic=named and named.topic if is_said else before.topic,
            title=document.title or (None if whole else before.title),
            site_url=document.site_url or (None if whole else before.site_url),
            ttl=wishes.ttl,
            skip_hours=wishes.skip_hours,
            skip_days=wishes.skip_days,
            newest=self._newest(document, self.started),
        )

    def _newest(self, document: Document, at: float) -> tuple[float, ...]:
        dates = {moment.timestamp() for entry in document.entries if (moment := entry.published or entry.modified)}
        past = (date for date in {*self.before.newest, *dates} if date <= at)
        return tuple(sorted(past, reverse=True)[: schedule.SAMPLE_SIZE])

    def _validated(self, state: FeedState, body_digest: str | None) -> FeedState:
        """The state with the answer's validators; without any if its body was cut off (``body_digest`` is None)."""
        answer, whole = self.answer, body_digest is not None
        return replace(
            state,
            validated_url=answer.url if whole else None,
            etag=answer.etag if whole else None,
            last_modified=answer.last_modified if whole else None,
            body_digest=body_digest,
            max_age=answer.max_age or 0,
            took=answer.took,
        )

    def _served(self, document: Document) -> tuple[str, ...]:
        """The blogs that have had the feed's entries, after this document."""
        return tuple(sorted(self.followed.uses)) if document.whole or document.listed else self.before.blogs

    def _filters(self) -> tuple[str, ...]:
        """The filters of all blogs, as `FeedState` has them."""
        return tuple(f"{blog} {digest}" for blog, digest in sorted(self.followed.filters.items()) if digest)

    def _entries(self, document: Document, blog: str, feed: Feed, now: float) -> list[Entry]:
        """The document's entries as one blog accepts them."""
        accepted = self._accepted(document, blog, feed)
        # A feed that lists none of its earlier entries lists old entries under new guids.
        # Filters that are changed let older entries through.
        is_changed = blog in self.before.loosened(self.followed.filters)
        backfill = blog not in self.before.blogs or document.renamed or is_changed
        return positioned(accepted, blog, now, backfill=backfill, old_before=self._old_before(now))

    def _accepted(self, document: Document, blog: str, feed: Feed) -> list[Entry]:
        """The document's entries that the filter of a blog accepts."""
        rejected = document.refused.get(blog, frozenset())
        return [_labelled(entry, feed) for entry in document.entries if entry.id not in rejected]

    def _old_before(self, now: float) -> float:
        """The time before which an entry is dated that an earlier poll could have found: one that is not new.

        Judged by the polls and dates of the feed itself: by a clock that is ahead, every post is old.
        """
        checked = min(now, self.before.ok_at or now) - LATE_AFTER.total_seconds()
        return min(checked, max(self.before.newest, default=checked))

    def _revoked(self, document: Document) -> list[tuple[str, str]]:
        """Entries withdrawn by tombstones from all blogs, and entries that a blog rejects after a correction."""
        tombstones = [(blog, entry_id) for blog, _ in self.uses for entry_id in document.withdrawn]
        had = self.before.blogs
        same = {entry.id for entry in document.entries if self._is_as_known(entry)}
        rejected = [(blog, i) for blog, ids in document.refused.items() if blog in had for i in ids - same]
        return tombstones + rejected

    def _is_as_known(self, entry: Entry) -> bool:
        """True for an entry that is read anew, and not corrected since: another filter withdraws nothing."""
        known = self.before.listed.get(entry.id)
        if known is None:
            return False
        return known.digest == entry.digest or digest_version(known.digest) != digest_version(entry.digest)

    def _left_out(self, gone: Sequence[str]) -> list[tuple[str, str]]:
        """Entries that were left out twice, of the blogs with ``withdraw: true``."""
        return [(blog, entry_id) for blog, feed in self.uses if feed.withdraw for entry_id in gone]

    def _succeeded(self, after: FeedState, *, whole: bool) -> FeedState:
        """The state with the outcome and the time of the next poll."""
        status = self.answer.status
        next_at = schedule.after_answer(after, self.started, self.followed.interval, random.random())
        next_at = schedule.catching_up(after, next_at, self.started)
        succeeded = after.succeeded(status, self.started, next_at)
        if whole:
            return succeeded
        # Counted as a failure, without a longer interval: the next document may be whole.
        failing = replace(succeeded, failures=after.failures, failing_since=after.failing_since)
        return failing.failed(CUT_OFF, status, self.started, next_at)


def _labelled(entry: Entry, feed: Feed) -> Entry:
    """The entry with the source title and the tags that a blog's configuration gives its feed."""
    if not feed.title and not feed.tags:
        return entry
    source = replace(entry.source, title=feed.title) if feed.title else entry.source
    return replace(entry, source=source, tags=tuple(dict.fromkeys((*entry.tags, *feed.tags))))
