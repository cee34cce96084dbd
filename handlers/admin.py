"""The operator's pages: on the admin address for everyone, on the public one for those with the token.

Without a token in config.yaml, the public address has none of these paths.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from tornado.web import HTTPError

from handlers.base import Handler
from pages import language

REALM: Final = 'Basic realm="Livelog", charset="UTF-8"'


class AdminHandler(Handler):
    """A request of the operator."""

    is_large = False

    @property
    def is_admin_address(self) -> bool:
        """True for a request on the admin address, which needs no token."""
        return bool(self.settings["is_admin"])

    def prepare(self) -> None:
        """Raises HTTPError: 404 without `server.admin_token`, 401 without it in the request, 429 after wrong ones.

        On an admin address of loopback, 403 for a foreign host name. A page that a browser of this machine shows
        could otherwise read the answers, once its own name leads to 127.0.0.1 (DNS rebinding, CWE-350).
        """
        super().prepare()
        self.locale = language.for_operator(self.locale)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Robots-Tag", "noindex")
        if self.is_admin_address:
            self._check_host()
        else:
            self._check_token()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Sends the error, with the headers that let a browser ask for the token."""
        if status_code == 401:
            self.set_header("WWW-Authenticate", REALM)
        if status_code == 429:
            self.set_header("Retry-After", str(math.ceil(self._wait_seconds())))
        super().write_error(status_code, **kwargs)

    def _check_host(self) -> None:
        if not self.settings["is_loopback"]:
            return
        host = urlsplit(f"//{self.request.headers.get('Host', '')}").hostname or ""
        public = urlsplit(self.site.config.server.public_url or "").hostname
        if not (_is_address(host) or host in ("localhost", public)):
            raise HTTPError(403, reason="Open this page by its address, such as 127.0.0.1, not by a name.")

    def _check_token(self) -> None:
        token = self.site.config.server.admin_token
        if token is None:
            raise HTTPError(404, reason="There is nothing here.")
        if self._wait_seconds():
            raise HTTPError(429, reason="Too many wrong tokens. Try again in a minute.")
        given = _given_token(self.request.headers.get("Authorization", ""))
        if given is None:
            raise HTTPError(401, reason="This page needs the admin token.")
        if not hmac.compare_digest(given, token.get_secret_value().encode()):
            self.site.attempts.failed(self._address)
            raise HTTPError(401, reason="That is not the admin token.")

    def _wait_seconds(self) -> float:
        return self.site.attempts.wait_seconds(self._address)

    @property
    def _address(self) -> str:
        return self.request.remote_ip or ""


def _given_token(header: str) -> bytes | None:
    """The token of an `Authorization` header: Bearer, or the password of Basic (RFC 7617); None for neither."""
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value.encode("utf-8", "surrogateescape")
    if scheme.lower() != "basic":
        return None
    try:
        user_and_password = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return user_and_password.partition(b":")[2]


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
