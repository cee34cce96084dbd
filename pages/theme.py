"""A blog's theme: its accent colour, style sheet and logo, all served from here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from config import IMAGE_TYPES, Blog


@dataclass(frozen=True, slots=True)
class File:
    """A file that is served as it is."""

    data: bytes
    content_type: str

    @property
    def version(self) -> str:
        """A hash of the content, for the URL."""
        return hashlib.blake2b(self.data, digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Theme:
    """The files of a blog's theme; None where config.yaml sets nothing."""

    css: File | None = None
    logo: File | None = None

    @classmethod
    def of(cls, blog: Blog) -> Theme:
        """Reads the files that config.yaml names. Raises OSError.

        The accent is one CSS variable: static/livelog.css makes readable colours for light and dark pages of it.
        """
        accent = f":root{{--accent:{blog.accent}}}\n" if blog.accent else ""
        css = accent.encode() + (blog.css.read_bytes() if blog.css else b"")
        logo = File(blog.logo.read_bytes(), IMAGE_TYPES[blog.logo.suffix.lower()]) if blog.logo else None
        return cls(File(css, "text/css; charset=utf-8") if css else None, logo)
