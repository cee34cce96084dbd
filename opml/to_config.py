"""A blog of an OPML document as YAML for config.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

import config
from opml.document import Outline

_Dumper: Final[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The one in C, where PyYAML has it, takes a tenth of the time."""

_FEEDS_PER_PART: Final = 200


def config_parts(slug: str, title: str, feeds: Sequence[Outline]) -> Iterator[str]:
    """A blog as YAML that `config.load` accepts, in parts: PyYAML takes 5 KB of memory for each feed of one text."""
    head = _yaml({"blogs": {slug: {"title": title, "feeds": []}}})
    yield head if not feeds else f"{head.removesuffix(' []' + chr(10))}\n"
    for at in range(0, len(feeds), _FEEDS_PER_PART):
        part = _yaml([_feed_in_yaml(feed) for feed in feeds[at : at + _FEEDS_PER_PART]])
        yield re.sub("^", "    ", part.removesuffix("\n"), flags=re.MULTILINE) + "\n"


def _yaml(value: object) -> str:
    # No line is wrapped, however long its value.
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=config.MAX_FILE_BYTES)
    # The document is not trusted: a title in it must not expand to a value of the environment.
    return text.replace("$", "$$")


def _feed_in_yaml(feed: Outline) -> object:
    """The feed as config.yaml has it: a URL alone, or a mapping if it has a title, tags or selectors."""
    if not (feed.title or feed.tags or feed.scrape):
        return feed.url
    title, tags = ({"title": feed.title} if feed.title else {}), ({"tags": list(feed.tags)} if feed.tags else {})
    return {"url": feed.url, **title, **tags, **({"scrape": dict(feed.scrape)} if feed.scrape else {})}
