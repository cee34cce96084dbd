"""One HTTP exchange with a publisher: conditional, bounded in time, bytes and redirects.

Validators are sent back byte for byte, to the very address they came from, and never made up (RFC 9110 §13).
Redirects are followed by hand, so that each hop passes the same checks. A host that asked for a pause gets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import re
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamBufferFullError, UnsatisfiableReadError
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError, SimpleAsyncHTTPClient

from outbound.private_networks import GuardedResolver, LiteralResolver, Network, PrivateAddressError, literal

PERMANENT: Final = (301, 308)
_WITH_A_FEED: Final = (200, 226, 304)
MAX_REDIRECTS: Final = 5
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_RETRY_AFTER: Final = 31 * 24 * 3600.0
MOST_PAUSES: Final = 10_000
AT_ONCE: Final = 256 * 1024
"""Bytes of an answer, unpacked, that are taken as they come; from then on other work has its turn between."""

REMEMBERED: Final = 4_096
"""Addresses whose parts are remembered: taking one apart takes a tenth of a poll that finds nothing new."""

LARGE_SUSPECTS: Final = 2
"""How many answers of suspects may grow beyond `AT_ONCE` at a time: bounds what a hundred bombs can use."""

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

    ``status`` is the HTTP status if there was one, ``retry_after`` the seconds the publisher asked us to wait, and
    ``host`` the host and port that answered.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None, host: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.host = host


class HostPausedError(Exception):
    """Nothing was asked: the host has asked to be left alone until a Unix time."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True, slots=True)
class Validators:
    """What an address answered with, to be sent back to that address alone."""

    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A feed's answer: status 200 with a body, 226 with what is new of it (RFC 3229), or 304 with none.

    ``url`` is where it came from in the end, without a user name or password; ``moved_to`` is the same where
    permanent redirects alone led there. ``digest`` is a fingerprint of the body. ``max_age`` is how many seconds it
    stays fresh, None where it does not say, and ``took`` how many it needed to come. It is to be closed: a large one
    of a suspect keeps others waiting until then.
    """

    status: int
    url: str
    etag: str | None
    last_modified: str | None
    content_type: str | None
    body: bytes
    digest: str = field(default="", compare=False)
    moved_to: str | None = None
    max_age: float | None = None
    took: float = field(default=0.0, compare=False)
    close: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)


class Fetcher:
    """Fetches feeds. ``timeout`` is the total number of seconds for an exchange, redirects included.

    ``max_bytes`` is what an answer may have, unpacked. ``clock`` gives Unix seconds.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        timeout: float,
        max_bytes: int,
        concurrency: int,
        private_networks: Sequence[Network] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        logging.getLogger("tornado.general").addFilter(_is_news)
        self._user_agent = user_agent
        self._timeout = timeout
        self.max_bytes = max_bytes
        self._clock = clock
        self._pauses: dict[str, float] = {}
        self._large = asyncio.Semaphore(LARGE_SUSPECTS)
        limits = {
            # Whose turn it is has been decided before (`lanes`); as many again may be parked. Here nobody waits.
            "max_clients": 2 * concurrency,
            "max_buffer_size": max(max_bytes, MAX_HEADER_BYTES) + 1024 * 1024,
            # A little more than is taken, to tell an answer that is too large from one that broke off.
            "max_body_size": max_bytes + MAX_HEADER_BYTES,
            "max_header_size": MAX_HEADER_BYTES,
        }
        self._resolver = GuardedResolver(networks=private_networks)
        self._guarded = SimpleAsyncHTTPClient(force_instance=True, resolver=self._resolver, **limits)
        self._literal = SimpleAsyncHTTPClient(force_instance=True, resolver=LiteralResolver(), **limits)

    def close(self) -> None:
        """Closes the clients; an exchange under way runs to its own end."""
        self._guarded.close()
        self._literal.close()
        self._resolver.close()

    async def get(
        self, url: str, validators: Validators | None = None, *, named: str | None = None, suspect: bool = False
    ) -> Answer:
        """Fetches a feed; raises FetchError or HostPausedError.

        ``named`` is the address that the operator gave, where it is not ``url`` itself: what it says (a literal
        address, a user name) counts for its own origin only. Of ``suspect`` feeds few at a time may send much.
        """
        named = named or url
        began = asyncio.get_running_loop().time()
        permanent = True
        try:
            start = target = _on_the_wire(url)
            for _ in range(MAX_REDIRECTS + 1):
                self._heed_pause(target)
                headers = _request_headers(target, validators)
                receipt = _Receipt(self.max_bytes, self._large if suspect else None)
                with contextlib.ExitStack() as unless_returned:
                    unless_returned.callback(receipt.close)
                    response = await self._exchange(named, target, headers, began + self._timeout, receipt)
                    if response.code in _WITH_A_FEED:
                        unless_returned.pop_all()
                if response.code not in (301, 302, 303, 307, 308):
                    moved_to = target if permanent and target != start else None
                    took = asyncio.get_running_loop().time() - began
                    return self._answer(response, target, moved_to, receipt, took)
                permanent = permanent and response.code in PERMANENT
                target = _redirected(target, response.headers.get("Location"), response.code)
        except ValueError:
            raise FetchError("Its address is not one that can be fetched.") from None
        raise FetchError(f"More than {MAX_REDIRECTS} redirects.")

    def pause(self, host: str, until: float) -> None:
        """Asks nothing of a host (and port) before a Unix time."""
        now = self._clock()
        if len(self._pauses) >= MOST_PAUSES:
            self._pauses = {paused: end for paused, end in self._pauses.items() if end > now}
        if len(self._pauses) < MOST_PAUSES:
            self._pauses[host] = max(until, self._pauses.get(host, 0))

    def _heed_pause(self, target: str) -> None:
        until = self._pauses.get(urlsplit(target).netloc, 0.0)
        if until > self._clock():
            raise HostPausedError(until)

    async def _exchange(
        self, url: str, target: str, headers: HTTPHeaders, deadline: float, receipt: _Receipt
    ) -> HTTPResponse:
        seconds = deadline - asyncio.get_running_loop().time()
        if seconds <= 0:
            raise FetchError(self._too_slow())
        named = urlsplit(url)
        same_origin = _origin(url) == _origin(target)
        # A literal address is the operator's word, for just the origin that the configuration names.
        client = self._literal if same_origin and literal(named.hostname or "") else self._guarded
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
        return response

    def _answer(
        self, response: HTTPResponse, url: str, moved_to: str | None, receipt: _Receipt, took: float
    ) -> Answer:
        headers = response.headers
        if response.code not in _WITH_A_FEED:
            retry_after = _retry_after(headers, self._clock())
            raise FetchError(_refusal(response), response.code, retry_after, urlsplit(url).netloc)
        return Answer(
            status=response.code,
            url=url,
            etag=_validator(headers, "ETag"),
            last_modified=_validator(headers, "Last-Modified"),
            content_type=headers.get("Content-Type"),
            body=bytes(receipt.body),
            digest=receipt.hash.hexdigest(),
            moved_to=moved_to,
            max_age=_max_age(headers),
            took=round(took, 3),
            close=receipt.close,
        )

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
        return f"The answer is larger than {self.max_bytes} bytes."


def _is_news(record: logging.LogRecord) -> bool:
    """Keeps Tornado from telling of each failed handshake and odd answer: what is wrong with a feed is said once."""
    return not str(record.msg).startswith(("SSL Error on", "Unsatisfiable read", "Malformed HTTP message from"))


class _Receipt:
    """What has come of an answer so far. No more is kept than may come.

    ``lane`` is what has to be held to take more than `AT_ONCE`, if anything.
    """

    def __init__(self, most: int, lane: asyncio.Semaphore | None) -> None:
        self.begun = False
        self.too_large = False
        self.body = bytearray()
        # As it comes: of 15 MB at once it would keep the event loop waiting.
        self.hash = hashlib.blake2b(digest_size=16)
        self._most = most
        self._size = 0
        self._lane = lane
        self._holds = False
        self._closed = False

    def header(self, line: str) -> None:
        """Takes the status line or a header."""
        self.begun = True
        announced = re.fullmatch(r"content-length:\s*([0-9]+)\s*", line, re.IGNORECASE | re.ASCII)
        if announced and float(announced[1]) > self._most:
            self.too_large = True

    def take(self, chunk: bytes) -> Awaitable[None] | None:
        """Takes a part of the body; it is to be waited for before the next."""
        self._size += len(chunk)
        self.too_large = self.too_large or self._size > self._most
        if not self.too_large:
            self.body += chunk
            self.hash.update(chunk)
        return None if self._size <= AT_ONCE else self._turn()

    def close(self) -> None:
        """Takes no more, and lets others."""
        if self._lane and self._holds and not self._closed:
            self._lane.release()
        self._closed = True

    async def _turn(self) -> None:
        if self._lane and not self._holds:
            await self._lane.acquire()
            self._holds = True
            if self._closed:
                self._lane.release()
        # Bytes may come, or be unpacked, faster than anything else gets a turn.
        await asyncio.sleep(0)


def _request_headers(target: str, validators: Validators | None) -> HTTPHeaders:
    headers = HTTPHeaders({"Accept": _ACCEPT})
    if validators is None or validators.url != target:
        return headers
    if validators.etag:
        headers["If-None-Match"] = validators.etag
        # RFC 3229: without a validator there is nothing that an answer could be the difference to.
        headers["A-IM"] = "feed"
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


@functools.lru_cache(maxsize=REMEMBERED)
def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


@functools.lru_cache(maxsize=REMEMBERED)
def _on_the_wire(url: str) -> str:
    """The URL as it stands in a request: in ASCII (RFC 3987 §3.1), without credentials; raises ValueError."""
    parts = urlsplit(url)
    host, port = parts.netloc.rpartition("@")[2], parts.port
    if not host.isascii():
        name = (parts.hostname or "").encode("idna").decode()
        host = f"{name}:{port}" if port else name
    path, query = quote(parts.path or "/", safe=_IN_URLS), quote(parts.query, safe=_IN_URLS)
    return urlunsplit((parts.scheme, host, path, query, ""))


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


def _refusal(response: HTTPResponse) -> str:
    """An answer that is of no use, in a sentence."""
    what = f"The answer was {response.code} {responses.get(response.code, '')}".strip()
    if response.headers.get("cf-mitigated", "").strip().lower() == "challenge":
        return f"{what}: a challenge that only browsers can meet."
    return f"{what}."


def _retry_after(headers: HTTPHeaders, now: float) -> float | None:
    """Seconds to wait: a number or a date (RFC 9110 §10.2.3); None if there is none or it is unreadable."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER)
    moment = _date(value)
    return None if moment is None else min(max(moment - now, 0.0), MAX_RETRY_AFTER)


def _max_age(headers: HTTPHeaders) -> float | None:
    """How many seconds an answer stays fresh (RFC 9111 §4.2.1): max-age, else Expires; None where it does not say."""
    control = headers.get("Cache-Control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", control):
        return None
    if found := re.search(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,10})", control):
        return float(found[1])
    expires, sent = _date(headers.get("Expires", "")), _date(headers.get("Date", ""))
    return max(expires - sent, 0.0) if expires is not None and sent is not None else None


def _date(value: str) -> float | None:
    """An HTTP date as Unix seconds; None if it is unreadable."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
