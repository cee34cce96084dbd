"""Bytes to entries: `parse` is a pure function that reads a feed document, whatever its format.

    decompress → XML or JSON to a RawFeed → identify its entries → sanitise the new and changed → apply blogs' filters

It runs in a process that can be killed (`feeds/parser_pool.py`): feedparser and regular expressions can be made to
take quadratic or exponential time.
"""

from __future__ import annotations

import zlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import invisible
import preview
import redaction
import urls
from entries import Entry, Source
from feeds.parser import details, discovery, head_links, identity, json, own_addresses, plain_text, sanitize, xml
from feeds.parser.addresses import Bases
from feeds.parser.dates import plausible
from feeds.parser.enclosures import drop_repeated
from feeds.parser.filter import Filter, Judgement
from feeds.parser.head_links import Link
from feeds.parser.identity import ListedEntry
from feeds.parser.raw_entry import NO_WISHES, RawEntry, RawFeed, Wishes
from feeds.parser.selectors import Selectors
from feedstate import Mark, Marks
from markup import is_icon
from redaction import OwnAddresses

MAX_AUTHORS: Final = 20
MAX_TAGS: Final = 50
MAX_ENTRIES: Final = 5_000
"""The first entries of a document are read: the result is sent to the process that serves readers."""

MAX_ATTACHMENTS: Final = 50
FILTER_SECONDS: Final = 1.0
"""CPU that the filters of all blogs may use for a document."""


class NotAFeedError(Exception):
    """The body is not a feed; the message is a sentence that names its actual kind.

    If it is a web page, ``feeds`` are the URLs of the feeds that it links to, in its order.
    """

    def __init__(self, message: str, feeds: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.feeds = tuple(feeds)

    def __reduce__(self) -> tuple[Any, ...]:
        return NotAFeedError, (str(self), self.feeds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A body to parse, and the known entries of its feed.

    ``url`` is the feed's URL in the configuration; ``base`` the URL that answered after redirects, which relative
    links refer to. ``name`` is the feed's name in every key: ``url`` if it is empty.
    ``known`` entries, of the poll that succeeded at ``known_at`` (Unix seconds), are left out of the result unless
    they changed, or all are to be read ``anew``.
    ``former_site`` is the site that the last document named: a site that moves may still be named in texts.
    ``filters`` are those of each blog that has one. ``max_bytes`` bounds a compressed body after decompression.
    ``selectors`` are those of a web page without a feed, None for a feed.
    """

    body: bytes
    url: str
    base: str
    content_type: str | None = None
    known: Mapping[str, Mark] = field(default_factory=Marks)
    known_at: float = 0
    name: str = ""
    anew: bool = False
    former_site: str | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    max_bytes: int = 15_000_000
    selectors: Selectors | None = None

    @property
    def public_url(self) -> str:
        """``url`` without secrets."""
        return redaction.public_url(self.url)

    @property
    def public_base(self) -> str:
        """``base`` without secrets: a link that is resolved against it is published."""
        return redaction.public_url(self.base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed document: title and site of the feed, the marks of all entries, and the new and changed entries.

    ``whole`` is False for a document that was cut off: its validators must not be kept. ``refused`` are the ids of
    ``entries`` that a blog's filter rejects, by blog. ``slow_patterns`` are blogs and patterns that took too long and
    were left out. ``withdrawn`` are the ids of entries that have a tombstone.
    ``renamed`` is True if almost none of the known entries is listed any more, and many others are: the new entries
    are most likely old ones with new guids. ``links`` are those of `head_links`.
    """

    title: str | None
    site_url: str | None
    entries: tuple[Entry, ...]
    listed: Marks
    whole: bool = True
    wishes: Wishes = NO_WISHES
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)
    slow_patterns: Sequence[tuple[str, str]] = ()
    withdrawn: tuple[str, ...] = ()
    renamed: bool = False
    links: Sequence[Link] = ()


def parse(reading: Reading) -> Document:
    """Parses a feed document; raises NotAFeedError."""
    body = _decompress(reading.body, reading.max_bytes)
    feed = _read(body, reading)
    listing = identity.identify(
        feed,
        reading.name or reading.url,
        reading.known,
        reading.known_at,
        anew=reading.anew,
        former_homes=(reading.former_site, reading.url),
    )
    title, site = sanitize.extract_text(feed.title), feed.site_url
    source = Source(title or urls.host_of(site or reading.url), site, reading.public_url)
    bases = Bases(feed)
    own = OwnAddresses([reading.url, reading.base])
    entries = tuple(
        _sanitize_entry(entry, source, own.hidden(bases.of(entry.raw)), feed.logos) for entry in listing.changed
    )
    if own:
        source = own_addresses.hidden_source(source, own)
        entries = own_addresses.hidden(entries, source, own)
    judgements = _judge(entries, reading.filters)
    return Document(
        title=title and source.title,
        site_url=source.url,
        entries=entries,
        listed=listing.marks,
        whole=feed.whole,
        wishes=feed.wishes,
        refused={blog: judged.refused for blog, judged in judgements.items()},
        slow_patterns=[(blog, pattern) for blog, judged in judgements.items() for pattern in judged.slow],
        withdrawn=listing.withdrawn,
        renamed=listing.renamed,
        links=head_links.find(body) if feed.links is None else feed.links,
    )


def _decompress(body: bytes, max_bytes: int) -> bytes:
    """Some servers send a gzip file without Content-Encoding."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        plain = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, max_bytes + 1)
    except zlib.error:
        raise NotAFeedError("The answer is compressed, and damaged.") from None
    if len(plain) > max_bytes:
        raise NotAFeedError(f"The answer is larger than {max_bytes} bytes.")
    return plain


def _read(body: bytes, reading: Reading) -> RawFeed:
    if reading.selectors:
        return _scrape(body, reading, reading.selectors)
    base = reading.public_base
    is_page = discovery.is_page(body)
    if is_page and (wrapped := discovery.unwrap_feed(body)):
        body, is_page = wrapped, False
    if not is_page:
        is_json = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
        try:
            feed = json.read(body, base) if is_json else xml.read(body, base, reading.content_type)
            return replace(feed, entries=feed.entries[:MAX_ENTRIES])
        except ValueError as error:
            if is_json or not discovery.may_be_page(body):
                raise NotAFeedError(str(error)) from None
    # The feeds are requested, not published: a secret in the path is a part of their addresses.
    named = discovery.find_feeds(body, urls.without_credentials(reading.base))
    raise NotAFeedError("This is a web page, not a feed.", named)


def _scrape(body: bytes, reading: Reading, selectors: Selectors) -> RawFeed:
    # Here: the process that serves readers imports this module, too, and no lxml.
    from feeds.parser import scrape

    try:
        return scrape.read(body, reading.public_base, reading.content_type, selectors, MAX_ENTRIES)
    except ValueError as error:
        raise NotAFeedError(str(error)) from None


def _sanitize_entry(entry: ListedEntry, source: Source, base: str, logos: Container[str]) -> Entry:
    raw = entry.raw
    content, truncated = _sanitize_text(raw, base)
    plain = sanitize.normalize_text if raw.is_item else sanitize.extract_text
    title = sanitize.extract_text(raw.title) if raw.title_is_html else sanitize.normalize_text(raw.title)
    has_summary = raw.content and (raw.is_item or raw.summary != raw.content)
    summary = sanitize.extract_text(raw.summary) if has_summary else None
    authors = raw.authors if any(raw.authors) else raw.inherited_authors
    files = ((urls.absolute(file.url, base), file) for file in raw.attachments[:MAX_ATTACHMENTS])
    return Entry(
        keys=entry.keys,
        digest=entry.mark.digest,
        is_correction=entry.is_correction,
        source=source,
        url=raw.url,
        title=title,
        content_html=content,
        truncated=truncated or raw.is_cut,
        preview=preview.of(content, summary, title),
        summary=summary,
        image=_lead_picture(raw, base, logos),
        published=plausible(raw.published),
        modified=plausible(raw.modified),
        authors=tuple(map(_shorten_names, filter(None, map(plain, authors[:MAX_AUTHORS])))),
        tags=tuple(dict.fromkeys(map(_cut, filter(None, map(plain, raw.tags[:MAX_TAGS]))))),
        attachments=drop_repeated(
            replace(
                file,
                url=link,
                mime_type=sanitize.normalize_text(file.mime_type) or "",
                title=_cut(plain(file.title) or "") or None,
            )
            for link, file in files
            if link
        ),
        details=details.clean(raw.details(), base, is_plain=raw.is_item),
    )


def _lead_picture(raw: RawEntry, base: str, logos: Container[str]) -> str | None:
    """The picture of an entry: no avatar or icon; the feed's own only beside an episode, as its cover."""
    if raw.image in logos and not any(file.mime_type.startswith("audio/") for file in raw.attachments):
        return None
    url = urls.absolute(raw.image, base)
    return None if url is None or is_icon(url) else url


def _sanitize_text(raw: RawEntry, base: str) -> tuple[str, bool]:
    """The content of an entry that a reader sees, else its summary, else its links; and True if it was cut."""
    blank = ""
    for markup in filter(None, (raw.content, raw.summary)):
        written = markup if raw.is_item else plain_text.text_as_html(markup)
        sanitised, truncated = sanitize.sanitize_html(written, base)
        if not sanitize.is_blank(sanitised):
            return sanitised, truncated
        blank += sanitised
    return sanitize.name_links(blank), False


def _shorten_names(text: str) -> str:
    """A list of names, cut between two of them if it is too long: with initials after a comma, behind those."""
    if len(text) <= xml.MAX_NAME_CHARS:
        return text
    head = text[: xml.MAX_NAME_CHARS - 2]
    end = head.rfind("., ") + 1 or max(head.rfind(", "), head.rfind("; "))
    return f"{head[:end]}, …" if end > 0 else _cut(text)


def _cut(text: str) -> str:
    """At most MAX_NAME_CHARS. The part that is cut off may have ended a change of direction."""
    return text if len(text) <= xml.MAX_NAME_CHARS else invisible.tame_text(text[: xml.MAX_NAME_CHARS])


def _judge(entries: Sequence[Entry], filters: Mapping[str, Filter]) -> Mapping[str, Judgement]:
    """The judgements of the blogs' filters. Each may use its share of FILTER_SECONDS, and what those before left."""
    left, judgements = FILTER_SECONDS, dict[str, Judgement]()
    for blog, filter_ in filters.items():
        judged = filter_.judge(entries, left / (len(filters) - len(judgements)))
        left -= judged.seconds
        judgements[blog] = judged
    return judgements
