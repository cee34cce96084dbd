"""Answers that scripts of other sites may read (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from __future__ import annotations

from typing import Final

from handlers.base import BaseHandler

PREFLIGHT_SECONDS: Final = 86_400
"""Time for which browsers need not repeat a preflight."""


class CorsHandler(BaseHandler):
    """A request that scripts of other sites may send, and whose answers, errors included, they may read."""

    allowed_methods = "GET, HEAD, OPTIONS"

    def set_default_headers(self) -> None:
        """Sets the headers of CORS beside those for security."""
        super().set_default_headers()
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Expose-Headers", "ETag")

    def options(self, *_: str) -> None:
        """Answers the preflight of a request with headers of its own."""
        self.set_status(204)
        self.set_header("Allow", self.allowed_methods)
        self.set_header("Access-Control-Allow-Methods", "GET, HEAD")
        self.set_header("Access-Control-Allow-Headers", "If-None-Match, Cache-Control")
        self.set_header("Access-Control-Max-Age", str(PREFLIGHT_SECONDS))
        self.finish()
