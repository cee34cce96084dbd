"""RSS, Atom and RDF, of every version and however damaged, to a listing."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from feeds.parser import sanitize
from feeds.parser.enclosures import media_of
from feeds.parser.feedparser import Parsed, parsed
from feeds.parser.raw_entry import Listed, Listing, Tombstone, Wishes

MAX_NAME: Final = 200
MAX_TTL: Final = 31 * 86_400.0

_REFERENCE: Final = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,50})|([0-9]{1,50}));")
_REFERENCES: Final = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,50}|[0-9]{1,50});)+")
_ADDRESS: Final = re.compile(r"https?://|/", re.IGNORECASE)

_PERIODS: Final = {"hourly": 1 / 24, "daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_Element = Mapping[str, Any]


def read(body: bytes, base: str, content_type: str | None) -> Listing:
    """Reads an XML document that came from ``base``; raises ValueError with a sentence if it is no feed."""
    if not body.strip():
        raise ValueError("The answer was empty.")
    found = _parsed(body, base, content_type)
    if not found.version:
        raise ValueError("This is not a feed: neither RSS, Atom, RDF nor JSON Feed.")
    entries = [_listed(entry, found.version) for entry in found.entries]
    return Listing(
        title=found.feed.get("title"),
        site_url=found.feed.get("link"),
        entries=_without_stump(entries, broken=found.broken, whole=found.whole),
        whole=found.whole,
        wishes=_wishes(found.asked),
        tombstones=[Tombstone(guid, _moment(when)) for guid, when in found.deleted if guid],
    )


def _parsed(body: bytes, base: str, content_type: str | None) -> Parsed:
    """What feedparser makes of a document. It trips over impossible character references, stray end tags and more."""
    name = ""
    for repair in (False, True):
        try:
            return parsed(_REFERENCES.sub(_possible, body) if repair else body, base, content_type)
        except MemoryError:
            raise
        except Exception as error:
            name = type(error).__name__
    raise ValueError(f"It is too damaged to be read ({name}).")


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


def _listed(entry: _Element, version: str) -> Listed:
    content, content_base = _content(entry, version)
    image, attachments = media_of(entry)
    title: _Element = entry.get("title_detail") or {}
    guid, link = entry.get("id") or None, entry.get("link") or None
    if link == guid and guid and not _ADDRESS.match(guid):
        # Where there is no link feedparser takes the guid for one, address or not.
        link = None
    return Listed(
        guid=guid,
        link=link,
        base=content_base or title.get("base") or None,
        title=entry.get("title") or None,
        title_is_html=title.get("type") not in (None, "text/plain"),
        content=content,
        summary=_summary(entry, content, version),
        published=_moment(entry.get("published_parsed")),
        modified=_moment(entry.get("updated_parsed")),
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
        # Where there is none, feedparser repeats the content, without saying what type it is of.
        return None
    summary = entry.get("summary")
    return _as_html(summary, (detail or {}).get("type"), version) if summary else None


def _as_html(value: str, mime_type: str | None, version: str) -> str:
    """RSS descriptions are HTML whatever feedparser guesses; Atom says what it means; the rest is text."""
    if version.startswith("rss") or not mime_type or "html" in mime_type:
        return value
    return sanitize.text_as_html(value)


def _names(entry: _Element, version: str) -> Iterator[str]:
    people = entry["authors"]
    for person in people[:-1]:
        yield person.get("name") or person.get("email") or ""
    for person in people[-1:]:
        as_written = (entry.get("author") or "")[:MAX_NAME]
        if version.startswith("rss") and "@" in as_written:
            # feedparser finds no more of an address than it takes for one: four letters of the last part.
            yield re.sub(r"[(<]?[^\s()<>@]+@[^\s()<>]+[)>]?", "", as_written).strip(" ()") or as_written
        else:
            yield person.get("name") or person.get("email") or ""


def _moment(parsed_date: Any) -> datetime | None:
    if parsed_date is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed_date), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _wishes(asked: Mapping[str, list[str]]) -> Wishes:
    """What elements ask for, as far as it makes sense: who asks never to be polled has made a mistake."""
    minutes = _number(asked.get("ttl"))
    days = _PERIODS.get(asked["sy_updateperiod"][0].lower(), 0) if asked.get("sy_updateperiod") else 0
    often = _number(asked.get("sy_updatefrequency")) or 1
    hours = {int(text) % 24 for text in asked.get("hour", ()) if re.fullmatch("[0-9]{1,2}", text) and int(text) <= 24}
    weekdays = {_WEEKDAYS.index(text.lower()) for text in asked.get("day", ()) if text.lower() in _WEEKDAYS}
    return Wishes(
        ttl=min(max(60 * minutes, 86_400 * days / often), MAX_TTL),
        skip_hours=tuple(sorted(hours)) if len(hours) < 24 else (),
        skip_days=tuple(sorted(weekdays)) if len(weekdays) < 7 else (),
    )


def _number(texts: list[str] | None) -> float:
    """The first of texts as a number, 0 where there is none."""
    return float(texts[0]) if texts and re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", texts[0]) else 0.0
