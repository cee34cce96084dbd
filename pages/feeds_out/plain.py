"""Plain text: the newest posts, for a terminal, a script or a screen reader."""

from __future__ import annotations

import json
import re
from typing import Final

from pages.feeds_out.document import Feed, Item, Written
from pages.names import named
from pages.shown_at import shown_at
from preview import text_of

_SEPARATOR: Final = "\n----\n\n"
_LINE_END: Final = re.compile(r"<br>|</(?:blockquote|dd|div|dt|figcaption|h[1-6]|li|p|pre|summary|tr)>")
_MARK: Final = "\0"
"""In place of the end of a line: no stored text has it, and it is no white space, which is folded."""

_BETWEEN: Final = " ·"
"""Between items of lists, which are lines of their own here."""

# A terminal obeys these.
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def write_entry(text: str) -> Written:
    """An item, given as JSON text: time, source, headline, address and text."""
    item: Item = json.loads(text)
    parts = (_byline(item), _line(named(item)), _line(item.get("url", "")))
    # Written in one piece: a text of 2,000 lines would take 20 ms line by line.
    marked = text_of(_LINE_END.sub(_MARK, item.get("content_html", "")))
    lines = (line.strip(_BETWEEN) for line in marked.split(_MARK))
    return Written(_CONTROL.sub("", "\n".join(filter(None, (*parts, *lines)))) + "\n")


def write(feed: Feed) -> str:
    """The whole document. Withdrawn posts are left out."""
    head = "\n".join(filter(None, (_line(feed.blog.title), feed.links.page)))
    rest = f"Older posts: {feed.links.following}\n" if feed.links.following else ""
    return _SEPARATOR.join(
        filter(None, (f"{_CONTROL.sub('', head)}\n", *(entry.text for entry in feed.entries), rest))
    )


def _byline(item: Item) -> str:
    moment = shown_at(item)
    return f"{moment[:10]} {moment[11:16]} UTC · {_line(item['_livelog']['source']['title'])}"


def _line(text: str) -> str:
    return " ".join(text.split())
