"""One HTTP exchange with another server, of any method: bounded in time, bytes and redirects, and guarded.

    client = Client(settings, HostLimits(per_host=2))
    with closing(await client.request(url, method="POST", headers={…}, body=b"…")) as response:
        response.status, response.headers, response.body

Redirects are followed by hand, so that each hop passes the same checks: pauses of its host, http(s) alone, and no
private network that the operator did not list. A user name and password in the URL, the headers of `CREDENTIALS`, and
the parts of `Own` are for the URL's own origin alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from tornado.httputil import HTTPHeaders

from outbound.body import ResponseBody
from outbound.coding import ACCEPT_ENCODING
from outbound.connect import connection
from outbound.deadlines import deadline
from outbound.host_limits import HostLimits
from outbound.http1 import (
    MAX_HEADER_BYTES,
    NO_ANSWER,
    Head,
    MalformedResponseError,
    Request,
    ResponseReader,
    TooLargeError,
)
from outbound.private_networks import GuardedResolver, LiteralResolver, Network, PrivateAddressError, literal
from outbound.proxy import Proxy, ProxyError, Streams, basic, check_host
from outbound.wire import DEFAULT_PORTS, MAX_URL_CHARS, TooLongError, origin, wire_url

REDIRECTS: Final = (301, 302, 303, 307, 308)
PERMANENT_REDIRECTS: Final = (301, 308)
MAX_REDIRECTS: Final = 5

MAX_LARGE: Final = 16
MAX_LARGE_UNPROVEN: Final = 2
"""Responses of proven and of other servers that may grow beyond YIELD_BYTES at the same time: bounds their memory."""

WITH_BODY: Final = ("POST", "PUT", "PATCH")
STRANGERS: Final = "about:blank"
"""`Client.request` with this as ``named``: the URL is a stranger's, in which no address, name or password counts."""

CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})

_MESSAGES: Final[dict[type[Exception], str]] = {
    socket.gaierror: "Its host name cannot be resolved.",
    ConnectionRefusedError: "The connection was refused.",
    ConnectionError: NO_ANSWER,
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
class Own:
    """Parts of a request for the operator's origin alone: at another one, the request is sent as without them.

    ``headers`` replace others of the same name. ``credentials`` are user name and password, ``proxy`` is its URL.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """A hash that changes with them; empty for none. It is too short to find a password by it."""
        if self == NOTHING_OWN:
            return ""
        text = json.dumps([sorted(self.headers.items()), self.credentials, self.proxy])
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


NOTHING_OWN: Final = Own()


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
    """Sends requests. ``hosts`` has the pauses that are observed; its slots are left to the caller.

    ``resolving`` has threads to resolve names in, instead of those of the event loop.
    """

    def __init__(self, settings: ClientSettings, hosts: HostLimits, resolving: Executor | None = None) -> None:
        self.hosts = hosts
        self._resolving = resolving
        self._large_proven = asyncio.Semaphore(MAX_LARGE)
        self._large = asyncio.Semaphore(MAX_LARGE_UNPROVEN)
        self._literal = LiteralResolver()
        self._closed = False
        self._open(settings)

    def _open(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._connections = asyncio.Semaphore(settings.connections)
        self._guarded = GuardedResolver(networks=settings.private_networks, executor=self._resolving)

    def apply(self, settings: ClientSettings) -> None:
        """Changes the settings for requests that begin from now on."""
        if settings != self.settings:
            self._guarded.close()
            self._open(settings)

    def close(self) -> None:
        """Sends no more requests; an exchange under way runs to its own end."""
        self._closed = True
        self._guarded.close()

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
        own: Own = NOTHING_OWN,
        proven: bool = True,
    ) -> Response:
        """Sends a request and follows redirects; raises RequestError or HostPausedError.

        ``headers_at`` are further headers for exactly these URLs. ``named`` is the URL that the operator gave, where
        ``url`` was found by following it: a literal address, a user name in it, and ``own`` are valid for its origin
        only. STRANGERS for a URL that others gave.
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
                hop = _Hop(settings, began + settings.timeout, ResponseBody(settings.max_bytes, large), own)
                request = Request(target, method, sent, body or b"" if method in WITH_BODY else body)
                response = await self._exchange(hop, named or url, request)
                if response.status not in REDIRECTS or not max_redirects:
                    moved_to = target if permanent and target != start else None
                    return _response(response, target, moved_to, hop.body, loop.time() - began)
                hop.body.close()
                permanent = permanent and response.status in PERMANENT_REDIRECTS
                target = _redirected(target, response.headers.get("Location"), response.status)
                if response.status == 303 or (response.status in (301, 302) and method == "POST"):
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

    async def _exchange(self, hop: _Hop, named: str, request: Request) -> Head:
        """Sends one request and reads its response into the hop's body, which is closed if that fails."""
        if self._closed:
            raise RuntimeError("the client is closed")
        settings, body = hop.settings, hop.body
        at_origin = origin(named) == origin(request.url)
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(body.close)
            try:
                async with deadline(hop.deadline) as timeout, self._connections:
                    head = await self._answer(hop, urlsplit(named) if at_origin else None, request)
            except TooLargeError:
                raise RequestError(_too_large(settings)) from None
            except (OSError, MalformedResponseError) as error:
                raise RequestError(_too_slow(settings) if timeout.expired() else _why(error)) from None
            on_failure.pop_all()
        return head

    async def _answer(self, hop: _Hop, operators: SplitResult | None, request: Request) -> Head:
        """Sends one request and reads its response. ``operators`` is their URL, if of the same origin."""
        scheme, host, port = origin(request.url)
        if scheme not in DEFAULT_PORTS or not host or port is None:
            raise ValueError("not http(s)")
        # A literal address is the operator's word, for the origin that the configuration names and no other.
        is_literal = operators is not None and literal(operators.hostname or "") is not None
        own = hop.own if operators else NOTHING_OWN
        sent = request.headers
        if operators and operators.username:
            sent["Authorization"] = basic(unquote(operators.username), unquote(operators.password or ""))
        if own.credentials:
            sent["Authorization"] = basic(*own.credentials)
        sent["User-Agent"] = hop.settings.user_agent
        sent.update(own.headers)
        sent["Accept-Encoding"] = ACCEPT_ENCODING
        if request.method == "POST":
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        proxy = Proxy.of(own.proxy) if own.proxy else None
        is_absolute = proxy is not None and scheme == "http"
        if proxy and is_absolute and proxy.authorization:
            sent["Proxy-Authorization"] = proxy.authorization
        data = request.to_bytes(absolute=is_absolute)
        async with await self._connection(request.url, proxy, is_literal=is_literal) as (reader, writer):
            writer.write(data)
            # Above max_bytes: compression can make a body longer.
            max_bytes = hop.settings.max_bytes + MAX_HEADER_BYTES
            return await ResponseReader(reader, request.method, hop.body, max_bytes).read()

    async def _connection(
        self, url: str, proxy: Proxy | None, *, is_literal: bool
    ) -> AbstractAsyncContextManager[Streams]:
        """A connection to be opened: to the host of a URL, or for http to its proxy. Raises OSError."""
        scheme, host, port = origin(url)
        assert port is not None
        if proxy is None:
            addresses = await (self._literal if is_literal else self._guarded).resolve(host, port)
            return connection(addresses, host if scheme == "https" else None)
        await check_host(host, port, self._guarded)
        return proxy.tunnel(host, port) if scheme == "https" else proxy.connection()


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request of an exchange: its settings, its deadline in the event loop's seconds, and its response's body."""

    settings: ClientSettings
    deadline: float
    body: ResponseBody
    own: Own


def _response(response: Head, url: str, moved_to: str | None, body: ResponseBody, took: float) -> Response:
    return Response(
        status=response.status,
        url=url,
        headers=response.headers,
        body=body.take(),
        digest=body.hash.hexdigest(),
        moved_to=moved_to,
        took=round(took, 3),
        close=body.close,
    )


def _why(error: Exception) -> str:
    """The reason why there is no response, in a sentence."""
    for kind, message in _MESSAGES.items():
        if isinstance(error, kind):
            return message
    match error:
        case PrivateAddressError() | MalformedResponseError() | ProxyError():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"Its certificate is not valid: {error.verify_message}."
        case ssl.SSLError():
            return "No secure connection could be made."
        case _:
            return f"It cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})."


def _too_slow(settings: ClientSettings) -> str:
    return f"No answer within {settings.timeout:g} seconds."


def _too_large(settings: ClientSettings) -> str:
    return f"The answer is larger than {settings.max_bytes} bytes."


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
