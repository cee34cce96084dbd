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

_PIXELS: Final = re.compile(r"([0-9]{1,5})(?:\.0*)?(?:px)?", re.ASCII)
_JOINERS: Final = frozenset("\u200d\ufe0f\u20e3")


def normalize_media(sanitised: str) -> str:
    """Sanitised HTML with normalised images, and the attributes of images, sound and film in one order.

    Tracking pixels are removed. An image that is an emoji, or that has no address, is replaced by its alternative
    text.
    """
    return markup.normalize_media(sanitised, _write)


def _write(image: Image) -> str:
    alt = image.get("alt").strip()
    if not image.get("src") or is_emoji(alt):
        return html.escape(alt, quote=False)
    width, height = _pixels(image.get("width")), _pixels(image.get("height"))
    if image.get("width") and image.get("height") and max(width, height) <= 1:
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
