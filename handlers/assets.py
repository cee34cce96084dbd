"""`/assets/…`, a blog's theme and logo, and the tab's icon."""

from __future__ import annotations

from typing import Final

from tornado.web import HTTPError

from config import Config
from handlers.base import Handler, Secure
from pages.assets import Assets
from pages.theme import Theme
from timeline import Timeline

ADDRESS: Final = r"/assets/([0-9a-f]{16})/([a-z0-9-]+\.[a-z]+)"

_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    "<style>.disc{{fill:#b0301c}}.count{{fill:#fff;font:700 {size}px sans-serif;text-anchor:middle}}"
    "@media(prefers-color-scheme:dark){{.disc{{fill:#ff8f73}}.count{{fill:#171716}}}}</style>"
    '<circle class="disc" cx="16" cy="16" r="16"/><text class="count" x="16" y="{line}">{count}</text></svg>'
)


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


class ThemeFile(Handler):
    """`/<blog>/theme.css` and `/<blog>/logo`."""

    is_large = False

    def initialize(self, config: Config, timeline: Timeline, themes: dict[str, Theme]) -> None:  # type: ignore[override]
        """Takes what the route table hands over."""
        super().initialize(config, timeline)
        self.themes = themes

    def get(self, slug: str, name: str) -> None:
        """Answers with the file. Pages name its version, so that it may be kept for as long as anyone likes."""
        theme = self.themes[self.blog(slug).slug]
        file = theme.logo if name == "logo" else theme.css
        if file is None:
            raise HTTPError(404, reason="There is nothing here.")
        self.set_header("Content-Type", file.kind)
        if self.get_query_argument("v", None) == file.version:
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.finish(file.data)


class Icon(Secure):
    """A disc with a number from 1 to 99."""

    def get(self, count: str) -> None:
        """Answers with the picture; it is always the same."""
        size = 22 if len(count) == 1 else 18
        self.set_header("Content-Type", "image/svg+xml")
        self.set_header("Cache-Control", "public, max-age=86400")
        self.finish(_ICON.format(count=count, size=size, line=16 + size * 0.36))
