"""OPML documents of blogs, without the secrets in them.

Tags are categories or, where they cannot be, folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from config import Blog, Feed, Scrape
from opml import web_pages

_CATEGORY_SEPARATOR: Final = re.compile("[,/]")
_NOT_IN_XML: Final = re.compile("[\ufffe\uffff]")


def parts(blog: Blog) -> Iterator[str]:
    """The feeds of a blog as an OPML document, a part for each feed: a long one does not block the event loop."""
    has_pages = any(feed.scrape for feed in blog.feeds)
    namespace = f' xmlns:frss="{web_pages.NAMESPACE}"' if has_pages else ""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0"{namespace}>\n'
    yield _writable(f"<head><title>{escape(blog.title)}</title></head>\n<body>\n")
    for feed in blog.feeds:
        yield _writable(_outlines(feed))
    yield "</body>\n</opml>\n"


def _outlines(feed: Feed) -> str:
    """The feed's outline, with its tags as categories, or as nested folders if a tag contains a comma or slash."""
    url = feed.public_url
    # OPML 2.0 requires `text`. A title is written only if the operator gave one.
    attributes = {
        "type": "rss",
        "text": feed.title or urlsplit(url).hostname or "",
        "title": feed.title,
        "xmlUrl": url,
    }
    if feed.scrape:
        attributes |= _page(feed.scrape) or {"type": "link", "xmlUrl": None, "url": url}
    if any(map(_CATEGORY_SEPARATOR.search, feed.tags)):
        folders = "".join(f"<outline text={quoteattr(tag)}>" for tag in feed.tags)
        return f"{folders}{_element(attributes)}{'</outline>' * len(feed.tags)}\n"
    return f"{_element({**attributes, 'category': ','.join(feed.tags)})}\n"


def _page(scrape: Scrape) -> dict[str, str | None]:
    """The attributes of a web page; empty if its selectors may have a secret."""
    selectors: dict[str, str | None] = {f"frss:{name}": value for name, value in web_pages.write(scrape)}
    return {"type": web_pages.KIND, **selectors} if selectors else {}


def _element(attributes: Mapping[str, str | None]) -> str:
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value)
    return f"<outline{written}/>"


def _writable(text: str) -> str:
    """The text without U+FFFE and U+FFFF, the two characters that a configuration allows and XML 1.0 does not."""
    return _NOT_IN_XML.sub("\ufffd", text)
