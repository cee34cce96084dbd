"""The identity rule: by which keys an entry is recognised in the next document, and which entries are new or changed.

An entry is its guid, else its link, else the hash of its text (keys.py); each is a key of the feed's own.
docs/fetching.md has the cases that made the exceptions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from entries import digest_version
from feeds.parser import keys
from feeds.parser.dates import plausible
from feeds.parser.digest import VERSION, shown_digest, written_digest
from feeds.parser.keys import VERSIONS_SECONDS, date_of
from feeds.parser.link_keys import Homes, is_web
from feeds.parser.raw_entry import RawEntry, RawFeed, Tombstone
from feedstate import Mark, Marks

MIN_TO_COMPARE: Final = 5
"""A feed counts as renamed only if at least so many entries were known, and so many are unknown."""

_UNKNOWN: Final = Mark("")


class ListedEntry(NamedTuple):
    """An entry with its keys, strongest first, and the mark to remember it by.

    ``is_correction`` is True if its publisher corrected it after the last poll; see `entries.Entry`.
    """

    raw: RawEntry
    keys: tuple[str, ...]
    mark: Mark
    is_correction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The entries of a document, compared with the known ones.

    ``changed`` are the new and the changed entries, ``marks`` those of all entries, ``withdrawn`` the ids of entries
    that have a tombstone. ``renamed`` is True if almost none of the known entries is listed, and many others are.
    """

    changed: Sequence[ListedEntry]
    marks: Marks
    withdrawn: tuple[str, ...]
    renamed: bool


def identify(
    feed: RawFeed,
    feed_url: str,
    known: Mapping[str, Mark],
    known_at: float = 0,
    *,
    anew: bool = False,
    former_homes: Sequence[str | None] = (),
) -> Listing:
    """Compares a document with the known entries of its feed, ``feed_url``, of a poll at ``known_at``.

    All entries count as changed if the document is to be read ``anew``. ``former_homes`` are addresses that the site
    may have had at that poll.
    """
    listed = _list_entries(feed, feed_url, known, former_homes)
    withdrawn = _find_withdrawn(feed.tombstones, feed_url, known, listed)
    for entry_id in withdrawn:
        listed.pop(entry_id, None)
    renamed = feed.whole and _is_renamed(known, listed)
    former = _find_former_ids(known, listed, renamed=renamed) if feed.whole else {}
    corrected = _find_corrected(known, listed, known_at)
    return Listing(
        changed=[
            entry._replace(
                keys=(*entry.keys, *((former[entry_id],) if entry_id in former else ())),
                is_correction=entry_id in corrected,
            )
            for entry_id, entry in listed.items()
            if anew or known.get(entry_id, _UNKNOWN).digest != entry.mark.digest
        ],
        marks=Marks({entry_id: entry.mark for entry_id, entry in listed.items()}),
        withdrawn=withdrawn,
        renamed=renamed,
    )


def _list_entries(
    feed: RawFeed, feed_url: str, known: Mapping[str, Mark], former_homes: Sequence[str | None]
) -> dict[str, ListedEntry]:
    """The entries by id in the document's order; each once, in its newest version, with keys that are its alone."""
    entries = [entry for entry in feed.entries if not entry.is_empty]
    site = Homes((feed.site_url, feed.base))
    newest: dict[str, tuple[RawEntry, list[str]]] = {}
    weaker = keys.make_weaker_keys(feed_url, entries, site)
    for entry, ids, more in zip(entries, keys.make_ids(feed_url, entries, known), weaker, strict=True):
        key, *older = ids
        if key in newest and not entry.is_newer_than(newest[key][0]):
            continue
        newest[key] = entry, [alias for alias in dict.fromkeys((*older, *more)) if alias != key]
    claims = Counter([*newest, *(alias for _, aliases in newest.values() for alias in aliases)])
    marks = _make_marks(newest, feed, known, former_homes)
    return {
        key: ListedEntry(entry, (key, *(alias for alias in aliases if claims[alias] == 1)), mark)
        for (key, (entry, aliases)), mark in zip(newest.items(), marks, strict=True)
    }


def _find_withdrawn(
    tombstones: Iterable[Tombstone], feed_url: str, known: Mapping[str, Mark], listed: Mapping[str, ListedEntry]
) -> tuple[str, ...]:
    """The ids of entries that have a tombstone, and no later version that is listed or known.

    A tombstone without a date is invalid (RFC 6721 §3); it counts if its entry is not listed.
    """
    by_id = {keys.make_key(feed_url, tombstone.guid, None): tombstone for tombstone in tombstones}
    return tuple(
        entry_id
        for entry_id, tombstone in by_id.items()
        if not _outlives(listed.get(entry_id), known.get(entry_id), tombstone)
    )


def _outlives(entry: ListedEntry | None, known: Mark | None, tombstone: Tombstone) -> bool:
    if tombstone.when is None:
        return entry is not None
    dates = [date for date in (entry.raw.modified, entry.raw.published) if date] if entry else []
    if dates:
        return max(dates) > tombstone.when
    return known is not None and known.dated > tombstone.when.timestamp()


def _is_renamed(known: Mapping[str, Mark], listed: Mapping[str, ListedEntry]) -> bool:
    """True if at most a tenth of the known entries is still listed, and many entries are unknown."""
    before = [entry_id for entry_id, mark in known.items() if not mark.absent]
    still = sum(entry_id in listed for entry_id in before)
    unknown = sum(entry_id not in known for entry_id in listed)
    return len(before) >= MIN_TO_COMPARE and still <= len(before) // 10 and unknown >= MIN_TO_COMPARE


def _find_former_ids(
    known: Mapping[str, Mark], listed: Mapping[str, ListedEntry], *, renamed: bool
) -> dict[str, str]:
    """For unknown entries, the id of the known entry that has the same link and is no longer listed.

    Unless the feed is renamed, both must have the same date, or the same content within a day: a page such as
    `/today` has a new post each day.
    """
    gone = {mark.link: entry_id for entry_id, mark in known.items() if entry_id not in listed and mark.link}
    if not gone:
        return {}
    former = {}
    for entry_id, entry in listed.items():
        before = gone.get(entry.mark.link) if entry_id not in known else None
        if before and (renamed or _is_same_post(known[before], entry.mark)):
            former[entry_id] = before
    return former


def _is_same_post(known: Mark, mark: Mark) -> bool:
    if known.dated and mark.dated and abs(known.dated - mark.dated) > VERSIONS_SECONDS:
        return False
    return known.digest in (mark.digest, mark.written) or known.dated == mark.dated != 0


def _find_corrected(known: Mapping[str, Mark], listed: Mapping[str, ListedEntry], known_at: float) -> frozenset[str]:
    """The ids of entries with a digest of an earlier version that were corrected after ``known_at`` (Unix seconds).

    After an upgrade another digest is no sign of a correction, only a later date of modification is; unless the feed
    gives its entries new dates whenever it is built.
    """
    old = [
        (entry_id, entry)
        for entry_id, entry in listed.items()
        if entry_id in known and digest_version(known[entry_id].digest) != str(VERSION)
    ]
    if not old or not known_at:
        return frozenset()
    modified = [
        (entry_id, entry.mark.written not in known[entry_id])
        for entry_id, entry in old
        if (date := plausible(entry.raw.modified)) and date.timestamp() > known_at
    ]
    if len(modified) > max(1, len(old) // 4):
        return frozenset()
    return frozenset(entry_id for entry_id, differs in modified if differs)


def _make_marks(
    entries: Mapping[str, tuple[RawEntry, object]],
    feed: RawFeed,
    known: Mapping[str, Mark],
    former_homes: Sequence[str | None],
) -> list[Mark]:
    site = feed.site_url
    links = [keys.make_link_key(entry.url, site) for entry, _ in entries.values()]
    count = Counter(links)
    home = (site, feed.base)
    return [
        _make_mark(entry, link if count[link] == 1 else "", known.get(entry_id, _UNKNOWN), home, former_homes)
        for (entry_id, (entry, _)), link in zip(entries.items(), links, strict=True)
    ]


def _make_mark(
    entry: RawEntry, link: str, known: Mark, home: tuple[str | None, str], former_homes: Sequence[str | None]
) -> Mark:
    written = written_digest(entry)
    if known.written == written and digest_version(known.digest) == str(VERSION):
        return Mark(known.digest, date_of(entry), link, written=written)
    addresses = (*home, entry.url, entry.guid if is_web(entry.guid) else None)
    homes = Homes(addresses)
    shown = shown_digest(entry, homes)
    if known.digest and shown != known.digest:
        # The texts of a site that moved may name its former host.
        before = Homes((*addresses, *former_homes))
        if before.hosts != homes.hosts and shown_digest(entry, before) == known.digest:
            shown = known.digest
    return Mark(shown, date_of(entry), link, written=written)
