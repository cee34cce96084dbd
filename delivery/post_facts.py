"""The facts of an event that a webhook's template can name: plain text and URLs, without secrets of feeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import redaction
from config import Blog
from entries import Event
from pages.item import name
from pages.item import summary as summary_of
from pages.names import short_name

Item = Mapping[str, Any]

NO_ITEM: Final[Item] = {}
"""The item of a withdrawn post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """One event of a blog as text; a missing fact is empty.

    ``event`` is `entry`, `update`, `delete` or `test`. A withdrawn post has only ``id`` and ``permalink``, its page
    in the blog, which needs server.public_url. ``title`` is the beginning of a post without one, and ``summary`` then
    empty. ``url`` is the post's own, else its permalink. ``published`` is RFC 3339.
    """

    event: str
    id: str
    blog: str
    title: str = ""
    url: str = ""
    summary: str = ""
    source: str = ""
    published: str = ""
    permalink: str = ""
    authors: str = ""
    tags: str = ""
    image: str = ""

    def values(self) -> dict[str, str]:
        """The facts by the names of `config.json_template.PLACEHOLDERS`."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def item_of(event: Event) -> Item:
    """The item of an event, without the private address of its feed; empty for a withdrawn one."""
    item: Item = json.loads(redaction.public_item(event.item)) if event.item is not None else NO_ITEM
    return item


def facts_of(event: Event, item: Item, blog: Blog, public_url: str | None) -> PostFacts:
    """The facts of an event. ``item`` is that of `item_of`."""
    permalink = f"{public_url}/{blog.slug}/e/{event.id}" if public_url else ""
    if not item:
        return PostFacts(event=event.kind, id=event.id, blog=blog.title, url=permalink, permalink=permalink)
    about = item["_livelog"]
    return PostFacts(
        event=event.kind,
        id=event.id,
        blog=blog.title,
        title=_line(name(item)),
        url=str(item.get("url") or permalink),
        summary=_line(summary_of(item)) if item.get("title") else "",
        source=_line(short_name(str(about["source"]["title"]))),
        published=str(item.get("date_published") or about["position"]),
        permalink=permalink,
        authors=", ".join(str(author["name"]) for author in item.get("authors", ()) if author.get("name")),
        tags=", ".join(map(str, item.get("tags", ()))),
        image=str(item.get("image") or ""),
    )


def _line(text: str) -> str:
    return " ".join(text.split())
