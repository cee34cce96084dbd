"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): items as they are stored, withdrawals under ``_livelog``."""

from __future__ import annotations

from typing import Final

from entries import dump, from_micros
from pages.feeds_out.document import Feed, Written

VERSION: Final = "https://jsonfeed.org/version/1.1"


def write_entry(text: str) -> Written:
    """An item, given as JSON text, as it is."""
    return Written(text)


def write(feed: Feed) -> str:
    """The whole document."""
    blog, links = feed.blog, feed.links
    head = {
        "version": VERSION,
        "title": blog.title,
        "home_page_url": links.page,
        "feed_url": links.own,
        "next_url": links.following,
        "icon": blog.logo,
        "language": blog.language,
        "hubs": [{"type": "WebSub", "url": links.hub}] if links.hub else None,
        "_livelog": {
            "withdrawn": [{"id": gone.id, "at": from_micros(int(gone.at * 1_000_000))} for gone in feed.withdrawn]
        },
    }
    given = {name: value for name, value in head.items() if value is not None}
    return f'{dump(given)[:-1]},"items":[{",".join(entry.text for entry in feed.entries)}]}}'
