"""One HTTP exchange with a publisher: conditional, bounded in time, bytes and redirects.

Validators are sent back byte for byte and never made up (RFC 9110 §13). Redirects are followed by hand, so that
each hop passes the same checks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamBufferFullError, UnsatisfiableReadError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient

from feeds.network import GuardedResolver, Network, PrivateAddressError, literal

MAX_REDIRECTS: Final = 5
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_RETRY_AFTER: Final = 31 * 24 * 3600.0
_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)
_IN_URLS: Final = "!#$%&'()*+,/:;=?@[]~"
_SENTENCES: Final[dict[type[Exception], str]] = {
    socket.gaierror: "Its host name cannot be resolved.",
    ConnectionRefusedError: "The connection was refused.",
    ConnectionError: "The connection was closed without a proper answer.",
    UnsatisfiableReadError: f"The head of the answer is larger than {MAX_HEADER_BYTES} bytes, or not HTTP.",
    StreamBufferFullError: "The answer is not HTTP.",
}


class FetchError(Exception):
    """No answer, or none that is of use. The message says why, in a sentence.

    ``status`` is the HTTP status if there was one, ``retry_after`` the seconds the publisher asked us to wait.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """A feed's answer: status 200 with a body, or 304 with none.

    ``url`` is where it came from in the end, without a user name or password.
    """

    status: int
    url: str
    etag: str | None
    last_modified: str | None
    content_type: str | None
    body: bytes


class Fetcher:
    """Fetches feeds. ``timeout`` is the total number of seconds for an exchange, redirects included."""

    def __init__(
        self,
        *,
        user_agent: str,
        timeout: float,
        max_bytes: int,
        concurrency: int,
        private_networks: Sequence[Network] = (),
    ) -> None:
        logging.getLogger("tornado.general").addFilter(_is_news)
        self._user_agent = user_agent
        self._timeout = timeout
        self._max_bytes = max_bytes
        limits = {
            "max_clients": concurrency,
            "max_buffer_size": max(max_bytes, MAX_HEADER_BYTES) + 1024 * 1024,
            # A little more than is taken, to tell an answer that is too large from one that broke off.
            "max_body_size": max_bytes + MAX_HEADER_BYTES,
            "max_header_size": MAX_HEADER_BYTES,
        }
        self._resolver = GuardedResolver(networks=private_networks)
        self._guarded = SimpleAsyncHTTPClient(force_instance=True, resolver=self._resolver, **limits)
        self._literal = SimpleAsyncHTTPClient(force_instance=True, **limits)

    def close(self) -> None:
        """Closes the clients; an exchange under way runs to its own end."""
        self._guarded.close()
        self._literal.close()
        self._resolver.close()

    async def get(self, url: str, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """Fetches a feed; raises FetchError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        headers = _request_headers(etag, last_modified)
        try:
            target = _on_the_wire(url)
            for _ in range(MAX_REDIRECTS + 1):
                response, body = await self._exchange(url, target, headers.copy(), deadline - loop.time())
                if response.code not in (301, 302, 303, 307, 308):
                    return _answer(response, target, body)
                target = _redirected(target, response.headers.get("Location"), response.code)
        except ValueError:
            raise FetchError("Its address is not one that can be fetched.") from None
        raise FetchError(f"More than {MAX_REDIRECTS} redirects.")

    async def _exchange(
        self, url: str, target: str, headers: HTTPHeaders, seconds: float
    ) -> tuple[HTTPResponse, bytes]:
        if seconds <= 0:
            raise FetchError(self._too_slow())
        named = urlsplit(url)
        same_origin = _origin(url) == _origin(target)
        # A literal address is the operator's word, for just the origin that the configuration names.
        client = self._literal if same_origin and literal(named.hostname or "") else self._guarded
        receipt = _Receipt(self._max_bytes)
        request = HTTPRequest(
            target,
            headers=headers,
            auth_username=unquote(named.username) if same_origin and named.username else None,
            auth_password=unquote(named.password or ""),
            user_agent=self._user_agent,
            connect_timeout=seconds,
            request_timeout=seconds,
            follow_redirects=False,
            header_callback=receipt.header,
            streaming_callback=receipt.take,
        )
        try:
            response = await client.fetch(request, raise_error=False)
        except (OSError, HTTPClientError, UnsatisfiableReadError, StreamBufferFullError) as error:
            raise FetchError(self._too_large() if receipt.too_large else self._why(error, receipt)) from None
        if receipt.too_large:
            raise FetchError(self._too_large())
        return response, b"".join(receipt.chunks)

    def _why(self, error: Exception, receipt: _Receipt) -> str:
        """What went wrong before there was an answer, in a sentence."""
        for kind, sentence in _SENTENCES.items():
            if isinstance(error, kind):
                return sentence
        match error:
            case PrivateAddressError():
                return str(error)
            case HTTPTimeoutError():
                return self._too_slow()
            case ssl.SSLCertVerificationError():
                return f"Its certificate is not valid: {error.verify_message}."
            case ssl.SSLError():
                return "No secure connection could be made."
            case HTTPStreamClosedError() if receipt.begun:
                return "The answer broke off before its end, or is damaged."
            case HTTPStreamClosedError():
                return "The connection was closed without a proper answer."
            case _:
                return f"It cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})."

    def _too_slow(self) -> str:
        return f"No answer within {self._timeout:g} seconds."

    def _too_large(self) -> str:
        return f"The answer is larger than {self._max_bytes} bytes."


def _is_news(record: logging.LogRecord) -> bool:
    """Keeps Tornado from warning of each failed handshake: what is wrong with a feed is said by who follows it."""
    return not str(record.msg).startswith("SSL Error on")


class _Receipt:
    """What has come of an answer so far. No more is kept than may come."""

    def __init__(self, most: int) -> None:
        self.begun = False
        self.too_large = False
        self.chunks: list[bytes] = []
        self._most = most
        self._size = 0

    def header(self, line: str) -> None:
        """Takes the status line or a header."""
        self.begun = True
        announced = re.fullmatch(r"content-length:\s*([0-9]+)\s*", line, re.IGNORECASE | re.ASCII)
        if announced and float(announced[1]) > self._most:
            self.too_large = True

    def take(self, chunk: bytes) -> None:
        """Takes a part of the body."""
        self._size += len(chunk)
        self.too_large = self.too_large or self._size > self._most
        if not self.too_large:
            self.chunks.append(chunk)


def _request_headers(etag: str | None, last_modified: str | None) -> HTTPHeaders:
    headers = HTTPHeaders({"Accept": _ACCEPT})
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _on_the_wire(url: str) -> str:
    """The URL as it stands in a request: in ASCII (RFC 3987 §3.1), without credentials; raises ValueError."""
    parts = urlsplit(url)
    host, port = parts.netloc.rpartition("@")[2], parts.port
    if not host.isascii():
        name = (parts.hostname or "").encode("idna").decode()
        host = f"{name}:{port}" if port else name
    path, query = quote(parts.path or "/", safe=_IN_URLS), quote(parts.query, safe=_IN_URLS)
    return urlunsplit((parts.scheme, host, path, query, ""))


def _answer(response: HTTPResponse, url: str, body: bytes) -> Answer:
    headers = response.headers
    if response.code not in (200, 304):
        phrase = responses.get(response.code, "")
        raise FetchError(
            f"The answer was {response.code} {phrase}".strip() + ".", response.code, _retry_after(headers)
        )
    return Answer(
        status=response.code,
        url=url,
        etag=_validator(headers, "ETag"),
        last_modified=_validator(headers, "Last-Modified"),
        content_type=headers.get("Content-Type"),
        body=body,
    )


def _validator(headers: HTTPHeaders, name: str) -> str | None:
    """A validator as it came. One that could not be sent back as a header is none."""
    value: str | None = headers.get(name)
    if not value or len(value) > 1_024 or re.search(r"[^\x20-\x7e\x80-\xff]", value):
        return None
    return value


def _redirected(target: str, location: str | None, status: int) -> str:
    if not location:
        raise FetchError(f"The answer was a redirect ({status}) to nowhere.", status)
    with contextlib.suppress(UnicodeError):
        # Headers are read as Latin-1; who writes more than ASCII there means UTF-8.
        location = location.encode("latin-1").decode()
    try:
        url = _on_the_wire(urljoin(target, location))
    except ValueError:
        raise FetchError(f"The answer was a redirect ({status}) to an unusable address.", status) from None
    if not re.match("https?://[^/]", url):
        raise FetchError(f"The answer was a redirect ({status}) to an address that is not http(s).", status)
    return url


def _retry_after(headers: HTTPHeaders) -> float | None:
    """Seconds to wait: a number or a date (RFC 9110 §10.2.3); None if there is none or it is unreadable."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER)
