"""Feed gaps: entries that no document lists any more, as it lists none that was known at the poll before.

The feed was not polled for long, or published more than its document has room for. Further pages (RFC 5005;
`next_url` of JSON Feed) may have the entries; without them, or if they end before a known entry, posts may have been
missed. Pure functions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import urls
from entries import Entry
from feeds import link_header
from feeds.parser.document import Document
from feeds.parser.head_links import Link
from feeds.websub.trust import GRACE_SECONDS
from feedstate import GAP_REPORTED_SECONDS, FeedGap, FeedState, Marks

MIN_ENTRIES: Final = 5
"""Known entries of a feed whose gap is reported: a feed of its newest entry alone leaves one at each change."""

MAX_IDS: Final = 20
RETRY_SECONDS: Final = 86_400.0
"""Time from a gap that its pages did not close to when those of another are read."""


def further_page(header: str | None, links: Sequence[Link], base: str) -> str | None:
    """The URL of the page with the next older entries, which an answer at ``base`` names; None for none.

    A page of a paged feed comes before one of an archived feed; each in the `Link` header, else in the document.
    """
    named = (*link_header.read(header), *links)
    for wanted in ("next", "prev-archive"):
        for relation, target in named:
            if relation == wanted and (url := urls.absolute(target, urls.without_credentials(base))):
                return url
    return None


def found(before: FeedState, document: Document, further: str | None, now: float) -> FeedGap | None:
    """The gap after a document of a feed that was known: one that it leaves, else the one of ``before``.

    ``further`` is its further page. A gap behind an open one joins it.
    """
    marks, listed = before.listed, document.listed
    if not listed or not _may_leave_one(marks, listed, now, has_pages=further is not None):
        return _unless_old(before.gap, now)
    known = polled(marks)
    # A stable sort: entries without dates stay in the document's order.
    newest = sorted(filter(known.__contains__, marks), key=lambda entry_id: -marks[entry_id].dated)[:MAX_IDS]
    # A date in the future says nothing.
    dates = [date for entry_id in newest if 0 < (date := marks[entry_id].dated) <= before.ok_at]
    floor, after = min(dates, default=0), max(dates, default=0)
    if not known or reaches(listed, (), floor) or _has_links_of(marks, listed):
        return _unless_old(before.gap, now)
    oldest = _oldest(listed)
    former = before.gap
    if former and former.url:
        return former._replace(url=further or former.url, before=oldest)
    # Guids that are new at each poll must not have all pages read at each.
    due = former.since + RETRY_SECONDS if former and former.pages else 0.0
    gap = FeedGap(further, tuple(newest), floor=floor, after=after, before=oldest, since=now, due=due)
    if further:
        return gap
    gap = given_up(gap)
    return gap if gap.is_reported(now) else _unless_old(former, now)


def polled(marks: Marks) -> frozenset[str]:
    """The known entries that a poll has found. A hub need not have pushed all that lie behind those it did."""
    return frozenset(entry_id for entry_id, mark in marks.items() if not mark.pushed)


def _may_leave_one(marks: Marks, listed: Marks, now: float, *, has_pages: bool) -> bool:
    """True if no entry of a document was found by a poll before.

    If some were pushed, pages are read only if the hub has missed others.
    """
    if any(entry_id in marks and not marks[entry_id].pushed for entry_id in listed):
        return False
    if not any(entry_id in marks for entry_id in listed):
        return True
    return has_pages and any(
        entry_id not in marks and mark.dated <= now - GRACE_SECONDS for entry_id, mark in listed.items()
    )


def _has_links_of(known: Marks, listed: Marks) -> bool:
    """True if more than a tenth of the entries have links of known ones: the guids of the feed have changed."""
    links = {mark.link for mark in known.values() if mark.link}
    return sum(mark.link in links for entry_id, mark in listed.items() if entry_id not in known) > len(listed) // 10


def reaches(listed: Marks, known: Collection[str], floor: float) -> bool:
    """True if a document has a known entry, or nothing but older ones: no gap is left below it.

    ``floor`` is the date of the oldest known one, 0 for none. Entries are not always listed by date.
    """
    if any(entry_id in known for entry_id in listed):
        return True
    dates = [mark.dated for mark in listed.values() if mark.dated]
    return bool(dates) and max(dates) < floor


def beyond(gap: FeedGap, page: Document, further: str | None) -> FeedGap:
    """The gap that is left when one of its pages was read, and did not close it."""
    oldest = _oldest(page.listed)
    before = min(oldest or gap.before, gap.before or oldest)
    return gap._replace(url=further, before=before, pages=gap.pages + 1, failures=0)


def given_up(gap: FeedGap) -> FeedGap:
    """The gap as one that stays. It is reported if it is likely: all entries are newer than several known ones."""
    is_likely = len(gap.ids) >= MIN_ENTRIES and 0 < gap.after < gap.before
    return gap._replace(url=None, ids=(), before=gap.before if is_likely else 0)


def missed(page: Document, gap: FeedGap, known: Collection[str], listed: Collection[str]) -> list[Entry]:
    """The entries of a page that lie in a gap: those before the last ``known`` one, or dated after the newest.

    Those that are ``listed`` already are left out. Entries behind were known, or are older than the first fetch.
    """
    order = list(page.listed)
    end = len(order)
    if reaches(page.listed, known, gap.floor):
        end = max((n for n, entry_id in enumerate(order) if entry_id in known), default=0)
    above = set(order[:end])
    return [
        entry
        for entry in page.entries
        if entry.id not in listed
        and entry.id not in known
        and (entry.id in above or 0 < gap.after < page.listed[entry.id].dated)
    ]


def joined(first: Document, pages: Sequence[Document], *, proven: bool) -> Document:
    """One document of the first one and what its further pages add; title, site and list are those of the first.

    It is ``proven`` by a known entry at the end that the guids of the feed have not changed.
    """
    entries = [entry for page in (first, *pages) for entry in page.entries]
    return replace(
        first,
        # A page may have a title of its own, such as "News, page 2".
        entries=tuple(replace(entry, source=entries[0].source) for entry in entries),
        refused={
            blog: frozenset().union(*(page.refused.get(blog, ()) for page in (first, *pages)))
            for blog in {blog for page in (first, *pages) for blog in page.refused}
        },
        slow_patterns=[pattern for page in (first, *pages) for pattern in page.slow_patterns],
        withdrawn=tuple(dict.fromkeys(entry_id for page in (first, *pages) for entry_id in page.withdrawn)),
        renamed=first.renamed and not proven,
    )


def _oldest(listed: Marks) -> float:
    return min((mark.dated for mark in listed.values() if mark.dated), default=0)


def _unless_old(gap: FeedGap | None, now: float) -> FeedGap | None:
    return gap if gap and (gap.url or now - gap.since <= GAP_REPORTED_SECONDS) else None
