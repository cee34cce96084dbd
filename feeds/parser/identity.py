"""The identity rule: by which keys an entry is recognised in the next document, and which entries are new or changed.

An entry is its guid, else its link, else the hash of its text; each is a key of the feed's own. docs/fetching.md has
the cases that made the exceptions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from feeds.parser.dates import plausible
from feeds.parser.digest import content_digest, hash_text, legacy_digest
from feeds.parser.raw_entry import RawEntry, RawFeed, Tombstone
from feedstate import Mark, Marks

MIN_TO_COMPARE: Final = 5
"""A feed counts as renamed only if at least so many entries were known, and so many are unknown."""

_KEY_BYTES: Final = 10
_LINK_BYTES: Final = 5

_SCHEME: Final = re.compile("^https?://")
_ADDRESS: Final = re.compile(r"https?://([^/?#\[\]\s]+)(.*)", re.DOTALL)
_NUMBERED: Final = re.compile("(https?://[^#]+)#[0-9]+")


class ListedEntry(NamedTuple):
    """An entry with its keys, strongest first, and the mark to remember it by."""

    raw: RawEntry
    keys: tuple[str, ...]
    mark: Mark

    def equals(self, known: Mark | None) -> bool:
        """True if the known entry has the same content; its digest may be of the old encoding."""
        return known is not None and (known.digest == self.mark.digest or known.digest == legacy_digest(self.raw))


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


def identify(feed: RawFeed, feed_url: str, known: Mapping[str, Mark]) -> Listing:
    """Compares a document with the known entries of its feed, ``feed_url``."""
    listed = _list_entries(feed, feed_url)
    withdrawn = _find_withdrawn(feed.tombstones, feed_url, known, listed)
    for entry_id in withdrawn:
        listed.pop(entry_id, None)
    renamed = feed.whole and _is_renamed(known, listed)
    former = _find_former_ids(known, listed) if renamed else {}
    return Listing(
        changed=[
            entry._replace(keys=(*entry.keys, former[entry_id])) if entry_id in former else entry
            for entry_id, entry in listed.items()
            if not entry.equals(known.get(entry_id))
        ],
        marks=Marks({entry_id: entry.mark for entry_id, entry in listed.items()}),
        withdrawn=withdrawn,
        renamed=renamed,
    )


def _list_entries(feed: RawFeed, feed_url: str) -> dict[str, ListedEntry]:
    """The entries by id in the document's order; each once, in its newest version, with keys that are its alone."""
    entries = [entry for entry in feed.entries if not entry.is_empty]
    newest: dict[str, tuple[RawEntry, list[str]]] = {}
    path_keys = make_path_keys(feed_url, [entry.guid for entry in entries])
    for entry, key, path_key in zip(entries, _make_ids(feed_url, entries), path_keys, strict=True):
        if key in newest and not entry.is_newer_than(newest[key][0]):
            continue
        weaker = (path_key, _key_without_number(feed_url, entry.guid, entry.link))
        newest[key] = entry, [alias for alias in weaker if alias and alias != key]
    claims = Counter([*newest, *(alias for _, weaker in newest.values() for alias in weaker)])
    marks = _make_marks([entry for entry, _ in newest.values()], feed.site_url)
    return {
        key: ListedEntry(entry, (key, *(alias for alias in weaker if claims[alias] == 1)), mark)
        for (key, (entry, weaker)), mark in zip(newest.items(), marks, strict=True)
    }


def _make_ids(feed_url: str, entries: Sequence[RawEntry]) -> list[str]:
    """The strongest key of each entry; two versions of one entry have the same."""
    ids = [make_key(feed_url, one.guid, one.link, one.title, one.content or one.summary) for one in entries]
    indices: dict[str, list[int]] = {}
    for n, key in enumerate(ids):
        indices.setdefault(key, []).append(n)
    for same in indices.values():
        if len(same) == 1:
            continue
        for n, trait in zip(same, _distinguish([entries[n] for n in same]), strict=True):
            if trait:
                ids[n] = make_key(feed_url, f"{entries[n].guid or entries[n].link} {trait}", None)
    return ids


def _distinguish(same: Sequence[RawEntry]) -> list[str]:
    """The link or title by which entries of one guid differ; empty texts for versions of one entry.

    Some publishers give all their entries one guid, or no guid and one link. Most publishers that repeat a guid list
    an entry in two versions.
    """
    links = [make_link_key(entry.link, None) for entry in same]
    if len(set(links) - {""}) > 1:
        return links
    titles = [entry.title or "" for entry in same]
    enough = 3 if same[0].guid else 2
    return titles if len(set(titles)) >= enough else [""] * len(same)


def make_key(feed_url: str, guid: str | None, link: str | None, *text: str | None) -> str:
    """The strongest key of an entry: feed + guid, else feed + link, else feed + hash of its text.

    The scheme of a guid that is a URL is left out: a site that moves to https would list everything as new.
    """
    if guid:
        return _hash_key(feed_url, "guid", _SCHEME.sub("//", guid))
    if link:
        return _hash_key(feed_url, "link", link)
    return _hash_key(feed_url, "text", *(part or "" for part in text))


def make_path_keys(feed_url: str, guids: Sequence[str | None]) -> list[str | None]:
    """A second key for each guid that is a URL: its path without the host.

    A site that moves to another host lists its entries under new guids with the same paths. None if the guids of the
    document have several hosts: the feed of a planet has `/?p=1` of many sites.
    """
    addresses = [_ADDRESS.match(guid) if guid else None for guid in guids]
    if len({address[1] for address in addresses if address}) != 1:
        return [None] * len(addresses)
    # An empty query or fragment is left out: software that normalises URLs removes it.
    paths = [address[2].removesuffix("#").removesuffix("?") if address else "" for address in addresses]
    return [_hash_key(feed_url, "path", path) if path not in ("", "/") else None for path in paths]


def _key_without_number(feed_url: str, guid: str | None, link: str | None) -> str | None:
    """A second key for a guid that is the entry's link with a number: `/story#0` is listed as `/story#3` later."""
    numbered = _NUMBERED.fullmatch(guid) if guid else None
    if not numbered or not link or _page_of(link) != _page_of(numbered[1]):
        return None
    return make_key(feed_url, numbered[1], None)


def _page_of(url: str) -> str:
    """A URL without scheme, query and fragment."""
    return re.split("[?#]", _SCHEME.sub("//", url), maxsplit=1)[0]


def _find_withdrawn(
    tombstones: Iterable[Tombstone], feed_url: str, known: Mapping[str, Mark], listed: Mapping[str, ListedEntry]
) -> tuple[str, ...]:
    """The ids of entries that have a tombstone, and no later version that is listed or known.

    A tombstone without a date is invalid (RFC 6721 §3); it counts if its entry is not listed.
    """
    by_id = {make_key(feed_url, tombstone.guid, None): tombstone for tombstone in tombstones}
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


def _find_former_ids(known: Mapping[str, Mark], listed: Mapping[str, ListedEntry]) -> dict[str, str]:
    """For unknown entries, the id of the known entry that has the same link and is no longer listed."""
    gone = {mark.link: entry_id for entry_id, mark in known.items() if entry_id not in listed and mark.link}
    links = {entry_id: entry.mark.link for entry_id, entry in listed.items() if entry_id not in known}
    return {entry_id: gone[link] for entry_id, link in links.items() if link in gone}


def _make_marks(entries: Sequence[RawEntry], site: str | None) -> list[Mark]:
    links = [make_link_key(entry.url, site) for entry in entries]
    count = Counter(links)
    return [
        Mark(content_digest(entry), _date_of(entry), link if count[link] == 1 else "")
        for entry, link in zip(entries, links, strict=True)
    ]


def _date_of(entry: RawEntry) -> int:
    date = plausible(entry.published) or plausible(entry.modified)
    return int(date.timestamp()) if date else 0


def make_link_key(link: str | None, site: str | None) -> str:
    """A short key of a link, the same over http and https; empty without a link.

    The host of ``site``, the feed's site, is left out: the key stays when the whole site moves to another host.
    """
    address, home = _ADDRESS.match(link or ""), _ADDRESS.match(site or "")
    if not address:
        return ""
    host = address[1].removeprefix("www.")
    at_home = home is not None and host == home[1].removeprefix("www.")
    return hash_text("\0".join(("" if at_home else host, address[2])), _LINK_BYTES)


def _hash_key(*parts: str) -> str:
    return hash_text("\0".join(parts), _KEY_BYTES)
