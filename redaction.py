"""Redaction: URLs and texts without the secrets in them, for all that leaves the process: pages, feeds and the log.

User names and passwords are removed. Values of parameters with a telling name, and long random values and segments of
the path, are replaced by REDACTED: private feeds are often protected by their address alone (a capability URL, W3C
TAG, https://www.w3.org/TR/capability-urls/). Ids of public feeds, such as those of YouTube's channels, are kept.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import urls

REDACTED: Final = "***"

MAX_CACHED: Final = 4_096
"""Redacted URLs that are cached: each item that is sent has the URL of its feed."""

MIN_RANDOM_CHARS: Final = 16
MIN_RANDOM_PATH_CHARS: Final = 32
"""Length of random letters and digits that count as a secret. Paths of public podcasts have shorter ids."""

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORD: Final = re.compile(
    "auth|authorization|bearer|credentials?|hash|hmac|jwt|key|login|otp|pass|passphrase|passwd|password|pwd?|secret|"
    "session|sid|sig|signature|signed|ticket|tok|token"
)
_SECRET_NAME: Final = re.compile(
    "token|secret|passw|passphrase|credential|signature|sessid|sessionid|oauth|hmac"
    "|(?:api|access|app|auth|client|feed|license|member|private|rss|secret|share|stream|user)key$"
)
_PUBLIC_NAME: Final = re.compile(
    r"(?:^|[^a-z]|[a-z](?=I))ids?$|^(?:v|q|query|search|list|playlist|tag)$", re.IGNORECASE
)
_USER_NAME: Final = re.compile(r"^(?:e?mail|user|username|user_name|login|account)$", re.IGNORECASE)
_PRIVATE_PREFIX: Final = re.compile(r"^((?:private|secret|token|key|auth|signed)[-_.:=])(.{6,})$", re.IGNORECASE)
_PRIVATE: Final = frozenset({"private", "secret", "token", "key", "auth", "apikey", "signed"})
_UUID: Final = re.compile("[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_RUN: Final = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")
_CHANGES: Final = re.compile("[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])")

_HEX: Final = re.compile("(?=[0-9]*[a-f])[a-f]*[0-9][0-9a-f]*", re.IGNORECASE)
_PLAIN: Final = re.compile(r"https?://[^?#@;%=:]*(?:\?\w{1,20}=[\w.-]{0,15}(?:&\w{1,20}=[\w.-]{0,15})*)?", re.ASCII)
_SUSPICIOUS: Final = re.compile(
    rf"[a-z0-9_-]{{{MIN_RANDOM_PATH_CHARS}}}|(?:private|secret|token|key|auth|signed)[-_./]"
    r"|\?.*(?:acc|auth|bearer|credential|hash|hmac|jwt|key|login|mail|otp|pass|pw|secret|ses|sid|sig|ticket|tok|user)",
    re.IGNORECASE,
)
"""With _PLAIN: most addresses of feeds are known to be public by these two, in a tenth of the time."""

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s<>\"'`\\]+")
_USER_INFO: Final = re.compile(r"(?<![\w/])[^\s/:@\"'<>()]+:[^\s/@\"'<>]+@(?=[\w\[])")
_PAIR: Final = re.compile(
    r"([A-Za-z0-9_.-]{0,40}(?:token|secret|passw[a-z]*|pwd|key|sig|signature|auth))=(?!\*\*\*)[^\s&;,\"'<>)]+",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(r"((?:authorization|cookie)['\"]?\s*[:=]\s*['\"]?(?:\w+ )?)[^\s'\",}]+", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\b((?:basic|bearer) +)(?=[^\s]*[0-9=])[A-Za-z0-9+/=_.~-]{8,}", re.IGNORECASE)


@lru_cache(MAX_CACHED)
def public_url(url: str) -> str:
    """The URL without user name and password, and with REDACTED for what looks like a secret.

    A URL that cannot be read is REDACTED.
    """
    if _PLAIN.fullmatch(url) and not _SUSPICIOUS.search(url):
        return url
    address = urls.without_credentials(url)
    try:
        parts = urlsplit(address)
    except ValueError:
        return REDACTED
    public = parts._replace(path=_path(parts.path), query=_query(parts.query), fragment=_query(parts.fragment))
    # Written again, an address loses a `?` without a query, and is another feed's (RFC 3986 §6.2.3).
    return address if public == parts else public.geturl()


def public_store(url: str) -> str:
    """A `store` of the configuration without user name, password and secret parameters."""
    return url if url.startswith("sqlite:") else public_url(url)


def public_text(text: str) -> str:
    """A message or traceback with its URLs redacted, and other credentials that stand in it."""
    text = _URL.sub(_url_in_text, text)
    text = _HEADER.sub(rf"\1{REDACTED}", text)
    text = _SCHEME.sub(rf"\1{REDACTED}", text)
    return _PAIR.sub(rf"\1={REDACTED}", _USER_INFO.sub(f"{REDACTED}@", text))


def public_item(item: str) -> str:
    """A stored item, as JSON text, without the private address of its feed, which earlier versions stored."""
    _, name, rest = item.rpartition('"feed_url":"')
    url = rest.partition('"')[0] if name else ""
    return item if public_url(url) == url else OwnAddresses([url]).hidden(item)


class OwnAddresses:
    """The addresses of a feed, to be hidden in what it publishes: links to itself, and relative links against it.

    Links of its entries stay, also those with the same secret: readers need them.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        shown = {form: public_url(url) for url in addresses if public_url(url) != url for form in _forms(url)}
        found = "|".join(map(re.escape, sorted(shown, key=len, reverse=True)))
        self._shown = shown
        self._pattern = re.compile(rf"(?:{found})(?![\w=%/?-]|\.\w|&(?!lt;|gt;|quot;|#))") if shown else None

    def __bool__(self) -> bool:
        """True if an address has something to hide."""
        return self._pattern is not None

    def hidden(self, text: str) -> str:
        """A text, HTML or JSON with the public form of each address."""
        return self._pattern.sub(lambda found: self._shown[found[0]], text) if self._pattern else text

    def are(self, url: str | None) -> bool:
        """True for one of the addresses."""
        return bool(url and self._pattern and self._pattern.match(url))


class LogFilter(logging.Filter):
    """Redacts each record of a handler, with its traceback: libraries quote URLs in the messages of exceptions."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: no record is dropped."""
        record.msg, record.args = public_text(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if record.exc_text:
            record.exc_text = public_text(record.exc_text)
        return True


def _forms(url: str) -> set[str]:
    """The address with http and https, with and without user info, as text and in HTML."""
    plain = url.partition("#")[0]
    with_user = {plain, urls.without_credentials(plain)}
    schemes = {re.sub("^https?:", f"{scheme}:", form) for form in with_user for scheme in ("http", "https")}
    return schemes | {form.replace("&", "&amp;") for form in schemes}


def _url_in_text(found: re.Match[str]) -> str:
    url = found[0].rstrip(").,;:!?]}")
    return public_url(url) + found[0][len(url) :]


def _query(query: str) -> str:
    parts = re.split("([&;])", query)
    pairs = [_unquoted(part) for part in parts]
    # A user name beside a password is half of a login; alone it may be the name of a public page.
    has_login = any(_is_secret_name(name) for name, _ in pairs)
    return "".join(_parameter(part, *pair, has_login=has_login) for part, pair in zip(parts, pairs, strict=True))


def _unquoted(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    return (unquote(name), unquote(value.replace("+", " "))) if equals else ("", unquote(name))


def _parameter(part: str, name: str, value: str, *, has_login: bool) -> str:
    if "://" in value:
        shown = public_url(value)
        return part if shown == value else f"{part.partition('=')[0]}={quote(shown, safe='*')}"
    if not value or not (_is_secret_name(name) or _is_user(name, value, has_login=has_login) or _is_key(name, value)):
        return part
    return f"{part.partition('=')[0]}={REDACTED}" if "=" in part else REDACTED


def _is_user(name: str, value: str, *, has_login: bool) -> bool:
    return bool((has_login or "@" in value) and _USER_NAME.match(name))


def _is_key(name: str, value: str) -> bool:
    """True for a random value, unless its name is that of an id."""
    if len(value) < MIN_RANDOM_CHARS or _PUBLIC_NAME.search(name):
        return False
    return bool(_UUID.search(value)) or _is_random(value, MIN_RANDOM_CHARS)


def _path(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/"):
        before = segments[-1].lower() if segments else ""
        segments.append(";".join(_segment(part, before) for part in segment.split(";")))
    return "/".join(segments)


def _segment(segment: str, before: str) -> str:
    plain = unquote(segment)
    if re.search("://[^/]*@", plain) or re.fullmatch("[^:]+:[^@]+@.+", plain):
        return REDACTED
    if "=" in plain:
        return _query(segment)
    stem, dot, extension = plain.rpartition(".") if re.search(r"\.[a-z]{2,5}$", plain) else (plain, "", "")
    if prefixed := _PRIVATE_PREFIX.match(stem):
        return f"{prefixed[1]}{REDACTED}{dot}{extension}"
    is_private = before in _PRIVATE and len(stem) >= 6 and re.search("[0-9]", stem)
    is_random = len(stem) >= MIN_RANDOM_PATH_CHARS and not _UUID.fullmatch(stem)
    if is_private or (is_random and _is_random(stem, MIN_RANDOM_PATH_CHARS)):
        return f"{REDACTED}{dot}{extension}"
    return segment


@lru_cache(MAX_CACHED)
def _is_secret_name(name: str) -> bool:
    lower = re.sub("[^a-z0-9]", "", name.lower())
    return bool(_SECRET_NAME.search(lower)) or any(
        _SECRET_WORD.fullmatch(word.lower()) for word in _WORDS.findall(name)
    )


def _is_random(value: str, min_chars: int) -> bool:
    """True for hexadecimal digits, and for letters and digits in turn: words and dates change less often."""
    runs = (re.sub("[_-]", "", found) for found in _RUN.findall(value))
    return any(len(run) >= min_chars and (_HEX.fullmatch(run) or _alternates(run)) for run in runs)


def _alternates(run: str) -> bool:
    return len(_CHANGES.findall(run)) >= len(run) / 5 and re.search("[0-9]", run) is not None
