"""Files that pages load: `/assets/…`, `/static/…`, a blog's style sheet and logo, and the tab's icon."""

from __future__ import annotations

from typing import Any, Final

from tornado.web import HTTPError, StaticFileHandler

from handlers.base import BaseHandler, Handler
from handlers.site import Site

ASSET_PATH: Final = r"/assets/([0-9a-f]{16})/([a-z0-9-]+\.[a-z]+)"

KEPT: Final = "public, max-age=31536000, immutable"
"""`Cache-Control` of a URL that names the version of its content (RFC 8246)."""

_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    "<style>.disc{{fill:#b0301c}}.count{{fill:#fff;font:700 {size}px sans-serif;text-anchor:middle}}"
    "@media(prefers-color-scheme:dark){{.disc{{fill:#ff8f73}}.count{{fill:#171716}}}}</style>"
    '<circle class="disc" cx="16" cy="16" r="16"/><text class="count" x="16" y="{line}">{count}</text></svg>'
)


class AssetFile(BaseHandler):
    """`/assets/<version>/<name>`: a bundled script, style sheet or picture."""

    async def get(self, version: str, name: str) -> None:
        """Sends the asset. For another version than the present one, it is not to be cached.

        A page that was loaded before an upgrade asks for the old version, and gets the new content.
        """
        asset = self.site.assets.find(name)
        if asset is None:
            raise HTTPError(404, reason="There is nothing here.")
        self.set_header("Cache-Control", KEPT if asset.version == version else "no-cache")
        self.set_header("Content-Type", asset.content_type)
        self.set_header("Vary", "Accept-Encoding")
        body, encoding = await asset.form(self.request.headers.get("Accept-Encoding", ""))
        if encoding:
            self.set_header("Content-Encoding", encoding)
        self.finish(body)

    def compute_etag(self) -> None:
        """None: the URL names the version."""


class StaticFiles(BaseHandler, StaticFileHandler):  # type: ignore[misc]  # two heads, with the same answer
    """`/static/<path>`: the files as they are in the repository. Pages load the assets made of them instead."""

    @classmethod
    def make_static_url(cls, settings: dict[str, Any], path: str, include_version: bool = True) -> str:
        """The path that templates put into pages: the asset's, else the file's."""
        site: Site = settings["site"]
        own = site.assets.address(path) or super().make_static_url(settings, path, include_version)
        return f"{site.config.server.prefix}{own}"

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - Tornado's signature
        """Sets `Cache-Control` so that browsers revalidate the file."""
        self.set_header("Cache-Control", "no-cache")


class ThemeFile(Handler):
    """`/<blog>/theme.css` and `/<blog>/logo`."""

    is_large = False

    def get(self, slug: str, name: str) -> None:
        """Sends the file. If the URL names its version (`?v=`), as pages do, it can be cached for a year."""
        theme = self.site.theme(self.blog(slug))
        file = theme.logo if name == "logo" else theme.css
        if file is None:
            raise HTTPError(404, reason="There is nothing here.")
        self.set_header("Content-Type", file.content_type)
        if self.get_query_argument("v", None) == file.version:
            self.set_header("Cache-Control", KEPT)
        self.finish(file.data)


class Icon(BaseHandler):
    """`/icon/<count>.svg`: the tab's icon, a disc with the number of new posts, 1 to 99."""

    def get(self, count: str) -> None:
        """Sends the picture; it can be cached for a day."""
        size = 22 if len(count) == 1 else 18
        self.set_header("Content-Type", "image/svg+xml")
        self.set_header("Cache-Control", "public, max-age=86400")
        self.finish(_ICON.format(count=count, size=size, line=16 + size * 0.36))
