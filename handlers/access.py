"""Access to private blogs: by one of the blog's tokens, or by the name that a trusted proxy gives a reader.

A right token is always accepted, also from an address that sent too many wrong ones: a token has 128 random bits, so
the limit saves work and keeps neighbours behind one address apart from whoever guesses.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable
from functools import partial
from typing import Final
from urllib.parse import unquote_plus

from tornado.httputil import HTTPServerRequest
from tornado.web import HTTPError, RequestHandler

from config import Blog, Config
from connections.attempts import Attempts
from connections.connection import DetachedConnection
from fanout.connection import Connection

COOKIE: Final = "livelog_token"
COOKIE_MAX_AGE_SECONDS: Final = 365 * 86_400

PARAMETER: Final = "token"
"""The parameter of the query that has a token."""

IDENTITY: Final = b""
"""The grant of a reader whose name a trusted proxy gave."""

Grant = bytes
"""The reason why a blog is shown: a token, or IDENTITY."""

_BEARER: Final = "bearer "


class PrivateError(HTTPError):
    """The request has no right to a private blog. ``for_programs`` is a further sentence for them."""

    def __init__(self, blog: Blog) -> None:
        has_tokens = bool(blog.tokens)
        super().__init__(
            401,
            reason="This blog is private. Open it with the link that you were given."
            if has_tokens
            else "This blog is private. Sign in to read it.",
        )
        self.for_programs = " Programs send `Authorization: Bearer TOKEN`." if has_tokens else ""


class TooManyWrongTokensError(HTTPError):
    """An address sent too many wrong tokens. ``seconds`` are those until the next one is checked."""

    def __init__(self, seconds: float) -> None:
        super().__init__(429, reason="Too many wrong tokens. Try again in a minute.")
        self.seconds = seconds


class Access:
    """The tokens of private blogs, and the live connections that each of them opened."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[bytes, ...]] = {}
        self._identity_header: str | None = None
        self._live: dict[Connection, Grant] = {}
        self._wrong = Attempts()

    @property
    def live(self) -> int:
        """The number of live connections of private blogs."""
        return len(self._live)

    def apply(self, config: Config) -> None:
        """Reads tokens and header of a configuration."""
        self._identity_header = config.server.identity_header
        self._tokens = {
            blog.slug: tuple(token.get_secret_value().encode() for token in blog.tokens)
            for blog in config.blogs
            if blog.private
        }

    def is_named(self, request: HTTPServerRequest, *, is_from_proxy: bool) -> bool:
        """True if a trusted proxy gave the reader's name."""
        name = self._identity_header and request.headers.get(self._identity_header, "").strip()
        return bool(name) and is_from_proxy

    def grant(self, blog: Blog, given: Iterable[bytes], *, is_named: bool) -> Grant | None:
        """The reason why a private blog is shown; None if there is none."""
        if is_named:
            return IDENTITY
        found: Grant | None = None
        for token in self._tokens.get(blog.slug, ()):
            for one in given:
                # All are compared, so that the time tells nothing of a token.
                if hmac.compare_digest(token, one):
                    found = token
        return found

    def count_wrong(self, address: str) -> None:
        """Counts a request with a wrong token. Raises TooManyWrongTokensError."""
        if seconds := self._wrong.wait_seconds(address):
            raise TooManyWrongTokensError(seconds)
        self._wrong.failed(address)

    def add(self, connection: DetachedConnection, grant: Grant) -> None:
        """Remembers the grant of a live connection until the connection ends."""
        self._live[connection] = grant
        connection.stream.set_close_callback(partial(self._forget, connection))

    def may_stay(self, slug: str, connection: Connection) -> bool:
        """True if a live connection of a private blog has a grant that still counts."""
        grant = self._live.get(connection)
        if grant == IDENTITY:
            return self._identity_header is not None
        return grant in self._tokens.get(slug, ())

    def _forget(self, connection: Connection) -> None:
        self._live.pop(connection, None)


def remember(handler: RequestHandler, path: str, grant: Grant) -> None:
    """Stores a token in a cookie for the paths below a blog's, which ends with a slash.

    `SameSite=Lax`, not `Strict`: the cookie is needed when a reader follows a link from another site.
    """
    handler.set_header("Cache-Control", "no-store")
    if grant == IDENTITY:
        return
    handler.set_cookie(
        COOKIE,
        grant.decode(),
        path=path,
        max_age=COOKIE_MAX_AGE_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=handler.request.protocol == "https",
    )


def take_token(request: HTTPServerRequest) -> str | None:
    """The token in the query, which is removed from the request: no link, log or cache is to have it."""
    if PARAMETER not in request.query_arguments:
        return None
    token = request.query_arguments.pop(PARAMETER)[-1].decode("latin-1")
    request.arguments.pop(PARAMETER, None)
    parts = request.query.split("&")
    request.query = "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) != PARAMETER)
    request.uri = f"{request.path}{'?' if request.query else ''}{request.query}"
    return token


def tokens_of(request: HTTPServerRequest, *others: str | None) -> Collection[bytes]:
    """The tokens that a request has: that of `Authorization: Bearer`, and ``others``."""
    header = request.headers.get("Authorization", "")
    bearer = header[len(_BEARER) :].strip() if header.lower().startswith(_BEARER) else None
    return [token.encode("utf-8", "replace") for token in (bearer, *others) if token]
