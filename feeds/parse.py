"""Bytes to entries: RSS, Atom and RDF through feedparser, JSON Feed and RSS-in-JSON on their own.

`parse` is a pure function of the bytes; it is called in a process that can be killed (`sandbox`), because
feedparser can be made to take quadratic time. Entries that the caller knows already (same key, same digest)
are recognised before anything is cleaned, and left out.
"""

from __future__ import annotations

import calendar
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import struct_time
from typing import Any, Final

import feedparser
from feedparser.mixin import _FeedParserMixin

from entries import Attachment, Entry, Source, aliases, digest, identity
from feeds import clean, jsonfeed
from feeds.listing import Listed, Listing

MAX_AUTHORS: Final = 20
MAX_NAME: Final = 200
MAX_TAGS: Final = 50
MAX_ATTACHMENTS: Final = 50

_ROOT_END: Final = re.compile(rb"</\s*(?:[A-Za-z]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_HARMLESS: Final = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
_REFERENCE: Final = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,50})|([0-9]{1,50}));")
_REFERENCES: Final = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,50}|[0-9]{1,50});)+")
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)


# An id is a name, not an address: resolved, it would change with the address that a document came from.
_FeedParserMixin.can_be_relative_uri.discard("id")


class NotAFeedError(Exception):
    """The bytes are no feed; the message says in a sentence what they are instead."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a feed listed: its title and site, every entry's id and digest, and the new or changed entries.

    ``whole`` is False for a document that was cut off on its way: its validators must not be kept.
    """

    title: str | None
    site_url: str | None
    entries: tuple[Entry, ...]
    listed: Mapping[str, str]
    whole: bool = True


def parse(
    body: bytes, url: str, content_type: str | None, known: Mapping[str, str], max_bytes: int, base: str | None = None
) -> Document:
    """Reads a feed document.

    ``url`` is the feed's address in the configuration, part of every key; ``base`` the address it came from in
    the end, which relative links refer to. ``known`` maps ids to digests of entries to leave out.
    ``max_bytes`` bounds a body that turns out to be compressed. Raises NotAFeedError.
    """
    body = _decompressed(body, max_bytes)
    base = clean.shown(base or url)
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _document(_read_json(body), url, base, known)
    return _document(_read_xml(body, base, content_type), url, base, known)


def _document(listing: Listing, url: str, base: str, known: Mapping[str, str]) -> Document:
    site = clean.link(listing.site_url, base)
    source = Source(clean.clean_text(listing.title) or _host(site or url), site, clean.shown(url))
    fresh: list[Entry] = []
    listed: dict[str, str] = {}
    for one, keys in _folded(url, listing.entries):
        fingerprint = digest(
            one.link, one.title, one.content, one.summary, one.authors, one.tags, one.image, one.attachments
        )
        listed[keys[0]] = fingerprint
        if known.get(keys[0]) != fingerprint:
            fresh.append(_entry(one, keys, fingerprint, source, base))
    return Document(clean.clean_text(listing.title), site, tuple(fresh), listed, listing.whole)


def _folded(url: str, entries: Iterable[Listed]) -> Iterator[tuple[Listed, tuple[str, ...]]]:
    """Each entry with its keys; of entries that share a key, the newest version at the place of the first."""
    solid = [one for one in entries if not one.hollow]
    folded: dict[str, tuple[Listed, tuple[str, ...]]] = {}
    for one, alias in zip(solid, aliases(url, [one.guid for one in solid]), strict=True):
        key = identity(url, one.guid, one.link, one.title, one.content or one.summary)
        if key in folded and not one.newer_than(folded[key][0]):
            continue
        folded[key] = (one, (key, alias) if alias else (key,))
    claims = Counter(alias for _, keys in folded.values() for alias in keys[1:])
    for one, keys in folded.values():
        yield one, tuple(key for key in keys if claims[key] < 2)


def _entry(one: Listed, keys: tuple[str, ...], fingerprint: str, source: Source, feed_base: str) -> Entry:
    base = clean.link(one.base, feed_base) or feed_base
    url = clean.link(one.link, base)
    base = url if one.base is None and url else base
    content, cut = clean.clean_html(one.content or one.summary or "", base)
    title = clean.clean_text(one.title) if one.title_is_html else clean.plain_text(one.title)
    summary = clean.clean_text(one.summary) if one.content and one.summary != one.content else None
    links = ((clean.link(file.url, base), file.mime_type) for file in one.attachments[:MAX_ATTACHMENTS] if file.url)
    return Entry(
        keys=keys,
        digest=fingerprint,
        source=source,
        url=url,
        title=title,
        content_html=content,
        truncated=cut,
        summary=summary,
        image=clean.link(one.image, base),
        published=_sane(one.published),
        modified=_sane(one.modified),
        authors=tuple(_texts(one.authors[:MAX_AUTHORS])),
        tags=tuple(dict.fromkeys(_texts(one.tags[:MAX_TAGS]))),
        attachments=tuple(Attachment(link, clean.plain_text(mime) or "") for link, mime in links if link),
    )


def _read_json(body: bytes) -> Listing:
    try:
        return jsonfeed.read(body)
    except ValueError as error:
        raise NotAFeedError(str(error)) from None


def _read_xml(body: bytes, base: str, content_type: str | None) -> Listing:
    if not body.strip():
        raise NotAFeedError("The answer was empty.")
    headers = {"content-location": base}
    if content_type:
        headers["content-type"] = content_type
    parsed = _parsed(body, headers)
    if not parsed.version and not parsed.entries:
        raise NotAFeedError(_what_it_is(body))
    broken = bool(parsed.bozo) and not isinstance(parsed.bozo_exception, _HARMLESS)
    whole = not broken or _ROOT_END.search(body) is not None
    entries = [_listed(entry, parsed.version) for entry in parsed.entries]
    return Listing(
        title=parsed.feed.get("title"),
        site_url=parsed.feed.get("link"),
        entries=_without_stump(entries, broken=broken, whole=whole),
        whole=whole,
    )


def _parsed(body: bytes, headers: Mapping[str, str]) -> Any:
    """What feedparser makes of a document. It trips over impossible character references, stray end tags and more."""
    name = ""
    for repair in (False, True):
        # BytesIO: given bytes or text, feedparser would open a file or a URL of that name.
        source = io.BytesIO(_REFERENCES.sub(_possible, body) if repair else body)
        try:
            return feedparser.parse(
                source, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
            )
        except MemoryError:
            raise
        except Exception as error:
            name = type(error).__name__
    raise NotAFeedError(f"It is too damaged to be read ({name}).")


def _possible(references: re.Match[bytes]) -> bytes:
    """Character references that can be: halves of surrogate pairs are joined, what is no character is replaced."""
    codes = (int(hexa or deci, 16 if hexa else 10) for hexa, deci in _REFERENCE.findall(references[0]))
    text = "".join(chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(f"&#{ord(char)};" for char in joined).encode()


def _without_stump(entries: list[Listed], *, broken: bool, whole: bool) -> list[Listed]:
    """Leaves out what a cut-off document made of its last entry: it would come back whole under another key."""
    if not whole:
        entries = entries[:-1] or [one for one in entries if one.guid]
    if broken and any(one.guid for one in entries):
        entries = [one for one in entries if one.guid]
    return entries


def _listed(entry: Any, version: str) -> Listed:
    content, content_base = _content(entry, version)
    # Where there is none, feedparser repeats the content, without saying what type it is of.
    summary = entry.get("summary") if content is None or "summary_detail" in entry else None
    title = entry.get("title_detail") or {}
    guid, link = entry.get("id") or None, entry.get("link") or None
    if link == guid and not re.match(r"https?://|/", guid or "", re.IGNORECASE):
        # Where there is no link feedparser takes the guid for one, address or not.
        link = None
    return Listed(
        guid=guid,
        link=link,
        base=content_base or title.get("base") or None,
        title=entry.get("title") or None,
        title_is_html=title.get("type") not in (None, "text/plain"),
        content=content,
        summary=_as_html(summary, (entry.get("summary_detail") or {}).get("type"), version) if summary else None,
        published=_moment(dict.get(entry, "published_parsed")),
        # A plain look-up: feedparser's own answers with the date of publication where there is no other.
        modified=_moment(dict.get(entry, "updated_parsed")),
        authors=tuple(dict.fromkeys(_names(entry, version))),
        tags=tuple(str(name) for tag in entry.get("tags", ()) if (name := tag.get("label") or tag.get("term"))),
        image=_image(entry),
        attachments=tuple(
            Attachment(str(file.get("href") or ""), str(file.get("type") or ""))
            for file in entry.get("enclosures", ())
        ),
    )


def _content(entry: Any, version: str) -> tuple[str | None, str | None]:
    parts = entry.get("content") or ()
    best = max(parts, key=lambda part: "html" in (part.get("type") or ""), default=None)
    if best is None or not best.get("value"):
        return None, (entry.get("summary_detail") or {}).get("base")
    return _as_html(best["value"], best.get("type"), version), best.get("base")


def _as_html(value: str, mime_type: str | None, version: str) -> str:
    """RSS descriptions are HTML whatever feedparser guesses; Atom says what it means; the rest is text."""
    if version.startswith("rss") or not mime_type or "html" in mime_type:
        return value
    return clean.text_as_html(value)


def _names(entry: Any, version: str) -> Iterator[str]:
    people = entry.get("authors") or ()
    for person in people[:-1]:
        yield person.get("name") or person.get("email") or ""
    for person in people[-1:]:
        as_written = entry.get("author", "")[:MAX_NAME]
        if version.startswith("rss") and "@" in as_written:
            # feedparser finds no more of an address than it takes for one: four letters of the last part.
            yield re.sub(r"[(<]?[^\s()<>@]+@[^\s()<>]+[)>]?", "", as_written).strip(" ()") or as_written
        else:
            yield person.get("name") or person.get("email") or ""


def _image(entry: Any) -> str | None:
    for thumbnail in entry.get("media_thumbnail", ()):
        if thumbnail.get("url"):
            return str(thumbnail["url"])
    for media in entry.get("media_content", ()):
        kind = f"{media.get('medium', '')} {media.get('type', '')}"
        if "image" in kind and media.get("url"):
            return str(media["url"])
    image = entry.get("image") or {}
    return image.get("href") if isinstance(image, Mapping) else None


def _moment(parsed: struct_time | None) -> datetime | None:
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _sane(moment: datetime | None) -> datetime | None:
    """Epoch seconds in a date field come out as the year 1732: no date is better than a wrong one."""
    return moment if moment and moment >= _EARLIEST else None


def _texts(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        text = clean.clean_text(value)
        if text:
            yield text[:MAX_NAME]


def _host(url: str) -> str:
    return re.sub(r"^https?://(?:[^/@]*@)?(?:www\.)?", "", url).split("/")[0]


def _what_it_is(body: bytes) -> str:
    head = body[:2_000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return "This is a web page, not a feed."
    return "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."


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
