"""Embedded content (HTML, "embedded content"), rewritten so that the sanitiser's allow-list leaves something of it.

A frame becomes a link with the picture of its film, a lazy image a picture, an object its fallback or a link. A
player gets the address of its source; a formula keeps its elements, a drawing its words. Nothing of the result is
trusted: the sanitiser reads all of it again.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import nh3

import markup
import urls
from feeds.parser import lazy_images, players

Attributes = Mapping[str, str]

MATHML: Final = frozenset(
    "math merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle "
    "msub msubsup msup mtable mtd mtext mtr munder munderover none semantics".split()
)
"""Elements of MathML Core that draw; those that link or contain HTML are left out (w3.org/TR/mathml-core)."""

MATHML_ATTRIBUTES: Final = {
    "math": {"alttext", "display"},
    "mi": {"mathvariant"},
    "mo": {"fence", "form", "largeop", "movablelimits", "stretchy"},
    "mfrac": {"linethickness"},
    "mspace": {"width"},
    "mtd": {"columnspan", "rowspan"},
}

MAX_DEPTH: Final = 20
"""Embedded elements inside each other; of deeper ones only the content is kept."""

_SPECIAL: Final = frozenset(
    "annotation annotation-xml audio embed iframe lite-youtube math noembed noscript object picture svg video".split()
)
_VOID: Final = frozenset({"param", "source"})
_DRAWING: Final = frozenset("defs desc g marker switch symbol text textpath title tspan".split())
_UNUSED_MATHML: Final = frozenset("maction malignmark menclose mfenced mglyph mlabeledtr".split())
_KEPT_ASIDE: Final = _SPECIAL | _VOID | _DRAWING | _UNUSED_MATHML | MATHML
_NAMES: Final = "|".join(sorted(_KEPT_ASIDE, reverse=True))
_EMBEDDED: Final = re.compile(
    r"<(?:iframe|noscript|object|embed|source|svg|(?:mml:|m:)?math|amp-|lite-youtube|noembed|audio|video)\b"
    rf"|<img\b(?=[^<>]*\s(?:{'|'.join(lazy_images.ATTRIBUTES)})\s*=)"
    r"|<img\b(?=[^<>]*\s(?:data-(?:lazy-)?)?srcset\s*=)(?![^<>]*\ssrc\s*=\s*[\"']?\s*(?:https?:|/))",
    re.IGNORECASE,
)
"""The start of content to rewrite. A picture whose ``src`` is its address needs no other."""

_RENAMED: Final = re.compile(rf"<(/?)(?:mml:|m:)?({_NAMES})(?=[\s/>])", re.IGNORECASE)
"""Elements that parsers of HTML treat in ways of their own: under another name they have content like any other."""

_EMPTY: Final = re.compile(rf"<((?:mml:|m:)?(?:{_NAMES}))((?:\s[^<>]*)?)/>", re.IGNORECASE)
"""An empty element of XML, which HTML reads as a start tag."""

_AMP: Final = re.compile(r"<(/?)amp-(img|video|audio|iframe)(?=[\s/>])|<(/?)amp-(?=youtube[\s/>])", re.IGNORECASE)
_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9-]*)((?: [a-zA-Z-]+="[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r' ([a-zA-Z-]+)="([^"]*)"')
_SHOWN: Final = re.compile(r"<(?:img|video|audio|math|a href)\b")
_MARKUP: Final = re.compile("<[^>]*>")
_FILM_ID: Final = re.compile("[A-Za-z0-9_-]{6,16}")
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_EXCUSE: Final = re.compile(r"iframe|inline frame|browser", re.IGNORECASE)
_MAX_EXCUSE_CHARS: Final = 200
_PHRASES: Final = frozenset(
    "a abbr b bdi bdo cite code del dfn em figcaption h1 h2 h3 h4 h5 h6 i ins kbd mark p pre q rt ruby s samp small "
    "span strong sub summary sup time u var".split()
)
"""Elements that have no paragraphs inside."""

_IMAGE_SOURCE: Final = re.compile(r'<img(?: [a-z-]+="[^"]*")* src="([^"]*)"')
_POSTER_SIZE: Final = {"width": "480", "height": "360"}
_TITLES: Final = ("title", "aria-label", "playlabel")
_FILES: Final = frozenset({"movie", "src", "filename", "url"})
_PLAYED_ANYWHERE: Final = re.compile(r"(?:video|audio)/(?:mp4|mpeg)|\.(?:mp4|m4v|mp3|m4a)(?:[?#]|\Z)", re.IGNORECASE)

_FRAME: Final = {"aria-label", "height", "src", "srcdoc", "style", "title", "width", *lazy_images.ATTRIBUTES}
_OWN_ATTRIBUTES: Final = {
    "img": {*lazy_images.ATTRIBUTES, *lazy_images.SETS},
    "x-iframe": _FRAME,
    "x-embed": {*_FRAME, "type"},
    "x-object": {*_FRAME, "data", "type"},
    "x-param": {"name", "value"},
    "x-source": {"data-src", "src", "type", *lazy_images.SETS},
    "x-video": {"data-src", "data-lazy-src", "height", "poster", "src", "width"},
    "x-audio": {"data-src", "data-lazy-src", "src"},
    "x-svg": {"aria-hidden", "aria-label"},
    "x-lite-youtube": {"data-videoid", "playlabel", "title", "videoid"},
    **{f"x-{name}": names for name, names in MATHML_ATTRIBUTES.items()},
}


def has_embedded(raw: str) -> bool:
    """True for HTML that `rewrite` changes."""
    return _EMBEDDED.search(raw) is not None


def rewrite(raw: str, base: str, normalizer: nh3.Cleaner) -> str:
    """Untrusted HTML with its embedded content rewritten, and addresses of that resolved against ``base``."""
    closed = _EMPTY.sub(r"<\1\2></\1>", _AMP.sub(_plain_name, raw))
    return _Writer(base).write(normalizer.clean(rename(closed)))


def rename(raw: str) -> str:
    """Untrusted HTML whose embedded elements have other names, with `x-` before them."""
    return _RENAMED.sub(r"<\1x-\2", raw)


def _plain_name(tag: re.Match[str]) -> str:
    return f"<{tag[1]}{tag[2]}" if tag[2] else f"<{tag[3]}lite-"


def make_normalizer(tags: Iterable[str], attributes: Mapping[str, set[str]]) -> nh3.Cleaner:
    """Makes a cleaner that writes HTML as nested elements with quoted values.

    It keeps the tags and attributes of the sanitiser, and embedded content under other names.
    """
    return nh3.Cleaner(
        tags={*tags, *(f"x-{name}" for name in _KEPT_ASIDE)},
        clean_content_tags={"script", "style", "template"},
        attributes={
            name: attributes.get(name, set()) | _OWN_ATTRIBUTES.get(name, set())
            for name in {*attributes, *_OWN_ATTRIBUTES}
        },
        url_schemes={"http", "https"},
        link_rel=None,
    )


@dataclass(slots=True)
class _Element:
    """An open embedded element: its content so far, and the sources that it lists."""

    name: str
    attributes: Attributes
    out: list[str] = field(default_factory=list)
    sources: list[Attributes] = field(default_factory=list)


class _Writer:
    """Writes normalised HTML again, with embedded content replaced."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._open = [_Element("", {})]
        self._depth: Counter[str] = Counter()
        self._players: set[str] = set()
        self._phrases = 0
        # The image that may have a twin in the <noscript> after it: the list that it is in, its index, its address.
        self._image: tuple[list[str], int, str] | None = None

    def write(self, normalised: str) -> str:
        """Writes all of it. Every start tag has its end tag."""
        end = 0
        for tag in _TAG.finditer(normalised):
            self._text(normalised[end : tag.start()])
            end = tag.end()
            closing, name, attributes = tag.groups()
            if not name.startswith("x-"):
                self._plain(name, tag[0], attributes)
            elif closing:
                self._end(name[2:])
            else:
                self._start(name[2:], _read(attributes))
        self._text(normalised[end:])
        return "".join(self._open[0].out)

    def _text(self, text: str) -> None:
        if text:
            self._open[-1].out.append(text)
            if not text.isspace():
                self._image = None

    def _plain(self, name: str, tag: str, attributes: str) -> None:
        if self._depth["math"] or self._depth["svg"]:
            if self._depth["svg"]:
                self._open[-1].out.append(" ")
            return
        if name == "img":
            self._write_image(_read(attributes))
        else:
            if name in _PHRASES:
                self._phrases += -1 if tag.startswith("</") else 1
            self._open[-1].out.append(tag)

    def _start(self, name: str, attributes: Attributes) -> None:
        parent = self._open[-1]
        if name in _SPECIAL:
            is_kept = len(self._open) <= MAX_DEPTH
            self._open.append(_Element(name, attributes, [] if is_kept else parent.out))
            self._depth[name] += is_kept
        elif name in _VOID:
            parent.sources.append(attributes)
        elif self._is_formula(name):
            parent.out.append(f"<{name}{_format(name, attributes)}>")
        elif self._depth["svg"]:
            parent.out.append(" ")

    def _end(self, name: str) -> None:
        if self._is_formula(name):
            self._open[-1].out.append(f"</{name}>")
        if name not in _SPECIAL:
            return
        element, parent = self._open.pop(), self._open[-1]
        if element.out is parent.out:
            return
        self._depth[name] -= 1
        parent.out.append(self._replace(element, "".join(element.out)))

    def _is_formula(self, name: str) -> bool:
        return name in MATHML and self._depth["math"] > 0 and not self._depth["svg"]

    def _replace(self, element: _Element, content: str) -> str:
        """The HTML in place of an embedded element, of its content and its sources."""
        attributes = element.attributes
        match element.name:
            case "iframe" | "embed":
                link = self._link(_first_address(attributes, self._base), attributes)
                return link + (attributes.get("srcdoc") or _without_excuse(content))
            case "lite-youtube":
                return self._link(_film_of(attributes), attributes) + content
            case "object":
                return content if _shows(content) else self._link_object(element) + content
            case "audio" | "video":
                return self._player(element, content)
            case "picture":
                return content
            case "math":
                is_inner = self._depth["math"] or self._depth["svg"]
                return content if is_inner else f"<math{_format('math', attributes)}>{content}</math>"
            case "svg":
                return _words_of(attributes, content)
            case "annotation" | "annotation-xml":
                return "" if self._depth["math"] else content
            case _:
                return self._noscript(content)

    def _link(self, player: str | None, attributes: Attributes) -> str:
        """A link to the page of a player, with the picture of its film; nothing for a hidden or repeated frame."""
        page = players.page_of(player) if player and not _is_hidden(attributes) else None
        if page is None or page.url in self._players:
            return ""
        self._players.add(page.url)
        title = next((text for name in _TITLES if (text := attributes.get(name, "").strip())), page.site)
        link = (
            f"<a{markup.format_attributes({'href': page.url})}>{_poster(page)}{html.escape(title, quote=False)}</a>"
        )
        return f"{link} " if self._phrases else f"<p>{link}</p>"

    def _link_object(self, element: _Element) -> str:
        attributes = element.attributes
        named = [
            one["value"] for one in element.sources if one.get("name", "").lower() in _FILES and one.get("value")
        ]
        file = urls.absolute(next((url for url in (attributes.get("data"), *named) if url), None), self._base)
        if file and attributes.get("type", "").startswith("image/"):
            return f"<img{markup.format_attributes({'src': file, 'alt': attributes.get('title', '')})}>"
        return self._link(file, attributes)

    def _player(self, element: _Element, content: str) -> str:
        """The player with the address of its best source; without any, its fallback."""
        name, attributes = element.name, dict(element.attributes)
        offered = [_first_address(one, self._base) for one in sorted(element.sources, key=_is_rarely_played)]
        source = next((url for url in (_first_address(attributes, self._base), *offered) if url), None)
        if source is None:
            return content
        kept = {key: value for key, value in attributes.items() if not key.startswith("data-")}
        return f"<{name}{markup.format_attributes({**kept, 'src': source})}>{content}</{name}>"

    def _write_image(self, attributes: Attributes) -> None:
        parent = self._open[-1]
        sets = [sizes for one in parent.sources for name in lazy_images.SETS if (sizes := one.get(name))]
        source = lazy_images.source(attributes, self._base, sets if parent.name == "picture" else ())
        kept = {
            name: value for name, value in attributes.items() if not name.startswith("data-") and name != "srcset"
        }
        kept.pop("src", None)
        if not self._depth["noscript"]:
            self._image = parent.out, len(parent.out), source or ""
        parent.out.append(f"<img{markup.format_attributes({**kept, **({'src': source} if source else {})})}>")

    def _noscript(self, content: str) -> str:
        """Pictures and links for readers without scripts: those that a script would load; no excuses."""
        if not _shows(content) or "javascript" in _MARKUP.sub("", content).lower():
            return ""
        found = _IMAGE_SOURCE.search(content)
        if found and self._image and self._image[2] in ("", urls.absolute(html.unescape(found[1]), self._base)):
            out, index, _ = self._image
            out[index] = ""
        return content


def _read(attributes: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}


def _format(name: str, attributes: Attributes) -> str:
    kept = MATHML_ATTRIBUTES.get(name, set())
    return markup.format_attributes({key: value for key, value in attributes.items() if key in kept})


def _first_address(attributes: Attributes, base: str) -> str | None:
    """The absolute URL of a frame, a player or a source: its own, else that for a script."""
    given = (attributes.get(name, "").strip() for name in ("src", *lazy_images.ATTRIBUTES))
    return next((url for value in given if value and (url := urls.absolute(value, base))), None)


def _film_of(attributes: Attributes) -> str | None:
    film = attributes.get("videoid") or attributes.get("data-videoid") or ""
    return f"https://www.youtube.com/embed/{film}" if _FILM_ID.fullmatch(film) else None


def _poster(page: players.Page) -> str:
    if page.picture is None:
        return ""
    return f"<img{markup.format_attributes({'alt': '', **_POSTER_SIZE, 'src': page.picture})}><br>"


def _is_hidden(attributes: Attributes) -> bool:
    """True for a frame that counts visits or measures, and shows nothing."""
    sizes = (attributes.get(name, "").strip().removesuffix("px") for name in ("width", "height"))
    return any(size in ("0", "1") for size in sizes) or _HIDDEN.search(attributes.get("style", "")) is not None


def _is_rarely_played(source: Attributes) -> bool:
    """True for a source of a type that not all browsers play."""
    return not any(_PLAYED_ANYWHERE.search(source.get(name, "")) for name in ("type", "src", "data-src"))


def _shows(content: str) -> bool:
    return _SHOWN.search(content) is not None or bool(html.unescape(_MARKUP.sub("", content)).strip())


def _without_excuse(content: str) -> str:
    """The content of a frame, without a sentence for browsers that have no frames."""
    text = _MARKUP.sub("", content)
    return "" if len(text) < _MAX_EXCUSE_CHARS and _EXCUSE.search(text) else content


def _words_of(attributes: Attributes, content: str) -> str:
    """The words of a drawing; none of one that is decoration."""
    if attributes.get("aria-hidden", "").lower() == "true":
        return ""
    words = html.escape(attributes.get("aria-label", ""), quote=False)
    return " ".join((words or content).split())
