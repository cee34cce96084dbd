"""feedparser for what a poller asks of it: the same reading of every dialect in less than half of the time.

feedparser reads through xml.sax, keeps every element of every module, and looks up aliases wherever it looks up a
name. Here its own readers are driven by expat directly, and asked for what Livelog publishes. What an element means
stays feedparser's. Its cleaning of HTML is left out (`sanitize` does that), and what trips it over an element costs
no more than that element.

This is the only module that knows feedparser from inside. `tests/feeds/test_feedparser_tuning.py` holds it to the
results of `feedparser.parse`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import struct_time
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape as escaped

from feedparser import FeedParserDict
from feedparser.datetimes import _parse_date
from feedparser.datetimes.rfc822 import timezone_names
from feedparser.html import _BaseHTMLProcessor
from feedparser.mixin import _FeedParserMixin
from feedparser.parsers.loose import _LooseFeedParser
from feedparser.parsers.strict import _StrictFeedParser
from feedparser.sanitizer import replace_doctype
from feedparser.urls import _urljoin, make_safe_absolute_uri

import urls
from feeds.parser.encoding import text_of

Handler = Callable[..., None]

_TRIPS: Final = (AttributeError, LookupError, TypeError, ValueError)
"""What feedparser's handlers raise for an element where none is expected. It is then as good as unknown."""

_UNUSED: Final = ("admin_", "cc_", "creative", "georss", "gml_", "psc_", "where")
"""Elements that Livelog has no use for: places, chapters, licences."""

_DELETED: Final = "at_deleted-entry"
_ASKING: Final = ("ttl", "hour", "day", "sy_updateperiod", "sy_updatefrequency")
"""Elements of a feed that ask for a pace."""

_ROOT_END: Final = re.compile(rb"</\s*(?:[A-Za-z]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_LONGEST_ENTITY: Final = 50
"""The strict reader knows how far entities may blow up a document; the loose one does not."""

_LONGEST_AUTHOR: Final = 500
_MOST_TAGS: Final = 100
_MOST_ASKED: Final = 31
_MOST_DELETED: Final = 10_000
_XHTML: Final = "application/xhtml+xml"

# Time zones that feedparser takes for UTC.
timezone_names.update(wet=0, west=1, bst=1, cet=1, cest=2, eet=2, eest=3, msk=3, sgt=8, hkt=8, jst=9, kst=9)
timezone_names.update(aest=10, aedt=11, nzst=12, nzdt=13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What feedparser found: ``feed`` and ``entries`` under its own names, read as plain dictionaries.

    ``asked`` are the texts of the elements that ask for a pace, by their names; ``deleted`` the ids of deleted
    entries (RFC 6721), and since when. ``broken`` documents are not well-formed: what they hold is a guess. They are
    ``whole`` if their end is there.
    """

    version: str
    feed: Mapping[str, Any]
    entries: list[Mapping[str, Any]]
    asked: Mapping[str, list[str]]
    deleted: list[tuple[str, struct_time | None]]
    broken: bool
    whole: bool


def parsed(body: bytes, base: str, content_type: str | None) -> Parsed:
    """Reads a document. It can raise anything: feedparser has not met every damage there is."""
    version, data, entities = replace_doctype(text_of(body, content_type).encode("utf-8", "replace"))
    base = make_safe_absolute_uri(base)
    reader: Any = _Strict(base, None, "utf-8")
    broken = not reader.read(data)
    if broken:
        short = {name: text for name, text in entities.items() if len(text) <= _LONGEST_ENTITY}
        reader = _Loose(base, None, "utf-8", short)  # type: ignore[call-arg]  # feedparser has no types
        reader.feed(data.decode("utf-8", "replace"))
    return Parsed(
        version=version or reader.version,
        feed=reader.feeddata,
        entries=reader.entries,
        asked=reader.asked,
        deleted=reader.deleted,
        broken=broken,
        whole=not broken or _ROOT_END.search(data) is not None,
    )


class _Record(FeedParserDict):  # type: ignore[misc]  # feedparser has no types
    """What is found out, looked up as in any dictionary; feedparser's own ask for aliases each time."""

    get = dict.get
    __contains__ = dict.__contains__
    __getitem__ = dict.__getitem__
    __setitem__ = dict.__setitem__
    setdefault = dict.setdefault

    def __deepcopy__(self, _memo: object) -> dict[str, Any]:
        return dict(self)


class _Tuned(_FeedParserMixin):  # type: ignore[misc]  # feedparser has no types
    """What the two readers share."""

    # An id is a name, not an address: resolved, it would change with the address that a document came from.
    can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}
    namespaces: Final = {**_FeedParserMixin.namespaces, "http://purl.org/atompub/tombstones/1.0": "at"}
    _matchnamespaces: Final = {uri.lower(): prefix for uri, prefix in namespaces.items()}
    resolve_relative_uris = False
    sanitize_html = False

    def __init__(self) -> None:
        super().__init__()
        self.contentparams: Any = _Record()
        self.feeddata: Any = _Record()
        self.asked: dict[str, list[str]] = {}
        self.deleted: list[tuple[str, struct_time | None]] = []
        self._in_deleted = False
        self._names: dict[str, str] = {}

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Takes the start of an element, and gives it to its handler if it has one."""
        self.depth += 1
        attributes: dict[str, str] = {}
        if attrs:
            attrs = [self._normalize_attributes(attribute) for attribute in attrs]
            attributes = dict(attrs)
            self._scope(attributes)
        self.basestack.append(self.baseuri)
        if self.incontent and self._starts_inline(tag, attrs):
            return
        name = self._names.get(tag) or self._name(tag)
        if self.inimage or self.intextinput:
            self._leave_image(name)
        handler = _STARTS.get(name)
        if handler:
            try:
                handler(self, attributes)
            except _TRIPS:
                pass
            else:
                return
        if not attributes:
            self.push(name, name in _ENDS)

    def unknown_endtag(self, tag: str) -> None:
        """Takes the end of an element."""
        name = self._names.get(tag) or self._name(tag)
        if self.svgOK and tag.endswith("svg"):
            self.svgOK -= 1
        handler = None if self.svgOK else _ENDS.get(name)
        if handler:
            try:
                handler(self)
            except _TRIPS:
                self.pop(name)
        else:
            self.pop(name)
        if self.incontent:
            self._ends_inline(tag)
        if self.basestack:
            self.basestack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
        self.depth -= 1

    def handle_data(self, text: str, escape: int = 1) -> None:
        """Takes text."""
        if not self.elementstack:
            return
        if escape and self.contentparams.get("type") == _XHTML:
            text = escaped(text)
        self.elementstack[-1][2].append(text)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """Takes a namespace: names may mean something else from here on."""
        self._names.clear()
        super().track_namespace(prefix, uri)

    def resolve_uri(self, uri: str) -> str:
        """The address that a link leads to."""
        return uri if urls.is_plain(uri) else str(_urljoin(self.baseuri or "", uri))

    def push_content(self, tag: str, attrs_d: dict[str, str], default_content_type: str, expecting_text: int) -> None:
        """Takes the start of an element that has content."""
        super().push_content(tag, attrs_d, default_content_type, expecting_text)
        self.contentparams = _Record(self.contentparams)

    def _scope(self, attributes: dict[str, str]) -> None:
        """What holds for all that is within an element: what links refer to, and what prefixes mean."""
        base = attributes.get("xml:base", attributes.get("base"))
        if base:
            self.baseuri = make_safe_absolute_uri(self.baseuri, base) or self.baseuri
        for name, value in attributes.items():
            if name.startswith("xmlns"):
                self.track_namespace(name[6:] or None, value)

    def _name(self, tag: str) -> str:
        """The name of a tag in feedparser's handlers."""
        prefix, suffix = tag.split(":", 1) if ":" in tag else ("", tag)
        prefix = self.namespacemap.get(prefix, prefix)
        name = self._names[tag] = f"{prefix}_{suffix}" if prefix else suffix
        return name

    def _leave_image(self, name: str) -> None:
        """Images and text inputs end where another element begins, whether their own end is there or not."""
        if "_" in name or name in ("title", "link", "description"):
            return
        if name != "name":
            self.intextinput = 0
        if name not in ("url", "href", "width", "height"):
            self.inimage = 0

    def _starts_inline(self, tag: str, attrs: list[tuple[str, str]]) -> bool:
        """Takes an element within content, if it is one of the content's own."""
        if not self.contentparams.get("type", "xml").endswith("xml"):
            if tag in ("xhtml:div", "div"):
                return True
            # It said that its markup is escaped, and is not.
            self.contentparams["type"] = _XHTML
        if self.contentparams.get("type") != _XHTML:
            return False
        tag = tag.partition(":")[2] or tag
        self.svgOK += tag == "svg"
        self.handle_data(f"<{tag}{self.strattrs(attrs)}>", escape=0)
        return True

    def _ends_inline(self, tag: str) -> None:
        if not self.contentparams.get("type", "xml").endswith("xml"):
            if tag in ("xhtml:div", "div"):
                return
            self.contentparams["type"] = _XHTML
        if self.contentparams.get("type") == _XHTML:
            self.handle_data(f"</{tag.rpartition(':')[2]}>", escape=0)

    def _start_item(self, attrs_d: dict[str, str]) -> None:
        if self._in_deleted:
            self._end_deleted_entry()
        super()._start_item(attrs_d)
        self.entries[-1] = _Record(self.entries[-1])

    _start_entry = _start_item

    def _sync_author_detail(self, key: str = "author") -> None:
        # It looks for an address, which takes a time that grows with the square of the text.
        if len(str(self._get_context().get(key) or "")) <= _LONGEST_AUTHOR:
            super()._sync_author_detail(key)

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        # It looks through those that there are already.
        if len(self._get_context().setdefault("tags", [])) < _MOST_TAGS:
            super()._add_tag(term, scheme, label)

    def _start_deleted_entry(self, attrs_d: dict[str, str]) -> None:
        if not self.inentry and len(self.deleted) < _MOST_DELETED:
            self.deleted.append((attrs_d.get("ref", ""), _parse_date(attrs_d.get("when"))))
        # What is within tells of the deletion, and is no part of the feed. A source is not one either.
        self.insource = self._in_deleted = True
        self.push(_DELETED, 0)

    def _end_deleted_entry(self) -> None:
        self.pop(_DELETED)
        self.insource = self._in_deleted = False
        self.sourcedata.clear()

    def _end_itunes_duration(self) -> None:
        self.pop("itunes_duration")

    def _end_asking(self, name: str) -> None:
        """Keeps each of several elements, where feedparser keeps the last."""
        text = self.pop(name)
        texts = self.asked.setdefault(name, [])
        if text and not self.inentry and len(texts) < _MOST_ASKED:
            texts.append(text)


class _Strict(_StrictFeedParser, _Tuned):  # type: ignore[misc]  # feedparser has no types
    """The reader of what is well-formed."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._tags: dict[str, str] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def read(self, data: bytes) -> bool:
        """Reads a document in UTF-8; returns whether it is well-formed."""
        parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._starts
        parser.EndElementHandler = self._ends
        parser.CharacterDataHandler = self.handle_data
        parser.StartNamespaceDeclHandler = self.startPrefixMapping
        # As xml.sax has it: entities of other documents are passed over, and what they would define as well.
        parser.ExternalEntityRefHandler = _passed_over
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        try:
            parser.Parse(data, True)
        except expat.ExpatError:
            return False
        return True

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """Takes a namespace: names may mean something else from here on."""
        self._tags.clear()
        super().track_namespace(prefix, uri)

    def _starts(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._tags.get(name) or self._tag(name)
        if not attributes:
            self.unknown_starttag(tag, [])
            return
        keyed = [(self._keys.get(key) or self._key(key), value) for key, value in attributes.items()]
        self.unknown_starttag(tag, [(key, value) for keys, value in keyed for key in keys])

    def _ends(self, name: str) -> None:
        self.unknown_endtag(self._tags.get(name) or self._tag(name))

    def _tag(self, name: str) -> str:
        """A name as expat gives it (namespace, name, prefix) as feedparser writes it: with the usual prefix."""
        namespace, local = _split(name)
        lower = namespace.lower()
        if "backend.userland.com/rss" in lower:
            namespace = lower = "http://backend.userland.com/rss"
        prefix = self._matchnamespaces.get(lower)
        if not prefix and namespace:
            prefix = next((known for known, uri in self.namespaces_in_use.items() if known and uri == namespace), "")
        tag = self._tags[name] = f"{prefix}:{local}".lower() if prefix else local.lower()
        return tag

    def _key(self, name: str) -> tuple[str, ...]:
        """An attribute's name, with the usual prefix and with the document's."""
        namespace, local = _split(name)
        prefix = self._matchnamespaces.get(namespace.lower(), "")
        usual = f"{prefix}:{local}".lower() if prefix else local.lower()
        given = name.split(" ")
        written = f"{given[2]}:{local}".lower() if len(given) == 3 else local.lower()
        keys = self._keys[name] = (usual,) if usual == written else (usual, written)
        return keys


class _Loose(_LooseFeedParser, _Tuned, _BaseHTMLProcessor):  # type: ignore[misc]  # feedparser has no types
    """The reader of what is not."""


def _handlers(kind: str) -> dict[str, Handler]:
    """The methods of one kind by the names of the elements that they take."""
    names = (name.removeprefix(kind) for name in dir(_Tuned) if name.startswith(kind))
    return {name: getattr(_Tuned, kind + name) for name in names if not name.startswith(_UNUSED)}


_STARTS: Final[dict[str, Handler]] = {**_handlers("_start_"), _DELETED: _Tuned._start_deleted_entry}
_ENDS: Final[dict[str, Handler]] = {
    **_handlers("_end_"),
    **{name: partial(_Tuned._end_asking, name=name) for name in _ASKING},
    _DELETED: _Tuned._end_deleted_entry,
}


def _passed_over(*_reference: object) -> int:
    return 1


def _split(name: str) -> tuple[str, str]:
    parts = name.split(" ")
    return (parts[0], parts[1]) if len(parts) > 1 else ("", name)
