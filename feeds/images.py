"""Images in cleaned HTML: each says how large it is or says nothing, and what is no picture is none.

A picture whose size is known takes its place before it is loaded. A size that cannot be, or that leaves one side
open, is worse than none.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

MOST_PIXELS: Final = 20_000
MOST_RATIO: Final = 20
"""Beyond these, a width and a height are not believed."""

MOST_EMOJI: Final = 12
"""Code points: a family with skin tones has ten."""

# What nh3 writes: small letters, every value in double quotes, and none of these within.
_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r' ([a-z-]+)="([^"]*)"')
_PIXELS: Final = re.compile(r"([0-9]{1,5})(?:\.0*)?(?:px)?", re.ASCII)
_JOINERS: Final = frozenset("\u200d\ufe0f\u20e3")


class Image(NamedTuple):
    """One image: as it is written, its attributes (as text), and whether it is within a link."""

    markup: str
    attributes: Mapping[str, str]
    in_link: bool

    def get(self, name: str) -> str:
        """An attribute; empty if it is not there."""
        return self.attributes.get(name, "")


def rewritten(markup: str, write: Callable[[Image], str]) -> str:
    """Cleaned HTML with each image written anew."""
    if "<img" not in markup:
        return markup
    return "".join(_parts(markup, write))


def tidied(markup: str) -> str:
    """Cleaned HTML whose images have both a width and a height or neither.

    Pixels that only count readers go, emoji that are images are text again, and so is what stands for an image that
    could not stay.
    """
    return rewritten(markup, _tidied)


def _parts(markup: str, write: Callable[[Image], str]) -> Iterator[str]:
    # All tags, not only images: what looks like one may be the value of an attribute.
    end, in_link = 0, False
    for tag in _TAG.finditer(markup):
        if tag[2] == "a":
            in_link = not tag[1]
        if tag[2] == "img":
            yield markup[end : tag.start()]
            attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
            yield write(Image(tag[0], attributes, in_link))
            end = tag.end()
    yield markup[end:]


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


def attributes_of(values: Mapping[str, str]) -> str:
    """Attributes as HTML, each with a space before it."""
    return "".join(f' {name}="{html.escape(value)}"' for name, value in values.items())


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
