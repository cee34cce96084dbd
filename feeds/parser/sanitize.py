"""The only way into an entry for a publisher's text and HTML: text as text, HTML through nh3's allow-list.

feedparser's own sanitiser can be bypassed, and is off (law 6 of docs/architecture.md). The result has the same bytes
in every process.
"""

from __future__ import annotations

import functools
import html
import re
from typing import Final

import nh3

import invisible
import urls
from feeds.parser import embedded, images

MAX_HTML_BYTES: Final = 64 * 1024
"""Longer content is cut at the end of an element, and marked. Counted in UTF-8, after sanitising."""

MAX_RAW_HTML_CHARS: Final = 1024 * 1024
MAX_TEXT_CHARS: Final = 5_000
MAX_ADDRESS_CHARS: Final = 4_096
"""Longer addresses of links, pictures, sound and film are removed; the linked text stays."""

_TAGS: Final = frozenset(
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption "
    "figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary "
    "sup table tbody td tfoot th thead time tr u ul var video wbr".split()
)
_DROPPED_WITH_CONTENT: Final = {"script", "style", "iframe", "noscript", "template"}
_DROPPED_FROM_TEXT: Final = {*_DROPPED_WITH_CONTENT, "x-annotation", "x-iframe", "x-noscript"}
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
_NORMALIZER: Final = embedded.make_normalizer(_TAGS, _ATTRIBUTES)
_SET_ATTRIBUTES: Final = {
    "img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"},
    "audio": {"controls": "", "preload": "none"},
    "video": {"controls": "", "preload": "none"},
}
# The control characters of XML 1.0 and of terminals, and halves of surrogate pairs, which JSON can carry.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Within these elements a paragraph can be inside another (HTML, "has an element in button scope"), and a link after a
# choice inside that before it. nh3 drops them and leaves nested ones, which browsers read as several.
_SCOPES: Final = re.compile("<(?:applet|button|marquee|select)", re.IGNORECASE)
_BLOCK: Final = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol|p|pre|"
    r"section|table|td|th|tr|ul)\b)",
    re.IGNORECASE,
)
_SEEN: Final = re.compile(r"(?:<[^<>]{0,5000}>|\s){0,20}[A-Za-z0-9]")
"""The beginning of most HTML: a few tags, then a letter or digit."""

_SHOWN: Final = re.compile(r"<(?:img|audio|video) ")
_MARKUP: Final = re.compile("<[^<>]*>")
_LINK: Final = re.compile(r'(<a [^<>]*?\bhref="([^"]+)"[^<>]*>)')
_RELATIVE: Final = re.compile(r"(?:href|src|poster)(?!\s*=[\"']?https?://)", re.ASCII)
"""Found in HTML, in small letters, in which an address may be relative or empty: any that is not plainly absolute."""

_LONG_VALUE: Final = re.compile(rf'="[^"]{{{MAX_ADDRESS_CHARS + 1}}}')
_ADDRESSES: Final = frozenset({"href", "src", "poster"})
_BLOCK_END: Final = re.compile(r"</(?:p|div|li|ul|ol|dd|dl|blockquote|pre|figure|tr|table|details|h[1-6])>")


def sanitize_html(markup: str, base: str) -> tuple[str, bool]:
    """Sanitises untrusted HTML; returns it, and True if it had to be cut.

    Relative links are resolved against ``base``, an http(s) URL. They are removed if browsers reject that URL.
    """
    base = base if len(base) <= MAX_ADDRESS_CHARS else ""
    raw = _UNPRINTABLE.sub("", markup)
    head = images.drop_hidden(raw[:MAX_RAW_HTML_CHARS])
    if embedded.has_embedded(head):
        head = embedded.rewrite(head, base, _NORMALIZER)
    # Making a cleaner takes as long as using it: entries without relative links, of any base, share one.
    cleaner = _cleaner(base if _RELATIVE.search(head.lower()) else "", has_formulas="<math" in head)
    sanitised = _sanitize(head, cleaner)
    if _size(sanitised) <= MAX_HTML_BYTES:
        return sanitised, len(raw) > MAX_RAW_HTML_CHARS
    return _shorten(sanitised, cleaner), True


def is_blank(sanitised: str) -> bool:
    """True for sanitised HTML of which a reader sees nothing."""
    if _SEEN.match(sanitised) or _SHOWN.search(sanitised):
        return False
    return not invisible.is_visible(html.unescape(_MARKUP.sub("", sanitised)))


def name_links(blank: str) -> str:
    """The links of blank HTML, which have no text, by the names of their hosts."""
    links = dict.fromkeys(_LINK.findall(blank))
    return " ".join(f"{tag}{html.escape(urls.host_of(html.unescape(address)))}</a>" for tag, address in links)


def extract_text(markup: str | None) -> str | None:
    """The text of untrusted HTML: without tags, blocks apart, references resolved, white space folded.

    None if nothing is left.
    """
    if not markup:
        return None
    if "<" in markup:
        spaced = _BLOCK.sub(" <", _UNPRINTABLE.sub("", markup[:MAX_RAW_HTML_CHARS]))
        if embedded.has_embedded(spaced):
            # Words of a drawing stand apart.
            spaced = embedded.rename(spaced).replace("<x-", " <x-").replace("</x-", " </x-")
        markup = nh3.clean(spaced, tags=set(), clean_content_tags=_DROPPED_FROM_TEXT)
    return normalize_text(html.unescape(markup))


def normalize_text(text: str | None) -> str | None:
    """Plain text without unprintable characters, white space folded, at most MAX_TEXT_CHARS.

    None if nothing is left that can be seen: a link of invisible characters can't be followed.
    """
    if not text:
        return None
    text = text[: 4 * MAX_TEXT_CHARS]
    if not text.isprintable():
        text = _UNPRINTABLE.sub("", text)
    folded = " ".join(invisible.tame_text(text).split())
    if len(folded) > MAX_TEXT_CHARS:
        folded = invisible.tame_text(folded[: MAX_TEXT_CHARS - 1]) + "…"
    return folded if invisible.is_visible(folded) else None


def text_to_html(text: str) -> str:
    """Plain text as HTML: empty lines separate paragraphs, other line breaks become ``<br>``."""
    paragraphs = re.split(r"\n\s*\n", html.escape(text.strip(), quote=False))
    return "".join(f"<p>{'<br>'.join(part.splitlines())}</p>" for part in paragraphs if part.strip())


def _sanitize(markup: str, cleaner: nh3.Cleaner) -> str:
    sanitised = cleaner.clean(markup)
    if _SCOPES.search(markup):
        sanitised = cleaner.clean(sanitised)
    if _LONG_VALUE.search(sanitised):
        sanitised = _cleaner("", has_formulas="<math" in sanitised, has_long_addresses=True).clean(sanitised)
    # Unprintable characters once more: markup can have them as references.
    return images.normalize_media(invisible.tame_markup(_UNPRINTABLE.sub("", sanitised))).strip()


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _shorten(sanitised: str, cleaner: nh3.Cleaner) -> str:
    """Sanitised HTML cut to MAX_HTML_BYTES, including the end tags of elements that were cut in two."""
    room, step = MAX_HTML_BYTES, 16
    while True:
        kept = _sanitize(_cut(sanitised, room), cleaner)
        excess = _size(kept) - MAX_HTML_BYTES
        if excess <= 0:
            return kept
        # Nested elements have as many bytes of end tags as of start tags: shrink in growing steps, not byte by byte.
        room, step = max(room - max(excess, step), room // 2), 2 * step


def _cut(sanitised: str, room: int) -> str:
    """HTML up to the last end of a block that fits, or of any tag, or of a word."""
    head = sanitised.encode()[:room].decode("utf-8", "ignore")
    ends = [match.end() for match in _BLOCK_END.finditer(head)]
    if ends and ends[-1] > len(head) // 2:
        return head[: ends[-1]]
    # No block ends in the second half: remove half a tag, reference or word at the end.
    head = head[: head.rfind("<")] if head.rfind("<") > head.rfind(">") else head
    return re.sub(r"&[^;\s]*\Z|(?<=\s)[^\s>]*\Z", "", head)


def _drop_long_address(_element: str, attribute: str, value: str) -> str | None:
    return None if attribute in _ADDRESSES and len(value) > MAX_ADDRESS_CHARS else value


@functools.lru_cache(maxsize=64)
def _cleaner(base: str, *, has_formulas: bool = False, has_long_addresses: bool = False) -> nh3.Cleaner:
    # Only if there are long addresses: the filter is called for each attribute.
    cleaner = functools.partial(
        nh3.Cleaner,
        tags={*_TAGS, *(embedded.MATHML if has_formulas else ())},
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES | (embedded.MATHML_ATTRIBUTES if has_formulas else {}),
        set_tag_attribute_values=_SET_ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
        attribute_filter=_drop_long_address if has_long_addresses else None,
    )
    try:
        return cleaner(url_relative=("rewrite_with_base", base))
    except ValueError:
        # The base has an impossible host: nothing can be resolved against it.
        return cleaner(url_relative="deny")
