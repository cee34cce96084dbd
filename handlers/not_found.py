"""The answer to every path without a route."""

from __future__ import annotations

from tornado.web import HTTPError

from handlers.base import BaseHandler


class NotFound(BaseHandler):
    """Every path without a route."""

    def prepare(self) -> None:
        """Raises HTTPError 404, whatever the method."""
        super().prepare()
        raise HTTPError(404, reason="There is nothing here.")
