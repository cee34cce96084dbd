"""The schema: the keys of config.yaml, with defaults and bounds, and the values that the program gets.

A ValueError in a check is the sentence that the operator reads. A second argument is a detail that may quote the
value: it is left out if the value came from the environment.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

import redaction
import urls
from config import units

RESERVED: Final = frozenset({"static", "status", "healthz", "metrics", "websub"})
"""First path segments that the server uses itself: no blog can have them as its name."""

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Characters that titles and tags cannot contain."""

MAX_TITLE_CHARS: Final = 200
MAX_TAG_CHARS: Final = 100
MAX_TAGS: Final = 100

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

_STORES: Final = "must be sqlite:PATH, 'sqlite::memory:', redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix://PATH"
_ADDRESS: Final = "must be a host name or address without a port, such as 127.0.0.1, 0.0.0.0 or '::1'"
_NETWORK: Final = "must be a network such as 192.0.2.7, 10.0.0.0/8 or fd00::/8, with no bits set after the prefix"
_ORIGIN: Final = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"
_FEED_ID: Final = "must be 1 to 64 of A-Z, a-z, 0-9, dots, hyphens and underscores, the first a letter or digit"
_SLUG: Final = "is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen"

Network = IPv4Network | IPv6Network


def _one_line(text: str) -> str:
    if CONTROL_CHARACTERS.search(text):
        raise ValueError("must be one line without control characters")
    return text


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


def _http_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL that begins with http:// or https:// and a host")
    return url


def _public_url(url: str) -> str:
    parts = _split(_http_url(url))
    if parts.username is not None or "?" in url or "#" in url:
        raise ValueError("must have no user name, query or fragment")
    return url.rstrip("/")


def _address(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        # A name whose last label is digits is a mistyped address.
        if not re.fullmatch(r"(?!(.*\.)?[0-9]+$)[A-Za-z0-9_][A-Za-z0-9_.-]*", text):
            raise ValueError(_ADDRESS) from None
    return text


def _network(value: object) -> object:
    if isinstance(value, Network):
        return value
    try:
        return ip_network(value.strip() if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(_NETWORK) from None


def _store(url: str) -> str:
    if re.fullmatch(r"sqlite:(:memory:|[^:\x00-\x1f\x7f][^\x00-\x1f\x7f]*)", url):
        return url
    if not re.match(r"(rediss?|unix)://.", url):
        raise ValueError(_STORES)
    _split(url)
    return url


def _pattern(text: str) -> str:
    """A word, or a regular expression between slashes."""
    if len(text) < 2 or not (text.startswith("/") and text.endswith("/")):
        return text
    try:
        re.compile(text[1:-1])
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError("is not a valid regular expression", str(error)) from None
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
        raise ValueError(COLOUR_SENTENCE)
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    return f"#{digits.lower()}"


def _origin(text: str) -> str:
    """An origin of a Content-Security-Policy, without characters that could begin another directive."""
    if text != "*" and not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?", text.rstrip("/")):
        raise ValueError(_ORIGIN)
    return text.rstrip("/").lower()


def _file(value: object, info: ValidationInfo) -> object:
    """The absolute path of a readable file. A relative one starts at the folder of the configuration file."""
    if not isinstance(value, str):
        return value
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


Colour = Annotated[str, BeforeValidator(_colour)]
FeedId = Annotated[str, AfterValidator(_feed_id)]
Interval = Annotated[float | None, BeforeValidator(units.interval)]
Networks = Annotated[tuple[Annotated[Network, BeforeValidator(_network)], ...], Field(max_length=1000)]
NamedFile = Annotated[Path, BeforeValidator(_file)]
Origin = Annotated[str, Field(max_length=300), AfterValidator(_origin)]
Posts = Literal["auto", "full", "headlines"]
"""The part of a post that pages show. ``auto``: a summary of a long post, a short one whole."""

Slug = Annotated[str, BeforeValidator(_slug)]
Store = Annotated[str, Field(max_length=4096), AfterValidator(_store)]
Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG_CHARS), AfterValidator(_one_line)]
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE_CHARS), AfterValidator(_one_line)]
Url = Annotated[str, Field(max_length=4096)]
Word = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]
Words = Annotated[tuple[Word, ...], Field(max_length=1000)]


class Section(BaseModel):
    """A mapping of the file: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: object) -> object:
        """Removes empty values (`title:`), which mean the default. Unknown keys are kept, to be rejected."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}


class Server(Section):
    """The listening socket, the URL that readers use, and the proxies before it. Port 0 is any free port."""

    address: Annotated[str, Field(max_length=255), AfterValidator(_address)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8888
    public_url: Annotated[Url, AfterValidator(_public_url)] | None = None
    trusted_proxies: Networks = ()


class Fetch(Section):
    """Limits of fetching. ``max_bytes`` counts after decompression; ``concurrency`` is for all hosts together."""

    interval: Interval = None
    timeout: Annotated[float, BeforeValidator(units.timeout)] = 20.0
    max_bytes: Annotated[int, BeforeValidator(units.size)] = 15_000_000
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 32
    per_host: Annotated[int, Field(ge=1, le=64)] = 2
    private_networks: Networks = ()


class Feed(Section):
    """A feed of a blog. ``id`` None: its URL names it. ``posts`` None is the blog's.

    `load` and `for_urls` fill in ``interval`` from fetch.interval if the feed sets none.
    """

    url: Annotated[Url, AfterValidator(_http_url)]
    id: FeedId | None = None
    title: Title | None = None
    interval: Interval = None
    include: Words = ()
    exclude: Words = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] = ()
    withdraw: bool = False
    posts: Posts | None = None

    @cached_property
    def identity(self) -> str:
        """The name by which the store knows the feed: its id, else its URL, see `urls.feed_identity`."""
        return self.id or urls.feed_identity(self.url)

    @cached_property
    def filter_digest(self) -> str:
        """A hash of ``include`` and ``exclude``; empty if the feed has neither."""
        if not self.include and not self.exclude:
            return ""
        words = json.dumps([self.include, self.exclude])
        return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()

    @cached_property
    def public_url(self) -> str:
        """The URL without secrets, by which items and pages name the feed."""
        return redaction.public_url(self.url)

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, data: object) -> object:
        if isinstance(data, str):
            return {"url": data}
        if not isinstance(data, dict | Feed):
            raise PydanticCustomError("feed_type", "neither a URL nor a mapping")
        return data


class Blog(Section):
    """A blog, at `/<slug>/`: its theme, its title and its feeds, of which it may have none.

    In the file the slug is the key of the blog's mapping, and the default of ``title``. ``language`` None is the
    reader's, ``accent`` (#rrggbb) None is Livelog's. ``logo`` and ``css`` were readable when the file was loaded.
    ``frame_ancestors`` are the origins beside our own whose pages may frame `/<slug>/embed`. ``key_events`` is
    the tag of posts that the page links to at its top, ``pin`` that of the post that it shows first.
    """

    slug: Slug
    language: Literal["en", "zh"] | None = None
    accent: Colour | None = None
    logo: Annotated[NamedFile, AfterValidator(_image)] | None = None
    css: NamedFile | None = None
    images: Literal["lazy", "click", "none"] = "lazy"
    frame_ancestors: Annotated[tuple[Origin, ...], Field(max_length=100)] = ()
    posts: Posts = "auto"
    key_events: Tag | None = None
    pin: Tag | None = None
    title: Title
    feeds: tuple[Feed, ...] = ()

    @cached_property
    def feed_posts(self) -> dict[str, Posts]:
        """``posts`` of the feeds that set it, by their public URL."""
        return {feed.public_url: feed.posts for feed in self.feeds if feed.posts}


class Config(Section):
    """The whole configuration."""

    server: Server = Server()
    store: Store = "sqlite:livelog.db"
    fetch: Fetch = Fetch()
    blogs: tuple[Blog, ...]

    def blog(self, slug: str) -> Blog | None:
        return next((blog for blog in self.blogs if blog.slug == slug), None)

    @cached_property
    def feeds(self) -> int:
        """The number of feeds; one that several blogs use counts once."""
        return len({feed.identity for blog in self.blogs for feed in blog.feeds})


def keys_at(loc: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that the file can have in the mapping at a path."""
    match loc:
        case ("server",):
            return tuple(Server.model_fields)
        case ("fetch",):
            return tuple(Fetch.model_fields)
        case ("blogs", _):
            return tuple(key for key in Blog.model_fields if key != "slug")
        case ("blogs", _, "feeds", _):
            return tuple(Feed.model_fields)
    return tuple(Config.model_fields)
