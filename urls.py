"""URLs: resolved against a base, without credentials, and their hosts."""

from __future__ import annotations

import contextlib
import re
from typing import Final
from urllib.parse import urljoin, urlsplit

import hostnames

MAX_URL_CHARS: Final = 2_048

_PLAIN_URL: Final = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?/[A-Za-z0-9/_.~%+,=@:!$&()*-]*(?:\?[A-Za-z0-9/_.~%+,=@:!$&()*-]+)?"
)
_IDENTICAL: Final = re.compile(r"https://[a-z0-9.-]*[a-z0-9-](?:/(?!\.|%2[Ee])[^/?#]*)+(?:\?[^#]*)?")
"""URLs that `feed_identity` does not change: most addresses of feeds."""

_ADDRESS: Final = re.compile(r"https?://[^/?#]*([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_DOT_SEGMENT: Final = re.compile("/(?:[.]|%2e){1,2}(?:/|\\Z)", re.IGNORECASE)
_USER_INFO: Final = re.compile(r"\A(\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)[^/?#]*@")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# The control characters of XML 1.0 and of terminals, and halves of surrogate pairs, which JSON can carry.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def feed_identity(url: str) -> str:
    """The URL as the name of a feed: without user name, password and fragment, and the same for http and https.

    Host names are in lower case and ASCII (IDNA), default ports and dot segments are left out (RFC 3986 §6.2). A URL
    that cannot be read is its own name.
    """
    if _IDENTICAL.fullmatch(url):
        return url
    address = _ADDRESS.fullmatch(url)
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url
    if not address or not host:
        return url
    with contextlib.suppress(ValueError):
        host = hostnames.ascii_host(host)
    name = f"[{host}]" if ":" in host else host
    # 443 of http, too: the name has https.
    shown_port = f":{port}" if port and port not in (443, _DEFAULT_PORTS[parts.scheme]) else ""
    path, mark, query = address[1].partition("?")
    return f"https://{name}{shown_port}{_without_dot_segments(path or '/')}{mark}{query}"


def _without_dot_segments(path: str) -> str:
    """A path that begins with a slash, without `.` and `..` (RFC 3986 §5.2.4), which may be percent-encoded."""
    if not _DOT_SEGMENT.search(path):
        return path
    kept: list[str] = []
    for written in path[1:].split("/"):
        segment = written.lower().replace("%2e", ".")
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(written)
    ends_in_folder = segment in (".", "..")
    return "/" + "/".join([*kept, ""] if ends_in_folder else kept)


def is_plain(url: str) -> bool:
    """True for an absolute http(s) URL that resolving does not change."""
    return len(url) <= MAX_URL_CHARS and _PLAIN_URL.fullmatch(url) is not None


def absolute(href: object, base: str) -> str | None:
    """The absolute http(s) URL of a link on a page at ``base``; None for anything else."""
    if not isinstance(href, str) or len(href) > MAX_URL_CHARS:
        return None
    if is_plain(href):
        return href
    try:
        url = re.sub(r"\s", "%20", urljoin(base, _UNPRINTABLE.sub("", href).strip()))
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > MAX_URL_CHARS:
        return None
    return url


def without_credentials(url: str) -> str:
    """A URL without user name and password, to be shown and published."""
    return _USER_INFO.sub(r"\1", url)


def user_info(url: str) -> str:
    """User name and password of a URL as they are written in it, empty without any."""
    return re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[0]


def host_of(url: str) -> str:
    """The host of a URL without ``www.``: the name of a source that has no title."""
    return re.sub(r"^https?://(?:[^/@]*@)?(?:www\.)?", "", url).split("/")[0]


def origin(url: str) -> tuple[str, str, int] | None:
    """The origin of a URL (RFC 6454 §4): scheme, host and port; None if it is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    # A dot at the end makes a name absolute (RFC 1034 §3.1): browsers keep it, proxies do not.
    host = (parts.hostname or "").rstrip(".")
    return (parts.scheme, host, port) if host and parts.username is None else None
