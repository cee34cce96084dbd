"""A blog's feed in each of its forms: whole, or an entry at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pages.feeds_out import atom, json_feed, plain
from pages.feeds_out.document import MAX_BYTES, Feed, Written
from pages.feeds_out.links import Form

_WRITE: Final[dict[Form, Callable[[Feed], str]]] = {"xml": atom.write, "json": json_feed.write, "txt": plain.write}
_WRITE_ENTRY: Final[dict[Form, Callable[[str], Written]]] = {
    "xml": atom.write_entry,
    "json": json_feed.write_entry,
    "txt": plain.write_entry,
}


def write_entry(form: Form, item: str) -> Written:
    """An entry, given as the JSON text of its item. The longest take a millisecond, as plain text nine."""
    return _WRITE_ENTRY[form](item)


def written(form: Form, items: Iterable[str]) -> Iterator[Written]:
    """As many entries as a document has room for, and the first whatever its size, given as JSON texts."""
    room = MAX_BYTES
    for number, item in enumerate(items):
        entry = write_entry(form, item)
        room -= len(entry.text.encode())
        if room < 0 and number:
            return
        yield entry


def write(form: Form, feed: Feed) -> str:
    """A document of entries that are written already."""
    return _WRITE[form](feed)
