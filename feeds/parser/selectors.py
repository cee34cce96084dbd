"""Selectors by which the entries of a web page are found, see `config.Scrape`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Selectors as `page_selectors` has them: ``list`` selects the entries of a page, the others parts of an entry.

    None is the default of `page_selectors.DEFAULTS`. ``date_format`` is that of `datetime.strptime`, None for any
    date that `dates.read_date` reads.
    """

    list: str
    title: str | None = None
    link: str | None = None
    date: str | None = None
    text: str | None = None
    image: str | None = None
    author: str | None = None
    date_format: str | None = None
