"""Render posts as RSS 2.0, Atom 1.0 (with RFC 6721 tombstones), JSON Feed 1.1 and small HTML pages."""

import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from xml.etree import ElementTree as ET

from demo.posts import Enclosure, Post, Withdrawal

Format = Literal["rss", "atom", "json"]

CONTENT_TYPES: dict[Format, str] = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"

# Without these ElementTree names the prefixes ns0, ns1, …
for _prefix, _namespace in (
    ("atom", ATOM),
    ("content", CONTENT),
    ("dc", DUBLIN_CORE),
    ("media", MEDIA),
    ("at", TOMBSTONES),
):
    ET.register_namespace(_prefix, _namespace)

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = re.compile(r"<[^>]*>")
_EXCERPT_LENGTH = 200

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:1.1rem/1.6 Georgia,serif;max-width:38rem;margin:3rem auto;padding:0 1rem;color:#222}}
img{{max-width:100%;height:auto}}.by{{color:#666;font-size:.9rem}}</style>
<body dir="auto"><h1>{title}</h1>
{body}
</body></html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A feed to render. Posts and withdrawals are newest first; `changed` is the time of the last change."""

    title: str
    feed_url: str
    home_url: str
    posts: Sequence[Post]
    withdrawals: Sequence[Withdrawal]
    changed: datetime


def document(channel: Channel, form: Format) -> bytes:
    """The feed document of `channel` in UTF-8, as RSS, Atom or JSON Feed."""
    if form == "rss":
        return _xml(_rss(channel))
    if form == "atom":
        return _xml(_atom(channel))
    return json.dumps(_json_feed(channel), ensure_ascii=False, indent=1).encode()


def excerpt(markup: str) -> str:
    """The beginning of `markup` as plain text: at most 200 characters."""
    text = " ".join(html.unescape(_TAG.sub(" ", markup)).split())
    return text if len(text) <= _EXCERPT_LENGTH else text[: _EXCERPT_LENGTH - 1].rstrip() + "…"


def post_page(post: Post, desk: str) -> bytes:
    """A small HTML page of one post. The post's HTML is not escaped: the newsroom wrote it."""
    byline = " · ".join(part for part in (desk, post.author, http_date(post.published)) if part)
    return page(post.title or desk, f'<p class="by">{html.escape(byline)}</p>\n{post.html}')


def front_page(channels: Iterable[tuple[str, str]]) -> bytes:
    """A small HTML page that lists the feeds, given as (title, URL)."""
    items = (f'<li><a href="{html.escape(url)}">{html.escape(title)}</a></li>' for title, url in channels)
    return page("Newsroom", f"<ul>{''.join(items)}</ul>")


def page(title: str, body: str) -> bytes:
    """A small HTML page: `title` is text, `body` is HTML."""
    return _PAGE.format(title=html.escape(title), body=body).encode()


def timestamp(moment: datetime) -> str:
    """`moment` as RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def http_date(moment: datetime) -> str:
    """`moment` as RFC 5322 and HTTP write it, in GMT, whole seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _xml(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    """Append a child element, without the characters that XML 1.0 excludes."""
    cleaned = {name: _NOT_IN_XML.sub("", value) for name, value in attributes.items()}
    child = ET.SubElement(parent, tag, cleaned)
    if text is not None:
        child.text = _NOT_IN_XML.sub("", text)
    return child


def _rss(channel: Channel) -> ET.Element:
    root = ET.Element("rss", version="2.0")
    top = ET.SubElement(root, "channel")
    _add(top, "title", channel.title)
    _add(top, "link", channel.home_url)
    _add(top, "description", channel.title)
    _add(top, "lastBuildDate", http_date(channel.changed))
    _add(top, f"{{{ATOM}}}link", rel="self", type="application/rss+xml", href=channel.feed_url)
    for post in channel.posts:
        _rss_item(_add(top, "item"), post)
    return root


def _rss_item(item: ET.Element, post: Post) -> None:
    if post.title is not None:
        _add(item, "title", post.title)
    _add(item, "link", post.link)
    _add(item, "guid", post.guid, isPermaLink="false")
    _add(item, "pubDate", http_date(post.published))
    if post.updated != post.published:
        _add(item, f"{{{ATOM}}}updated", timestamp(post.updated))
    if post.author is not None:
        _add(item, f"{{{DUBLIN_CORE}}}creator", post.author)
    for category in post.categories:
        _add(item, "category", category)
    # RSS 2.0 requires a title or a description.
    if post.summary is not None or post.title is None:
        _add(item, "description", post.summary if post.summary is not None else excerpt(post.html))
    _add(item, f"{{{CONTENT}}}encoded", post.html)
    if post.image is not None:
        _add(item, f"{{{MEDIA}}}content", url=post.image, medium="image")
    if post.enclosure is not None:
        _add(item, "enclosure", **_rss_enclosure(post.enclosure))


def _rss_enclosure(enclosure: Enclosure) -> dict[str, str]:
    return {"url": enclosure.url, "type": enclosure.mime_type, "length": str(enclosure.length)}


def _atom(channel: Channel) -> ET.Element:
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, f"{{{ATOM}}}id", channel.feed_url)
    _add(root, f"{{{ATOM}}}title", channel.title)
    _add(root, f"{{{ATOM}}}updated", timestamp(channel.changed))
    _add(root, f"{{{ATOM}}}link", rel="self", type="application/atom+xml", href=channel.feed_url)
    _add(root, f"{{{ATOM}}}link", rel="alternate", type="text/html", href=channel.home_url)
    _add(_add(root, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", channel.title)
    for withdrawal in channel.withdrawals:
        _add(root, f"{{{TOMBSTONES}}}deleted-entry", ref=withdrawal.guid, when=timestamp(withdrawal.when))
    for post in channel.posts:
        _atom_entry(_add(root, f"{{{ATOM}}}entry"), post)
    return root


def _atom_entry(entry: ET.Element, post: Post) -> None:
    _add(entry, f"{{{ATOM}}}id", post.guid)
    # Atom requires the element; an untitled post has an empty one.
    _add(entry, f"{{{ATOM}}}title", post.title or "")
    _add(entry, f"{{{ATOM}}}link", rel="alternate", type="text/html", href=post.link)
    _add(entry, f"{{{ATOM}}}published", timestamp(post.published))
    _add(entry, f"{{{ATOM}}}updated", timestamp(post.updated))
    if post.author is not None:
        _add(_add(entry, f"{{{ATOM}}}author"), f"{{{ATOM}}}name", post.author)
    for category in post.categories:
        _add(entry, f"{{{ATOM}}}category", term=category)
    if post.summary is not None:
        _add(entry, f"{{{ATOM}}}summary", post.summary)
    _add(entry, f"{{{ATOM}}}content", post.html, type="html")
    if post.image is not None:
        _add(entry, f"{{{MEDIA}}}content", url=post.image, medium="image")
    if post.enclosure is not None:
        enclosure = post.enclosure
        attributes = {"href": enclosure.url, "type": enclosure.mime_type, "length": str(enclosure.length)}
        _add(entry, f"{{{ATOM}}}link", rel="enclosure", **attributes)


def _json_feed(channel: Channel) -> dict[str, object]:
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home_url,
        "feed_url": channel.feed_url,
        "items": [_json_item(post) for post in channel.posts],
    }


def _json_item(post: Post) -> dict[str, object]:
    item: dict[str, object] = {"id": post.guid, "url": post.link}
    if post.title is not None:
        item["title"] = post.title
    item["content_html"] = post.html
    if post.summary is not None:
        item["summary"] = post.summary
    if post.image is not None:
        item["image"] = post.image
    item["date_published"] = timestamp(post.published)
    if post.updated != post.published:
        item["date_modified"] = timestamp(post.updated)
    if post.author is not None:
        item["authors"] = [{"name": post.author}]
    if post.categories:
        item["tags"] = list(post.categories)
    if post.enclosure is not None:
        item["attachments"] = [_json_attachment(post.enclosure)]
    return item


def _json_attachment(enclosure: Enclosure) -> dict[str, object]:
    return {"url": enclosure.url, "mime_type": enclosure.mime_type, "size_in_bytes": enclosure.length}
