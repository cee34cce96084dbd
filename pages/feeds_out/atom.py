"""Atom (RFC 4287), with withdrawals as tombstones (RFC 6721) and links to older entries (RFC 5005).

Facts that Atom has no name for are in modules that feeds/parser reads: pictures and credits in Media RSS, comments
in RFC 4685, places in GeoRSS, episodes in iTunes. `livelog:modified` is the publisher's date of modification, as
``updated``, which every entry must have, is the time of the last change that readers are to notice;
`livelog:truncated` is true of content that was cut, and `livelog:via` has the ids of other Livelogs for the entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from entries import from_micros
from pages.feeds_out.document import Feed, Item, Written
from timeline import Withdrawal

ID_PREFIX: Final = "urn:livelog:"
"""Begins the id of an entry; the item's id follows."""

NEVER: Final = "1970-01-01T00:00:00Z"
"""``updated`` of a feed without entries, which must have one: the time of the request would change each answer."""

_NAMESPACES: Final = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0" '
    'xmlns:gd="http://schemas.google.com/g/2005" xmlns:georss="http://www.georss.org/georss" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:livelog="urn:livelog:terms" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:thr="http://purl.org/syndication/thread/1.0"'
)
_MEDIA_TYPE: Final = re.compile(r".+/.+")
# XML 1.0 §2.2; references to these are errors, too.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_entry(text: str) -> Written:
    """An item, given as JSON text, as an ``atom:entry``."""
    item: Item = json.loads(text)
    updated = _updated(item)
    return Written(f"<entry>{''.join(_entry_parts(item, updated))}</entry>\n", updated)


def write(feed: Feed) -> str:
    """The whole document. The schema of RFC 4287 has entries after all else."""
    blog, links = feed.blog, feed.links
    language = _attributes(**{"xml:lang": blog.language})
    head = [
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed {_NAMESPACES}{language}>\n',
        _element("id", links.first or links.own),
        _element("title", blog.title),
        _element("updated", _newest(feed)),
        f"<author>{_element('name', blog.title)}</author>",
        "<generator>Livelog</generator>",
        _element("icon", blog.logo),
        _element("logo", blog.logo),
        _link("self", links.own, type="application/atom+xml"),
        _link("alternate", links.page, type="text/html"),
        _link("hub", links.hub),
        *(_link(relation, url, type="application/atom+xml") for relation, url in links.neighbours()),
        *map(_tombstone, feed.withdrawn),
    ]
    return "".join((*head, "\n", *(entry.text for entry in feed.entries), "</feed>\n"))


def _entry_parts(item: Item, updated: str) -> Iterator[str]:
    about = item["_livelog"]
    yield _element("id", ID_PREFIX + item["id"])
    yield _element("title", item.get("title", ""))
    yield _element("updated", updated)
    yield _element("published", item.get("date_published"))
    yield _element("livelog:modified", item.get("date_modified"))
    yield _element("livelog:truncated", "true" if about.get("truncated") else None)
    yield _element("livelog:via", " ".join(about.get("via", ())) or None)
    yield _link("alternate", item.get("url"))
    yield _link("related", item.get("external_url"))
    yield from map(_author, item.get("authors", ()))
    for tag in item.get("tags", ()):
        yield f"<category{_attributes(term=tag)}/>"
    yield _element("summary", item.get("summary"))
    yield f'<content type="html">{_escaped(item.get("content_html", ""))}</content>'
    yield from map(_enclosure, item.get("attachments", ()))
    yield from _details(item, about)
    yield _source(item, about)


def _details(item: Item, about: Item) -> Iterator[str]:
    if item.get("image"):
        yield f"<media:thumbnail{_attributes(url=item['image'])}/>"
    picture, episode, place = (about.get(name, {}) for name in ("picture", "episode", "place"))
    yield _element("media:description", picture.get("caption"))
    yield _element("media:credit", picture.get("credit"))
    yield _element("itunes:season", episode.get("season"))
    yield _element("itunes:episode", episode.get("number"))
    yield _element("georss:featurename", place.get("name"))
    if "latitude" in place:
        yield _element("georss:point", f"{place['latitude']} {place['longitude']}")
    if comments := about.get("comments"):
        yield _link("replies", comments["url"], type="text/html", **{"thr:count": comments.get("count")})


def _source(item: Item, about: Item) -> str:
    """The site that the entry is from (RFC 4287 §4.2.11). It is the author of an entry that names none.

    Its feed is the id, and no link: a document has exactly one ``rel="self"``.
    """
    source: Item = about.get("original") or about["source"]
    name = _element("name", source.get("title"))
    return "".join(
        (
            "<source>",
            _element("id", source.get("feed_url")),
            _element("title", source.get("title")),
            _link("alternate", source.get("url")),
            "" if item.get("authors") or not name else f"<author>{name}</author>",
            "</source>",
        )
    )


def _author(author: Item) -> str:
    avatar = f"<gd:image{_attributes(src=author['avatar'])}/>" if author.get("avatar") else ""
    return f"<author>{_element('name', author.get('name', ''))}{_element('uri', author.get('url'))}{avatar}</author>"


def _enclosure(file: Item) -> str:
    kind = str(file.get("mime_type", ""))
    return _link(
        "enclosure",
        file["url"],
        type=kind if _MEDIA_TYPE.fullmatch(kind) else None,
        length=file.get("size_in_bytes"),
        title=file.get("title"),
        **{"livelog:duration": file.get("duration_in_seconds")},
    )


def _tombstone(gone: Withdrawal) -> str:
    when = from_micros(int(gone.at * 1_000_000))
    return f"<at:deleted-entry{_attributes(ref=ID_PREFIX + gone.id, when=when)}/>"


def _updated(item: Item) -> str:
    """The time of the last change that readers are to notice.

    A correction counts from when it was seen: publishers often leave their dates. So does an entry that is listed
    again: its tombstone is older (RFC 6721 §3).
    """
    about = item["_livelog"]
    if about.get("corrected"):
        return str(about["corrected"])
    if about["revision"] > 1:
        return str(about["seen"])
    return str(item.get("date_modified") or item.get("date_published") or about["seen"])


def _newest(feed: Feed) -> str:
    changes = [entry.updated for entry in feed.entries]
    changes += [from_micros(int(gone.at * 1_000_000)) for gone in feed.withdrawn[:1]]
    return max(changes, key=datetime.fromisoformat, default=NEVER)


def _link(relation: str, url: str | None, **attributes: Any) -> str:
    return f"<link{_attributes(rel=relation, href=url, **attributes)}/>" if url else ""


def _element(name: str, value: object) -> str:
    return "" if value is None else f"<{name}>{_escaped(value)}</{name}>"


def _attributes(**values: object) -> str:
    """Attributes with a space before each; those without a value are left out."""
    return "".join(f' {name}="{_escaped_value(value)}"' for name, value in values.items() if value is not None)


def _escaped(value: object) -> str:
    """Text as character data, without the characters that XML 1.0 cannot have.

    A parser would make a line feed of a carriage return (XML 1.0 §2.11). str.translate takes 20 times as long.
    """
    text = _FORBIDDEN.sub("", str(value)).replace("&", "&amp;").replace("<", "&lt;")
    return text.replace("]]>", "]]&gt;").replace("\r", "&#13;")


def _escaped_value(value: object) -> str:
    """Text as the value of an attribute, in which a parser would make spaces of these (XML 1.0 §3.3.3)."""
    return _escaped(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
