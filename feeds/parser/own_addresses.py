"""The private address of a feed, hidden in what the feed publishes: an address with a secret is a password."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from entries import Entry, Source
from redaction import OwnAddresses


def hidden(entries: Iterable[Entry], source: Source, own: OwnAddresses) -> tuple[Entry, ...]:
    """The entries without the addresses ``own`` of their feed, and with ``source`` for their feed."""
    return tuple(_hidden(entry, source, own) for entry in entries)


def hidden_source(source: Source, own: OwnAddresses) -> Source:
    """The source with no site if its site is the feed itself."""
    return replace(source, title=own.hidden(source.title), url=_unless_own(source.url, own))


def _hidden(entry: Entry, source: Source, own: OwnAddresses) -> Entry:
    return replace(
        entry,
        source=source,
        url=_unless_own(entry.url, own),
        title=entry.title and own.hidden(entry.title),
        content_html=own.hidden(entry.content_html),
        summary=entry.summary and own.hidden(entry.summary),
        image=_unless_own(entry.image, own),
        attachments=tuple(file for file in entry.attachments if not own.are(file.url)),
        preview=entry.preview and replace(entry.preview, text=own.hidden(entry.preview.text)),
    )


def _unless_own(url: str | None, own: OwnAddresses) -> str | None:
    return None if own.are(url) else url
