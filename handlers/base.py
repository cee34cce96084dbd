"""Common to all answers: the security headers, one form of errors, and a limit on answers that are not read."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future
from collections.abc import Awaitable
from http.client import responses
from math import ceil
from typing import Any, Final
from urllib.parse import urlsplit

from tornado.iostream import IOStream
from tornado.web import HTTPError

import urls
from config import CONTROL_CHARACTERS, Blog
from connections import limits
from connections.limits import Admission, RefusedError
from connections.listener import retry_after
from connections.proxies import Client, client, is_trusted
from fanout.fanout import FanOut
from handlers.access import (
    COOKIE,
    Grant,
    PrivateError,
    TooManyWrongTokensError,
    remember,
    take_token,
    tokens_of,
)
from handlers.security_headers import IMAGES, SECURITY_HEADERS
from handlers.site import Site
from handlers.template_names import Localized
from pages.filter import BusyError, Filter, FilteredPage, FilterError
from timeline import TimelineError

logger = logging.getLogger("livelog.http")

RENAMED_SECONDS: Final = 3600
"""Seconds for which browsers may remember that a blog was renamed: the name may be given away."""

TIMELINE_RETRY_SECONDS: Final = 5
"""`Retry-After` while the timeline cannot be read."""


class BaseHandler(Localized):
    """Sends the security headers with every answer, and errors as a page for people or JSON for programs."""

    has_json_errors = False
    """True if errors are JSON for browsers, too, as the handler's answers are."""

    allowed_methods = "GET, HEAD"

    token: str | None = None
    """The token that the query had."""

    is_from_proxy = False
    """True if a trusted proxy sent the request."""

    @property
    def site(self) -> Site:
        """The configuration, and the parts of this process that serve requests."""
        site: Site = self.settings["site"]
        return site

    @property
    def prefix(self) -> str:
        """The path of `server.public_url`."""
        return self.site.config.server.prefix

    @property
    def admission(self) -> Admission:
        """The counts of connections, and of answers under way, of the address that the request came to."""
        admission: Admission = self.settings["admission"]
        return admission

    @property
    def stream(self) -> IOStream:
        """The connection, until the answer has been finished."""
        stream: IOStream = self.request.connection.stream  # type: ignore[union-attr]  # while there is an answer
        return stream

    def set_default_headers(self) -> None:
        """Sets the security headers. Tornado calls this for errors, too."""
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    def check_trusted_origin(self, origin: str) -> bool:
        """Accepts the origin of `server.public_url`, and that of the request with a default port in its `Host`.

        Behind a proxy, the `Host` that we get can be another one. Tornado compares it as text, but nginx's
        ``$host:$server_port`` adds a port that browsers leave out (RFC 6454 §4).
        """
        asked = urls.origin(origin)
        scheme = origin.partition(":")[0]
        allowed = (self.site.config.server.public_url or "", f"{scheme}://{self.request.headers.get('Host', '')}")
        return asked is not None and asked in map(urls.origin, allowed)

    def redirect(self, url: str, permanent: bool = False, status: int | None = None) -> None:
        """Redirects to a path of this server, without the one that readers have it below, or to a relative one."""
        super().redirect(f"{self.prefix}{url}" if url.startswith("/") else url, permanent, status)

    def head(self, *arguments: str) -> Awaitable[None] | None:
        """Answers like GET; Tornado leaves out the body."""
        return self.get(*arguments)

    def prepare(self) -> Awaitable[None] | None:
        """Takes the client's address from trusted proxies' headers, and has a stop wait for the answer.

        Raises HTTPError 404 for a path with control characters: nothing here has one in its name, and the calls of
        the file system raise what no handler expects. Raises HTTPError 403 for an `Origin` that Tornado cannot read.
        """
        self.token = take_token(self.request)
        peer = Client(self.request.remote_ip or "", self.request.protocol)
        trusted = self.site.config.server.trusted_proxies
        self.is_from_proxy = is_trusted(peer, trusted)
        behind = client(peer, self.request.headers, trusted)
        self.request.remote_ip, self.request.protocol = behind
        self.admission.answering.add(self)
        if any(map(CONTROL_CHARACTERS.search, filter(None, self.path_args))):
            raise HTTPError(404, reason="There is nothing here.")
        try:
            urlsplit(self.request.headers.get("Origin", ""))
        except ValueError:
            raise HTTPError(403) from None
        return None

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Future[None]:
        """Ends the answer, and closes the connection if the client does not read it within ANSWER_SECONDS."""
        stream = self.stream
        sent = super().finish(chunk)
        if sent.done() or stream.closed():
            self.admission.answering.discard(self)
        else:
            self._limit_reading(sent, stream)
        return sent

    def _limit_reading(self, sent: Future[None], stream: IOStream) -> None:
        address, size = self.request.remote_ip or "", int(self._headers.get("Content-Length", 0))
        timeout = asyncio.get_running_loop().call_later(limits.RESPONSE_TIMEOUT, stream.close)
        self.admission.unread(address, size)

        def end(_: object) -> None:
            timeout.cancel()
            self.admission.unread(address, -size)
            self.admission.answering.discard(self)

        sent.add_done_callback(end)

    def protect(self) -> None:
        """Sets the headers that depend on the configuration. Called before the headers are sent."""
        if not self.is_indexed():
            self.set_header("X-Robots-Tag", "noindex")

    def flush(self, include_footers: bool = False) -> Future[None]:
        """Sends the content so far, and before it the headers."""
        if not self._headers_written:
            self.protect()
        return super().flush(include_footers)

    def is_indexed(self) -> bool:
        """False if search engines are to leave the whole server out."""
        return self.site.config.server.robots == "index"

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Sends the error. Why the timeline fails is the operator's business and is only logged."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = responses.get(status_code, "Error")
        if isinstance(error, HTTPError) and error.reason:
            message = error.reason
        if isinstance(error, TimelineError):
            status_code = 503
            message = "The timeline cannot be read at the moment."
            self.set_status(status_code)
            self.set_header("Retry-After", str(TIMELINE_RETRY_SECONDS))
            self.set_header("Cache-Control", "no-store")
        if isinstance(error, RefusedError):
            status_code, message = 503, str(error)
            self.set_status(status_code)
            self.set_header("Retry-After", retry_after())
        if isinstance(error, TooManyWrongTokensError):
            self.set_header("Retry-After", str(ceil(error.seconds)))
        if isinstance(error, PrivateError):
            # RFC 9110 §15.5.2 requires it.
            self.set_header("WWW-Authenticate", 'Bearer realm="Livelog"')
            self.set_header("Cache-Control", "no-store")
            if not self.wants_page():
                message += error.for_programs
        if status_code == 405:
            # RFC 9110 §15.5.6 requires it.
            self.set_header("Allow", self.allowed_methods)
        if self.wants_page():
            self.render("error.html", status=status_code, message=self.locale.translate(message), home=self.home())
            return
        self.finish({"error": {"status": status_code, "message": message}})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Logs nothing for a client's mistake, and one line instead of a traceback while the timeline is down."""
        if isinstance(value, HTTPError | RefusedError):
            return
        if isinstance(value, TimelineError):
            logger.error("%s: the timeline cannot be read: %s", self.request.path, value)
            return
        super().log_exception(typ, value, tb)

    def wants_page(self) -> bool:
        """True if an error is sent as HTML."""
        return not self.has_json_errors and "text/html" in self.request.headers.get("Accept", "")

    def wants_json(self) -> bool:
        """True for a program that asks for JSON where browsers get a page."""
        return not self.wants_page() and "application/json" in self.request.headers.get("Accept", "")

    def is_named(self) -> bool:
        """True if a trusted proxy gave the reader's name."""
        return self.site.access.is_named(self.request, is_from_proxy=self.is_from_proxy)


class Handler(BaseHandler):
    """A request about the blogs of the configuration."""

    is_large = True
    """True if the answer takes so much memory that clients with too many unread answers are refused."""

    grant: Grant | None = None
    """The reason why a private blog is shown; None for other blogs."""

    def prepare(self) -> None:
        """Raises RefusedError if too many bytes are still unread, by all clients or by this address.

        A path under a former name of a blog is answered under its present one, see `renamed`.

        Raises HTTPError 401 if the blog in the path is private and the request has no right to it, and 429 after too
        many wrong tokens.
        """
        super().prepare()
        if self.is_large:
            self.admission.check_unread(self.request.remote_ip or "")
        blog = self._blog_in_path()
        if blog and self.is_protected(blog):
            self.grant = self._granted(blog)
        if self.path_args and (slug := self.site.config.aliases.get(self.path_args[0])):
            self.renamed(slug)

    def renamed(self, slug: str) -> None:
        """Redirects a request for a former name of a blog to the present one, with path and query."""
        rest = self.request.path[1:].partition("/")[2]
        query = f"?{self.request.query}" if self.request.query else ""
        self.set_header("Cache-Control", f"max-age={RENAMED_SECONDS}")
        if self.grant is not None:
            remember(self, self.base(slug), self.grant)
        self.redirect(f"/{slug}/{rest}{query}", status=308)

    def is_protected(self, blog: Blog) -> bool:
        """True if the request needs a right to the blog."""
        return blog.private

    def _granted(self, blog: Blog) -> Grant:
        """The reason why a private blog is shown. Raises HTTPError."""
        given = tokens_of(self.request, self.get_cookie(COOKIE), self.token)
        grant = self.site.access.grant(blog, given, is_named=self.is_named())
        if grant is not None:
            return grant
        if given:
            self.site.access.count_wrong(self.request.remote_ip or "")
        raise PrivateError(blog)

    def protect(self) -> None:
        """Keeps answers of a private blog out of shared caches."""
        super().protect()
        blog = self._blog_in_path()
        if blog and blog.private:
            kept = str(self._headers.get("Cache-Control", "no-cache")).removeprefix("public, ")
            self.set_header("Cache-Control", f"private, {kept}")

    def is_indexed(self) -> bool:
        """False for a private blog, and for one that asks search engines to leave it out."""
        blog = self._blog_in_path()
        if blog is None:
            return super().is_indexed()
        return not blog.private and (blog.robots or self.site.config.server.robots) == "index"

    @property
    def fanout(self) -> FanOut:
        """The fan-out. Routes whose handlers read it are only there in a process that has one."""
        assert self.site.fanout is not None
        return self.site.fanout

    def home(self) -> Blog | None:
        """The blog in the request's path, if there is one that may be named."""
        blog = self._blog_in_path()
        return blog if blog and (not blog.private or self.grant is not None) else None

    def _blog_in_path(self) -> Blog | None:
        config = self.site.config
        slug = self.path_args[0] if self.path_args else ""
        return config.blog(config.aliases.get(slug, slug))

    def base(self, slug: str) -> str:
        """The path of a blog's page, as readers have it."""
        return f"{self.prefix}/{slug}/"

    def blog(self, slug: str) -> Blog:
        """The blog of that name. Raises HTTPError 404."""
        blog = self.site.config.blog(slug)
        if blog is None:
            raise HTTPError(404, reason="There is no such blog here.")
        if blog.images == "none":
            policy = str(self._headers["Content-Security-Policy"])
            self.set_header("Content-Security-Policy", policy.replace(IMAGES, "img-src 'self'"))
        return blog

    def text_argument(self, name: str) -> str | None:
        """A parameter of the query. Bytes that are not UTF-8 become U+FFFD, which matches nothing: not a 400."""
        given = self.request.query_arguments.get(name)
        return given[-1].decode("utf-8", "replace") if given else None

    def chosen(self) -> Filter:
        """The filter in the query: `q`, any number of `source` and `tag`. Raises HTTPError 400 for too many."""
        sources, tags = (
            [value.decode("utf-8", "replace") for value in self.request.query_arguments.get(name, ())]
            for name in ("source", "tag")
        )
        try:
            return Filter.of(sources, tags, self.text_argument("q"))
        except FilterError:
            raise HTTPError(400, reason="Too many sources or tags are chosen.") from None

    async def filtered_page(self, blog: Blog, chosen: Filter, before: str | None, limit: int) -> FilteredPage:
        """The newest posts that match. Raises HTTPError 400 for a foreign ``before``, and RefusedError."""
        try:
            return await self.site.posts.page(blog.slug, chosen, before, limit)
        except ValueError:
            raise HTTPError(400, reason="That is not a page of this blog.") from None
        except BusyError:
            raise RefusedError("Too many readers are searching right now. Try again in a minute.") from None

    def cursor(self) -> str | None:
        """The cursor in the query, valid or not; None if there is none."""
        return self.text_argument("after")

    def absolute(self, path: str) -> str:
        """A URL of this server: below `server.public_url`, else at the host that the client asked."""
        return (self.site.config.server.public_url or f"{self.request.protocol}://{self.request.host}") + path
