"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), and RSS-in-JSON, to a RawFeed.

A value of the wrong type counts as missing, and an item that is no object is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from entries import Attachment, AuthorPage, Details
from feeds.parser import head_links
from feeds.parser.dates import read_date
from feeds.parser.details import read_count, read_item_details, read_pages
from feeds.parser.enclosures import drop_repeated, guess_type, is_picture, read_duration, read_size
from feeds.parser.plain_text import resolve_references
from feeds.parser.raw_entry import RawEntry, RawFeed, Tombstone
from feeds.parser.sanitize import text_to_html
from feeds.parser.texts import is_blank


def read(body: bytes, base: str) -> RawFeed:
    """Reads a JSON document that came from ``base``; raises ValueError with a sentence if it is no feed."""
    try:
        document = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        raise ValueError("This is neither XML nor valid JSON.") from None
    document = _object(document)
    if str(document.get("version", "")).startswith(("https://jsonfeed.org/", "http://jsonfeed.org/")):
        return _json_feed(document, base)
    channel = _object(_object(document.get("rss")).get("channel"))
    if channel:
        return _rss_in_json(channel, base)
    raise ValueError("This is JSON, but not a JSON Feed.")


def _json_feed(document: dict[str, Any], base: str) -> RawFeed:
    authors, pages = _names(document), read_pages(_people(document), "url")
    title = _text(document.get("title"))
    return RawFeed(
        base=base,
        title=title,
        link=_text(document.get("home_page_url")),
        logos=[url for url in (_text(document.get("icon")), _text(document.get("favicon"))) if url],
        links=head_links.find_in_json(document),
        entries=[
            _read_item(item, base, title) or _json_item(item, base, authors, pages)
            for item in _objects(document.get("items"))
        ],
        # No date: an entry that is listed again has no tombstone.
        tombstones=[
            Tombstone(guid, None)
            for gone in _objects(_object(document.get("_livelog")).get("withdrawn"))
            if (guid := _id(gone.get("id")))
        ],
    )


def _read_item(item: dict[str, Any], feed_base: str, feed_title: str | None) -> RawEntry | None:
    """An item of another Livelog, of which nothing is guessed; None for any other."""
    about = _object(item.get("_livelog"))
    if not _object(about.get("source")):
        return None
    return RawEntry(
        feed_base=feed_base,
        is_item=True,
        is_cut=about.get("truncated") is True,
        guid=_id(item.get("id")),
        link=_text(item.get("url")),
        title=_text(item.get("title")),
        content=_text(item.get("content_html")),
        summary=text_to_html(_text(item.get("summary")) or "") or None,
        published=read_date(item.get("date_published")),
        modified=read_date(item.get("date_modified")),
        authors=_names(item),
        tags=_tags(item),
        image=_text(item.get("image")),
        attachments=drop_repeated(_files(_objects(item.get("attachments")), "mime_type", "size_in_bytes")),
        details=partial(_read_item_details, item, about, feed_title),
    )


def _read_item_details(item: dict[str, Any], about: dict[str, Any], feed_title: str | None) -> Details:
    details = read_item_details(about, _id(item.get("id")), (feed_title, _text(item.get("title"))))
    return replace(details, external_url=_text(item.get("external_url")), authors=read_pages(_people(item), "url"))


def _json_item(
    item: dict[str, Any], feed_base: str, authors: tuple[str, ...], pages: Mapping[str, AuthorPage]
) -> RawEntry:
    markup, plain = _text(item.get("content_html")), _text(item.get("content_text"))
    summary = text_to_html(resolve_references(_text(item.get("summary")) or "")) or None
    files = drop_repeated(_files(_objects(item.get("attachments")), "mime_type", "size_in_bytes"))
    pictures = (file.url for file in files if is_picture(file))
    guid, title = _id(item.get("id")), _text(item.get("title"))
    if markup and (plain or summary) and is_blank(markup):
        markup = None
    return RawEntry(
        feed_base=feed_base,
        guid=guid,
        link=_text(item.get("url")) or _text(item.get("external_url")) or _address(guid),
        title=resolve_references(title) if title else None,
        content=markup or (text_to_html(resolve_references(plain)) if plain else None),
        summary=summary,
        published=read_date(item.get("date_published")),
        modified=read_date(item.get("date_modified")),
        authors=_names(item),
        inherited_authors=authors,
        tags=_tags(item),
        image=_text(item.get("image")) or _text(item.get("banner_image")) or next(pictures, None),
        attachments=files,
        details=partial(_read_details, item, pages),
    )


def _read_details(item: dict[str, Any], pages: Mapping[str, AuthorPage]) -> Details:
    own = read_pages(_people(item), "url")
    return Details(external_url=_text(item.get("external_url")), authors={**pages, **own})


def _tags(item: dict[str, Any]) -> tuple[str, ...]:
    return tuple(tag for tag in _list(item.get("tags")) if isinstance(tag, str))


def _people(of: dict[str, Any]) -> list[dict[str, Any]]:
    return [*_objects(of.get("authors")), _object(of.get("author"))]


def _names(of: dict[str, Any]) -> tuple[str, ...]:
    """The names of the authors of an item, or of the feed."""
    return tuple(dict.fromkeys(name for person in _people(of) if (name := _text(person.get("name")))))


def _address(guid: str | None) -> str | None:
    """An id that is the item's address, as the specification recommends."""
    return guid if guid and guid.startswith(("http://", "https://")) else None


def _rss_in_json(channel: dict[str, Any], base: str) -> RawFeed:
    return RawFeed(
        base=base,
        links=(),
        title=_text(channel.get("title")),
        link=_text(channel.get("link")),
        entries=[_rss_item(item, base, _text(channel.get("title"))) for item in _objects(channel.get("item"))],
    )


def _rss_item(item: dict[str, Any], feed_base: str, feed_title: str | None) -> RawEntry:
    files = drop_repeated(_files(_objects(item.get("enclosure")), "type", "length"))
    guid = _id(_value(item.get("guid")))
    return RawEntry(
        feed_base=feed_base,
        guid=guid,
        link=_text(item.get("link")) or (_address(guid) if _is_permalink(item.get("guid")) else None),
        title=_text(item.get("title")),
        title_is_html=True,
        content=_text(item.get("description")),
        published=read_date(item.get("pubDate")),
        authors=tuple(name for name in (_text(item.get("author")),) if name),
        tags=tuple(name for one in _several(item.get("category")) if (name := _text(_value(one)))),
        image=next((file.url for file in files if is_picture(file)), None),
        attachments=files,
        details=partial(_read_rss_details, item, feed_title),
    )


def _read_rss_details(item: dict[str, Any], feed_title: str | None) -> Details:
    comments, source = _text(item.get("comments")), _text(_value(item.get("source")))
    count = read_count(item.get("slash:comments"))
    return Details(
        comments={"url": comments, **({} if count is None else {"count": count})} if comments else {},
        original={"title": source} if source and source != feed_title else {},
    )


def _is_permalink(guid: object) -> bool:
    """True for a guid that is the address of its item, as all are unless they have ``isPermaLink="false"``."""
    attributes = _object(guid)
    return str(attributes.get("@isPermaLink", attributes.get("isPermaLink"))).lower() != "false"


def _value(element: object) -> object:
    """The text of an element, which is an object if it has attributes."""
    return element.get("#value") if isinstance(element, dict) else element


def _several(value: object) -> list[Any]:
    """The elements of a name, of which a single one stands without a list."""
    return value if isinstance(value, list) else [value]


def _files(objects: Iterable[dict[str, Any]], kind: str, length: str) -> Iterator[Attachment]:
    for file in objects:
        url = _text(file.get("url"))
        if url:
            duration = read_duration(file.get("duration_in_seconds"))
            size, title = read_size(file.get(length)), _text(file.get("title"))
            yield Attachment(url, guess_type(url, _text(file.get(kind))), size, duration, title)


def _id(value: object) -> str | None:
    """An id as text; a number is a common mistake, and is accepted."""
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
    """The objects of a list; a single object counts as a list of one, as RSS-in-JSON writes it."""
    for one in _list([value] if isinstance(value, dict) else value):
        if isinstance(one, dict):
            yield one
