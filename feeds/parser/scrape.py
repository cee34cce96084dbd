"""Web pages without a feed to a RawFeed, by the selectors of the configuration.

lxml reads a page as leniently as a browser, and in a process that can be killed: imported by no other. It resolves no
entities and requests nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from html import escape
from typing import Any, Final

from lxml import etree, html

import page_selectors
import urls
from feeds.parser import lazy_images
from feeds.parser.dates import read_date
from feeds.parser.encoding import decode_page
from feeds.parser.raw_entry import RawEntry, RawFeed
from feeds.parser.sanitize import text_to_html
from feeds.parser.selectors import Selectors

MAX_QUOTED_CHARS: Final = 80
"""Characters of a selector that its problem quotes."""

_NO_LINKS: Final = ("javascript:", "mailto:", "tel:", "data:")

Found = Any
"""A result of lxml's XPath: an element, or a text."""


def read(body: bytes, base: str, content_type: str | None, selectors: Selectors, max_entries: int) -> RawFeed:
    """Reads a page that came from ``base``; raises ValueError with a sentence if a selector selects nothing."""
    page = _parsed(decode_page(body, content_type))
    own_base = page.xpath("string(//base/@href)")
    resolved = urls.absolute(own_base, base) or base if own_base else base
    items = _select(page.getroottree(), "list", selectors.list)
    if not items or isinstance(items[0], str):
        raise ValueError(_nothing("list", selectors.list, "on this page"))
    entries = [_entry(item, resolved, selectors) for item in items[:max_entries] if not isinstance(item, str)]
    # Entries are recognised by their links: without those, all would be new ones.
    for key in ("link", "title"):
        if (selector := getattr(selectors, key)) and not any(getattr(entry, key) for entry in entries):
            raise ValueError(_nothing(key, selector, f"in what scrape.list selects on this page ({len(entries)})"))
    named = [entry for entry in entries if not entry.is_empty]
    if not named:
        raise ValueError(_nothing("list", selectors.list, "with a title, link or text on this page"))
    return RawFeed(base=resolved, title=_line(page.xpath("string(//title)")), link=base, entries=named)


def _parsed(text: str) -> Any:
    """The root element of a page. Raises ValueError for one without any, and MemoryError."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        page = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        raise ValueError("The page was empty.") from None
    except etree.XMLSyntaxError as error:
        if any(one.type == etree.ErrorTypes.ERR_NO_MEMORY for one in parser.error_log):
            raise MemoryError from None
        raise ValueError(f"The page is too damaged to be read: {error}.") from None
    # Browsers show none of it: scripts of the page fill in copies.
    etree.strip_elements(page, "template", with_tail=False)
    return page


def _nothing(key: str, selector: str, where: str) -> str:
    quoted = selector if len(selector) <= MAX_QUOTED_CHARS else f"{selector[:MAX_QUOTED_CHARS]}…"
    return f"scrape.{key}, “{quoted}”, selects nothing {where}."


def _entry(item: Found, base: str, selectors: Selectors) -> RawEntry:
    return RawEntry(
        feed_base=base,
        link=_value(item, "link", selectors, _address),
        title=_value(item, "title", selectors, _text),
        content="".join(map(_inner_html, _found(item, "text", selectors))) or None,
        published=_date(_value(item, "date", selectors, _moment), selectors.date_format),
        authors=tuple(dict.fromkeys(filter(None, map(_text, _found(item, "author", selectors))))),
        image=_value(item, "image", selectors, partial(_picture, base=base)),
    )


def _found(item: Found, key: str, selectors: Selectors) -> Sequence[Found]:
    selector = getattr(selectors, key) or page_selectors.DEFAULTS.get(key)
    return _select(item, key, selector) if selector else ()


def _value(item: Found, key: str, selectors: Selectors, read_one: Callable[[Found], str | None]) -> str | None:
    """The first value that is not empty."""
    return next(filter(None, map(read_one, _found(item, key, selectors))), None)


def _select(context: Found, key: str, selector: str) -> Sequence[Found]:
    """The elements and texts that a selector selects."""
    try:
        found = _compiled(selector)(context)
    except (etree.XPathError, page_selectors.SelectorError) as error:
        # A selector of config.yaml was checked, one of a remote list was not.
        raise ValueError(f"scrape.{key} cannot be used on this page: {error}") from None
    if isinstance(found, list):
        # A namespace is a pair, and a comment has a function for its tag.
        return [one for one in found if isinstance(one, str) or isinstance(getattr(one, "tag", None), str)]
    return [] if isinstance(found, bool) else [f"{found:g}" if isinstance(found, float) else found]


@lru_cache
def _compiled(selector: str) -> etree.XPath:
    return etree.XPath(page_selectors.to_xpath(selector), smart_strings=False)


def _line(text: str) -> str | None:
    return " ".join(text.split()) or None


def _text(found: Found) -> str | None:
    return _line(found if isinstance(found, str) else "".join(found.itertext()))


def _address(found: Found) -> str | None:
    """The address of a link: that of the element, else of the first link in it, else of the one around it."""
    if isinstance(found, str):
        return found.strip() or None
    links = (element.get("href", "").strip() for element in (found, *found.iter("a"), *found.iterancestors("a")))
    return next((link for link in links if link and link != "#" and not link.lower().startswith(_NO_LINKS)), None)


def _moment(found: Found) -> str | None:
    """A date as it is written: for programs, or for people."""
    if isinstance(found, str):
        return found.strip()
    return found.get("datetime") or found.get("content") or _text(found)


def _date(text: str | None, date_format: str | None) -> datetime | None:
    if text is None or date_format is None:
        return read_date(text)
    try:
        moment = datetime.strptime(" ".join(text.split()), date_format)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _picture(found: Found, base: str) -> str | None:
    if isinstance(found, str):
        return found.strip() or None
    sources = (lazy_images.source(image.attrib, base) for image in found.iter("img"))
    return next(filter(None, sources), None) or found.get("content")


def _inner_html(found: Found) -> str:
    if isinstance(found, str):
        return text_to_html(found)
    children = (html.tostring(child, encoding="unicode") for child in found)
    return f"{escape(found.text or '', quote=False)}{''.join(children)}"
