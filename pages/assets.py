"""Assets of pages: style sheets, bundled scripts and icons, compressed once, at addresses that contain their hash.

Browsers keep them without asking again (Cache-Control: immutable). The files of static/ are served unbundled, too.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from pages.bundle import bundle, compact, entries
from pages.coding import SMALL, accepted_coding, compress

_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file as it is sent; ``version`` is the beginning of the SHA-256 of its content."""

    version: str
    content_type: str
    plain: bytes

    async def form(self, accepted: str) -> tuple[bytes, str | None]:
        """The smallest form that an Accept-Encoding allows, and its Content-Encoding.

        Compressing takes up to 0.1 s, so it is done when the form is first asked for, in a thread.
        """
        coding = accepted_coding(accepted)
        if coding is None:
            return self.plain, None
        return await asyncio.to_thread(_compressed, self.plain, coding), coding


class Assets:
    """The assets of a folder: its style sheets and icons, and a script for each entry point."""

    def __init__(self, folder: Path) -> None:
        """Reads and bundles all of them. Raises BundleError and OSError."""
        texts = {name: _minified(compact(bundle(folder, name))) for name in entries(folder)}
        for path in (*folder.glob("*.css"), *folder.glob("*.svg")):
            texts[path.name] = compact(path.read_text(encoding="utf-8"))
        self._assets = {name: _asset(Path(name).suffix, text.encode()) for name, text in texts.items()}

    def address(self, name: str) -> str | None:
        """The path at which an asset is served; None for an unknown name."""
        asset = self._assets.get(name)
        return f"/assets/{asset.version}/{name}" if asset else None

    def find(self, name: str) -> Asset | None:
        return self._assets.get(name)


def _minified(script: str) -> str:
    """A script with short names, where there is a minifier: it has wheels for Linux only, and saves a fifth."""
    try:
        # Imported here, as it starts Go's runtime: the processes that parse feeds import this module, too.
        from minify import string as minified
    except ImportError:
        return script
    text: str = minified("text/javascript", script)
    return text


def _asset(suffix: str, body: bytes) -> Asset:
    return Asset(hashlib.sha256(body).hexdigest()[:16], _TYPES[suffix], body)


@lru_cache(maxsize=64)
def _compressed(body: bytes, coding: str) -> bytes:
    return compress(body, coding, SMALL)
