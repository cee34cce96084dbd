"""RSS, Atom and RDF of every version, however damaged, to a RawFeed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from entries import Details
from feeds.parser import addresses, kept, texts
from feeds.parser.dates import read_date
from feeds.parser.details import read_details, read_via
from feeds.parser.enclosures import find_media
from feeds.parser.feedparser import Parsed, parse
from feeds.parser.plain_text import resolve_references
from feeds.parser.raw_entry import RawEntry, RawFeed, Tombstone, Wishes
from feeds.parser.sanitize import text_to_html

MAX_NAME_CHARS: Final = 200
MAX_TTL_SECONDS: Final = 31 * 86_400.0
ITEM_PREFIX: Final = "urn:livelog:"
"""Begins the id of an entry of another Livelog, see pages/feeds_out/atom.py."""

_REFERENCE: Final = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,50})|([0-9]{1,50}));")
_REFERENCES: Final = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,50}|[0-9]{1,50});)+")

_PERIODS: Final = {"hourly": 1 / 24, "daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_Element = Mapping[str, Any]


def read(body: bytes, base: str, content_type: str | None) -> RawFeed:
    """Reads an XML document that came from ``base``; raises ValueError with a sentence if it is no feed."""
    if not body.strip():
        raise ValueError("The answer was empty.")
    parsed = _parse_or_repair(body, base, content_type)
    if not parsed.version:
        raise ValueError("This is not a feed: neither RSS, Atom, RDF nor JSON Feed.")
    return RawFeed(
        base=base,
        title=parsed.feed.get("title"),
        link=_site(parsed.feed, base),
        entries=_drop_fragments([_raw_entry(entry, parsed, base) for entry in parsed.entries], parsed),
        whole=parsed.whole,
        wishes=_read_wishes(parsed.polling),
        tombstones=[Tombstone(guid, None if _is_item(guid) else when) for guid, when in parsed.deleted if guid],
        logos=[url for url in (parsed.feed.get("logo"), parsed.feed.get("icon"), _image_of(parsed.feed)) if url],
    )


def _image_of(feed: _Element) -> str | None:
    image = feed.get("image")
    url: str | None = image.get("href") if isinstance(image, Mapping) else None
    return url


def _site(feed: _Element, base: str) -> str | None:
    """The feed's first alternate link. Its id is a name, and an address only if it is a whole one."""
    guid = feed.get("id") or ""
    return addresses.choose(feed.get("links", ()), guid if guid.startswith(("http://", "https://")) else None, base)


def _parse_or_repair(body: bytes, base: str, content_type: str | None) -> Parsed:
    """Parses, and tries once more with repaired character references if feedparser fails.

    It fails for impossible references, stray end tags and more.
    """
    name = ""
    for repair in (False, True):
        try:
            return parse(_REFERENCES.sub(_repair_references, body) if repair else body, base, content_type)
        except MemoryError:
            raise
        except Exception as error:
            name = type(error).__name__
    raise ValueError(f"It is too damaged to be read ({name}).")


def _repair_references(references: re.Match[bytes]) -> bytes:
    """Joins halves of surrogate pairs, and replaces references to no character by U+FFFD."""
    codes = (int(hexa or deci, 16 if hexa else 10) for hexa, deci in _REFERENCE.findall(references[0]))
    text = "".join(chr(code) if 0 < code < 0x110000 else "\ufffd" for code in codes)
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(f"&#{ord(char)};" for char in joined).encode()


def _drop_fragments(entries: list[RawEntry], parsed: Parsed) -> list[RawEntry]:
    """Drops the last entry of a document that was cut off: the whole entry would come under another key later.

    Of a document that is not well-formed, entries without guid are dropped as well if others have one.
    """
    if not parsed.whole:
        entries = entries[:-1] or [entry for entry in entries if entry.guid]
    if parsed.broken and any(entry.guid for entry in entries):
        entries = [entry for entry in entries if entry.guid]
    return entries


def _raw_entry(entry: _Element, parsed: Parsed, feed_base: str) -> RawEntry:
    found: list[texts.Text] = entry.get(kept.TEXTS, [])
    content, summary = texts.choose(found)
    title = texts.choose_title(found)
    image, attachments = find_media(entry, entry.get(kept.PICTURE))
    guid, version = entry.get("id") or None, parsed.version
    links = entry.get(kept.LINKS) or entry.get("links", ())
    base = next((text.base for text in (content, summary, title) if text), None)
    raw = RawEntry(
        feed_base=feed_base,
        guid=guid,
        link=addresses.choose(links, guid if entry.get(kept.IS_PERMALINK) else None, feed_base),
        origin=entry.get(kept.ORIGIN),
        base=base if base != parsed.base else None,
        title=title.value if title else None,
        title_is_html=title is not None and title.mime_type not in (None, "text/plain"),
        content=_as_html(content, version),
        summary=_as_html(summary, version),
        published=entry.get("published_parsed"),
        modified=entry.get("updated_parsed"),
        authors=(authors := _authors(entry, version)),
        inherited_authors=() if any(authors) else _inherited_authors(entry, parsed),
        tags=tuple(str(name) for tag in entry.get("tags", ()) if (name := tag.get("label") or tag.get("term"))),
        image=image,
        attachments=attachments,
        details=partial(read_details, entry, parsed.feed, image, {text.value for text in (content, summary) if text}),
    )
    return _as_item(raw, entry, summary) if _is_item(guid) else raw


def _is_item(guid: str | None) -> bool:
    return guid is not None and guid.startswith(ITEM_PREFIX)


def _as_item(raw: RawEntry, entry: _Element, summary: texts.Text | None) -> RawEntry:
    """An entry of another Livelog, of which nothing is guessed.

    Atom requires a date of modification and an author; an item may have neither.
    """
    own = entry.get(kept.DETAILS) or {}
    is_own = summary is not None and summary.name == "summary"
    pictures = (one.get("url") for one in entry.get("media_thumbnail", ()))
    return replace(
        raw,
        is_item=True,
        is_cut=own.get("livelog_truncated") == "true",
        summary=text_to_html(summary.value) if summary and is_own else None,
        modified=read_date(own.get("livelog_modified")),
        inherited_authors=(),
        image=next(pictures, None),
        details=partial(_read_item_details, raw, entry),
    )


def _read_item_details(raw: RawEntry, entry: _Element) -> Details:
    related = (link.get("href") for link in entry.get("links", ()) if link.get("rel") == "related")
    others = (entry.get(kept.DETAILS) or {}).get("livelog_via", "").split()
    via = read_via((raw.guid or "").removeprefix(ITEM_PREFIX), others)
    return replace(raw.details(), external_url=next(related, None), via=via)


def _as_html(text: texts.Text | None, version: str) -> str | None:
    """The text as HTML. RSS descriptions are HTML, whatever type feedparser guesses; other formats have a type."""
    if text is None:
        return None
    if version.startswith("rss") or not text.mime_type or "html" in text.mime_type:
        return text.value
    return text_to_html(resolve_references(text.value))


def _authors(of: _Element, version: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_names(of, version))) if "authors" in of else ()


def _inherited_authors(entry: _Element, parsed: Parsed) -> tuple[str, ...]:
    """The authors of the source of an entry of Atom, else of the feed (RFC 4287 §4.2.1)."""
    if not parsed.version.startswith("atom"):
        return ()
    return _authors(entry.get("source") or {}, parsed.version) or _authors(parsed.feed, parsed.version)


def _names(entry: _Element, version: str) -> Iterator[str]:
    people = entry["authors"]
    for person in people[:-1]:
        yield person.get("name") or person.get("email") or ""
    for person in people[-1:]:
        as_written = (entry.get("author") or "")[:MAX_NAME_CHARS]
        if version.startswith("rss") and "@" in as_written:
            # feedparser finds only addresses whose last part has at most four letters.
            yield re.sub(r"[(<]?[^\s()<>@]+@[^\s()<>]+[)>]?", "", as_written).strip(" ()") or as_written
        else:
            yield person.get("name") or person.get("email") or ""


def _read_wishes(polling: Mapping[str, list[str]]) -> Wishes:
    """Reads the elements that ask for a pace of polling; a value that would end all polling is ignored."""
    minutes = _number(polling.get("ttl"))
    days = _PERIODS.get(polling["sy_updateperiod"][0].lower(), 0) if polling.get("sy_updateperiod") else 0
    times = _number(polling.get("sy_updatefrequency")) or 1
    written = (text for text in polling.get("hour", ()) if re.fullmatch("[0-9]{1,2}", text))
    hours = {int(text) % 24 for text in written if int(text) <= 24}
    weekdays = {_WEEKDAYS.index(text.lower()) for text in polling.get("day", ()) if text.lower() in _WEEKDAYS}
    return Wishes(
        ttl=min(max(60 * minutes, 86_400 * days / times), MAX_TTL_SECONDS),
        skip_hours=tuple(sorted(hours)) if len(hours) < 24 else (),
        skip_days=tuple(sorted(weekdays)) if len(weekdays) < 7 else (),
    )


def _number(texts: list[str] | None) -> float:
    """The first text as a number; 0 if there is none."""
    return float(texts[0]) if texts and re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", texts[0]) else 0.0
