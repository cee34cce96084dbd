"""A document of OPML 2.0 as it was read: outlines that are feeds, and the blog that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from config import Blog, Feed, Scrape


class Outline(NamedTuple):
    """A feed of a document: a `config.Feed` with nothing else would take three times the memory."""

    url: str
    title: str | None
    tags: tuple[str, ...]
    scrape: Mapping[str, Any] | None = None

    @property
    def selectors(self) -> Scrape | None:
        """The selectors of a web page, which were checked when they were read."""
        return Scrape.model_construct(**self.scrape) if self.scrape else None

    @property
    def feed(self) -> Feed:
        """The feed as the configuration has it."""
        plain = Feed(url=self.url, title=self.title, tags=self.tags)
        return plain.model_copy(update={"scrape": self.selectors}) if self.scrape else plain


@dataclass(frozen=True, slots=True)
class Document:
    """A document's feeds. ``left_out`` has a message for each feed, or part of one, that cannot be followed."""

    slug: str
    title: str
    feeds: tuple[Outline, ...]
    left_out: tuple[str, ...]

    @property
    def blog(self) -> Blog:
        """A blog with the feeds."""
        return Blog(slug=self.slug, title=self.title, feeds=tuple(feed.feed for feed in self.feeds))
