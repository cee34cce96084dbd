"""URLs, stores and addresses of config.yaml: their checks, and the sentences for wrong ones.

No sentence quotes a value, because it can have a password.
"""

from __future__ import annotations

import os
import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

_STORES: Final = "must be sqlite:PATH, 'sqlite::memory:', redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix://PATH"
MAX_SOCKET_PATH_BYTES: Final = 107
"""Length of the path of a Unix socket on Linux, unix(7)."""

_ADDRESS: Final = (
    "must be a host name or address without a port, such as 127.0.0.1, 0.0.0.0 or '::1', or unix:/run/livelog.sock"
)
_ADMIN: Final = (
    "must be an address with a port, such as 127.0.0.1:8889, '[::1]:8889' or :8889, or unix:/run/admin.sock"
)
_SOCKET: Final = "must have an absolute path of at most 107 bytes after unix:, such as unix:/run/livelog.sock"
_PROXY: Final = "must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
_NETWORK: Final = "must be a network such as 192.0.2.7, 10.0.0.0/8 or fd00::/8, with no bits set after the prefix"
_STORE_HINTS: Final = (
    (r"sqlite:/{0,3}[A-Za-z]:[\\/]", "is a path of Windows: write one such as sqlite:/var/lib/livelog/livelog.db"),
    (
        r"sqlite://(?!/)",
        "must have the path right after sqlite:, as in sqlite:livelog.db or sqlite:/var/lib/live.db",
    ),
    (r"sqlite:~", "cannot begin with ~: write the whole path, such as sqlite:${HOME}/livelog.db"),
)
"""Sentences for likely mistakes, by a pattern of the start."""

_HOST: Final = re.compile(r"(?!\.)[-.:\w]+")
"""A host name, which may be international, or an address. Dots and hyphens are left to DNS."""

Network = IPv4Network | IPv6Network


def _split(url: str) -> SplitResult:
    if not url.isprintable() or " " in url:
        raise ValueError("must not contain spaces or control characters")
    try:
        parts = urlsplit(url)
        # urlsplit checks the port when it is read.
        _ = parts.port
    except ValueError:
        raise ValueError("is not a valid URL: look at its host and port") from None
    return parts


def http_url(url: str) -> str:
    """An http or https URL. Raises ValueError."""
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"must be a URL that begins with http:// or https:// and a host{_http_hint(url)}")
    if parts.hostname in ("http", "https") and parts.path.startswith("//"):
        raise ValueError("must have http:// or https:// once")
    if not _HOST.fullmatch(parts.hostname) or ".." in parts.hostname:
        raise ValueError("has a host that no host can have: one URL is expected, without commas and quotes")
    if re.search(",https?://", url):
        raise ValueError("is more than one URL: each needs an item of its own")
    if url.endswith(","):
        raise ValueError("ends in a comma: items of a list in lines of their own have none")
    return url


def _http_hint(url: str) -> str:
    """The likely mistake in a URL that is none of HTTP. Without the URL, which can have a password."""
    if re.match("[“”„«‘’]", url):
        return ": its quotes are typographic, write plain ones"
    if re.match("(feed|rss|itpc|pcast):", url, re.IGNORECASE):
        return f": write https instead of {url.partition(':')[0].lower()}"
    if re.match("[a-z_]+:https?://", url):
        return ": a colon after a key needs a space after it"
    return ""


def public_url(url: str) -> str:
    """The URL of the server, without a slash at its end. Raises ValueError."""
    parts = _split(http_url(url))
    if re.fullmatch(r"0\.0\.0\.0|::", parts.hostname or ""):
        raise ValueError("must be a URL that readers can open, which 0.0.0.0 is not")
    if parts.username is not None or "?" in url or "#" in url:
        raise ValueError("must have no user name, query or fragment")
    if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?", parts.path):
        raise ValueError("has a path that is none of A-Z, a-z, 0-9, - . _ ~ between single slashes, such as /live")
    return url.rstrip("/")


def address(text: str) -> str:
    if text.startswith("unix:"):
        return _socket(text)
    try:
        ip_address(text)
    except ValueError:
        # A name whose last label is digits is a mistyped address.
        if not re.fullmatch(r"(?!(.*\.)?[0-9]+$)[A-Za-z0-9_][A-Za-z0-9_.-]*", text):
            raise ValueError(_ADDRESS) from None
    return text


def admin(text: str) -> str:
    """An address with its port, 0 for any free one; without a host, that of this machine alone."""
    if text.startswith("unix:"):
        return _socket(text)
    found = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]*):([0-9]{1,5})", text)
    if not found or int(found[2]) > 65535:
        raise ValueError(_ADMIN)
    host = found[1].strip("[]") or "127.0.0.1"
    try:
        address(host)
    except ValueError:
        raise ValueError(_ADMIN) from None
    return f"[{host}]:{found[2]}" if ":" in host else f"{host}:{found[2]}"


def _socket(text: str) -> str:
    path = text.removeprefix("unix:")
    if not path.startswith("/") or not path.isprintable() or len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
        raise ValueError(_SOCKET)
    return text


def network(value: object) -> object:
    if isinstance(value, Network):
        return value
    try:
        return ip_network(value.strip() if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(_NETWORK) from None


def store(url: str) -> str:
    if hint := next((hint for pattern, hint in _STORE_HINTS if re.match(pattern, url)), None):
        raise ValueError(hint)
    if re.fullmatch(r"sqlite:(:memory:|[^:\x00-\x1f\x7f][^\x00-\x1f\x7f]*)", url):
        return url
    if not re.match(r"(rediss?|unix)://.", url):
        raise ValueError(_STORES)
    if not re.fullmatch("/?[0-9]*/?", _split(url).path) and not url.startswith("unix:"):
        raise ValueError("must end in the number of a Redis database, such as redis://127.0.0.1:6379/0")
    return url


def proxy(text: str) -> str:
    parts = _split(text)
    if parts.scheme != "http" or not parts.hostname or not parts.port or parts.path.strip("/") or parts.query:
        raise ValueError(_PROXY)
    return text
