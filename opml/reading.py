"""Reads OPML: the feeds of a document, from wherever it is. Folders and categories of an outline are a feed's tags.

A document is not trusted: declarations are rejected, and its expanded size is bounded.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final
from urllib.parse import urlsplit
from xml.parsers import expat

import config
import invisible
import redaction
import urls
from config import ConfigError
from opml import web_pages
from opml.document import Document, Outline
from opml.repair import repair

MAX_SLUG_CHARS: Final = 50
MAX_DEPTH: Final = 128
MAX_EXPANDED_BYTES: Final = config.MAX_FILE_BYTES // 2
"""Size of all feeds with their tags. Each feed repeats the folders around it, so a document can expand a lot."""

MAX_LISTED_TAGS: Final = 10
"""Tags of a feed of a list elsewhere: all of its posts get them."""

_PIECE_BYTES: Final = 64 * 1024
_ILL_FORMED: Final = "left out, it is not valid XML"

_TEXT_OVERHEAD_BYTES: Final = 16
"""Added for each text: the YAML around it."""

_CATEGORY: Final = re.compile("[^,/]+")
"""In OPML a comma separates categories and a slash the levels of one."""

_FEED_SCHEME: Final = re.compile("feed:(?://)?(?=(https?:)?)(?://)?", re.IGNORECASE)
_ADDRESSES: Final = frozenset({"xmlurl", "feedurl", "rssurl"})
"""Names of attributes that make an outline a feed."""


def load(path: str) -> Document:
    """Reads an OPML file. Raises ConfigError if it cannot be read or has no usable feed."""
    return read(config.read_file(path), path)


def read(document: bytes, name: str) -> Document:
    """Reads an OPML document; ``name`` begins each message. Raises ConfigError if it has no usable feed.

    A feed that is listed more than once is taken once, with all of its tags. Titles, tags and their number are cut to
    the limits of config.yaml.
    """
    parser = _parsed(document, name)
    if not parser.feeds:
        raise ConfigError(*parser.left_out, f"{name}: has no feeds that Livelog can follow")
    title = _text(parser.title, config.MAX_TITLE_CHARS)
    slug = _slug(title)
    return Document(slug, title or slug, tuple(parser.feeds.values()), tuple(parser.left_out))


def read_list(document: bytes, limit: int) -> tuple[tuple[Outline, ...], int, int]:
    """The first ``limit`` feeds of a document, and how many are left out, and beyond them; raises ConfigError."""
    found = read(document, "OPML")
    feeds = (feed._replace(tags=feed.tags[:MAX_LISTED_TAGS]) for feed in found.feeds[:limit])
    return tuple(feeds), len(found.left_out), max(len(found.feeds) - limit, 0)


class _NotXmlError(ConfigError):
    """A document is not well-formed."""


def _parsed(document: bytes, name: str) -> _Parser:
    """A document that was read, repaired if it is not well-formed; raises ConfigError if that gives no feeds."""
    parser = _Parser(name)
    try:
        parser.parse(document)
    except _NotXmlError as error:
        repaired, bad = repair(document)
        parser = _Parser(name)
        parser.left_out += [f"{name}:{line}: {_printable(text) or '(no title)'}: {_ILL_FORMED}" for line, text in bad]
        with contextlib.suppress(ConfigError):
            parser.parse(repaired)
            if parser.feeds:
                return parser
        raise error from None
    return parser


class _Parser:
    """Collects feeds from expat's callbacks. No tree of the document is built."""

    def __init__(self, name: str) -> None:
        self.title = ""
        self.feeds: dict[str, Outline] = {}
        self.left_out: list[str] = []
        self._name = name
        self._tags: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._open: list[str] = []
        self._folders: list[str] = []
        self._expanded_bytes = 0
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._characters

    def parse(self, document: bytes) -> None:
        try:
            # In pieces: expat copies what it is given.
            for at in range(0, len(document), _PIECE_BYTES):
                self._expat.Parse(memoryview(document)[at : at + _PIECE_BYTES], False)
            self._expat.Parse(b"", True)
        except expat.ExpatError as error:
            words = expat.ErrorString(error.code)
            raise _NotXmlError(f"{self._name}:{error.lineno}: is not valid XML: {words}") from None
        except (LookupError, ValueError):
            raise _NotXmlError(
                f"{self._name}:1: is in an encoding that is not known here: save it as UTF-8"
            ) from None

    def _doctype(self, _name: str, _system: str | None, _public: str | None, declares: bool | int) -> None:
        """Rejects an internal subset: entities can expand without bound. An external DTD is never fetched."""
        if declares:
            raise self._error("declares entities or the like in its <!DOCTYPE>, which OPML does not need")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2].lower()
        if not self._open and name != "opml":
            raise self._error(f"is not OPML: it begins with <{_printable(name)}>")
        if len(self._open) == MAX_DEPTH:
            raise self._error("is nested too deeply")
        self._open.append(name)
        if name == "outline":
            # Some programs write xmlurl, XMLURL or xml_url.
            self._outline({re.sub("[_-]", "", key).lower(): value for key, value in attributes.items()})

    def _end(self, _name: str) -> None:
        if self._open.pop() == "outline":
            self._folders.pop()

    def _characters(self, text: str) -> None:
        if self._open == ["opml", "head", "title"] and len(self.title) <= config.MAX_TITLE_CHARS:
            self.title += text

    def _outline(self, attributes: Mapping[str, str]) -> None:
        if not _ADDRESSES & attributes.keys() and attributes.get("type", "").lower() != "rss":
            name = _name(attributes, config.MAX_TAG_CHARS)
            self._folders.append(name)
            if any(key.endswith(":opmlurl") and value for key, value in attributes.items()):
                self._leave_out(name, "its opmlUrl is a list of its own: set it as opml of a blog")
            return
        self._feed(attributes)
        # A feed is no folder: outlines within it get no tag of it.
        self._folders.append("")

    def _feed(self, attributes: Mapping[str, str]) -> None:
        name = _name(attributes, config.MAX_TITLE_CHARS)
        try:
            url = config.feed_url(_address(attributes))
            scrape = _scrape(attributes)
        except ConfigError as error:
            self._count(name)
            self._leave_out(name, str(error) if isinstance(error, _PageError) else f"its xmlUrl {error}")
            return
        if scrape and (names := web_pages.ignored(attributes)):
            self.left_out.append(self._message(f"{_shown(name)}: followed without its {', '.join(names)}"))
        title, tags = _title(attributes, url), _distinct(chain(self._folders, _categories(attributes)))
        self._count(url, title or "", *tags, *(scrape or {}).values())
        identity = urls.feed_identity(url)
        if known := self.feeds.get(identity):
            if known.scrape != scrape:
                self._leave_out(name, "it is listed before, with other selectors: give it an id of its own")
                return
            url, title, tags = known.url, known.title or title, _distinct(chain(known.tags, tags))
        # Most feeds have the tags of others: each combination is kept once.
        self.feeds[identity] = Outline(url, title, self._tags.setdefault(tags, tags), scrape)

    def _leave_out(self, name: str, why: str) -> None:
        self.left_out.append(self._message(f"{_shown(name)}: left out, {why}"))

    def _count(self, *texts: str) -> None:
        """Adds a feed's texts to the expanded size; raises ConfigError above MAX_EXPANDED_BYTES."""
        overhead = _TEXT_OVERHEAD_BYTES * (2 + len(texts))
        self._expanded_bytes += overhead + sum(len(text.encode()) for text in texts)
        if self._expanded_bytes > MAX_EXPANDED_BYTES:
            raise self._error("has more feeds, in more folders, than a configuration can")

    def _error(self, sentence: str) -> ConfigError:
        return ConfigError(self._message(sentence))

    def _message(self, sentence: str) -> str:
        return f"{self._name}:{self._expat.CurrentLineNumber}: {sentence}"


class _PageError(ConfigError):
    """A web page cannot be followed. The message is the reason."""


def _scrape(attributes: Mapping[str, str]) -> dict[str, str] | None:
    """The selectors of a web page, None for a feed. Raises _PageError for those that cannot be used."""
    kind = attributes.get("type", "").strip()
    if web_pages.OTHER_KINDS.fullmatch(kind):
        raise _PageError(f"its type {kind} is none that Livelog can read")
    if kind.lower() != web_pages.KIND.lower():
        return None
    found = web_pages.read(attributes)
    if "list" not in found:
        raise _PageError("it is a web page without xPathItem")
    try:
        config.check_scrape(found)
    except ConfigError as error:
        raise _PageError(f"its selector of {error}") from None
    return found


def _shown(name: str) -> str:
    return _printable(name) or "(no title)"


def _address(attributes: Mapping[str, str]) -> str:
    """The address of a feed; some programs name it `feedURL` or `url`, or begin it with `feed:`."""
    names = ("xmlurl", "feedurl", "rssurl", "url")
    written = next((value for name in names if (value := attributes.get(name))), "").strip()
    return _FEED_SCHEME.sub(lambda found: "" if found[1] else "http://", written)


def _name(attributes: Mapping[str, str], max_chars: int) -> str:
    """The title of an outline, else its text; empty if it has neither."""
    return _text(attributes.get("title", ""), max_chars) or _text(attributes.get("text", ""), max_chars)


def _title(attributes: Mapping[str, str], url: str) -> str | None:
    """The title of a feed, or None. A text that repeats the URL or its host is no title."""
    title, text = (_text(attributes.get(key, ""), config.MAX_TITLE_CHARS) for key in ("title", "text"))
    repeated = text == url or text.lower() == _host(url)
    return (None if title == url else title) or (None if repeated else text) or None


def _categories(attributes: Mapping[str, str]) -> Iterator[str]:
    for found in _CATEGORY.finditer(attributes.get("category", "")):
        yield _text(found[0], config.MAX_TAG_CHARS)


def _text(text: str, max_chars: int) -> str:
    """The text as config.yaml allows it: one line, cut to ``max_chars``."""
    line = invisible.tame_text(config.CONTROL_CHARACTERS.sub(" ", text)).strip()
    if not invisible.is_visible(line):
        return ""
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """The first MAX_TAGS tags, without empty and repeated ones."""
    found: dict[str, None] = {}
    for tag in filter(None, tags):
        if len(found) == config.MAX_TAGS:
            break
        found[tag] = None
    return tuple(found)


def _printable(name: str) -> str:
    """A name for a message: at most 64 characters, without control sequences for a terminal."""
    name = redaction.public_text(name)
    name = name if len(name) <= 64 else f"{name[:60]}…"
    return name if name.isprintable() else ascii(name)


def _slug(title: str) -> str:
    """The blog's slug: the ASCII letters and digits of its title, accents removed; `blog` if there are none."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", ascii_only)[:MAX_SLUG_CHARS].strip("-") or "blog"
    return f"{slug}-blog" if slug in config.RESERVED else slug


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
