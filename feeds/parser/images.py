"""Images in sanitised HTML: width and height or neither, no tracking pixels, and emoji as text.

An image whose size is known takes its space on the page before it is loaded. A size that is impossible, or has one
side only, is worse than none.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

import markup
from markup import Image

MAX_PIXELS: Final = 20_000
MAX_RATIO: Final = 20
"""A width and height beyond MAX_PIXELS, or with a larger ratio, is left out."""

MAX_EMOJI_CHARS: Final = 12
"""Code points: a family with skin tones has ten."""

MAX_SMILEY_CHARS: Final = 20
"""Longest name of a picture in place of an emoticon, such as `:slightly_smiling:`."""

_SPACER: Final = re.compile(r"/(?:1x1|blank|clear|pixel|spacer|transparent)\.(?:gif|png)(?:[?#]|\Z)", re.IGNORECASE)
_STYLED_IMAGE: Final = re.compile(r"""<img\b[^<>]*?\sstyle\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')[^<>]*>""", re.IGNORECASE)
_UNSEEN: Final = re.compile(
    r"(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*hidden|(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|!|\Z))",
    re.IGNORECASE,
)

_PIXELS: Final = re.compile(r"([0-9]{1,5})(?:\.0*)?(?:px)?", re.ASCII)
_JOINERS: Final = frozenset("\u200d\ufe0f\u20e3")


def normalize_media(sanitised: str) -> str:
    """Sanitised HTML with normalised images, and the attributes of images, sound and film in one order.

    Tracking pixels are removed. An image that is an emoji, or that has no address, is replaced by its alternative
    text.
    """
    return markup.normalize_media(sanitised, _write)


def drop_hidden(raw: str) -> str:
    """Untrusted HTML without images that their style hides: counters. Lazy ones, which a script would show, stay."""
    return _STYLED_IMAGE.sub(_unless_hidden, raw) if "<img" in raw and "style" in raw else raw


def _unless_hidden(image: re.Match[str]) -> str:
    is_hidden = _UNSEEN.search(image[1] or image[2] or "") and " data-" not in image[0]
    return "" if is_hidden else image[0]


def _write(image: Image) -> str:
    alt = image.get("alt").strip()
    src = image.get("src")
    if not src or is_emoji(alt) or (0 < len(alt) <= MAX_SMILEY_CHARS and markup.is_smiley(src)):
        return html.escape(alt, quote=False)
    width, height = _pixels(image.get("width")), _pixels(image.get("height"))
    stated = [size for name, size in (("width", width), ("height", height)) if image.get(name)]
    if (stated and max(stated) <= 1) or _SPACER.search(src):
        return ""
    sized = {"width": str(width), "height": str(height)} if _is_size(width, height) else {}
    kept = {name: value for name, value in image.attributes.items() if name not in ("width", "height")}
    attributes = {**kept, **sized}
    if attributes == image.attributes:
        return image.markup
    return f"<img{markup.format_attributes(dict(sorted(attributes.items())))}>"


def _pixels(length: str) -> int:
    """A length in pixels; more than MAX_PIXELS for anything else."""
    match = _PIXELS.fullmatch(length.strip())
    return int(match[1]) if match else MAX_PIXELS + 1


def _is_size(width: int, height: int) -> bool:
    if not (0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS):
        return False
    return max(width, height) <= MAX_RATIO * min(width, height)


def is_emoji(alt: str) -> bool:
    """True for a text that is emoji and nothing else."""
    if not 0 < len(alt) <= MAX_EMOJI_CHARS or alt.isascii():
        return False
    pictured = any(unicodedata.category(char) == "So" for char in alt)
    return pictured and all(unicodedata.category(char) in ("So", "Sk") or char in _JOINERS for char in alt)
