"""What every answer has in common: the security headers, and one form for errors."""

from __future__ import annotations

import asyncio
import logging
from asyncio import Future
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tornado import locale
from tornado.iostream import IOStream
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from config import Blog, Config
from connections import limits
from connections.limits import Admission, RefusedError
from connections.listener import retry_after
from connections.proxies import Client, client
from pages import item, language
from timeline import Timeline, TimelineError

logger = logging.getLogger("livelog.http")

IMAGES = "img-src 'self' http: https:"
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        IMAGES,
        "media-src http: https:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types livelog",
    ]
)

SECURITY_HEADERS = {
    "Server": "Livelog",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Secure(RequestHandler):
    """The security headers on every answer, and one form of error: a page for people, JSON for programs."""

    def set_default_headers(self) -> None:
        """Sets the security headers; errors have them too."""
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    @property
    def admission(self) -> Admission:
        """Who is in."""
        admission: Admission = self.settings["admission"]
        return admission

    def prepare(self) -> None:
        """Counts the request as one that is being answered."""
        self.admission.answering.add(self)

    def finish(self, chunk: str | bytes | dict[str, Any] | None = None) -> Future[None]:
        """Ends the answer, and the connection if nobody reads it in time."""
        stream: IOStream = self.request.connection.stream  # type: ignore[union-attr]  # while there is an answer
        sent = super().finish(chunk)
        if sent.done() or stream.closed():
            self.admission.answering.discard(self)
        else:
            self._wait_for(sent, stream)
        return sent

    def _wait_for(self, sent: Future[None], stream: IOStream) -> None:
        address, size = self.request.remote_ip or "", int(self._headers.get("Content-Length", 0))
        cut_off = asyncio.get_running_loop().call_later(limits.RESPONSE_TIMEOUT, stream.close)
        self.admission.unread(address, size)

        def end(_: object) -> None:
            cut_off.cancel()
            self.admission.unread(address, -size)
            self.admission.answering.discard(self)

        sent.add_done_callback(end)

    def get_user_locale(self) -> locale.Locale | None:
        """The language that the reader chose: for this page, else for all."""
        given = self.request.query_arguments.get(language.COOKIE, [b""])
        return language.named(given[-1]) or language.named(self.get_cookie(language.COOKIE))

    def get_template_namespace(self) -> dict[str, Any]:
        """What templates may call, and what all pages have."""
        query = [pair for pair in parse_qsl(self.request.query) if pair[0] != language.COOKIE]
        return {
            **super().get_template_namespace(),
            **item.helpers(self.locale),
            "language": language.language(self.locale),
            "languages": [
                (one, f"?{urlencode([*query, (language.COOKIE, one.code)])}") for one in language.LANGUAGES
            ],
            "words": language.words(self.locale),
            "theme": None,
            "meta": None,
            "view": None,
        }

    def render(self, template_name: str, **kwargs: Any) -> Future[None]:
        """Answers with a page in the reader's language."""
        self.set_header("Content-Language", language.language(self.locale).tag)
        self.set_header("Vary", "Accept-Language, Cookie")
        return super().render(template_name, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answers with the error, without what is only the operator's business."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = responses.get(status_code, "Error")
        if isinstance(error, HTTPError) and error.reason:
            message = error.reason
        if isinstance(error, TimelineError):
            status_code = 503
            message = "The timeline cannot be read at the moment."
            self.set_status(status_code)
            self.set_header("Retry-After", "5")
        if isinstance(error, RefusedError):
            status_code, message = 503, str(error)
            self.set_status(status_code)
            self.set_header("Retry-After", retry_after())
        if self.wants_page():
            self.render("error.html", status=status_code, message=self.locale.translate(message), home=self.home())
            return
        self.finish({"error": {"status": status_code, "message": message}})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A client's mistake is no news, and a timeline that is down is one line, not a traceback a request."""
        if isinstance(value, HTTPError | RefusedError):
            return
        if isinstance(value, TimelineError):
            logger.error("%s: the timeline cannot be read: %s", self.request.path, value)
            return
        super().log_exception(typ, value, tb)

    def home(self) -> Blog | None:
        """The blog that was asked for, if it is one."""
        return None

    def wants_page(self) -> bool:
        """Whether whoever asks would rather have HTML."""
        return "text/html" in self.request.headers.get("Accept", "")


class Handler(Secure):
    """A request about the blogs of the configuration. Is its answer one that costs memory while nobody reads it?"""

    is_large = True

    def initialize(self, config: Config, timeline: Timeline) -> None:
        """Takes what the route table hands over."""
        self.livelog = config
        self.timeline = timeline
        peer = Client(self.request.remote_ip or "", self.request.protocol)
        behind = client(peer, self.request.headers, config.server.trusted_proxies)
        self.request.remote_ip, self.request.protocol = behind

    def prepare(self) -> None:
        """Refuses who does not read what it asked for before."""
        super().prepare()
        if self.is_large:
            self.admission.check_unread(self.request.remote_ip or "")

    def get_browser_locale(self, default: str = "en") -> locale.Locale:
        """The language that the operator set for the blog, else the one that the reader's browser asks for."""
        blog = self.home()
        return language.named(blog.language if blog else None) or super().get_browser_locale(default)

    def remember_language(self) -> None:
        """Has the language that the address names count for the pages that follow.

        The cookie says nothing else, and is not strict: it has to come along when a reader follows a link to us.
        """
        if language.COOKIE in self.request.query_arguments and self.get_user_locale():
            self.set_cookie(
                language.COOKIE,
                language.language(self.locale).code,
                max_age=language.COOKIE_SECONDS,
                samesite="Lax",
                httponly=True,
                secure=self.request.protocol == "https",
            )

    def home(self) -> Blog | None:
        """The blog of the address."""
        return self.livelog.blog(self.path_args[0]) if self.path_args else None

    def blog(self, slug: str) -> Blog:
        """The blog of that name; raises a 404."""
        blog = self.livelog.blog(slug)
        if blog is None:
            raise HTTPError(404, reason="There is no such blog here.")
        if blog.images == "none":
            policy = str(self._headers["Content-Security-Policy"])
            self.set_header("Content-Security-Policy", policy.replace(IMAGES, "img-src 'self'"))
        return blog

    def cursor(self) -> str | None:
        """What a reader says it has; bytes that are no text are a cursor that is none, not a bad request."""
        given = self.request.query_arguments.get("after")
        return given[-1].decode("utf-8", "replace") if given else None

    def absolute(self, path: str) -> str:
        """An absolute URL: as the operator names this server, else as the reader does."""
        return (self.livelog.server.public_url or f"{self.request.protocol}://{self.request.host}") + path


class NotFound(Secure):
    """Everything that the route table does not know."""

    def prepare(self) -> None:
        """Answers 404, whatever the method."""
        super().prepare()
        raise HTTPError(404, reason="There is nothing here.")


class StaticFiles(Secure, StaticFileHandler):
    """Files of static/ as they are. Pages use what is made of them, and lies elsewhere (assets.py)."""

    @classmethod
    def make_static_url(cls, settings: dict[str, Any], path: str, include_version: bool = True) -> str:
        """The address at which pages have a file."""
        return settings["assets"].address(path) or super().make_static_url(settings, path, include_version)

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - Tornado's signature
        """Has files revalidated."""
        self.set_header("Cache-Control", "no-cache")
