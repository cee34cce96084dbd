"""What may come in from a feed: text as text, HTML through nh3's allow-list, links that are http(s).

Publishers are untrusted. feedparser's own cleaning can be bypassed, so it is off and this is the only gate
(law 6 of docs/architecture.md). Runs in the parser's processes.
"""

from __future__ import annotations

import functools
import html
import re
from typing import Final

import nh3

from feeds.parser import images

MAX_HTML: Final = 64 * 1024
"""Bytes of cleaned HTML, in UTF-8, that an entry keeps; what is longer is cut at an element's end and marked."""

MAX_RAW_HTML: Final = 1024 * 1024
MAX_TEXT: Final = 5_000

_TAGS: Final = frozenset(
    # ruff: noqa: SIM905 - a list of words reads best as words
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption "
    "figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary "
    "sup table tbody td tfoot th thead time tr u ul var video wbr".split()
)
_DROPPED_WITH_CONTENT: Final = {"script", "style", "iframe", "noscript", "object", "template", "svg", "math"}
_ATTRIBUTES: Final = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "audio": {"src"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"datetime"},
    "img": {"src", "alt", "title", "width", "height"},
    "ins": {"datetime"},
    "li": {"value"},
    "ol": {"start", "reversed", "type"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"src", "poster", "width", "height"},
}
_SET_ATTRIBUTES: Final = {
    "img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"},
    "audio": {"controls": "", "preload": "none"},
    "video": {"controls": "", "preload": "none"},
}
# What XML 1.0 and terminals call control characters, and halves of surrogate pairs that JSON can smuggle in.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BLOCK: Final = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol|p|pre|"
    r"section|table|td|th|tr|ul)\b)",
    re.IGNORECASE,
)
_BLOCK_END: Final = re.compile(r"</(?:p|div|li|ul|ol|dd|dl|blockquote|pre|figure|tr|table|details|h[1-6])>")


def clean_html(markup: str, base: str) -> tuple[str, bool]:
    """Cleans untrusted HTML; returns it and whether it had to be cut.

    Relative links are resolved against ``base``, an http(s) URL; they go if it is not one that browsers take.
    """
    cleaner = _cleaner(base)
    raw = _UNPRINTABLE.sub("", markup)
    # Once more without what is unprintable: it can be written as a character reference.
    cleaned = images.tidied(_UNPRINTABLE.sub("", cleaner.clean(raw[:MAX_RAW_HTML]))).strip()
    if _bytes(cleaned) <= MAX_HTML:
        return cleaned, len(raw) > MAX_RAW_HTML
    return _shortened(cleaned, cleaner), True


def clean_text(markup: str | None) -> str | None:
    """The text of untrusted HTML: tags dropped (blocks stay apart), references resolved, white space folded.

    None if nothing is left.
    """
    if not markup:
        return None
    if "<" in markup:
        spaced = _BLOCK.sub(" <", _UNPRINTABLE.sub("", markup[:MAX_RAW_HTML]))
        markup = nh3.clean(spaced, tags=set(), clean_content_tags=_DROPPED_WITH_CONTENT)
    return plain_text(html.unescape(markup))


def plain_text(text: str | None) -> str | None:
    """Text that is text already: unprintable characters dropped, white space folded; None if none is left."""
    if not text:
        return None
    folded = " ".join(_UNPRINTABLE.sub("", text[: 4 * MAX_TEXT]).split())
    if len(folded) > MAX_TEXT:
        folded = folded[: MAX_TEXT - 1] + "…"
    return folded or None


def text_as_html(text: str) -> str:
    """Text as paragraphs of HTML: an empty line parts paragraphs, a line break stays one."""
    paragraphs = re.split(r"\n\s*\n", html.escape(text.strip(), quote=False))
    return "".join(f"<p>{'<br>'.join(part.splitlines())}</p>" for part in paragraphs if part.strip())


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _shortened(cleaned: str, cleaner: nh3.Cleaner) -> str:
    """Cleaned HTML that is too long, cut so that it fits with the ends of the elements that were cut in two."""
    room, step = MAX_HTML, 16
    while True:
        kept = cleaner.clean(_cut(cleaned, room)).strip()
        over = _bytes(kept) - MAX_HTML
        if over <= 0:
            return kept
        # Elements within elements take as much to end as to begin: this must not go on byte by byte.
        room, step = max(room - max(over, step), room // 2), 2 * step


def _cut(cleaned: str, room: int) -> str:
    """Cleaned HTML up to the last end of a block that fits, or of any tag, or of a word."""
    head = cleaned.encode()[:room].decode("utf-8", "ignore")
    ends = [match.end() for match in _BLOCK_END.finditer(head)]
    if ends and ends[-1] > len(head) // 2:
        return head[: ends[-1]]
    # No block ends in the second half: do not leave half a tag, reference or word behind.
    head = head[: head.rfind("<")] if head.rfind("<") > head.rfind(">") else head
    return re.sub(r"&[^;\s]*\Z|(?<=\s)[^\s>]*\Z", "", head)


@functools.lru_cache(maxsize=64)
def _cleaner(base: str) -> nh3.Cleaner:
    cleaner = functools.partial(
        nh3.Cleaner,
        tags=set(_TAGS),
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        set_tag_attribute_values=_SET_ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    try:
        return cleaner(url_relative=("rewrite_with_base", base))
    except ValueError:
        # A host that cannot be one: nothing can be resolved against it.
        return cleaner(url_relative="deny")
