"""The schema: the keys of config.yaml, with defaults and bounds; its values are frozen and typed.

The text below a key is its description in docs/configuration.md, see `config.reference`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

import redaction
import urls
from config import units
from config.json_template import JsonTemplate
from config.values import (
    MAX_TAGS,
    Address,
    Admin,
    AdminToken,
    Colour,
    DateFormat,
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
    Selector,
    Slug,
    Store,
    Tag,
    Title,
    Tokens,
    Url,
    UserName,
    Words,
)
from config.webhook_values import SERVICES, Template, WebhookHeaders, WebhookName, WebhookUrl

MAX_WEBHOOKS: Final = 100
"""Webhooks of a blog."""


class Section(BaseModel):
    """A mapping of the file: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        """The fields without the passwords of URLs; other secrets are SecretStr."""
        for name, value in super().__repr_args__():
            yield name, redaction.public_text(value) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: object) -> object:
        """Removes empty values (`title:`), which mean the default. Unknown keys are kept, to be rejected."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values: without the cached properties of the original, which pydantic would copy."""
        copy = super().model_copy(update=update, deep=deep)
        for name in copy.__dict__.keys() - type(self).model_fields:
            del copy.__dict__[name]
        return copy


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
    """The listening sockets, the URL that readers use, and the proxies before it."""

    address: Address = "127.0.0.1"
    """Host name or address to listen on. `0.0.0.0` (or `::`) accepts other machines, too. With `unix:` and an
    absolute path it is a Unix socket, and `port` is not used."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8888
    """Port to listen on; 0 is any free port."""
    public_url: PublicUrl | None = None
    """URL of the server for readers: for absolute links, allowed origins, and WebSub, whose hubs must reach it. It
    may have a path: behind `https://example.org/live` all paths are below `/live`, and a proxy may strip that path or
    not."""
    trusted_proxies: Networks = ()
    """Addresses or networks of reverse proxies. Headers `X-Forwarded-For` and `X-Forwarded-Proto` are used from these
    alone."""
    identity_header: HeaderName | None = None
    """Header in which the trusted proxies send the name of a reader who has logged in; it opens private blogs."""
    admin: Admin | None = None
    """Address of its own for `/status`, `/metrics`, and the details of `/healthz` and `/readyz`. Without a host,
    `:8889` is 127.0.0.1."""
    admin_token: AdminToken | None = None
    """Secret that opens the same paths on the public address, as `Authorization: Bearer TOKEN` or as the password
    that a browser asks for."""
    robots: Robots = "index"
    """`noindex` asks search engines to leave out all pages."""

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
    """Limits of fetching. Durations are seconds; an ``interval`` of None is `auto`."""

    interval: Interval = None
    """Time between two polls of a feed. `auto` follows the pace of each feed and the wishes of its publisher."""
    timeout: Annotated[float, BeforeValidator(units.timeout)] = 20.0
    """Time for one fetch, redirects included."""
    max_bytes: Annotated[int, BeforeValidator(units.size)] = 15_000_000
    """Size of a feed after decompression."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 32
    """Number of feeds that are fetched at the same time."""
    per_host: Annotated[int, Field(ge=1, le=64)] = 2
    """Number of feeds that are fetched at the same time from one host."""
    private_networks: Networks = ()
    """Private networks that host names and redirects of feeds may lead to, names of hubs and webhooks, and callbacks
    of subscribers. An address that is written in a `url` of this file needs no entry here."""


class Scrape(Section):
    """Selectors of a web page without a feed, see `page_selectors`: CSS, or XPath 1.0 after `xpath:`.

    All but ``list`` are searched in each of the elements that ``list`` selects.
    """

    list: Selector
    """Elements of the page, each of which is an entry."""
    title: Selector | None = None
    """Title of an entry, instead of its first heading, or else the text of its first link."""
    link: Selector | None = None
    """Link of an entry, by which it is recognised, instead of its first link."""
    date: Selector | None = None
    """Date of an entry, instead of its first `<time>`."""
    text: Selector | None = None
    """Elements whose content is the text of an entry."""
    image: Selector | None = None
    """Image of an entry."""
    author: Selector | None = None
    """Names of the authors of an entry."""
    date_format: DateFormat | None = None
    """Form of the dates, as Python's `strptime` has it; without one any date that is not ambiguous is read."""

    @cached_property
    def digest(self) -> str:
        """A hash that changes with the selectors."""
        return hashlib.blake2b(
            json.dumps(self.model_dump()).encode("utf-8", "surrogatepass"), digest_size=4
        ).hexdigest()


class Feed(Section):
    """A feed of a blog. ``id`` None: its URL names it. ``posts`` None is the blog's.

    ``headers`` (pairs of name and value) to ``password`` are for requests of its own origin alone.

    `load` and `for_urls` fill in ``interval`` from fetch.interval if the feed sets none.
    """

    url: Url
    """URL of an RSS, Atom or JSON Feed document, or of a page that names one."""
    id: FeedId | None = None
    """Name of the feed that stays when its URL changes, so that nothing is repeated."""
    title: Title | None = None
    """Name of the source on the page, instead of the title in the feed."""
    interval: Interval = None
    """Time between two polls, instead of `fetch.interval`."""
    include: Words = ()
    """Only entries with one of these are taken: words, found as whole words, or `/regular expressions/`. Case is
    ignored; title, text, tags and authors are searched."""
    exclude: Words = ()
    """Entries with one of these are not taken."""
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] = ()
    """Tags that all entries of the feed get."""
    withdraw: bool = False
    """`true` removes an entry that the feed leaves out twice while it still lists older ones."""
    posts: Posts | None = None
    """Part of a post that the page shows, instead of the blog's `posts`."""
    scrape: Scrape | None = None
    """Selectors that find the entries of a web page without a feed: a mapping with the keys of the next section."""
    headers: Headers = ()
    """Headers of its requests."""
    cookie: SecretHeader | None = None
    """Cookies of its requests, such as `session=…; lang=en`."""
    user_agent: HeaderValue | None = None
    """User agent of its requests, instead of Livelog's."""
    proxy: Proxy | None = None
    """HTTP proxy for its requests."""
    username: UserName | None = None
    """User name of HTTP authentication. One in the URL does the same."""
    password: Secret | None = None
    """Password of HTTP authentication."""

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


class ListedFeed(Feed):
    """A feed of a list elsewhere (``Blog.opml``): an address in it is not the operator's word."""


class Webhook(Section):
    """A URL that is sent the events of a blog. Its path can be a secret, as that of Slack and Discord.

    ``name`` None is the host of ``url``. ``events`` None is `all` without a ``template``, else `posts`.
    """

    url: WebhookUrl
    """URL that is sent a POST for each event."""
    name: WebhookName | None = None
    """Name of the webhook, in the log and on `/status`. One that has a name keeps its place when its URL changes."""
    secret: Secret | None = None
    """Key that signs each request by [Standard Webhooks](webhooks.md), or the token of Matrix, ntfy or Gotify."""
    events: Literal["all", "posts", "key_events"] | None = None
    """Events that are sent: `all` includes corrections and withdrawals, `posts` are new posts alone, `key_events` are
    those with the tag of the blog's `key_events`. Without it `all`, or `posts` if there is a `template`."""
    include: Words = ()
    """Only posts with one of these are sent: see `include` of a feed."""
    exclude: Words = ()
    """Posts with one of these are not sent."""
    template: Template | None = None
    """Form of the request: that of a chat or notification service, or a [JSON text](webhooks.md) such as
    `{"text": "{{title}} {{url}}"}`. Without it the body is the event."""
    headers: WebhookHeaders = ()
    """Headers of its requests."""

    @cached_property
    def service(self) -> str | None:
        """The chat or notification service whose form is sent; None for a form of Livelog's or the operator's."""
        return self.template if self.template in SERVICES else None

    @cached_property
    def json_template(self) -> JsonTemplate | None:
        """The operator's own form."""
        return JsonTemplate(self.template) if self.template and not self.service else None

    @cached_property
    def address(self) -> str:
        """``url`` as text."""
        return self.url.get_secret_value()

    @cached_property
    def host(self) -> str:
        """The host of ``url``, without the rest, which can be secret."""
        return urlsplit(self.address).hostname or ""

    @cached_property
    def shown_name(self) -> str:
        """A name without secrets, for people."""
        return self.name or self.host

    @cached_property
    def identity(self) -> str:
        """The name by which the store knows it in its blog: a hash, as ``url`` can be secret."""
        known_by = ["name", self.name] if self.name else ["url", self.address]
        return hashlib.blake2b(json.dumps(known_by).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, data: object) -> object:
        if isinstance(data, str):
            return {"url": data}
        if not isinstance(data, dict | Webhook):
            raise PydanticCustomError("webhook_type", "neither a URL nor a mapping")
        return data


class Blog(Section):
    """A blog, at `/<slug>/`: its theme, its title and its feeds, of which it may have none.

    In the file the slug is the key of the blog's mapping, and the default of ``title``. ``language`` None is the
    reader's, ``accent`` (#rrggbb) None is Livelog's. ``logo`` and ``css`` were readable when the file was loaded.
    ``robots`` None is the server's.
    """

    slug: Slug
    language: Literal["en", "zh"] | None = None
    """Language of the page, instead of that of each reader's browser."""
    accent: Colour | None = None
    """Colour of marks and links. It is lightened on dark pages."""
    logo: LogoFile | None = None
    """Image beside the title: a path from the folder of the configuration."""
    css: NamedFile | None = None
    """Style sheet that is loaded after Livelog's own: a path from the folder of the configuration."""
    images: Literal["lazy", "click", "none"] = "lazy"
    """Images in posts: `lazy` loads them when they come into view, `click` when a reader asks for one."""
    frame_ancestors: Annotated[tuple[Origin, ...], Field(max_length=100)] = ()
    """Sites whose pages may frame `/<blog>/embed`."""
    posts: Posts = "auto"
    """Part of a post that the page shows: `auto` is a summary of long posts, `full` all of it, `headlines` the
    headline alone."""
    key_events: Tag | None = None
    """Tag of posts that the page links to at its top."""
    pin: Tag | None = None
    """Tag of posts of which the newest is the first of the page."""
    aliases: Annotated[tuple[Slug, ...], Field(max_length=100)] = ()
    """Former names of the blog: their paths redirect to it."""
    private: bool = False
    """`true` opens the blog only to readers with one of its tokens, or with a name in `server.identity_header`."""
    tokens: Tokens = ()
    """Secrets that open a private blog: `/<blog>/?token=…` in a browser, `Authorization: Bearer …` in
    programs."""
    robots: Robots | None = None
    """The same as `server.robots`, for this blog."""
    title: Title
    """Title of the page. Without one it is the name of the blog."""
    feeds: tuple[Feed, ...] = ()
    """Feeds of the blog: each is a URL, or a mapping with the keys below."""
    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=MAX_WEBHOOKS)] = ()
    """URLs that are told of the blog's events: each is a URL, or a mapping with the keys below."""
    opml: Url | None = None
    """URL of a list of feeds (OPML) that is read hourly: its feeds come and go with it. A feed that is in `feeds` too
    has the settings of that."""

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
    """Listening sockets, the public URL, and the proxies before it."""
    store: Store = "sqlite:livelog.db"
    """Database: SQLite in a file, whose path starts at the folder of the configuration; in memory; or Redis, which
    several nodes can share."""
    fetch: Fetch = Fetch()
    """Limits of fetching."""
    blogs: tuple[Blog, ...]
    """Mapping of blogs by their names. A blog's name is its path: `blogs: {news: …}` is at `/news/`."""

    @cached_property
    def aliases(self) -> dict[str, str]:
        """The slugs of blogs by each of their aliases."""
        return {alias: blog.slug for blog in self.blogs for alias in blog.aliases}

    def blog(self, slug: str) -> Blog | None:
        """The blog of that name."""
        return self.by_slug.get(slug)

    @cached_property
    def by_slug(self) -> dict[str, Blog]:
        """The blogs by their names."""
        return {blog.slug: blog for blog in self.blogs}

    @cached_property
    def feeds(self) -> int:
        """The number of feeds; one that several blogs use counts once."""
        return len({feed.identity for blog in self.blogs for feed in blog.feeds})


SECRETS: Final = frozenset({"admin_token", "cookie", "password", "proxy", "secret", "store", "tokens"})
"""Keys of which each has a second one, `KEY_file`, for a file that contains the value: see `config.secret_files`."""


SECTIONS: Final[dict[str, tuple[str | int, ...]]] = {
    "the top of the file": (),
    "server": ("server",),
    "fetch": ("fetch",),
    "a blog": ("blogs", "blog"),
    "a feed": ("blogs", "blog", "feeds", 0),
    "scrape": ("blogs", "blog", "feeds", 0, "scrape"),
    "a webhook": ("blogs", "blog", "webhooks", 0),
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
        case ("blogs", _, "feeds", _, "scrape"):
            return (Scrape,)
        case ("blogs", _, "webhooks", _):
            return (Webhook,)
    return (Config,)


def _socket_path(address: str) -> str:
    return address.removeprefix("unix:") if address.startswith("unix:") else ""
