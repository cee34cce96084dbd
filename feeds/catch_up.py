"""Catches up on a feed gap: reads further pages of a feed, newest first, until one lists a known entry.

    while gap.url and not too much for one poll:
        page = read(gap.url)                a failure leaves the gap open, and later polls read on from that page
        entries += missed(page)
        gap      = None if the page reaches a known entry, else beyond(gap, page)

The gap that is left is stored with the entries, so whatever ends the process loses and repeats nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, NamedTuple

import redaction
from feeds import feed_gaps
from feeds.fetch import FetchError
from feeds.parser.document import Document, NotAFeedError
from feeds.parser_pool import ParserKilledError
from feeds.result import GapOutcome, Polled, Result, pause_of
from feedstate import FeedGap, FeedState
from outbound.host_limits import HostPausedError
from outbound.rooms import PutBackError
from plurals import counted

logger = logging.getLogger("livelog.feeds")

MAX_PAGES: Final = 10
MAX_ENTRIES: Final = 5_000
MAX_SECONDS: Final = 15.0
"""Pages, entries and seconds of one poll, whose own document waits for them; the next poll reads on."""

MAX_PAGES_OF_GAP: Final = 100
MAX_FAILURES: Final = 24
"""Pages that are read for a gap, and the tries in a row of one that cannot be read: most of a day.

Tries, and not time: a server that is off for days tries nothing meanwhile."""

MIN_WAIT_SECONDS: Final = 60.0
MAX_WAIT_SECONDS: Final = 3_600.0
"""Wait after a page that could not be read: twice as long after each failure, within these."""

CUT_OFF: Final = "It breaks off before its end."


class Page(NamedTuple):
    """A further page: its document, the URL of the page behind it, and the size of its body in bytes."""

    document: Document
    further: str | None
    size: int


class CatchUp:
    """The further pages that a poll reads for a gap. ``before`` is the state before the poll, ``document`` the feed's
    own: None if it is known; ``name`` is that of the feed in the log.

    ``gap`` is the one that is left: None if it is closed. ``pages`` have the entries that were found.
    """

    def __init__(
        self, name: str, before: FeedState, gap: FeedGap | None, document: Document | None, max_bytes: int
    ) -> None:
        self.gap = gap
        self.pages: list[Document] = []
        self._name = name
        self._former = before.gap
        self._is_new = gap is not before.gap
        self._floor = gap.floor if gap else 0.0
        self._max_bytes = max_bytes
        self._before = before
        self._document = document
        self._known: frozenset[str] = frozenset()
        self._listed: set[str] = set()
        self._on_pages: set[str] = set()
        self._is_closed = False
        self._is_proven = False
        self._error: FetchError | None = None

    @property
    def found(self) -> int:
        """The number of entries that were found."""
        return sum(len(page.entries) for page in self.pages)

    async def run(self, read: Callable[[str], Awaitable[Page]], clock: Callable[[], float]) -> None:
        """Reads pages; what goes wrong ends in the gap. ``clock`` gives Unix seconds."""
        until, room, read_urls = time.monotonic() + MAX_SECONDS, self._max_bytes, set[str]()
        # In threads: marks of thousands of entries take longer than the event loop may be held.
        await asyncio.to_thread(self._begin)
        while (gap := self.gap) and gap.url and time.monotonic() < until and room > 0 and self._has_room():
            url = gap.url
            try:
                page = await read(url)
                if not page.document.whole:
                    raise NotAFeedError(CUT_OFF)
            except PutBackError:
                break
            except HostPausedError as paused:
                self.gap = gap._replace(due=paused.until)
                break
            except Exception as error:
                self._failed(gap, error, clock())
                break
            room -= page.size
            read_urls.add(url)
            further = None if page.further in read_urls else page.further
            await asyncio.to_thread(self._take, gap, page, further)

    def joined(self, document: Document) -> Document:
        """The feed's own document with what was found in the gap that it leaves."""
        if not self._is_new or not self.pages:
            return document
        return feed_gaps.joined(document, self.pages, proven=self._is_proven)

    def decided(self, polled: Polled, result: Result, now: float) -> Result:
        """The result of the poll, with what was found in an earlier gap, the outcome, and a pause of the host."""
        if self.pages and not self._is_new:
            first, *others = self.pages
            pages = feed_gaps.joined(first, others, proven=self._is_proven)
            result = polled.caught_up(result, replace(pages, renamed=not self._is_proven), self._floor, now)
        self._report()
        error = self._error
        pause = pause_of(error, now, self.gap.due if self.gap else now) if error else None
        return replace(result, gap=self._outcome(), pause=result.pause or pause)

    def _outcome(self) -> GapOutcome | None:
        if self._is_closed:
            return "closed"
        is_missed = self.gap is not None and self.gap is not self._former and self.gap.is_reported(self.gap.since)
        return "missed" if is_missed else None

    def _has_room(self) -> bool:
        return len(self.pages) < MAX_PAGES and self.found < MAX_ENTRIES

    def _begin(self) -> None:
        before, gap = self._before, self.gap
        is_first = self._is_new and not before.is_catching_up
        self._known = feed_gaps.polled(before.listed) if is_first else frozenset(gap.ids if gap else ())
        self._listed = set(self._document.listed if self._document else before.listed)

    def _take(self, gap: FeedGap, page: Page, further: str | None) -> None:
        document, listed = page.document, set(page.document.listed)
        entries = feed_gaps.missed(document, gap, self._known, self._listed)
        withdrawn = tuple(entry_id for entry_id in document.withdrawn if entry_id not in self._listed)
        # Not those that are known: another filter withdraws nothing.
        found = {entry.id for entry in entries}
        refused = {blog: ids & found for blog, ids in document.refused.items()}
        self.pages.append(replace(document, entries=tuple(entries), refused=refused, withdrawn=withdrawn))
        self._is_proven = not listed.isdisjoint(self._known)
        self._is_closed = feed_gaps.reaches(document.listed, self._known, gap.floor)
        # Pages of an archive can begin within the document.
        is_repeated = listed <= self._on_pages
        self._on_pages |= listed
        self._listed |= listed
        left = feed_gaps.beyond(gap, document, further)
        if self._is_closed:
            self.gap = None
        elif further is None or is_repeated or left.pages >= MAX_PAGES_OF_GAP:
            # The last page, one that repeats those before it, or a feed without an end.
            self.gap = feed_gaps.given_up(left)
        else:
            self.gap = left

    def _failed(self, gap: FeedGap, error: Exception, now: float) -> None:
        if not isinstance(error, (FetchError, NotAFeedError, ParserKilledError)):
            logger.error("Reading a further page of %s met a bug.", self._name, exc_info=error)
        else:
            logger.info("%s: a further page cannot be read. %s", self._name, redaction.public_text(str(error)))
        self._error = error if isinstance(error, FetchError) else None
        failures = gap.failures + 1
        if failures >= MAX_FAILURES:
            self.gap = feed_gaps.given_up(gap)
            return
        wait = min(MIN_WAIT_SECONDS * 2 ** (failures - 1), MAX_WAIT_SECONDS)
        asked = (self._error and self._error.retry_after) or 0.0
        self.gap = gap._replace(due=now + max(wait, asked), failures=failures)

    def _report(self) -> None:
        if self.pages:
            posts, pages = counted(self.found, "post"), counted(len(self.pages), "further page")
            logger.info("%s: %s found on %s.", self._name, posts, pages)
        if self._outcome() == "missed":
            logger.info("%s: its document no longer reaches back to the last poll: posts may be missed.", self._name)
