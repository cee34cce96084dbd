"""The schema: the keys of config.yaml, with defaults and bounds; its values are frozen and typed."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

import redaction
import urls
from config import units
from config.values import (
    MAX_TAGS,
    Address,
    Admin,
    AdminToken,
    Colour,
    FeedId,
    HeaderName,
    Headers,
    HeaderValue,
    Interval,
    LogoFile,
    NamedFile,
    Networks,
    Origin,
    Posts,
    Proxy,
    PublicUrl,
    Robots,
    Secret,
    SecretHeader,
    Slug,
    Store,
    Tag,
    Title,
    Tokens,
    Url,
    UserName,
    Words,
)


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


class Endpoint(NamedTuple):
    """An address to listen on: ``host`` and ``port``, or the ``path`` of a Unix socket, else empty."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Server(Section):
    """The listening sockets, the URL that readers use, and the proxies before it. Port 0 is any free port.

    ``address`` and ``admin`` (with its port) may be ``unix:PATH``. ``identity_header`` has the name of a reader and
    is believed from ``trusted_proxies`` alone. ``admin_token`` opens the paths of ``admin`` on the public address.
    """

    address: Address = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8888
    public_url: PublicUrl | None = None
    trusted_proxies: Networks = ()
    identity_header: HeaderName | None = None
    admin: Admin | None = None
    admin_token: AdminToken | None = None
    robots: Robots = "index"

    @cached_property
    def prefix(self) -> str:
        """The path of ``public_url``, such as `/live`, below which readers have all paths; empty for none."""
        return urlsplit(self.public_url).path if self.public_url else ""

    @property
    def endpoint(self) -> Endpoint:
        """``address`` and ``port``."""
        path = _socket_path(self.address)
        return Endpoint(path=path) if path else Endpoint(self.address, self.port)

    @property
    def admin_endpoint(self) -> Endpoint | None:
        """``admin``; None if it has no address of its own."""
        if self.admin is None:
            return None
        if path := _socket_path(self.admin):
            return Endpoint(path=path)
        host, _, port = self.admin.rpartition(":")
        return Endpoint(host.strip("[]"), int(port))


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

    ``headers`` (pairs of name and value) to ``password`` are for requests of its own origin alone.

    `load` and `for_urls` fill in ``interval`` from fetch.interval if the feed sets none.
    """

    url: Url
    id: FeedId | None = None
    title: Title | None = None
    interval: Interval = None
    include: Words = ()
    exclude: Words = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] = ()
    withdraw: bool = False
    posts: Posts | None = None
    headers: Headers = ()
    cookie: SecretHeader | None = None
    user_agent: HeaderValue | None = None
    proxy: Proxy | None = None
    username: UserName | None = None
    password: Secret | None = None

    @cached_property
    def credentials(self) -> tuple[str, str] | None:
        """User name and password of ``username`` and ``password``. Those in the URL are not here."""
        if self.username is None:
            return None
        return self.username, self.password.get_secret_value() if self.password else ""

    @cached_property
    def request_headers(self) -> dict[str, str]:
        """``headers``, ``cookie`` and ``user_agent`` by their names in HTTP, for the feed's own origin."""
        found = {name: value.get_secret_value() for name, value in self.headers}
        if self.cookie:
            found["Cookie"] = self.cookie.get_secret_value()
        if self.user_agent:
            found["User-Agent"] = self.user_agent
        return found

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
    the tag of posts that the page links to at its top, ``pin`` that of the post that it shows first. ``aliases`` are
    slugs that lead here. A ``private`` blog is for who has one of ``tokens``, or a name in server.identity_header.
    ``robots`` None is the server's.
    """

    slug: Slug
    language: Literal["en", "zh"] | None = None
    accent: Colour | None = None
    logo: LogoFile | None = None
    css: NamedFile | None = None
    images: Literal["lazy", "click", "none"] = "lazy"
    frame_ancestors: Annotated[tuple[Origin, ...], Field(max_length=100)] = ()
    posts: Posts = "auto"
    key_events: Tag | None = None
    pin: Tag | None = None
    aliases: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    private: bool = False
    tokens: Tokens = ()
    robots: Robots | None = None
    title: Title
    feeds: tuple[Feed, ...] = ()

    @cached_property
    def feed_posts(self) -> dict[str, Posts]:
        """``posts`` of the feeds that set it, by their public URL with http and with https.

        An item keeps the URL at which its feed was when it was published.
        """
        chosen = [(feed.public_url, feed.posts) for feed in self.feeds if feed.posts]
        return {_with_other_scheme(url): posts for url, posts in chosen} | dict(chosen)


def _with_other_scheme(url: str) -> str:
    scheme, rest = url.split(":", 1)
    return f"{'http' if scheme.lower() == 'https' else 'https'}:{rest}"


class Config(Section):
    """The whole configuration."""

    server: Server = Server()
    store: Store = "sqlite:livelog.db"
    fetch: Fetch = Fetch()
    blogs: tuple[Blog, ...]

    @cached_property
    def aliases(self) -> dict[str, str]:
        """The slugs of blogs by each of their aliases."""
        return {alias: blog.slug for blog in self.blogs for alias in blog.aliases}

    @cached_property
    def renamed(self) -> dict[str, str]:
        """The slug of the blog that a former name (`Blog.aliases`) leads to."""
        return {alias: blog.slug for blog in self.blogs for alias in blog.aliases}

    def blog(self, slug: str) -> Blog | None:
        return next((blog for blog in self.blogs if blog.slug == slug), None)

    @cached_property
    def feeds(self) -> int:
        """The number of feeds; one that several blogs use counts once."""
        return len({feed.identity for blog in self.blogs for feed in blog.feeds})


SECRETS: Final = frozenset({"admin_token", "cookie", "password", "proxy", "store", "tokens"})
"""Keys of which each has a second one, `KEY_file`, for a file that contains the value: see `config.secret_files`."""


SECTIONS: Final[dict[str, tuple[str | int, ...]]] = {
    "the top of the file": (),
    "server": ("server",),
    "fetch": ("fetch",),
    "a blog": ("blogs", "blog"),
    "a feed": ("blogs", "blog", "feeds", 0),
}
"""The kinds of sections in the file, each with a path for `keys_at`."""


def keys_at(loc: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that the file can have in the mapping at a path."""
    section, *left_out = _section_at(loc)
    keys = (key for key in section.model_fields if key not in left_out)
    return tuple(name for key in keys for name in ((key, f"{key}_file") if key in SECRETS else (key,)))


def _section_at(loc: tuple[str | int, ...]) -> tuple[type[Section]] | tuple[type[Section], str]:
    """The section at a path, and a field of it that is no key."""
    match loc:
        case ("server",):
            return (Server,)
        case ("fetch",):
            return (Fetch,)
        case ("blogs", _):
            return Blog, "slug"
        case ("blogs", _, "feeds", _):
            return (Feed,)
    return (Config,)


def _socket_path(address: str) -> str:
    return address.removeprefix("unix:") if address.startswith("unix:") else ""
