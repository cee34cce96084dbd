"""Keys of entries: their ids, and weaker keys by which they are recognised when guid, link or host changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from feeds.parser.dates import plausible
from feeds.parser.digest import hash_text
from feeds.parser.link_keys import Homes, host_of, is_web, page_of, untracked
from feeds.parser.raw_entry import RawEntry
from feeds.parser.shown import shown_html
from feedstate import Mark

VERSIONS_SECONDS: Final = 86_400
"""Entries of one link and title, or of one text, whose dates differ by more are several posts."""

_KEY_BYTES: Final = 10
_LINK_BYTES: Final = 5

_SCHEME: Final = re.compile("^https?://")
_ADDRESS: Final = re.compile(r"https?://([^/?#\[\]\s]+)(.*)", re.DOTALL)
_TAG: Final = re.compile(r"tag:([^,:/]+)(,[0-9-]+:.*)", re.DOTALL)
"""A guid by RFC 4151, which begins with the host of its site."""

_NUMBERED: Final = re.compile(
    r"(https?://[^#]+?)(?:#[0-9]+|[?&](?:v|ver|version|r|rev|revision)=[0-9.]+)", re.IGNORECASE
)
_REVISED: Final = re.compile(
    r"(.*[^-_.:;?&#@~+ ])[-_.:;?&#@~+ ]*(?:rev(?:ision)?|edit(?:ed)?|upd(?:ated?)?|mod(?:ified)?|changed)[-_=.:]?"
    r"[0-9][0-9.T:Z+-]*",
    re.IGNORECASE | re.DOTALL,
)
"""A guid that ends in the number or time of a revision, and the guid before it."""


def make_ids(feed_url: str, entries: Sequence[RawEntry], known: Mapping[str, Mark]) -> list[list[str]]:
    """The strongest key of each entry, and its keys in earlier versions of Livelog.

    Two versions of one entry have the same; entries that share a guid, or have none and share a link, do not. An
    entry keeps its known id when it becomes the only one of that guid or link, or is no longer.
    """
    ids = [[_make_id(feed_url, one), *_make_old_keys(feed_url, one, known)] for one in entries]
    indices: dict[str, list[int]] = {}
    for n, (key, *_) in enumerate(ids):
        indices.setdefault(key, []).append(n)
    for key, same in indices.items():
        if len(same) > 1:
            keepers = [n for n in same if _is_known_as(entries[n], key, known)]
            for n, trait in zip(same, _distinguish([entries[n] for n in same]), strict=True):
                if trait and keepers != [n]:
                    ids[n] = [make_trait_key(feed_url, entries[n], trait)]
        elif known and not _is_known_as(entries[same[0]], key, known):
            traits = (make_trait_key(feed_url, entries[same[0]], trait) for trait in _make_traits(entries[same[0]]))
            if former := next((trait for trait in traits if trait in known), None):
                ids[same[0]] = [former]
    return ids


def _make_id(feed_url: str, entry: RawEntry) -> str:
    text = entry.content or entry.summary
    # The text counts only without guid and link, and reading it is slow.
    shown = None if entry.guid or entry.link else shown_html(text)
    return make_key(feed_url, entry.guid, entry.link, entry.title, shown)


def _is_known_as(entry: RawEntry, key: str, known: Mapping[str, Mark]) -> bool:
    return key in known and known[key].dated == date_of(entry)


def _distinguish(same: Sequence[RawEntry]) -> list[str]:
    """The link, title or date by which entries of one guid differ; empty texts for versions of one entry.

    Some publishers give all their entries one guid, or no guid and one link. Most publishers that repeat a guid list
    an entry in two versions.
    """
    links = [_make_link_trait(entry) for entry in same]
    if len(set(links) - {""}) > 1:
        return links
    titles = [entry.title or "" for entry in same]
    if same[0].guid:
        return titles if len(set(titles)) > 2 else [""] * len(same)
    traits = titles if len(set(titles)) > 1 else [""] * len(same)
    dates: dict[str, list[int]] = {}
    for title, entry in zip(titles, same, strict=True):
        dates.setdefault(title, []).append(date_of(entry))
    return [
        f"{title} {date_of(entry)}" if _are_apart(dates[title]) else trait
        for title, trait, entry in zip(titles, traits, same, strict=True)
    ]


def _are_apart(dates: Sequence[int]) -> bool:
    return min(dates) > 0 and max(dates) - min(dates) > VERSIONS_SECONDS


def _make_traits(entry: RawEntry) -> list[str]:
    """The traits that `_distinguish` gave the entry while a document listed others of its guid or link."""
    title = entry.title or ""
    traits = [_make_link_trait(entry), title] if entry.guid else [title, f"{title} {date_of(entry)}"]
    return [trait for trait in traits if trait]


def _make_link_trait(entry: RawEntry) -> str:
    return make_link_key(entry.link, None)


def make_trait_key(feed_url: str, entry: RawEntry, trait: str) -> str:
    """The key of an entry whose guid, or whose link if it has none, is that of others, too."""
    name = entry.guid or (entry.link and _link_name(entry.link))
    return make_key(feed_url, f"{name} {trait}", None)


def make_key(feed_url: str, guid: str | None, link: str | None, *text: str | None) -> str:
    """The strongest key of an entry: feed + guid, else feed + link, else feed + hash of its text.

    The scheme and tracking parameters of addresses are left out: a site that moves to https would list everything as
    new.
    """
    if guid:
        return _hash_key(feed_url, "guid", _SCHEME.sub("//", untracked(guid) if is_web(guid) else guid))
    if link:
        return _hash_key(feed_url, "link", _link_name(link))
    return _hash_key(feed_url, "text", *(part or "" for part in text))


def _link_name(link: str) -> str:
    # With https, as most links were hashed before schemes were left out.
    return _SCHEME.sub("https://", untracked(link))


def _make_old_keys(feed_url: str, entry: RawEntry, known: Mapping[str, Mark]) -> list[str]:
    """The key of a link before its scheme and tracking parameters were left out, and of a guid before the latter."""
    guid, link = entry.guid, entry.link
    old: str | None
    if not guid and not link:
        old = make_key(feed_url, None, None, entry.title, entry.content or entry.summary)
    elif guid:
        old = _hash_key(feed_url, "guid", _SCHEME.sub("//", guid)) if untracked(guid) != guid else None
    else:
        old = _hash_key(feed_url, "link", link) if link and _link_name(link) != link else None
    # Parameters that differ in each document would add keys without end.
    is_stable = not guid and link is not None and untracked(link) == link
    return [old] if old and (is_stable or old in known) else []


def make_weaker_keys(feed_url: str, entries: Sequence[RawEntry], site: Homes) -> list[list[str]]:
    """More keys of each entry, for a guid or link that changes and still names the same post."""
    names = [entry.guid or entry.link or "" for entry in entries]
    one_host = len({host for name in names if (host := host_of(name))}) == 1
    return [
        [key for key in _make_weaker(feed_url, entry, name, site, one_host=one_host) if key]
        for entry, name in zip(entries, names, strict=True)
    ]


def _make_weaker(feed_url: str, entry: RawEntry, name: str, site: Homes, *, one_host: bool) -> tuple[str | None, ...]:
    return (
        make_path_key(feed_url, name, site) if one_host or not is_web(name) else None,
        _make_titled_key(feed_url, entry, name, one_host=one_host),
        _key_without_number(feed_url, entry.guid, entry.link),
        _key_without_revision(feed_url, entry),
    )


def make_path_key(feed_url: str, name: str, site: Homes) -> str | None:
    """The path of an address of the feed's own site, without the host: the site may move to another.

    None for other sites: the feed of a planet has `/?p=1` of many.
    """
    if tag := _TAG.fullmatch(name):
        return _hash_key(feed_url, "tag", tag[2]) if tag[1] in site else None
    address = _ADDRESS.match(name)
    if not address or host_of(name) not in site:
        return None
    # An empty query or fragment is left out: software that normalises URLs removes it.
    path = _ADDRESS.sub(r"\2", untracked(name)).removesuffix("#").removesuffix("?")
    return _hash_key(feed_url, "path", path) if path not in ("", "/") else None


def _make_titled_key(feed_url: str, entry: RawEntry, name: str, *, one_host: bool) -> str | None:
    """The path of an address of any site, with title and date of the post, which stay the same when it moves."""
    title, dated = entry.title, date_of(entry)
    tag = _TAG.fullmatch(name)
    path = tag[2] if tag else page_of(name).removeprefix(f"//{host_of(name)}")
    if not (tag or is_web(name)) or not title or path in ("", "/"):
        return None
    if not dated and (not one_host or "#" in untracked(name)):
        return None
    return _hash_key(feed_url, "titled", path, title, str(dated))


def _key_without_number(feed_url: str, guid: str | None, link: str | None) -> str | None:
    """A second key for a guid that is the entry's link with a number: `/story#0` is listed as `/story#3` later."""
    numbered = _NUMBERED.fullmatch(guid) if guid else None
    if not numbered or not link or _page_of(link) != _page_of(numbered[1]):
        return None
    return make_key(feed_url, numbered[1], None)


def _key_without_revision(feed_url: str, entry: RawEntry) -> str | None:
    """A second key for a guid that names a revision of its entry: `42-rev1` is listed as `42-rev2` later."""
    revised = _REVISED.fullmatch(entry.guid) if entry.guid else None
    if not revised or not entry.link:
        return None
    return _hash_key(feed_url, "revised", revised[1], page_of(entry.link))


def _page_of(url: str) -> str:
    """A URL without scheme, query and fragment."""
    return re.split("[?#]", _SCHEME.sub("//", url), maxsplit=1)[0]


def date_of(entry: RawEntry) -> int:
    """The entry's own date in Unix seconds, 0 for none."""
    date = plausible(entry.published) or plausible(entry.modified)
    return int(date.timestamp()) if date else 0


def make_link_key(link: str | None, site: str | None) -> str:
    """A short key of a link, the same over http and https; empty without a link.

    The host of ``site``, the feed's site, is left out: the key stays when the whole site moves to another host.
    """
    address, home = _ADDRESS.match(untracked(link) if link else ""), _ADDRESS.match(site or "")
    if not address:
        return ""
    host = address[1].removeprefix("www.")
    at_home = home is not None and host == home[1].removeprefix("www.")
    return hash_text("\0".join(("" if at_home else host, address[2])), _LINK_BYTES)


def _hash_key(*parts: str) -> str:
    return hash_text("\0".join(parts), _KEY_BYTES)
