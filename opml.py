"""OPML 2.0 (http://opml.org/spec2.opml), in which feed readers hand over what they follow: to a blog, and back.

`load` and `read` make a blog of a document, `to_config` says that blog as config.yaml has it, and `write` makes a
document of a blog. The folders and categories of a feed are its tags here. A document may come from anywhere: it can
declare nothing, and what it grows to is bounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final
from urllib.parse import urlsplit
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import yaml

import config
import urls
from config import Blog, ConfigError, Feed

MAX_SLUG: Final = 50
MAX_DEPTH: Final = 128
MAX_SIZE: Final = config.MAX_FILE_BYTES // 2
"""Bounds of what is read: levels of elements, and bytes of all feeds with what the folders around them add."""

_OVERHEAD: Final = 16
"""Bytes that a text takes beside its own. It keeps the number of values within what config.yaml may have, too."""

_PARTING: Final = re.compile("[,/]")
_CATEGORY: Final = re.compile("[^,/]+")
"""Commas part the categories of an outline, slashes the levels of one."""

_NOT_IN_XML: Final = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """A blog of a document's feeds, and a line for each feed that it leaves out."""

    blog: Blog
    left_out: tuple[str, ...]


def load(path: str) -> Subscriptions:
    """Reads an OPML file; raises ConfigError, whatever the file or its absence."""
    return read(config.read_file(path), path)


def read(document: bytes, name: str) -> Subscriptions:
    """Reads an OPML document; its name is for messages. Raises ConfigError if no feed can be taken from it.

    A feed that is listed more than once is taken once, with all of its tags. Titles and tags that are longer than
    config.yaml allows are cut, and a feed keeps as many tags as it allows.
    """
    reader = _Reader(name)
    reader.read(document)
    if not reader.feeds:
        raise ConfigError(*reader.left_out, f"{name}: has no feeds that Livelog can follow")
    title = _text(reader.title, config.MAX_TITLE_CHARS)
    slug = _slug(title)
    blog = Blog(slug=slug, title=title or slug, feeds=tuple(reader.feeds.values()))
    return Subscriptions(blog, tuple(reader.left_out))


def to_config(blog: Blog) -> str:
    """The blog with the addresses, titles and tags of its feeds, in YAML that `config.load` accepts."""
    feeds = [_setting(feed) for feed in blog.feeds]
    document = {"blogs": {blog.slug: {"title": blog.title, "feeds": feeds}}}
    # A value is one line, however long.
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=config.MAX_FILE_BYTES)
    # Names come from whoever wrote the document: none of them may ask for a value of the environment.
    return text.replace("$", "$$")


def write(blog: Blog) -> str:
    """The blog's feeds as an OPML document."""
    return "".join(parts(blog))


def parts(blog: Blog) -> Iterator[str]:
    """The document that `write` makes, piece by piece: a blog may have very many feeds."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n'
    yield _writable(f"<head><title>{escape(blog.title)}</title></head>\n<body>\n")
    for feed in blog.feeds:
        yield _writable(_outlines(feed))
    yield "</body>\n</opml>\n"


class _Reader:
    """Collects the feeds while the parser goes through the document, of which no tree is kept."""

    def __init__(self, name: str) -> None:
        self.title = ""
        self.feeds: dict[str, Feed] = {}
        self.left_out: list[str] = []
        self._name = name
        self._open: list[str] = []
        self._folders: list[str] = []
        self._size = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, document: bytes) -> None:
        try:
            self._parser.Parse(document, True)
        except expat.ExpatError as error:
            words = expat.ErrorString(error.code)
            raise ConfigError(f"{self._name}:{error.lineno}: is not valid XML: {words}") from None
        except (LookupError, ValueError):
            raise ConfigError(f"{self._name}:1: is in an encoding that is not known here: save it as UTF-8") from None

    def _doctype(self, _name: str, _system: str | None, _public: str | None, declares: bool | int) -> None:
        """Refuses declarations, such as of entities that grow. A DTD elsewhere is only named, and never fetched."""
        if declares:
            raise self._stop("declares entities or the like in its <!DOCTYPE>, which OPML does not need")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.lower()
        if not self._open and name != "opml":
            raise self._stop(f"is not OPML: it begins with <{_shown(name)}>")
        if len(self._open) == MAX_DEPTH:
            raise self._stop("is nested too deeply")
        self._open.append(name)
        if name == "outline":
            # Not everyone writes xmlUrl as the specification does.
            self._outline({key.lower(): value for key, value in attributes.items()})

    def _end(self, _name: str) -> None:
        if self._open.pop() == "outline":
            self._folders.pop()

    def _characters(self, text: str) -> None:
        if self._open == ["opml", "head", "title"] and len(self.title) <= config.MAX_TITLE_CHARS:
            self.title += text

    def _outline(self, attributes: Mapping[str, str]) -> None:
        if "xmlurl" not in attributes and attributes.get("type", "").lower() != "rss":
            self._folders.append(_name(attributes, config.MAX_TAG_CHARS))
            return
        self._feed(attributes)
        # What is within a feed's outline is in the same folders as the feed, which is none.
        self._folders.append("")

    def _feed(self, attributes: Mapping[str, str]) -> None:
        name = _name(attributes, config.MAX_TITLE_CHARS)
        try:
            url = config.feed_url(attributes.get("xmlurl", ""))
        except ConfigError as error:
            self._weigh(name)
            self.left_out.append(self._said(f"{_shown(name) or '(no title)'}: left out, its xmlUrl {error}"))
            return
        title, tags = _title(attributes, url), _distinct(chain(self._folders, _categories(attributes)))
        self._weigh(url, title or "", *tags)
        if known := self.feeds.get(url):
            title, tags = known.title or title, _distinct(chain(known.tags, tags))
        self.feeds[url] = Feed(url=url, title=title, tags=tags)

    def _weigh(self, *texts: str) -> None:
        """Stops at a document that would make far more of a few folders and feeds than it is itself."""
        self._size += 2 * _OVERHEAD + sum(len(text.encode()) + _OVERHEAD for text in texts)
        if self._size > MAX_SIZE:
            raise self._stop("has more feeds, in more folders, than a configuration can")

    def _stop(self, what: str) -> ConfigError:
        return ConfigError(self._said(what))

    def _said(self, what: str) -> str:
        return f"{self._name}:{self._parser.CurrentLineNumber}: {what}"


def _name(attributes: Mapping[str, str], most: int) -> str:
    """What an outline is called, or nothing."""
    return _text(attributes.get("title", ""), most) or _text(attributes.get("text", ""), most)


def _title(attributes: Mapping[str, str], url: str) -> str | None:
    """What a feed is called, if anything: a text that repeats its address says that nobody has named it."""
    title, text = (_text(attributes.get(key, ""), config.MAX_TITLE_CHARS) for key in ("title", "text"))
    repeated = text == url or text.lower() == _host(url)
    return title or (None if repeated else text) or None


def _categories(attributes: Mapping[str, str]) -> Iterator[str]:
    for found in _CATEGORY.finditer(attributes.get("category", "")):
        yield _text(found[0], config.MAX_TAG_CHARS)


def _text(text: str, most: int) -> str:
    """A text as config.yaml allows it: one line, and not longer than it may be."""
    line = config.CONTROL_CHARACTERS.sub(" ", text).strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags without blanks and repetitions, no more than a feed may have."""
    found: dict[str, None] = {}
    for tag in filter(None, tags):
        if len(found) == config.MAX_TAGS:
            break
        found[tag] = None
    return tuple(found)


def _shown(name: str) -> str:
    """A name from the document in a message: short, and nothing that a terminal would obey."""
    name = name if len(name) <= 64 else f"{name[:60]}…"
    return name if name.isprintable() else ascii(name)


def _slug(title: str) -> str:
    """A name for the blog: the letters and digits of its title, as far as they are ASCII or close to it."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", ascii_only)[:MAX_SLUG].strip("-") or "blog"
    return f"{slug}-blog" if slug in config.RESERVED else slug


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _setting(feed: Feed) -> object:
    """A feed as one would write it in config.yaml: its address alone, if there is nothing else to say."""
    said = feed.model_dump(mode="json", include={"url", "title", "tags"}, exclude_defaults=True)
    return said if len(said) > 1 else feed.url


def _outlines(feed: Feed) -> str:
    """The feed's outline; in folders if one of its tags is none that a category can be."""
    url = urls.without_credentials(feed.url)
    # The specification wants a text in any case. A title is the feed's own, or what the operator calls it.
    attributes = {"type": "rss", "text": feed.title or _host(url), "title": feed.title, "xmlUrl": url}
    if any(map(_PARTING.search, feed.tags)):
        folders = "".join(f"<outline text={quoteattr(tag)}>" for tag in feed.tags)
        return f"{folders}{_element(attributes)}{'</outline>' * len(feed.tags)}\n"
    return f"{_element({**attributes, 'category': ','.join(feed.tags)})}\n"


def _element(attributes: Mapping[str, str | None]) -> str:
    said = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value)
    return f"<outline{said}/>"


def _writable(text: str) -> str:
    """A text without the characters that XML cannot carry; of those, the configuration allows two."""
    return _NOT_IN_XML.sub("\ufffd", text)
