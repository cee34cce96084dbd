"""Request targets in absolute form, `GET http://host/path`, which a server must accept (RFC 9112 §3.2.2)."""

from __future__ import annotations

import re
from typing import Any, Final

from tornado.httputil import HTTPServerRequest, split_host_and_port
from tornado.web import Application

_ABSOLUTE: Final = re.compile(r"https?://([A-Za-z0-9._~%:\[\]-]+)(/[^?]*)?(\?.*)?", re.IGNORECASE | re.DOTALL)


class LivelogApplication(Application):
    """An application for which absolute targets are paths. Their host replaces that of the header `Host`.

    Paths are found with and without the path of `server.public_url`: some proxies strip it, others do not.
    """

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Finds the handler of a request."""
        found = _ABSOLUTE.fullmatch(request.uri or "")
        if found:
            _name_by_path(request, *found.groups(default=""))
        prefix = self.settings["site"].config.server.prefix
        if prefix and f"{request.path}/".startswith(f"{prefix}/"):
            request.path = request.path.removeprefix(prefix) or "/"
            request.uri = f"{request.path}{'?' if request.query else ''}{request.query}"
        return super().find_handler(request, **kwargs)


def _name_by_path(request: HTTPServerRequest, authority: str, path: str, query: str) -> None:
    request.path = path or "/"
    request.uri = request.path + query
    request.headers["Host"] = request.host = authority
    request.host_name = split_host_and_port(authority.lower())[0]
