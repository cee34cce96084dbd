"""Who the entries of a document are: their keys, what is remembered of them, and who goes by another name now."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import urls
from feeds.parser.raw_entry import Listed, Listing, Tombstone
from feedstate import Mark

FEW: Final = 5
"""Of fewer entries than this, nothing is concluded."""

_SCHEME = re.compile("^https?://")
_ADDRESS = re.compile(r"https?://([^/?#\[\]\s]+)(.*)", re.DOTALL)
_NUMBERED = re.compile("(https?://[^#]+)#[0-9]+")
_PAIRS = [one + other for one in "abcdefghijklmnopqrstuvwxyz234567" for other in "abcdefghijklmnopqrstuvwxyz234567"]

_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)


class Named(NamedTuple):
    """An entry of a document with its keys, strongest first, and what is remembered of it."""

    one: Listed
    keys: tuple[str, ...]
    mark: Mark


def named(url: str, base: str, listing: Listing) -> dict[str, Named]:
    """The entries of a document by id, in its order; each once, in its newest version."""
    entries = [one for one in listing.entries if not one.hollow]
    folded: dict[str, tuple[Listed, list[str]]] = {}
    path_keys = aliases(url, [one.guid for one in entries])
    for one, key, path_key in zip(entries, _ids(url, entries), path_keys, strict=True):
        if key in folded and not one.newer_than(folded[key][0]):
            continue
        weaker = (path_key, without_fragment(url, one.guid, one.link))
        folded[key] = one, [alias for alias in weaker if alias and alias != key]
    claims = Counter([*folded, *(alias for _, weaker in folded.values() for alias in weaker)])
    marks = _marks(base, urls.absolute(listing.site_url, base), [one for one, _ in folded.values()])
    return {
        key: Named(one, (key, *(alias for alias in weaker if claims[alias] == 1)), mark)
        for (key, (one, weaker)), mark in zip(folded.items(), marks, strict=True)
    }


def withdrawn(
    url: str, known: Mapping[str, Mark], listed: Mapping[str, Named], tombstones: Iterable[Tombstone]
) -> dict[str, Tombstone]:
    """The tombstones of a document by the ids of their entries.

    Those of entries that are listed in a later version, or known in one, are left out. Without a date a tombstone is
    not valid, and counts where its entry is not listed.
    """
    stones = {identity(url, tombstone.guid, None): tombstone for tombstone in tombstones}
    return {
        entry_id: stone
        for entry_id, stone in stones.items()
        if not _is_later(listed.get(entry_id), known.get(entry_id), stone.when)
    }


def _is_later(entry: Named | None, mark: Mark | None, when: datetime | None) -> bool:
    if when is None:
        return entry is not None
    dates = [date for date in (entry.one.modified, entry.one.published) if date] if entry else []
    return max(dates) > when if dates else mark is not None and mark.dated > when.timestamp()


def renamed(known: Mapping[str, Mark], listed: Mapping[str, Named]) -> bool:
    """Whether next to none of the known entries is listed any more, and many that are not known."""
    before = [entry_id for entry_id, mark in known.items() if not mark.absent]
    still = sum(entry_id in listed for entry_id in before)
    unknown = sum(entry_id not in known for entry_id in listed)
    return len(before) >= FEW and still <= len(before) // 10 and unknown >= FEW


def former_ids(known: Mapping[str, Mark], listed: Mapping[str, Named]) -> dict[str, str]:
    """The ids by which unknown entries were known before: of entries with their link that are listed no more."""
    gone = {mark.link: entry_id for entry_id, mark in known.items() if entry_id not in listed and mark.link}
    links = {entry_id: entry.mark.link for entry_id, entry in listed.items() if entry_id not in known}
    return {entry_id: gone[link] for entry_id, link in links.items() if link in gone}


def sane(moment: datetime | None) -> datetime | None:
    """Epoch seconds in a date field come out as the year 1732: no date is better than a wrong one."""
    return moment if moment and moment >= _EARLIEST else None


def url_of(one: Listed, base: str) -> str | None:
    """Where an entry's link leads to."""
    if one.link and urls.is_plain(one.link):
        return one.link
    return urls.absolute(one.link, urls.absolute(one.base, base) or base)


def _ids(url: str, entries: Sequence[Listed]) -> list[str]:
    """The strongest key of each entry; the same for two that are versions of one."""
    ids = [identity(url, one.guid, one.link, one.title, one.content or one.summary) for one in entries]
    places: dict[str, list[int]] = {}
    for n, key in enumerate(ids):
        places.setdefault(key, []).append(n)
    for same in places.values():
        if len(same) > 1:
            for n, apart in zip(same, _told_apart([entries[n] for n in same]), strict=True):
                ids[n] = identity(url, f"{entries[n].guid or entries[n].link} {apart}", None) if apart else ids[n]
    return ids


def _told_apart(same: Sequence[Listed]) -> list[str]:
    """What tells entries apart that share a name, if anything does.

    Some publishers give one guid, or no guid and one link, to all that they write. Most that repeat one list an entry
    in two versions.
    """
    links = [link_key(one.link, None) for one in same]
    if len(set(links) - {""}) > 1:
        return links
    titles = [one.title or "" for one in same]
    enough = 3 if same[0].guid else 2
    return titles if len(set(titles)) >= enough else [""] * len(same)


def _marks(base: str, site: str | None, entries: Iterable[Listed]) -> list[Mark]:
    entries = list(entries)
    links = [link_key(url_of(one, base), site) for one in entries]
    times = Counter(links)
    return [
        Mark(_digest(one), _dated(one), link if times[link] == 1 else "")
        for one, link in zip(entries, links, strict=True)
    ]


def _digest(one: Listed) -> str:
    return digest(one.link, one.title, one.content, one.summary, one.authors, one.tags, one.image, one.attachments)


def _dated(one: Listed) -> int:
    own = sane(one.published) or sane(one.modified)
    return int(own.timestamp()) if own else 0


def identity(feed_url: str, guid: str | None, link: str | None, *text: str | None) -> str:
    """The strongest key of an entry: feed + guid, else feed + link, else feed + hash of its text.

    The scheme of a guid that is a URL does not count: sites that move to https would list everything as new.
    """
    if guid:
        return _key(feed_url, "guid", _SCHEME.sub("//", guid))
    if link:
        return _key(feed_url, "link", link)
    return _key(feed_url, "text", *(part or "" for part in text))


def aliases(feed_url: str, guids: Sequence[str | None]) -> list[str | None]:
    """A second key for each guid of one document: its path without the host, where that is unmistakable.

    A site that moves to another host lists its entries under new guids. Without the host they are the same;
    but only where all guids of the document share one host: a planet's feed has `/?p=1` of many sites.
    """
    addresses = [_ADDRESS.match(guid) if guid else None for guid in guids]
    if len({address[1] for address in addresses if address}) != 1:
        return [None] * len(addresses)
    # A question mark or number sign that nothing follows is left out, as in the URLs of those who normalise them.
    paths = [address[2].removesuffix("#").removesuffix("?") if address else "" for address in addresses]
    return [_key(feed_url, "path", path) if path not in ("", "/") else None for path in paths]


def without_fragment(feed_url: str, guid: str | None, link: str | None) -> str | None:
    """A second key where a guid is the page's address with a number: `/story#0` comes back as `/story#3`."""
    numbered = _NUMBERED.fullmatch(guid) if guid else None
    if not numbered or not link or _bare(link) != _bare(numbered[1]):
        return None
    return identity(feed_url, numbered[1], None)


def link_key(link: str | None, site: str | None) -> str:
    """A short key of a link: the same over http and https, and on another host where the whole site moved there.

    ``site`` is the feed's site: its own host does not count. Without a link the key is empty.
    """
    address, home = _ADDRESS.match(link or ""), _ADDRESS.match(site or "")
    if not address:
        return ""
    host = address[1].removeprefix("www.")
    at_home = home is not None and host == home[1].removeprefix("www.")
    return _hash(5, "" if at_home else host, address[2])


def _bare(url: str) -> str:
    """A URL without scheme, query and fragment."""
    return re.split("[?#]", _SCHEME.sub("//", url), maxsplit=1)[0]


def digest(*parts: object) -> str:
    """A short fingerprint of an entry's content."""
    return _hash(8, *(repr(part) for part in parts))


def _key(*parts: str) -> str:
    return _hash(10, *parts)


def _hash(size: int, *parts: str) -> str:
    hashed = hashlib.blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=size)
    return _base32(hashed.digest())


def _base32(data: bytes) -> str:
    """Base 32 (RFC 4648) in small letters, without padding. The base64 module takes five times as long."""
    length = -(-8 * len(data) // 5)
    pairs = -(-length // 2)
    number = int.from_bytes(data, "big") << (10 * pairs - 8 * len(data))
    return "".join([_PAIRS[number >> 10 * n & 1023] for n in range(pairs - 1, -1, -1)])[:length]
