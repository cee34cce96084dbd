"""Styles and scripts as pages ask for them: whole, compressed once, and at addresses that change with them.

Browsers keep them for good, and ask for none at a later visit. static/ is served as it is, too; pages don't use it.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tornado.web import HTTPError

from handlers.base import Secure
from handlers.bundle import bundle, entries, without_comments

ADDRESS: Final = r"/assets/([0-9a-f]{16})/([a-z0-9-]+\.[a-z]+)"

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


class AssetFile(Secure):
    """`/assets/<version>/<name>`."""

    def initialize(self, assets: Assets) -> None:
        """Takes what the route table hands over."""
        self.assets = assets

    def get(self, version: str, name: str) -> None:
        """Answers with the asset. A page from before the server's start gets the present one, not to be kept."""
        asset = self.assets.find(name)
        if asset is None:
            raise HTTPError(404, reason="There is nothing here.")
        kept = asset.version == version
        self.set_header("Cache-Control", "public, max-age=31536000, immutable" if kept else "no-cache")
        self.set_header("Content-Type", asset.content_type)
        self.set_header("Vary", "Accept-Encoding")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.finish(asset.compressed)
        else:
            self.finish(asset.plain)

    head = get

    def compute_etag(self) -> None:
        """None: the address says it."""


def _asset(suffix: str, body: bytes) -> Asset:
    version = hashlib.sha256(body).hexdigest()[:16]
    return Asset(version, _TYPES[suffix], body, gzip.compress(body, 9, mtime=0))
