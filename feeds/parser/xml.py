"""RSS, Atom and RDF of every version, however damaged, to a RawFeed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from feeds.parser.enclosures import find_media
from feeds.parser.feedparser import Parsed, parse
from feeds.parser.raw_entry import RawEntry, RawFeed, Tombstone, Wishes
from feeds.parser.sanitize import text_to_html

MAX_NAME_CHARS: Final = 200
MAX_TTL_SECONDS: Final = 31 * 86_400.0

_REFERENCE: Final = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,50})|([0-9]{1,50}));")
_REFERENCES: Final = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,50}|[0-9]{1,50});)+")
_ADDRESS: Final = re.compile(r"https?://|/", re.IGNORECASE)

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
        link=parsed.feed.get("link"),
        entries=_drop_fragments([_raw_entry(entry, parsed.version, base) for entry in parsed.entries], parsed),
        whole=parsed.whole,
        wishes=_read_wishes(parsed.polling),
        tombstones=[Tombstone(guid, when) for guid, when in parsed.deleted if guid],
    )


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


def _raw_entry(entry: _Element, version: str, feed_base: str) -> RawEntry:
    content, content_base = _content(entry, version)
    image, attachments = find_media(entry)
    title: _Element = entry.get("title_detail") or {}
    guid, link = entry.get("id") or None, entry.get("link") or None
    if link == guid and guid and not _ADDRESS.match(guid):
        # Without a link feedparser uses the guid as one, address or not.
        link = None
    return RawEntry(
        feed_base=feed_base,
        guid=guid,
        link=link,
        base=content_base or title.get("base") or None,
        title=entry.get("title") or None,
        title_is_html=title.get("type") not in (None, "text/plain"),
        content=content,
        summary=_summary(entry, content, version),
        published=entry.get("published_parsed"),
        modified=entry.get("updated_parsed"),
        authors=tuple(dict.fromkeys(_names(entry, version))) if "authors" in entry else (),
        tags=tuple(str(name) for tag in entry.get("tags", ()) if (name := tag.get("label") or tag.get("term"))),
        image=image,
        attachments=attachments,
    )


def _content(entry: _Element, version: str) -> tuple[str | None, str | None]:
    parts = entry.get("content") or ()
    best = max(parts, key=lambda part: "html" in (part.get("type") or ""), default=None)
    if best is None or not best.get("value"):
        return None, (entry.get("summary_detail") or {}).get("base")
    return _as_html(best["value"], best.get("type"), version), best.get("base")


def _summary(entry: _Element, content: str | None, version: str) -> str | None:
    detail = entry.get("summary_detail")
    if content is not None and detail is None:
        # Without a summary feedparser repeats the content, and leaves out its type.
        return None
    summary = entry.get("summary")
    return _as_html(summary, (detail or {}).get("type"), version) if summary else None


def _as_html(value: str, mime_type: str | None, version: str) -> str:
    """The value as HTML. RSS descriptions are HTML, whatever type feedparser guesses; other formats have a type."""
    if version.startswith("rss") or not mime_type or "html" in mime_type:
        return value
    return text_to_html(value)


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
