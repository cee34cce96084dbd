"""The address of a post, and the base URL of the relative links in its content.

The address is the first alternate link, else the guid. The base is the post's page, or the feed's site if that page
is on another site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import urls
from feeds.parser.raw_entry import RawEntry, RawFeed

_ABSOLUTE: Final = re.compile(r"https?://|/", re.IGNORECASE)
_WEB: Final = re.compile("https?://")
_PAGES: Final = frozenset({"text/html", "html", "application/xhtml+xml", "xhtml", ""})
_ALTERNATE: Final = frozenset({"alternate", "http://www.iana.org/assignments/relation/alternate"})


def choose(links: Iterable[Mapping[str, Any]], guid: str | None, feed_url: str) -> str | None:
    """The first alternate link to a page; ``guid`` if there is none and it is an address.

    A link to the feed itself is skipped.
    """
    first = next(_pages(links, feed_url), None)
    if first and (urls.is_plain(first) or urls.absolute(first, feed_url)):
        return first
    return guid if guid and _ABSOLUTE.match(guid) else first


def _pages(links: Iterable[Mapping[str, Any]], feed_url: str) -> Iterator[str]:
    for link in links:
        href = link.get("href")
        if not href or href == feed_url:
            continue
        if link.get("rel", "").lower() in _ALTERNATE and link.get("type", "").lower() in _PAGES:
            yield href


class Bases:
    """The URLs that relative links of a feed's entries refer to."""

    def __init__(self, feed: RawFeed) -> None:
        self._entries: Sequence[RawEntry] = feed.entries
        self._document = feed.base
        self._site = feed.site_url

    def of(self, entry: RawEntry) -> str:
        """The entry's own base, else its page, unless that is another site's; else the feed's site."""
        if own := entry.own_base:
            return own
        page = entry.url
        if page and (self._is_home(page) or not self._leads_away):
            return page
        return self._site or self._document

    def _is_home(self, page: str) -> bool:
        return any(_is_same_site(page, home) for home in (self._site, self._document) if home)

    @cached_property
    def _leads_away(self) -> bool:
        """True for a feed that links to other sites, and not to its own under another name or through a service."""
        if self._site is None:
            return False
        if _is_same_site(self._document, self._site):
            return True
        hosts = {_host(page) for entry in self._entries if (page := entry.url)}
        guids = (entry.guid for entry in self._entries if entry.guid and _WEB.match(entry.guid))
        return len(hosts) > 1 or any(_is_same_site(guid, self._site) for guid in guids)


def _is_same_site(one: str, other: str) -> bool:
    """True for one host, with or without `www.`, and for a host below the other."""
    mine, its = _host(one), _host(other)
    if not mine or not its:
        return False
    return mine == its or mine.endswith(f".{its}") or its.endswith(f".{mine}")


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
