"""Bytes to entries: of RSS, Atom and RDF (`xml`), of JSON Feed and RSS-in-JSON (`json`).

`parse` is a pure function of the bytes; it is called in a process that can be killed (`sandbox`), because
feedparser can be made to take quadratic time. Entries that the caller knows already (same key, same digest)
are recognised before anything is cleaned, and left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import urls
from entries import Entry, Source
from feeds.parser import discovery, identity, json, sanitize, xml
from feeds.parser.enclosures import once
from feeds.parser.filter import Selection, wanted
from feeds.parser.identity import Named, sane
from feeds.parser.raw_entry import NO_WISHES, Listing, Wishes
from feedstate import Mark, Marks

MAX_AUTHORS: Final = 20
MAX_TAGS: Final = 50
MOST_ENTRIES: Final = 5_000
"""How many entries of a document are read, the first: what comes of it goes to the process that serves readers."""

MAX_ATTACHMENTS: Final = 50


class NotAFeedError(Exception):
    """The bytes are no feed; the message says in a sentence what they are instead.

    Where they are a web page, ``feeds`` are the addresses of the feeds that it names, in its order.
    """

    def __init__(self, message: str, feeds: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.feeds = tuple(feeds)

    def __reduce__(self) -> tuple[Any, ...]:
        return NotAFeedError, (str(self), self.feeds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is to be read, and what is known of it.

    ``url`` is the feed's address in the configuration, part of every key; ``base`` the address that the body came
    from in the end, which relative links refer to. ``known`` are entries to leave out unless they changed.
    ``selections`` say what each blog takes, where it does not take all. ``max_bytes`` bounds a body that turns out to
    be compressed.
    """

    body: bytes
    url: str
    base: str
    content_type: str | None = None
    known: Mapping[str, Mark] = field(default_factory=Marks)
    selections: Mapping[str, Selection] = field(default_factory=dict)
    max_bytes: int = 15_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a feed listed: its title and site, a mark of every entry, and the new or changed entries.

    ``whole`` is False for a document that was cut off on its way: its validators must not be kept. ``refused`` are
    the ids of ``entries`` that a blog's selection keeps out, by blog. ``withdrawn`` are the ids of entries that the
    publisher has withdrawn by a tombstone. ``renamed`` is set where next to none of the known entries is listed any
    more, and many that are not known: what is new then is most likely old, under other guids.
    """

    title: str | None
    site_url: str | None
    entries: tuple[Entry, ...]
    listed: Marks
    whole: bool = True
    wishes: Wishes = NO_WISHES
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()
    renamed: bool = False


def parse(reading: Reading) -> Document:
    """Reads a feed document; raises NotAFeedError."""
    body = _decompressed(reading.body, reading.max_bytes)
    base = urls.without_credentials(reading.base)
    return _document(_listing(body, base, reading.content_type), reading, base)


def _listing(body: bytes, base: str, content_type: str | None) -> Listing:
    if discovery.is_page(body):
        raise _web_page(body, base)
    in_json = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    try:
        return json.read(body) if in_json else xml.read(body, base, content_type)
    except ValueError as error:
        if not in_json and discovery.may_be_page(body):
            raise _web_page(body, base) from None
        raise NotAFeedError(str(error)) from None


def _web_page(body: bytes, base: str) -> NotAFeedError:
    return NotAFeedError("This is a web page, not a feed.", discovery.feeds_of(body, base))


def _document(listing: Listing, reading: Reading, base: str) -> Document:
    known = reading.known
    site = urls.absolute(listing.site_url, base)
    source = Source(
        sanitize.clean_text(listing.title) or urls.host_of(site or reading.url),
        site,
        urls.without_credentials(reading.url),
    )
    listing = replace(listing, entries=listing.entries[:MOST_ENTRIES])
    listed = identity.named(reading.url, base, listing)
    withdrawn = identity.withdrawn(reading.url, known, listed, listing.tombstones)
    listed = {entry_id: listed[entry_id] for entry_id in listed if entry_id not in withdrawn}
    renamed = listing.whole and identity.renamed(known, listed)
    former = identity.former_ids(known, listed) if renamed else {}
    fresh = tuple(
        _entry(entry, former.get(entry_id), source, base)
        for entry_id, entry in listed.items()
        if entry_id not in known or known[entry_id].digest != entry.mark.digest
    )
    return Document(
        title=sanitize.clean_text(listing.title),
        site_url=site,
        entries=fresh,
        listed=Marks({entry_id: entry.mark for entry_id, entry in listed.items()}),
        whole=listing.whole,
        wishes=listing.wishes,
        # Here, where it can be killed: a regular expression can be made to take for ever.
        refused={blog: _refused(fresh, selection) for blog, selection in reading.selections.items()},
        withdrawn=tuple(withdrawn),
        renamed=renamed,
    )


def _refused(entries: Iterable[Entry], selection: Selection) -> frozenset[str]:
    return frozenset(entry.id for entry in entries if not wanted(entry, selection))


def _entry(entry: Named, former_id: str | None, source: Source, feed_base: str) -> Entry:
    one = entry.one
    url = identity.url_of(one, feed_base)
    base = urls.absolute(one.base, feed_base) or feed_base
    base = url if one.base is None and url else base
    content, cut = sanitize.clean_html(one.content or one.summary or "", base)
    title = sanitize.clean_text(one.title) if one.title_is_html else sanitize.plain_text(one.title)
    summary = sanitize.clean_text(one.summary) if one.content and one.summary != one.content else None
    files = ((urls.absolute(file.url, base), file) for file in one.attachments[:MAX_ATTACHMENTS])
    return Entry(
        keys=(*entry.keys, former_id) if former_id else entry.keys,
        digest=entry.mark.digest,
        source=source,
        url=url,
        title=title,
        content_html=content,
        truncated=cut,
        summary=summary,
        image=urls.absolute(one.image, base),
        published=sane(one.published),
        modified=sane(one.modified),
        authors=tuple(_texts(one.authors[:MAX_AUTHORS])),
        tags=tuple(dict.fromkeys(_texts(one.tags[:MAX_TAGS]))),
        attachments=once(
            replace(file, url=link, mime_type=sanitize.plain_text(file.mime_type) or "")
            for link, file in files
            if link
        ),
    )


def _texts(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        text = sanitize.clean_text(value)
        if text:
            yield text[: xml.MAX_NAME]


def _decompressed(body: bytes, max_bytes: int) -> bytes:
    """Some servers send a gzip file and do not say so."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        plain = unzip.decompress(body, max_bytes + 1)
    except zlib.error:
        raise NotAFeedError("The answer is compressed, and damaged.") from None
    if len(plain) > max_bytes:
        raise NotAFeedError(f"The answer is larger than {max_bytes} bytes.")
    return plain
