"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), and RSS-in-JSON, to a listing.

Publishers get types wrong; a value of the wrong type counts as missing, an item that is no object as none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from entries import Attachment
from feeds.parser import sanitize
from feeds.parser.enclosures import is_picture, mime_type, once, seconds, size
from feeds.parser.raw_entry import Listed, Listing


def read(body: bytes) -> Listing:
    """Reads a JSON document; raises ValueError with a sentence if it is no feed."""
    try:
        document = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        raise ValueError("This is neither XML nor valid JSON.") from None
    document = _object(document)
    if str(document.get("version", "")).startswith(("https://jsonfeed.org/", "http://jsonfeed.org/")):
        return _json_feed(document)
    channel = _object(_object(document.get("rss")).get("channel"))
    if channel:
        return _rss_in_json(channel)
    raise ValueError("This is JSON, but not a JSON Feed.")


def _json_feed(document: dict[str, Any]) -> Listing:
    return Listing(
        title=_text(document.get("title")),
        site_url=_text(document.get("home_page_url")),
        entries=[_json_item(item) for item in _objects(document.get("items"))],
    )


def _json_item(item: dict[str, Any]) -> Listed:
    plain = _text(item.get("content_text"))
    files = once(_files(_objects(item.get("attachments")), "mime_type", "size_in_bytes"))
    pictures = (file.url for file in files if is_picture(file))
    people = [*_objects(item.get("authors")), _object(item.get("author"))]
    return Listed(
        guid=_id(item.get("id")),
        link=_text(item.get("url")) or _text(item.get("external_url")),
        title=_text(item.get("title")),
        content=_text(item.get("content_html")) or (sanitize.text_as_html(plain) if plain else None),
        summary=sanitize.text_as_html(_text(item.get("summary")) or "") or None,
        published=_iso_date(item.get("date_published")),
        modified=_iso_date(item.get("date_modified")),
        authors=tuple(dict.fromkeys(name for person in people if (name := _text(person.get("name"))))),
        tags=tuple(tag for tag in _list(item.get("tags")) if isinstance(tag, str)),
        image=_text(item.get("image")) or _text(item.get("banner_image")) or next(pictures, None),
        attachments=files,
    )


def _rss_in_json(channel: dict[str, Any]) -> Listing:
    return Listing(
        title=_text(channel.get("title")),
        site_url=_text(channel.get("link")),
        entries=[_rss_item(item) for item in _objects(channel.get("item"))],
    )


def _rss_item(item: dict[str, Any]) -> Listed:
    files = once(_files(_objects(item.get("enclosure")), "type", "length"))
    guid = item.get("guid")
    return Listed(
        guid=_id(_object(guid).get("#value") if isinstance(guid, dict) else guid),
        link=_text(item.get("link")),
        title=_text(item.get("title")),
        title_is_html=True,
        content=_text(item.get("description")),
        published=_mail_date(item.get("pubDate")),
        authors=tuple(name for name in (_text(item.get("author")),) if name),
        image=next((file.url for file in files if is_picture(file)), None),
        attachments=files,
    )


def _files(objects: Iterable[dict[str, Any]], kind: str, length: str) -> Iterator[Attachment]:
    for file in objects:
        url = _text(file.get("url"))
        if url:
            played = seconds(file.get("duration_in_seconds"))
            yield Attachment(url, mime_type(url, _text(file.get(kind))), size(file.get(length)), played)


def _iso_date(value: object) -> datetime | None:
    return _date(value, datetime.fromisoformat)


def _mail_date(value: object) -> datetime | None:
    return _date(value, parsedate_to_datetime)


def _date(value: object, read: Callable[[str], datetime]) -> datetime | None:
    """A date in UTC; None for one that is not written as it should be, or out of Python's range."""
    if not isinstance(value, str):
        return None
    try:
        moment = read(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _id(value: object) -> str | None:
    """Ids should be text; a number is a common mistake and serves as well."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects of a list; a lone object counts as a list of one (RSS-in-JSON writes it so)."""
    for one in _list([value] if isinstance(value, dict) else value):
        if isinstance(one, dict):
            yield one
