"""Images in cleaned HTML: each says how large it is or says nothing, and what is no picture is none.

A picture whose size is known takes its place before it is loaded. A size that cannot be, or that leaves one side
open, is worse than none.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from markup import Image, attributes_of, rewritten

MOST_PIXELS: Final = 20_000
MOST_RATIO: Final = 20
"""Beyond these, a width and a height are not believed."""

MOST_EMOJI: Final = 12
"""Code points: a family with skin tones has ten."""

_PIXELS: Final = re.compile(r"([0-9]{1,5})(?:\.0*)?(?:px)?", re.ASCII)
_JOINERS: Final = frozenset("\u200d\ufe0f\u20e3")


def tidied(markup: str) -> str:
    """Cleaned HTML whose images have both a width and a height or neither.

    Pixels that only count readers go, emoji that are images are text again, and so is what stands for an image that
    could not stay.
    """
    return rewritten(markup, _tidied)


def _tidied(image: Image) -> str:
    alt = image.get("alt").strip()
    if not image.get("src") or _is_emoji(alt):
        return html.escape(alt, quote=False)
    width, height = _pixels(image.get("width")), _pixels(image.get("height"))
    if image.get("width") and image.get("height") and max(width, height) <= 1:
        return ""
    sized = {"width": str(width), "height": str(height)} if _is_size(width, height) else {}
    kept = {name: value for name, value in image.attributes.items() if name not in ("width", "height")}
    attributes = {**kept, **sized}
    if attributes == image.attributes:
        return image.markup
    return f"<img{attributes_of(attributes)}>"


def _pixels(said: str) -> int:
    """A length in pixels; very many for anything else."""
    written = _PIXELS.fullmatch(said.strip())
    return int(written[1]) if written else MOST_PIXELS + 1


def _is_size(width: int, height: int) -> bool:
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        return False
    return max(width, height) <= MOST_RATIO * min(width, height)


def _is_emoji(alt: str) -> bool:
    """Whether a text is emoji and nothing else."""
    if not 0 < len(alt) <= MOST_EMOJI or alt.isascii():
        return False
    pictured = any(unicodedata.category(char) == "So" for char in alt)
    return pictured and all(unicodedata.category(char) in ("So", "Sk") or char in _JOINERS for char in alt)
