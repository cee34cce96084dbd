"""The values of config.yaml: a type for each kind, with its check and the sentence for a wrong value.

A ValueError in a check is the sentence that the operator reads. A second argument is a detail that may quote the
value: it is left out if the value came from the environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

import page_selectors
from config import units
from config.url_values import Network, address, admin, http_url, network, proxy, public_url, store

RESERVED: Final = frozenset({"static", "status", "healthz", "readyz", "metrics", "websub", "hub"})
"""First path segments that the server uses itself: no blog can have them as its name."""

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Characters that titles and tags cannot contain."""

MAX_TITLE_CHARS: Final = 200
MAX_TAG_CHARS: Final = 100
MAX_TAGS: Final = 100
MAX_SELECTOR_CHARS: Final = 2_000

IMAGE_TYPES: Final = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".gif": "image/gif",
}
"""Media types of a logo, by file name extension."""

MAX_THEME_FILE_BYTES: Final = 1_000_000
"""Size of a logo, and of a blog's own CSS. Both are kept in memory."""

COLOUR_SENTENCE: Final = "must be a colour such as '#b0301c', in quotes: without them YAML takes # for a comment"

_COLOURS: Final = {
    "black": "#000000",
    "blue": "#0000ff",
    "brown": "#a52a2a",
    "crimson": "#dc143c",
    "green": "#008000",
    "grey": "#808080",
    "gray": "#808080",
    "magenta": "#ff00ff",
    "navy": "#000080",
    "orange": "#ffa500",
    "pink": "#ffc0cb",
    "purple": "#800080",
    "red": "#ff0000",
    "teal": "#008080",
    "white": "#ffffff",
    "yellow": "#ffff00",
}
"""Names of CSS that operators may try; only suggested, as most are too bright to be read as links."""

MIN_TOKEN_CHARS: Final = 22
"""Length of a token: 128 random bits in the letters and digits of Base64."""

_HEADER_NAME: Final = "must be the name of a header, such as X-Forwarded-User"
_HOW: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one"
_TOKEN: Final = f"must have at least {MIN_TOKEN_CHARS} characters, of A-Z, a-z, 0-9, - and _; {_HOW}"
_ADMIN_TOKEN: Final = f"must have at least {MIN_TOKEN_CHARS} characters of ASCII, without blanks; {_HOW}"
_GLOB: Final = "must have no * at its ends: a word is found anywhere in a post; /budget/ finds it in other words, too"
_SLASH: Final = (
    "must end with a / as each regular expression does, and have quotes if it has commas; "
    r"to find the text /r/news, write /\/r\/news/"
)
_ORIGIN: Final = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"
_FEED_ID: Final = "must be 1 to 64 of A-Z, a-z, 0-9, dots, hyphens and underscores, the first a letter or digit"
_SLUG: Final = "is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen"

_KEYS_OF_HEADERS: Final = {
    "cookie": "cookie of the feed",
    "user-agent": "user_agent of the feed",
    "proxy-authorization": "proxy of the feed",
}
OWN_HEADERS: Final = frozenset(
    "accept-encoding connection content-length expect host if-modified-since if-none-match keep-alive range te "
    "trailer transfer-encoding upgrade".split()
)
"""Headers that no feed or webhook can set."""


def one_line(text: str) -> str:
    if CONTROL_CHARACTERS.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _pattern(text: str) -> str:
    """A word, or a regular expression between slashes."""
    if re.fullmatch("/.+/[A-Za-z]{1,4}", text) and text.rpartition("/")[2].lower().strip("gimsuxy") == "":
        raise ValueError("must end with the / of the regular expression, without flags: case is ignored in any case")
    if text.startswith("/") and (len(text) < 3 or not text.endswith("/")):
        raise ValueError(_SLASH)
    if not text.startswith("/"):
        return _word(text)
    try:
        re.compile(text[1:-1])
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError("is not a valid regular expression", str(error)) from None
    return text


def _word(text: str) -> str:
    if re.search(r"\\[bBdDsSwW.]|\.\*|\w\|\w", text):
        raise ValueError("must have slashes around a regular expression, such as /budg.t/: it is searched as a text")
    if text.startswith("*") or text.endswith("*"):
        raise ValueError(_GLOB)
    return text


def _slug(value: object) -> object:
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,63}", str(value)):
        raise ValueError(_SLUG)
    if value in RESERVED:
        raise ValueError("is a path that Livelog needs for itself: give the blog another name")
    return value


def _feed_id(text: str) -> str:
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise ValueError(_FEED_ID)
    return text


def _colour(value: object) -> object:
    """A colour in the form #rrggbb."""
    found = re.fullmatch("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", value.strip() if isinstance(value, str) else "")
    if not found:
        name = value.strip().lower() if isinstance(value, str) else ""
        if name in _COLOURS:
            raise ValueError(f"must be a colour such as '#b0301c', not its name; {name} is '{_COLOURS[name]}'")
        raise ValueError(COLOUR_SENTENCE)
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    return f"#{digits.lower()}"


def _header_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", text):
        raise ValueError(_HEADER_NAME)
    return text


def _header_value(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]{1,8000}", text):
        raise ValueError("must be one line of 1 to 8000 characters of ASCII")
    return text


def _user_name(text: str) -> str:
    if ":" in text:
        raise ValueError("must have no colon, which HTTP puts between user name and password")
    return one_line(text)


def headers(value: object, keys: Mapping[str, str], own: frozenset[str]) -> object:
    """Names and values of a mapping, in pairs. Raises ValueError for headers that have a key of their own (``keys``),
    and for those that Livelog sets itself (``own``).
    """
    if not isinstance(value, Mapping):
        raise PydanticCustomError("headers_type", "no mapping")
    seen: dict[str, str] = {}
    for name in value:
        lower = str(name).lower()
        if lower in seen:
            raise ValueError("has the same header twice, once in other case")
        if lower in keys:
            raise ValueError(f"cannot have this header: use the key {keys[lower]}", lower)
        if lower in own:
            raise ValueError("cannot have this header, which Livelog sets itself", lower)
        seen[lower] = name
    return tuple(value.items())


def _feed_headers(value: object) -> object:
    return headers(value, _KEYS_OF_HEADERS, OWN_HEADERS)


def _secret(check: Callable[[str], str]) -> AfterValidator:
    """A check of the text of a secret."""
    return AfterValidator(lambda secret: SecretStr(check(secret.get_secret_value())))


def _token(text: str) -> str:
    # A token is a part of links: a + or = would need to be encoded in them.
    if not re.fullmatch(f"[A-Za-z0-9_-]{{{MIN_TOKEN_CHARS},200}}", text):
        raise ValueError(_TOKEN)
    return text


def _admin_token(text: str) -> str:
    if not re.fullmatch(f"[\x21-\x7e]{{{MIN_TOKEN_CHARS},200}}", text):
        raise ValueError(_ADMIN_TOKEN)
    return text


def _selector(text: str) -> str:
    page_selectors.check(text)
    return text


def _date_format(text: str) -> str:
    page_selectors.check_date_format(text)
    return text


def _origin(text: str) -> str:
    """An origin of a Content-Security-Policy, without characters that could begin another directive."""
    if text != "*" and not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?", text.rstrip("/")):
        raise ValueError(_ORIGIN)
    return text.rstrip("/").lower()


def _file(value: object, info: ValidationInfo) -> object:
    """The absolute path of a readable file. A relative one starts at the folder of the configuration file."""
    if not isinstance(value, str):
        return value
    if re.match("https?://", value.strip()):
        raise ValueError("must be a file, not a URL: download it, and write its path from the folder of this file")
    path = Path((info.context or {}).get("folder", ""), value.strip()).absolute()
    try:
        with path.open("rb") as file:
            size = len(file.read(MAX_THEME_FILE_BYTES + 1))
    except (OSError, ValueError) as error:
        raise ValueError("is no file that can be read", getattr(error, "strerror", None) or str(error)) from None
    if size > MAX_THEME_FILE_BYTES:
        raise ValueError(f"is a file of more than {MAX_THEME_FILE_BYTES:,} bytes")
    return path


def _image(path: Path) -> Path:
    if path.suffix.lower() not in IMAGE_TYPES:
        raise ValueError(f"must be an image whose name ends in {', '.join(IMAGE_TYPES)}")
    return path


Address = Annotated[str, Field(max_length=255), AfterValidator(address)]
Admin = Annotated[str, Field(max_length=300), AfterValidator(admin)]
AdminToken = Annotated[SecretStr, _secret(_admin_token)]
DateFormat = Annotated[str, Field(max_length=100), AfterValidator(_date_format)]
Colour = Annotated[str, BeforeValidator(_colour)]
FeedId = Annotated[str, AfterValidator(_feed_id)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
SecretHeader = Annotated[SecretStr, _secret(_header_value)]
Headers = Annotated[
    tuple[tuple[HeaderName, SecretHeader], ...], BeforeValidator(_feed_headers), Field(max_length=100)
]
Interval = Annotated[float | None, BeforeValidator(units.interval)]
Networks = Annotated[tuple[Annotated[Network, BeforeValidator(network)], ...], Field(max_length=1000)]
NamedFile = Annotated[Path, BeforeValidator(_file)]
LogoFile = Annotated[NamedFile, AfterValidator(_image)]
Origin = Annotated[str, Field(max_length=300), AfterValidator(_origin)]
Posts = Literal["auto", "full", "headlines"]
"""The part of a post that pages show. ``auto``: a summary of a long post, a short one whole."""

Proxy = Annotated[SecretStr, _secret(proxy)]
PublicUrl = Annotated[str, Field(max_length=4096), AfterValidator(public_url)]
Robots = Literal["index", "noindex"]
"""``noindex`` asks search engines to leave pages out."""

Secret = Annotated[SecretStr, _secret(one_line)]
Selector = Annotated[str, Field(min_length=1, max_length=MAX_SELECTOR_CHARS), AfterValidator(_selector)]
Slug = Annotated[str, BeforeValidator(_slug)]
Store = Annotated[str, Field(max_length=4096), AfterValidator(store)]
Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG_CHARS), AfterValidator(one_line)]
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE_CHARS), AfterValidator(one_line)]
Tokens = Annotated[tuple[Annotated[SecretStr, _secret(_token)], ...], Field(max_length=1000)]
Url = Annotated[str, Field(max_length=4096), AfterValidator(http_url)]
UserName = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_user_name)]
Word = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]
Words = Annotated[tuple[Word, ...], Field(max_length=1000)]
