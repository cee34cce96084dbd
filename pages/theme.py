"""How the operator wants a blog to look: an accent, a style sheet, a logo. All of it comes from this server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from config import IMAGE_TYPES, Blog

DARK_PAPER: Final = "#171716"
"""The ground of dark pages, as static/livelog.css has it."""

READABLE: Final = 4.5
"""The contrast that text needs (WCAG 2.2, 1.4.3)."""

STEPS: Final = 50


@dataclass(frozen=True, slots=True)
class File:
    """Something that is served as it is. ``version`` tells it from what it was before."""

    data: bytes
    kind: str

    @property
    def version(self) -> str:
        """A short fingerprint."""
        return hashlib.blake2b(self.data, digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Theme:
    """What a blog has of its own."""

    css: File | None = None
    logo: File | None = None

    @classmethod
    def of(cls, blog: Blog) -> Theme:
        """Reads what the configuration names: it was there a moment ago. Raises OSError."""
        own = blog.css.read_bytes() if blog.css else b""
        css = (_accent(blog.accent) if blog.accent else "").encode() + own
        logo = File(blog.logo.read_bytes(), IMAGE_TYPES[blog.logo.suffix.lower()]) if blog.logo else None
        return cls(File(css, "text/css; charset=utf-8") if css else None, logo)


def for_dark(colour: str) -> str:
    """A colour (#rrggbb) that is readable on a dark page: itself, or as little nearer to white as does."""
    red, green, blue = _channels(colour)
    for step in range(STEPS + 1):
        mixed = tuple(round(channel + (255 - channel) * step / STEPS) for channel in (red, green, blue))
        lightened = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(lightened, DARK_PAPER) >= READABLE:
            return lightened
    return "#ffffff"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _accent(colour: str) -> str:
    dark = for_dark(colour)
    return f":root{{--accent:{colour}}}@media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}\n"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255 for channel in _channels(colour))
    )
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
