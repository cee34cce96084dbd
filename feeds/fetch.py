"""One HTTP exchange with a publisher: conditional, bounded in time, bytes and redirects.

Validators are sent back byte for byte and never made up (RFC 9110 §13). Redirects are followed by hand, so that
each hop passes the same checks.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Final
from urllib.parse import urljoin, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient

from feeds.network import GuardedResolver, Network, PrivateAddressError, literal

MAX_REDIRECTS: Final = 5
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_RETRY_AFTER: Final = 31 * 24 * 3600.0
_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)


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
    """A feed's answer: status 200 with a body, or 304 with none. ``url`` is where it came from in the end."""

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
        self._user_agent = user_agent
        self._timeout = timeout
        self._max_bytes = max_bytes
        limits = {
            "max_clients": concurrency,
            "max_buffer_size": max(max_bytes, MAX_HEADER_BYTES) + 1024 * 1024,
            "max_body_size": max_bytes,
            "max_header_size": MAX_HEADER_BYTES,
        }
        self._resolver = GuardedResolver(networks=private_networks)
        self._guarded = SimpleAsyncHTTPClient(force_instance=True, resolver=self._resolver, **limits)
        self._literal = SimpleAsyncHTTPClient(force_instance=True, **limits)

    def close(self) -> None:
        """Closes the clients; exchanges under way end in errors."""
        self._guarded.close()
        self._literal.close()
        self._resolver.close()

    async def get(self, url: str, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """Fetches a feed; raises FetchError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        target = url
        for _ in range(MAX_REDIRECTS + 1):
            response, body = await self._exchange(url, target, etag, last_modified, deadline - loop.time())
            if response.code not in (301, 302, 303, 307, 308):
                return _answer(response, target, body)
            target = _redirected(target, response.headers.get("Location"), response.code)
        raise FetchError(f"More than {MAX_REDIRECTS} redirects.")

    async def _exchange(
        self, url: str, target: str, etag: str | None, last_modified: str | None, seconds: float
    ) -> tuple[HTTPResponse, bytes]:
        if seconds <= 0:
            raise FetchError(f"No answer within {self._timeout:g} seconds.")
        chunks: list[bytes] = []
        request = HTTPRequest(
            target,
            headers=_request_headers(etag, last_modified),
            user_agent=self._user_agent,
            connect_timeout=seconds,
            request_timeout=seconds,
            follow_redirects=False,
            streaming_callback=chunks.append,
        )
        try:
            response = await self._client(url, target).fetch(request, raise_error=False)
        except (OSError, ValueError, HTTPClientError) as error:
            raise FetchError(self._why(error, sum(map(len, chunks)))) from None
        return response, b"".join(chunks)

    def _client(self, url: str, target: str) -> AsyncHTTPClient:
        """A literal address is the operator's word, for just the origin that the configuration names."""
        named, next_hop = urlsplit(url), urlsplit(target)
        same_origin = (named.scheme, named.hostname, named.port) == (
            next_hop.scheme,
            next_hop.hostname,
            next_hop.port,
        )
        return self._literal if same_origin and literal(named.hostname or "") else self._guarded

    def _why(self, error: Exception, received: int) -> str:
        """What went wrong before there was an answer, in a sentence."""
        match error:
            case PrivateAddressError():
                return str(error)
            case HTTPTimeoutError():
                return f"No answer within {self._timeout:g} seconds."
            case socket.gaierror():
                return "Its host name can not be resolved."
            case ssl.SSLCertVerificationError():
                return f"Its certificate is not valid: {error.verify_message}."
            case ssl.SSLError():
                return "No secure connection could be made."
            case ConnectionRefusedError():
                return "The connection was refused."
            case HTTPStreamClosedError() if received:
                return f"The answer broke off, or is larger than {self._max_bytes} bytes."
            case ValueError():
                return "Its address is not one that can be fetched."
            case HTTPStreamClosedError():
                return f"The connection was closed without an answer of at most {self._max_bytes} bytes."
            case _:
                return f"It can not be reached ({type(error).__name__})."


def _request_headers(etag: str | None, last_modified: str | None) -> HTTPHeaders:
    headers = HTTPHeaders({"Accept": _ACCEPT})
    if etag:
        headers["If-None-Match"] = etag
    if last_modified:
        headers["If-Modified-Since"] = last_modified
    return headers


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
    if not value or len(value) > 1_024 or re.search(r"[^\x20-\x7e]", value):
        return None
    return value


def _redirected(target: str, location: str | None, status: int) -> str:
    if not location:
        raise FetchError(f"The answer was a redirect ({status}) to nowhere.", status)
    try:
        url = urljoin(target, location)
        parts = urlsplit(url)
    except ValueError:
        raise FetchError(f"The answer was a redirect ({status}) to an unusable address.", status) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"The answer was a redirect ({status}) to an address that is not http(s).", status)
    return parts._replace(fragment="").geturl()


def _retry_after(headers: HTTPHeaders) -> float | None:
    """Seconds to wait: a number or a date (RFC 9110 §10.2.3); None if there is none or it is unreadable."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER)
