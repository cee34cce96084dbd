"""URLs: resolved, without credentials, and their hosts."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

MAX_URL: Final = 2_048

_PLAIN_URL: Final = re.compile(
    r"https?://[a-z0-9.-]+/[A-Za-z0-9/_.~%+,=@:!$&()*-]*(?:\?[A-Za-z0-9/_.~%+,=@:!$&()*-]+)?"
)
# What XML 1.0 and terminals call control characters, and halves of surrogate pairs that JSON can smuggle in.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def is_plain(url: str) -> bool:
    """Whether a URL is absolute, http(s) and unremarkable: resolving changes nothing about it."""
    return len(url) <= MAX_URL and _PLAIN_URL.fullmatch(url) is not None


def absolute(href: object, base: str) -> str | None:
    """An absolute http(s) URL, resolved against ``base``; None for anything else."""
    if not isinstance(href, str) or len(href) > MAX_URL:
        return None
    if is_plain(href):
        return href
    try:
        url = re.sub(r"\s", "%20", urljoin(base, _UNPRINTABLE.sub("", href).strip()))
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > MAX_URL:
        return None
    return url


def without_credentials(url: str) -> str:
    """A URL without the user name and password that it may carry, for people and pages."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def host_of(url: str) -> str:
    """The host of a URL: what a source is called that has no title."""
    return re.sub(r"^https?://(?:[^/@]*@)?(?:www\.)?", "", url).split("/")[0]
