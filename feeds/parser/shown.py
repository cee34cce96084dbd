"""HTML as readers see it: text, links, pictures and emphasis, in one form for all ways to write them.

Only for digests. A text that changes nothing but comments, attributes, white space, counters, schemes or tracking
parameters is shown as before, so it is no correction. Pure and independent of the version of the sanitiser: a digest
must be the same on every node.
"""

from __future__ import annotations

import html
import re
from typing import Final

from feeds.parser.images import is_emoji
from feeds.parser.link_keys import Homes, file_of, path_of, without_schemes

MAX_CHARS: Final = 1024 * 1024
"""Longer HTML is cut, as the sanitiser does."""

_TOKEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<dropped>script|style|template)\b.*?(?:</(?P=dropped)\s*>|\Z)|<![^<>]*>|<\?[^<>]*>|"
    r"<(?P<closing>/?)(?P<name>[a-z][a-z0-9]*)(?P<attributes>[^<>]*)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r"""([a-z][a-z0-9-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"display\s*:\s*none|(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|\Z)", re.IGNORECASE)
_PIXEL: Final = re.compile(r"[01](?:\.0*)?(?:px)?")

_BREAK: Final = "\n"
_BLOCKS: Final = frozenset(
    "address article aside blockquote body br center dd details div dl dt figcaption figure footer form header hr "
    "html li main nav ol p pre section summary table tbody tfoot thead tr ul".split()
)
_KINDS: Final = {
    **{name: name for name in "a code del h1 h2 h3 h4 h5 h6 ins kbd mark q s sub sup td th u var samp cite".split()},
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "strike": "s",
    "li": "li",
    "blockquote": "blockquote",
    "pre": "pre",
    "hr": "hr",
}
"""Elements that look different from the text around them."""

_FILES: Final = {
    "img": ("data-src", "data-lazy-src", "data-original", "src"),
    "audio": ("src",),
    "video": ("src", "poster"),
    "source": ("src",),
    "iframe": ("src", "data-src"),
    "embed": ("src",),
    "object": ("data",),
}
"""Elements that are replaced by a file, and the attributes that can have its address, the best first."""


def shown_text(text: str | None, homes: Homes | None = None) -> str:
    """A title or name: references resolved, white space folded, schemes and the site's own host left out."""
    return _without_homes(" ".join(html.unescape(text).split()), homes) if text else ""


def shown_html(markup: str | None, homes: Homes | None = None) -> str:
    """Untrusted HTML in the form that digests compare; ``homes`` are the hosts of its site."""
    if not markup:
        return ""
    pieces = _TOKEN.split(markup[:MAX_CHARS])
    shown = [_text(pieces[0])]
    for closing, name, attributes, text in zip(pieces[2::5], pieces[3::5], pieces[4::5], pieces[5::5], strict=True):
        if name:
            shown.append(_element(closing, name.lower(), attributes))
        if text:
            shown.append(_text(text))
    # White space at the edge of a block is not seen, nor is an empty block.
    lines = (" ".join(line.split()) for line in "".join(shown).split(_BREAK))
    return _without_homes(_BREAK.join(filter(None, lines)), homes)


def _without_homes(text: str, homes: Homes | None) -> str:
    """A text that stays the same when its site moves to https or to another host."""
    text = without_schemes(text)
    for host in homes.hosts if homes else ():
        if host in text:
            text = re.sub(rf"(?<![\w.-])(?:www\.)?{re.escape(host)}(?![\w-])", "\0", text)
    return text


def _text(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    # A tag must not come out of text: `&lt;b&gt;` is no element. Its line breaks are white space like any other.
    return text.replace("<", "&lt;").replace(_BREAK, " ")


def _element(closing: str, name: str, attributes: str) -> str:
    if name in _FILES:
        return "" if closing else _file(name, _attributes(attributes))
    kind = _KINDS.get(name)
    break_ = _BREAK if name in _BLOCKS else ""
    if not kind:
        return break_
    href = _attributes(attributes).get("href") if name == "a" and not closing else None
    return f"{break_}<{closing}{kind}{f' {path_of(href)}' if href else ''}>"


def _attributes(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), html.unescape(double or single or bare).strip())
    return found


def _file(name: str, attributes: dict[str, str]) -> str:
    alt = attributes.get("alt", "")
    address = next((attributes[key] for key in _FILES[name] if attributes.get(key)), "")
    if name == "img" and (is_emoji(alt) or not address):
        return html.escape(alt, quote=False)
    if _is_pixel(attributes):
        return ""
    if not address:
        return ""
    return f"<{name} {file_of(address)}{f' {shown_text(alt)}' if alt else ''}>"


def _is_pixel(attributes: dict[str, str]) -> bool:
    """True for a picture or frame that counts readers, and shows nothing."""
    if _HIDDEN.search(attributes.get("style", "")):
        return True
    sides = [attributes.get("width", ""), attributes.get("height", "")]
    return all(side and _PIXEL.fullmatch(side) for side in sides)
