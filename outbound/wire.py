"""URLs as they are sent in requests, and the origins that they belong to."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from hostnames import ascii_host

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

MAX_URL_CHARS: Final = 4_096
"""Longer URLs are not requested, whoever names them. Servers and proxies accept less."""

URL_CACHE_SIZE: Final = 4_096
MAX_CACHED_CHARS: Final = 512
"""URLs whose parts are cached: parsing one takes a tenth of the CPU of a poll that finds nothing new.

Long ones are not: servers that redirect to ever new addresses decide what is in the cache.
"""

_UNESCAPED: Final = "!#$%&'()*+,/:;=?@[]~"


T = TypeVar("T")


class TooLongError(ValueError):
    """A URL has more than MAX_URL_CHARS."""


def cached(function: Callable[[str], T]) -> Callable[[str], T]:
    """Caches the results of a function of a URL, for URLs that are not long."""
    of_short = functools.lru_cache(maxsize=URL_CACHE_SIZE)(function)

    @functools.wraps(function)
    def call(url: str) -> T:
        return of_short(url) if len(url) <= MAX_CACHED_CHARS else function(url)

    return call


@cached
def wire_url(url: str) -> str:
    """The URL as it is sent: in ASCII (RFC 3987 §3.1), without credentials and fragment; raises ValueError.

    A URL that is or becomes longer than MAX_URL_CHARS raises TooLongError.
    """
    if len(url) > MAX_URL_CHARS:
        raise TooLongError(url[:60])
    parts = urlsplit(url)
    host, port = parts.netloc.rpartition("@")[2], parts.port
    if not host.isascii() or ("%" in host and "[" not in host):
        name = ascii_host(parts.hostname or "")
        host = f"{name}:{port}" if port else name
    path, query = quote(parts.path or "/", safe=_UNESCAPED), quote(parts.query, safe=_UNESCAPED)
    sent = urlunsplit((parts.scheme, host, path, query, ""))
    if len(sent) > MAX_URL_CHARS:
        raise TooLongError(sent[:60])
    return sent


@cached
def origin(url: str) -> tuple[str, str, int | None]:
    """The origin of a URL (RFC 6454 §4): scheme, host in ASCII, port; raises ValueError."""
    parts = urlsplit(url)
    return parts.scheme, ascii_host(parts.hostname or ""), parts.port or DEFAULT_PORTS.get(parts.scheme)
