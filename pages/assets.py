"""Styles and scripts as pages ask for them: whole, compressed once, and at addresses that change with them.

Browsers keep them for good, and ask for none at a later visit. static/ is served as it is, too; pages don't use it.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pages.bundle import bundle, entries, without_comments

_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file as it is sent. Its ``version`` is another one for every other content."""

    version: str
    content_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """The assets of a folder: style sheets, pictures, and a script for each module that pages begin with."""

    def __init__(self, folder: Path) -> None:
        """Reads them all. Raises BundleError and OSError."""
        texts = {name: bundle(folder, name) for name in entries(folder)}
        for path in (*folder.glob("*.css"), *folder.glob("*.svg")):
            texts[path.name] = without_comments(path.read_text(encoding="utf-8"))
        self._assets = {name: _asset(Path(name).suffix, text.encode()) for name, text in texts.items()}

    def address(self, name: str) -> str | None:
        """The path of an asset on this server; None if there is none of that name."""
        asset = self._assets.get(name)
        return f"/assets/{asset.version}/{name}" if asset else None

    def find(self, name: str) -> Asset | None:
        """The asset of that name."""
        return self._assets.get(name)


def _asset(suffix: str, body: bytes) -> Asset:
    version = hashlib.sha256(body).hexdigest()[:16]
    return Asset(version, _TYPES[suffix], body, gzip.compress(body, 9, mtime=0))
