"""One HTTP exchange with another server, of any method: bounded in time, bytes and redirects, and guarded.

    client = Client(settings, HostLimits(per_host=2))
    with closing(await client.request(url, method="POST", headers={…}, body=b"…")) as response:
        response.status, response.headers, response.body

Redirects are followed by hand, so that each hop passes the same checks: pauses of its host, http(s) alone, and no
private network that the operator did not list. A user name and password in the URL, and the headers of
`CREDENTIALS`, are sent to the URL's own origin alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamBufferFullError, UnsatisfiableReadError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError

from outbound.body import ResponseBody
from outbound.coding import ACCEPT_ENCODING
from outbound.host_limits import HostLimits
from outbound.http1 import NOT_HTTP, LenientHTTPClient, MalformedResponseError, Request
from outbound.private_networks import GuardedResolver, LiteralResolver, Network, PrivateAddressError, literal
from outbound.wire import MAX_URL_CHARS, TooLongError, origin, wire_url

REDIRECTS: Final = (301, 302, 303, 307, 308)
PERMANENT_REDIRECTS: Final = (301, 308)
MAX_REDIRECTS: Final = 5
MAX_HEADER_BYTES: Final = 64 * 1024

MAX_LARGE: Final = 16
MAX_LARGE_UNPROVEN: Final = 2
"""Responses of proven and of other servers that may grow beyond YIELD_BYTES at the same time: bounds their memory."""

WITH_BODY: Final = ("POST", "PUT", "PATCH")
CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})

_MESSAGES: Final[dict[type[Exception], str]] = {
    socket.gaierror: "Its host name cannot be resolved.",
    ConnectionRefusedError: "The connection was refused.",
    ConnectionError: "The connection was closed without a proper answer.",
    UnsatisfiableReadError: f"The head of the answer is larger than {MAX_HEADER_BYTES} bytes, or not HTTP.",
    StreamBufferFullError: NOT_HTTP,
}


class RequestError(Exception):
    """There is no response, or a redirect that cannot be followed. The message is a sentence for operators.

    ``status`` is the HTTP status of such a redirect, else None.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """``timeout`` is in seconds for a whole exchange, redirects included; ``max_bytes`` counts a decompressed body.

    ``connections`` is the number of exchanges at the same time that the client is made for; more of them wait.
    """

    user_agent: str
    timeout: float
    max_bytes: int
    connections: int
    private_networks: Sequence[Network] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response of any status. `close` it: a large one keeps others waiting until then.

    ``url`` is the URL that answered, without credentials; ``moved_to`` is the same if permanent redirects alone led
    there. ``digest`` is a BLAKE2b hash of the body, ``took`` the seconds that the exchange needed.
    """

    status: int
    url: str
    headers: HTTPHeaders
    body: bytes
    digest: str
    moved_to: str | None
    took: float
    close: Callable[[], None] = field(compare=False, repr=False)


class Client:
    """Sends requests. ``hosts`` has the pauses that are observed; its slots are left to the caller."""

    def __init__(self, settings: ClientSettings, hosts: HostLimits) -> None:
        logging.getLogger("tornado.general").addFilter(_is_news)
        self.hosts = hosts
        self._large_proven = asyncio.Semaphore(MAX_LARGE)
        self._large = asyncio.Semaphore(MAX_LARGE_UNPROVEN)
        self._open(settings)

    def _open(self, settings: ClientSettings) -> None:
        self.settings = settings
        max_bytes = settings.max_bytes
        limits = {
            "max_clients": settings.connections,
            "max_buffer_size": max(max_bytes, MAX_HEADER_BYTES) + 1024 * 1024,
            # Above max_bytes, to distinguish a body that is too large from one that breaks off.
            "max_body_size": max_bytes + MAX_HEADER_BYTES,
            "max_header_size": MAX_HEADER_BYTES,
        }
        self._resolver = GuardedResolver(networks=settings.private_networks)
        self._guarded = LenientHTTPClient(force_instance=True, resolver=self._resolver, **limits)
        self._literal = LenientHTTPClient(force_instance=True, resolver=LiteralResolver(), **limits)

    def apply(self, settings: ClientSettings) -> None:
        """Changes the settings for requests that begin from now on."""
        if settings != self.settings:
            self.close()
            self._open(settings)

    def close(self) -> None:
        """Sends no more requests; an exchange under way runs to its own end."""
        self._guarded.close()
        self._literal.close()
        self._resolver.close()

    async def request(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        headers_at: Mapping[str, Mapping[str, str]] | None = None,
        body: bytes | None = None,
        max_redirects: int = MAX_REDIRECTS,
        named: str | None = None,
        proven: bool = True,
    ) -> Response:
        """Sends a request and follows redirects; raises RequestError or HostPausedError.

        ``headers_at`` are further headers for exactly these URLs. ``named`` is the URL that the operator gave, where
        ``url`` was found by following it: a literal address or a user name in it is valid for its origin only.
        A 303, and a 301 or 302 after POST, is followed with GET, without the body (RFC 9110 §15.4). With
        ``max_redirects=0`` a redirect is returned as it is. ``proven`` is False for a server that has not answered
        well before; few of these at a time may send large responses.
        """
        loop = asyncio.get_running_loop()
        began, settings = loop.time(), self.settings
        large = self._large_proven if proven else self._large
        permanent = True
        try:
            start = target = wire_url(url)
            for _ in range(max_redirects + 1):
                self.hosts.check_pause(target)
                sent = self._headers(named or url, target, headers, headers_at)
                hop = _Hop(settings, began + settings.timeout, ResponseBody(settings.max_bytes, large))
                request = Request(target, method, sent, body or b"" if method in WITH_BODY else body)
                response = await self._exchange(hop, named or url, request)
                if response.code not in REDIRECTS or not max_redirects:
                    moved_to = target if permanent and target != start else None
                    return _response(response, target, moved_to, hop.body, loop.time() - began)
                hop.body.close()
                permanent = permanent and response.code in PERMANENT_REDIRECTS
                target = _redirected(target, response.headers.get("Location"), response.code)
                if response.code == 303 or (response.code in (301, 302) and method == "POST"):
                    method, body = ("HEAD" if method == "HEAD" else "GET"), None
                    headers = {k: v for k, v in (headers or {}).items() if not k.lower().startswith("content-")}
        except TooLongError:
            raise RequestError(f"Its address has more than {MAX_URL_CHARS:,} characters.") from None
        except ValueError:
            raise RequestError("Its address is not one that can be fetched.") from None
        raise RequestError(f"More than {max_redirects} redirects.")

    def _headers(
        self,
        named: str,
        target: str,
        headers: Mapping[str, str] | None,
        headers_at: Mapping[str, Mapping[str, str]] | None,
    ) -> HTTPHeaders:
        """The headers that may be sent to a target."""
        same_origin = origin(named) == origin(target)
        sent = {k: v for k, v in (headers or {}).items() if same_origin or k.lower() not in CREDENTIALS}
        return HTTPHeaders({**sent, **(headers_at or {}).get(target, {})})

    async def _exchange(self, hop: _Hop, named: str, request: Request) -> HTTPResponse:
        """Sends one request and reads its response into the hop's body, which is closed if that fails."""
        settings, body = hop.settings, hop.body
        seconds = hop.deadline - asyncio.get_running_loop().time()
        if seconds <= 0:
            raise RequestError(_too_slow(settings))
        parts = urlsplit(named)
        same_origin = origin(named) == origin(request.url)
        # A literal address is the operator's word, for the origin that the configuration names and no other.
        client = self._literal if same_origin and literal(parts.hostname or "") else self._guarded
        if same_origin and parts.username:
            request.auth_username, request.auth_password = unquote(parts.username), unquote(parts.password or "")
        request.user_agent = settings.user_agent
        request.connect_timeout = request.request_timeout = seconds
        request.follow_redirects = request.decompress_response = False
        request.headers["Accept-Encoding"] = ACCEPT_ENCODING
        request.header_callback, request.streaming_callback = body.header, body.chunk
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(body.close)
            try:
                response = await client.fetch(request, raise_error=False)
            except (OSError, HTTPClientError, UnsatisfiableReadError, StreamBufferFullError) as error:
                raise RequestError(_too_large(settings) if body.too_large else _why(error, hop)) from None
            except asyncio.CancelledError:
                request.abort()
                raise
            if body.too_large:
                raise RequestError(_too_large(settings))
            on_failure.pop_all()
        return response


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request of an exchange: its settings, its deadline in the event loop's seconds, and its response's body."""

    settings: ClientSettings
    deadline: float
    body: ResponseBody


def _response(response: HTTPResponse, url: str, moved_to: str | None, body: ResponseBody, took: float) -> Response:
    return Response(
        status=response.code,
        url=url,
        headers=response.headers,
        body=body.take(),
        digest=body.hash.hexdigest(),
        moved_to=moved_to,
        took=round(took, 3),
        close=body.close,
    )


def _why(error: Exception, hop: _Hop) -> str:
    """The reason why there is no response, in a sentence."""
    for kind, message in _MESSAGES.items():
        if isinstance(error, kind):
            return message
    match error:
        case PrivateAddressError() | MalformedResponseError():
            return str(error)
        case HTTPTimeoutError():
            return _too_slow(hop.settings)
        case ssl.SSLCertVerificationError():
            return f"Its certificate is not valid: {error.verify_message}."
        case ssl.SSLError():
            return "No secure connection could be made."
        case HTTPStreamClosedError() if hop.body.begun:
            return "The answer broke off before its end, or is damaged."
        case HTTPStreamClosedError():
            return "The connection was closed without a proper answer."
        case _:
            return f"It cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})."


def _too_slow(settings: ClientSettings) -> str:
    return f"No answer within {settings.timeout:g} seconds."


def _too_large(settings: ClientSettings) -> str:
    return f"The answer is larger than {settings.max_bytes} bytes."


def _is_news(record: logging.LogRecord) -> bool:
    """Drops Tornado's lines on failed handshakes and malformed responses: the caller reports each failure once."""
    return not str(record.msg).startswith(("SSL Error on", "Unsatisfiable read", "Malformed HTTP message from"))


def _redirected(target: str, location: str | None, status: int) -> str:
    """The URL that a redirect leads to; raises RequestError if it is none that can be requested."""
    if not location:
        raise RequestError(f"The answer was a redirect ({status}) to nowhere.", status)
    with contextlib.suppress(UnicodeError):
        # Headers are decoded as Latin-1; servers that send more than ASCII there mean UTF-8.
        location = location.encode("latin-1").decode()
    try:
        url = wire_url(urljoin(target, location))
    except TooLongError:
        sentence = f"The answer was a redirect ({status}) to an address of more than {MAX_URL_CHARS:,} characters."
        raise RequestError(sentence, status) from None
    except ValueError:
        raise RequestError(f"The answer was a redirect ({status}) to an unusable address.", status) from None
    if not re.match("https?://[^/]", url):
        raise RequestError(f"The answer was a redirect ({status}) to an address that is not http(s).", status)
    return url
