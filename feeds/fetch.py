"""The conditional GET of a feed: validators, the answers 200, 226 and 304, max-age, and Retry-After.

Validators are sent back byte for byte, to the URL that they came from and no other (RFC 9110 §13).
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from http.client import responses
from typing import Final

from tornado.httputil import HTTPHeaders

from config import Fetch
from feeds.concurrency import most_exchanges
from outbound.client import NOTHING_OWN, Client, ClientSettings, Own, RequestError, Response
from outbound.host_limits import HostLimits, host_key
from outbound.private_networks import Network
from outbound.retry_after import http_date, retry_after

MAX_VALIDATOR_CHARS: Final = 1_024

_WITH_A_FEED: Final = (200, 226, 304)
_UNASKED_304: Final = "The answer was 304 Not Modified to a request for the whole feed: the server sends none."
_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)

_ACCEPT_PAGE: Final = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8"


class FetchError(Exception):
    """There is no feed: no response, or one that has none. The message is a sentence for operators.

    ``status`` is the HTTP status, if there was one; ``retry_after`` the seconds that the publisher asks to wait;
    ``host`` the `host_key` of the server that answered; and ``took`` the seconds that the exchange needed.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        retry_after: float | None = None,
        host: str | None = None,
        took: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.took = took
        self.status = status
        self.retry_after = retry_after
        self.host = host


@dataclass(frozen=True, slots=True)
class Validators:
    """The validators of an earlier answer, to be sent back to the URL that it came from."""

    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A feed's answer: status 200 with a body, 226 with the entries that are new (RFC 3229), or 304 without a body.

    ``url``, ``digest``, ``moved_to``, ``took`` and `close` are those of `outbound.client.Response`. ``max_age`` is
    how many seconds the answer stays fresh, None if no header says so; ``link`` the Link header (RFC 8288).
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
    link: str | None = None
    took: float = field(default=0.0, compare=False)
    close: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)


class Fetcher:
    """Fetches feeds. ``timeout`` and ``max_bytes`` are those of `ClientSettings`; ``clock`` gives Unix seconds;
    ``steady`` is that of `HostLimits`.

    ``client`` may be used for other requests; ``hosts`` has the pauses and slots of all hosts.
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
        steady: Callable[[], float] | None = None,
    ) -> None:
        self._clock = clock
        self.hosts = HostLimits(Fetch().per_host, clock, steady)
        settings = ClientSettings(
            user_agent=user_agent,
            timeout=timeout,
            max_bytes=max_bytes,
            connections=most_exchanges(concurrency),
            private_networks=tuple(private_networks),
        )
        self.client = Client(settings, self.hosts)

    @property
    def max_bytes(self) -> int:
        """The largest body that is accepted, decompressed."""
        return self.client.settings.max_bytes

    def apply(self, fetch: Fetch, user_agent: str | None = None) -> None:
        """Changes the settings for exchanges that begin from now on; the user agent where one is given."""
        self.hosts.apply(fetch.per_host)
        self.client.apply(
            replace(
                self.client.settings,
                user_agent=user_agent or self.client.settings.user_agent,
                timeout=fetch.timeout,
                max_bytes=fetch.max_bytes,
                connections=most_exchanges(fetch.concurrency),
                private_networks=tuple(fetch.private_networks),
            )
        )

    def close(self) -> None:
        """Begins no more exchanges; one under way runs to its own end."""
        self.client.close()

    async def get(
        self,
        url: str,
        validators: Validators | None = None,
        *,
        named: str | None = None,
        own: Own = NOTHING_OWN,
        proven: bool = True,
        is_page: bool = False,
    ) -> Answer:
        """Fetches a feed, or a web page in place of one; raises FetchError or HostPausedError.

        ``named``, ``own`` and ``proven`` are those of `Client.request`.
        """
        conditions = _conditions(validators)
        began = time.monotonic()
        try:
            response = await self.client.request(
                url,
                headers={"Accept": _ACCEPT_PAGE if is_page else _ACCEPT},
                headers_at=conditions,
                named=named,
                own=own,
                proven=proven,
            )
        except RequestError as error:
            took = round(time.monotonic() - began, 3)
            raise FetchError(str(error), error.status, took=took) from None
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(response.close)
            if response.status == 304 and not conditions.get(response.url):
                raise FetchError(_UNASKED_304, 304, host=host_key(response.url))
            answer = self._answer(response)
            on_failure.pop_all()
        return answer

    def _answer(self, response: Response) -> Answer:
        headers = response.headers
        if response.status not in _WITH_A_FEED:
            wait = retry_after(headers, self._clock())
            raise FetchError(_refusal(response), response.status, wait, host_key(response.url), response.took)
        return Answer(
            status=response.status,
            url=response.url,
            etag=_validator(headers, "ETag"),
            last_modified=_validator(headers, "Last-Modified"),
            content_type=headers.get("Content-Type"),
            body=response.body,
            digest=response.digest,
            moved_to=response.moved_to,
            max_age=_max_age(headers),
            link=headers.get("Link"),
            took=response.took,
            close=response.close,
        )


def _conditions(validators: Validators | None) -> dict[str, dict[str, str]]:
    """The conditional headers, for the URL that the validators belong to."""
    if validators is None or validators.url is None:
        return {}
    headers: dict[str, str] = {}
    if validators.etag:
        headers["If-None-Match"] = validators.etag
        # RFC 3229: an answer of 226 is the difference to the version that If-None-Match names.
        headers["A-IM"] = "feed"
    if validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return {validators.url: headers}


def _validator(headers: HTTPHeaders, name: str) -> str | None:
    """A validator as it was received; None for one that is too long or cannot be sent back as a header."""
    value: str | None = headers.get(name)
    if not value or len(value) > MAX_VALIDATOR_CHARS or re.search(r"[^\x20-\x7e\x80-\xff]", value):
        return None
    return value


def _refusal(response: Response) -> str:
    """An answer without a feed, in a sentence."""
    status = f"The answer was {response.status} {responses.get(response.status, '')}".strip()
    if _is_challenge(response.headers):
        return f"{status}: a challenge that only browsers can meet."
    return f"{status}."


def _is_challenge(headers: HTTPHeaders) -> bool:
    """True for the marks of Cloudflare, AWS WAF and DataDome."""
    marks = (headers.get(name, "").strip().lower() for name in ("cf-mitigated", "x-amzn-waf-action"))
    return any(mark in ("challenge", "captcha") for mark in marks) or "x-datadome" in headers


def _max_age(headers: HTTPHeaders) -> float | None:
    """Seconds that an answer stays fresh (RFC 9111 §4.2.1): max-age, else Expires; None without either."""
    control = headers.get("Cache-Control", "").lower()
    if re.search(r"\bno-(?:cache|store)\b", control):
        return None
    if found := re.search(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,10})", control):
        return float(found[1])
    expires, sent = http_date(headers.get("Expires", "")), http_date(headers.get("Date", ""))
    return max(expires - sent, 0.0) if expires is not None and sent is not None else None
