"""feedparser in less than half of its time: its own readers, driven by expat, with the elements that Livelog uses.

feedparser.parse reads through xml.sax, keeps every element of every module, and resolves aliases at each access. Here
its sanitiser is off (`sanitize` replaces it), and an element that it fails for is skipped alone.

Only this module and `kept` use feedparser's internals. `tests/feeds/parser/test_feedparser.py` compares the results
with those of `feedparser.parse`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape as escaped

from feedparser import FeedParserDict
from feedparser.html import _BaseHTMLProcessor
from feedparser.mixin import _FeedParserMixin
from feedparser.parsers.loose import _LooseFeedParser
from feedparser.parsers.strict import _StrictFeedParser
from feedparser.sanitizer import replace_doctype
from feedparser.urls import _urljoin, make_safe_absolute_uri

import urls
from feeds.parser.dates import read_date
from feeds.parser.encoding import decode
from feeds.parser.kept import DETAIL_NAMES, NAMESPACES, Kept

Handler = Callable[..., None]

_HANDLER_ERRORS: Final = (AttributeError, LookupError, TypeError, ValueError)
"""Raised by feedparser's handlers for an element in an unexpected position, which is then read as an unknown one."""

_UNUSED: Final = ("admin_", "cc_", "creative", "georss", "gml_", "psc_", "where")
"""Prefixes of handlers for shapes, chapters and licences, which Livelog does not use; `kept` has points."""

_DELETED: Final = "at_deleted-entry"
_FULL_TEXT: Final = "yandex_full-text"
_POLLING: Final = ("ttl", "hour", "day", "sy_updateperiod", "sy_updatefrequency")
"""Elements of a feed that ask for a pace of polling."""

_ROOT_END: Final = re.compile(rb"</\s*(?:[A-Za-z]+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_MAX_ENTITY_CHARS: Final = 50
"""Longer entities are not expanded by the loose reader, which does not bound their growth; expat does."""

_MAX_AUTHOR_CHARS: Final = 500
_MAX_TAGS: Final = 100
_MAX_POLLING: Final = 31
_MAX_DELETED: Final = 10_000
_XHTML: Final = "application/xhtml+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document as feedparser names its parts: ``feed`` and ``entries`` are read as plain dictionaries.

    ``polling`` are the texts of elements that ask for a pace, by name; ``deleted`` the ids of deleted entries
    (RFC 6721) with their times. ``base`` is the base of what has no other. A ``broken`` document is not well-formed,
    and read by guess; it is ``whole`` if it has the end tag of its root.
    """

    version: str
    base: str
    feed: Mapping[str, Any]
    entries: list[Mapping[str, Any]]
    polling: Mapping[str, list[str]]
    deleted: list[tuple[str, datetime | None]]
    broken: bool
    whole: bool


def parse(body: bytes, base: str, content_type: str | None) -> Parsed:
    """Parses a document. Raises anything: feedparser does not catch its own errors."""
    version, data, entities = replace_doctype(decode(body, content_type).encode("utf-8", "replace"))
    base = make_safe_absolute_uri(base)
    reader: Any = _Strict(base, None, "utf-8")  # type: ignore[call-arg]  # feedparser has no types
    broken = not reader.read(data)
    if broken:
        short = {name: text for name, text in entities.items() if len(text) <= _MAX_ENTITY_CHARS}
        reader = _Loose(base, None, "utf-8", short)  # type: ignore[call-arg]  # feedparser has no types
        reader.feed(data.decode("utf-8", "replace"))
    return Parsed(
        version=version or reader.version,
        base=base,
        feed=reader.feeddata,
        entries=reader.entries,
        polling=reader.polling,
        deleted=reader.deleted,
        broken=broken,
        whole=not broken or _ROOT_END.search(data) is not None,
    )


class _Record(FeedParserDict):  # type: ignore[misc]  # feedparser has no types
    """A plain dictionary: feedparser's own resolves aliases at each access."""

    get = dict.get
    __contains__ = dict.__contains__
    __getitem__ = dict.__getitem__
    __setitem__ = dict.__setitem__
    setdefault = dict.setdefault

    def __deepcopy__(self, _memo: object) -> dict[str, Any]:
        return dict(self)


class _Tuned(Kept):
    """The part that both readers share."""

    # A relative id stays as it is: resolved, it would change with the URL that a document came from.
    can_be_relative_uri = _FeedParserMixin.can_be_relative_uri - {"id"}
    namespaces: Final = {**_FeedParserMixin.namespaces, **NAMESPACES}
    _matchnamespaces: Final = {uri.lower(): prefix for uri, prefix in namespaces.items()}
    resolve_relative_uris = False
    sanitize_html = False

    def __init__(self) -> None:
        super().__init__()
        self.contentparams: Any = _Record()
        self.feeddata: Any = _Record()
        self.polling: dict[str, list[str]] = {}
        self.deleted: list[tuple[str, datetime | None]] = []
        self._in_deleted = False
        # Names that were computed before, by tag, and by tag and attribute as expat writes them.
        self._names: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        self.depth += 1
        attributes: dict[str, str] = {}
        if attrs:
            attrs = [self._normalize_attributes(attribute) for attribute in attrs]
            attributes = dict(attrs)
            self._enter_scope(attributes)
        self.basestack.append(self.baseuri)
        if self.incontent and self._start_inline(tag, attrs):
            return
        name = self._names.get(tag) or self._name(tag)
        if self.inimage or self.intextinput:
            self._leave_image(name)
        handler = _STARTS.get(name)
        if handler:
            try:
                handler(self, attributes)
            except _HANDLER_ERRORS:
                pass
            else:
                return
        if not attributes:
            self.push(name, name in _ENDS)

    def unknown_endtag(self, tag: str) -> None:
        name = self._names.get(tag) or self._name(tag)
        if self.svgOK and tag.endswith("svg"):
            self.svgOK -= 1
        handler = None if self.svgOK else _ENDS.get(name)
        self.ending = name
        if handler:
            try:
                handler(self)
            except _HANDLER_ERRORS:
                self.pop(name)
        else:
            self.pop(name)
        if self.incontent:
            self._end_inline(tag)
        if self.basestack:
            self.basestack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
        self.depth -= 1

    def handle_data(self, text: str, escape: int = 1) -> None:
        if not self.elementstack:
            return
        if escape and self.contentparams.get("type") == _XHTML:
            text = escaped(text)
        self.elementstack[-1][2].append(text)

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        # From here on a prefix can have another meaning.
        self._names.clear()
        super().track_namespace(prefix, uri)

    def resolve_uri(self, uri: str) -> str:
        return uri if urls.is_plain(uri) else str(_urljoin(self.baseuri or "", uri))

    @staticmethod
    def looks_like_html(text: str) -> bool:
        """The guess of feedparser, whose searches are spared for text without tags and references."""
        return ("</" in text or "&" in text) and bool(_FeedParserMixin.looks_like_html(text))

    def push_content(self, tag: str, attrs_d: dict[str, str], default_content_type: str, expecting_text: int) -> None:
        self.incontent += 1
        mime_type = self.map_content_type(attrs_d.get("type", default_content_type))
        self.contentparams = _Record(
            type=mime_type, language=self.lang, base=self.baseuri, untyped="type" not in attrs_d
        )
        self.contentparams["base64"] = self._is_base64(attrs_d, self.contentparams)
        self.push(tag, expecting_text)

    def _enter_scope(self, attributes: dict[str, str]) -> None:
        """Applies xml:base and namespaces to the content of an element."""
        base = attributes.get("xml:base", attributes.get("base"))
        if base:
            self.baseuri = make_safe_absolute_uri(self.baseuri, base) or self.baseuri
        for name, value in attributes.items():
            if name.startswith("xmlns"):
                self.track_namespace(name[6:] or None, value)

    def _name(self, tag: str) -> str:
        """The name of a tag in the names of feedparser's handlers."""
        prefix, suffix = tag.split(":", 1) if ":" in tag else ("", tag)
        prefix = self.namespacemap.get(prefix, prefix)
        name = self._names[tag] = f"{prefix}_{suffix}" if prefix else suffix
        return name

    def _leave_image(self, name: str) -> None:
        """Ends an image or text input at the start of an element that is not part of it, even without its end tag."""
        if "_" in name or name in ("title", "link", "description"):
            return
        if name != "name":
            self.intextinput = 0
        if name not in ("url", "href", "width", "height"):
            self.inimage = 0

    def _start_inline(self, tag: str, attrs: list[tuple[str, str]]) -> bool:
        """Adds the tag of an element of XHTML to the content; returns False for an element that is not part of it."""
        if not self.contentparams.get("type", "xml").endswith("xml"):
            if tag in ("xhtml:div", "div"):
                return True
            # The content has a type of escaped markup, and has elements.
            self.contentparams["type"] = _XHTML
        if self.contentparams.get("type") != _XHTML:
            return False
        tag = tag.partition(":")[2] or tag
        self.svgOK += tag == "svg"
        self.handle_data(f"<{tag}{self.strattrs(attrs)}>", escape=0)
        return True

    def _end_inline(self, tag: str) -> None:
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
        self.item_depth = self.depth

    _start_entry = _start_item

    def _sync_author_detail(self, key: str = "author") -> None:
        # The search for an e-mail address takes quadratic time.
        if len(str(self._get_context().get(key) or "")) <= _MAX_AUTHOR_CHARS:
            super()._sync_author_detail(key)

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        # Each tag is compared with all tags so far.
        if len(self._get_context().setdefault("tags", [])) < _MAX_TAGS:
            super()._add_tag(term, scheme, label)

    def _start_deleted_entry(self, attrs_d: dict[str, str]) -> None:
        if not self.inentry and len(self.deleted) < _MAX_DELETED:
            self.deleted.append((attrs_d.get("ref", ""), read_date(attrs_d.get("when"))))
        # Its content describes the deletion, and is no part of the feed; feedparser treats a source likewise.
        self.insource = self._in_deleted = True
        self.push(_DELETED, 0)

    def _end_deleted_entry(self) -> None:
        self.pop(_DELETED)
        self.insource = self._in_deleted = False
        self.sourcedata.clear()

    def _end_published(self) -> None:
        self._keep_date("published")

    _end_issued = _end_pubdate = _end_published

    def _end_updated(self) -> None:
        self._keep_date("updated")

    _end_modified = _end_lastbuilddate = _end_updated

    def _keep_date(self, name: str) -> None:
        """Keeps a date under feedparser's name, as a datetime in whole seconds.

        feedparser believes dates that it reads in part only.
        """
        date = read_date(self.pop(name))
        if date:
            self._save(f"{name}_parsed", date.replace(microsecond=0), overwrite=True)

    def _end_itunes_duration(self) -> None:
        self.pop("itunes_duration")

    def _end_polling(self, name: str) -> None:
        """Keeps the texts of repeated elements; feedparser keeps the last."""
        text = self.pop(name)
        texts = self.polling.setdefault(name, [])
        if text and not self.inentry and len(texts) < _MAX_POLLING:
            texts.append(text)


class _Strict(_StrictFeedParser, _Tuned):  # type: ignore[misc]  # feedparser has no types
    """Reads well-formed documents."""

    def read(self, data: bytes) -> bool:
        """Reads a document in UTF-8; returns False if it is not well-formed."""
        parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.handle_data
        parser.StartNamespaceDeclHandler = self.startPrefixMapping
        # As in xml.sax: external entities are skipped, and so is a name that one of them may define.
        parser.ExternalEntityRefHandler = _skip
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
        try:
            parser.Parse(data, True)
        except expat.ExpatError:
            return False
        return True

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        # From here on a prefix can have another meaning.
        self._tags.clear()
        super().track_namespace(prefix, uri)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = self._tags.get(name) or self._tag(name)
        if not attributes:
            self.unknown_starttag(tag, [])
            return
        keyed = [(self._keys.get(key) or self._key(key), value) for key, value in attributes.items()]
        self.unknown_starttag(tag, [(key, value) for keys, value in keyed for key in keys])

    def _end(self, name: str) -> None:
        self.unknown_endtag(self._tags.get(name) or self._tag(name))

    def _tag(self, name: str) -> str:
        """The name that feedparser uses, with the usual prefix, of expat's `namespace name prefix`."""
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
        """The names of an attribute: with the usual prefix, and with the document's if that is another."""
        namespace, local = _split(name)
        prefix = self._matchnamespaces.get(namespace.lower(), "")
        usual = f"{prefix}:{local}".lower() if prefix else local.lower()
        given = name.split(" ")
        written = f"{given[2]}:{local}".lower() if len(given) == 3 else local.lower()
        keys = self._keys[name] = (usual,) if usual == written else (usual, written)
        return keys


class _Loose(_LooseFeedParser, _Tuned, _BaseHTMLProcessor):  # type: ignore[misc]  # feedparser has no types
    """Reads documents that are not well-formed."""

    # An element without its end tag leaves all that follow it deeper.
    has_depth = False


def _handlers(kind: str) -> dict[str, Handler]:
    """The methods with a prefix, by the name of the element that they handle."""
    names = (name.removeprefix(kind) for name in dir(_Tuned) if name.startswith(kind))
    return {name: getattr(_Tuned, kind + name) for name in names if not name.startswith(_UNUSED)}


_STARTS: Final[dict[str, Handler]] = {
    **_handlers("_start_"),
    **{name: partial(_Tuned._start_detail, name=name) for name in DETAIL_NAMES},
    _FULL_TEXT: _Tuned._start_yandex_full_text,
    _DELETED: _Tuned._start_deleted_entry,
}
_ENDS: Final[dict[str, Handler]] = {
    **_handlers("_end_"),
    **{name: partial(_Tuned._end_polling, name=name) for name in _POLLING},
    **{name: partial(_Tuned._end_detail, name=name) for name in DETAIL_NAMES},
    _FULL_TEXT: _Tuned._end_yandex_full_text,
    _DELETED: _Tuned._end_deleted_entry,
}


def _skip(*_reference: object) -> int:
    return 1


def _split(name: str) -> tuple[str, str]:
    parts = name.split(" ")
    return (parts[0], parts[1]) if len(parts) > 1 else ("", name)
