"""A blog's feed in each of its forms: whole, or an entry at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pages.feeds_out import atom, json_feed, plain
from pages.feeds_out.document import MAX_BYTES, BlogFacts, Feed, Withdrawal, Written
from pages.feeds_out.links import Form, Links

_WRITE: Final[dict[Form, Callable[[Feed], str]]] = {"xml": atom.write, "json": json_feed.write, "txt": plain.write}
_WRITE_ENTRY: Final[dict[Form, Callable[[str], Written]]] = {
    "xml": atom.write_entry,
    "json": json_feed.write_entry,
    "txt": plain.write_entry,
}


def write_entry(form: Form, item: str) -> Written:
    """An entry, given as the JSON text of its item. Takes 0.5 ms for the longest."""
    return _WRITE_ENTRY[form](item)


def write(form: Form, feed: Feed) -> str:
    """A document of entries that are written already."""
    return _WRITE[form](feed)


def render(
    form: Form, blog: BlogFacts, links: Links, items: Sequence[str], withdrawn: Sequence[Withdrawal] = ()
) -> str:
    """A document of some entries, given as JSON texts of their items, and some withdrawals, both newest first.

    Entries beyond MAX_BYTES are left out; the first one never is.
    """
    entries: list[Written] = []
    room = MAX_BYTES
    for item in items:
        entry = write_entry(form, item)
        room -= len(entry.text.encode())
        if room < 0 and entries:
            break
        entries.append(entry)
    return write(form, Feed(blog=blog, links=links, entries=entries, withdrawn=withdrawn))
