"""The configuration: what config.yaml may say, checked, frozen and typed.

`load` reads a file and `for_urls` takes feed URLs from the command line. Both return a `Config`, or raise
`ConfigError` with every problem there is, each with its file, line and key. Durations are seconds, sizes are
bytes, and an interval of None is `auto`.

YAML gives the structure only; every value is text until the schema says what it is. So `title: 2024` is a
title, `no` can be a blog and `port: ${PORT}` a number. No message shows a value: it may hold a password.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import SplitResult, urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from yaml.reader import Reader as YamlReader

RESERVED = frozenset({"static", "status", "healthz", "metrics", "websub"})
"""First parts of paths that the server needs for itself, so that no blog can have them."""

CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""What no title and no tag may have."""

MAX_TITLE = 200
MAX_TAG = 100
MAX_TAGS = 100
"""Bounds of a feed: characters of its title and of each tag, and how many tags it may have."""

IMAGE_TYPES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".gif": "image/gif",
}
"""What a logo may be, by the end of its name."""

MAX_LOOK = 1_000_000
"""Bytes of a logo, and of a blog's own CSS: both are kept in memory."""

MAX_FILE = 64_000_000
MAX_VALUES = 2_000_000
MAX_DEPTH = 16
"""Bounds of a file: bytes, values (each use of an alias counts all that it stands for), levels."""

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}

_STORES = "must be sqlite:PATH, 'sqlite::memory:', redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix://PATH"
_ADDRESS = "must be a host name or address without a port, such as 127.0.0.1, 0.0.0.0 or '::1'"
_NETWORK = "must be a network such as 192.0.2.7, 10.0.0.0/8 or fd00::/8, with no bits set after the prefix"
_COLOUR = "must be a colour such as '#b0301c', in quotes: without them YAML takes # for a comment"
_ORIGIN = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"
_SLUG = "is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen"

# pydantic's kinds of error (whole, or their first word) as an operator says it. Ours are all `value_error`.
_SENTENCES = {
    "missing": "is required",
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of blog names, each with its title and feeds",
    "too_short": "must name at least one blog",
    "tuple_type": "must be a list, such as [first, second]",
    "too_long": "must have at most {max_length} items",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "int": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "bool": "must be true or false",
    "literal_error": "must be {expected}",
}

# What most likely led to an error of YAML's.
_HINTS = {
    "mapping values": " (a text with a colon before a space or at its end needs quotes)",
    "cannot start any token": " (indent with spaces, not tabs; a text that begins with @, ` or % needs quotes)",
}

Network = IPv4Network | IPv6Network
_Loc = tuple[str | int, ...]


class ConfigError(Exception):
    """Everything that is wrong with a configuration, one line for each problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


def _measured(value: object, units: Mapping[str, int], low: int, high: int, words: str) -> float:
    text = str(value) if isinstance(value, str | int | float) else ""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([a-z]*)", text.strip().lower())
    number = float(match[1]) * units.get(match[2], 0) if match else 0
    if not low <= number <= high:
        raise ValueError(f"must be {words}")
    return number


def _interval(value: object) -> float | None:
    if value is None or str(value).strip().lower() == "auto":
        return None
    words = "auto, or a duration from 1s to 31d, such as 30s, 15m, 1h or 2d"
    return _measured(value, _SECONDS, 1, 31 * 86400, words)


def _timeout(value: object) -> float:
    return _measured(value, _SECONDS, 1, 120, "a duration from 1s to 120s, such as 20s")


def _size(value: object) -> int:
    return int(_measured(value, _BYTES, 1000, 10**8, "a size from 1KB to 100MB, such as 512KB, 15MB or 1MiB"))


def _one_line(text: str) -> str:
    if CONTROL_CHARACTERS.search(text):
        raise ValueError("must be one line without control characters")
    return text


def _split(url: str) -> SplitResult:
    if not url.isprintable() or " " in url:
        raise ValueError("must not contain spaces or control characters")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
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
        # A last part in digits is a mistyped address, never a name.
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


def _colour(value: object) -> object:
    """A colour in the form #rrggbb."""
    found = re.fullmatch("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", value.strip() if isinstance(value, str) else "")
    if not found:
        raise ValueError(_COLOUR)
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    return f"#{digits.lower()}"


def _origin(text: str) -> str:
    """An origin as a Content-Security-Policy has it: nothing in it can begin another directive."""
    if text != "*" and not re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?", text.rstrip("/")):
        raise ValueError(_ORIGIN)
    return text.rstrip("/").lower()


def _file(value: object, info: ValidationInfo) -> object:
    """A file that can be read. Its name counts from the folder of the configuration file."""
    if not isinstance(value, str):
        return value
    path = Path((info.context or {}).get("folder", ""), value.strip()).absolute()
    try:
        with path.open("rb") as file:
            size = len(file.read(MAX_LOOK + 1))
    except (OSError, ValueError) as error:
        raise ValueError("is no file that can be read", getattr(error, "strerror", None) or str(error)) from None
    if size > MAX_LOOK:
        raise ValueError(f"is a file of more than {MAX_LOOK:,} bytes")
    return path


def _image(path: Path) -> Path:
    if path.suffix.lower() not in IMAGE_TYPES:
        raise ValueError(f"must be an image whose name ends in {', '.join(IMAGE_TYPES)}")
    return path


Colour = Annotated[str, BeforeValidator(_colour)]
Interval = Annotated[float | None, BeforeValidator(_interval)]
Networks = Annotated[tuple[Annotated[Network, BeforeValidator(_network)], ...], Field(max_length=1000)]
NamedFile = Annotated[Path, BeforeValidator(_file)]
Origin = Annotated[str, Field(max_length=300), AfterValidator(_origin)]
Slug = Annotated[str, BeforeValidator(_slug)]
Store = Annotated[str, Field(max_length=4096), AfterValidator(_store)]
Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG), AfterValidator(_one_line)]
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE), AfterValidator(_one_line)]
Url = Annotated[str, Field(max_length=4096)]
Word = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]
Words = Annotated[tuple[Word, ...], Field(max_length=1000)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_means_the_default(cls, data: object) -> object:
        """An empty value (`title:`) is as good as none. Unknown keys stay, to be refused."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}


class Server(_Section):
    """Where the server listens and what it is called outside. Port 0 is any free port."""

    address: Annotated[str, Field(max_length=255), AfterValidator(_address)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8888
    public_url: Annotated[Url, AfterValidator(_public_url)] | None = None
    trusted_proxies: Networks = ()


class Fetch(_Section):
    """How feeds are fetched: seconds, bytes after decompression, feeds at a time (in all and per host)."""

    interval: Interval = None
    timeout: Annotated[float, BeforeValidator(_timeout)] = 20.0
    max_bytes: Annotated[int, BeforeValidator(_size)] = 15_000_000
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 32
    per_host: Annotated[int, Field(ge=1, le=64)] = 2
    private_networks: Networks = ()


class Feed(_Section):
    """A feed of a blog. From `load` and `for_urls` its interval is its own, else that of `Fetch`."""

    url: Annotated[Url, AfterValidator(_http_url)]
    title: Title | None = None
    interval: Interval = None
    include: Words = ()
    exclude: Words = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] = ()
    withdraw: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, data: object) -> object:
        if isinstance(data, str):
            return {"url": data}
        if not isinstance(data, dict | Feed):
            raise ValueError("must be a feed URL, or a mapping with url and what else you want to set")  # noqa: TRY004
        return data


class Look(_Section):
    """How a blog looks, and where: ``language`` None is the reader's, ``accent`` None ours.

    ``accent`` is written #rrggbb. ``logo`` and ``css`` are files; they were there when the configuration was read.
    ``frame_ancestors`` are the origins whose pages may show `/<slug>/embed`, besides our own.
    """

    language: Literal["en", "zh"] | None = None
    accent: Colour | None = None
    logo: Annotated[NamedFile, AfterValidator(_image)] | None = None
    css: NamedFile | None = None
    images: Literal["lazy", "click", "none"] = "lazy"
    frame_ancestors: Annotated[tuple[Origin, ...], Field(max_length=100)] = ()


class Blog(Look):
    """One live page, at `/<slug>/`. Without feeds it is still a page."""

    slug: Slug
    title: Title
    feeds: tuple[Feed, ...] = ()
    images: Literal["lazy", "click", "none"] = "lazy"


class _Common(_Section):
    server: Server = Server()
    store: Store = "sqlite:livelog.db"
    fetch: Fetch = Fetch()


class Config(_Common):
    """The whole configuration."""

    blogs: tuple[Blog, ...]

    def blog(self, slug: str) -> Blog | None:
        """The blog of that name, if there is one."""
        return next((blog for blog in self.blogs if blog.slug == slug), None)

    @cached_property
    def feeds(self) -> int:
        """How many feeds the blogs follow; one that several follow counts once."""
        return len({feed.url for blog in self.blogs for feed in blog.feeds})


class _BlogSection(Look):
    title: Title | None = None
    feeds: tuple[Feed, ...] = ()


class _Document(_Common):
    """The file as it is written; `Config` is what the program is given."""

    blogs: Annotated[dict[Slug, _BlogSection], Field(min_length=1, validate_default=True)] = {}

    def config(self) -> Config:
        blogs = tuple(self._blog(slug, section) for slug, section in self.blogs.items())
        return Config(server=self.server, store=self.store, fetch=self.fetch, blogs=blogs)

    def _blog(self, slug: str, section: _BlogSection) -> Blog:
        feeds = tuple(_with_interval(feed, self.fetch.interval) for feed in section.feeds)
        look = {name: getattr(section, name) for name in Look.model_fields}
        return Blog(slug=slug, title=section.title or slug, feeds=feeds, **look)


def load(path: str | os.PathLike[str]) -> Config:
    """Reads a configuration file; raises ConfigError, whatever the file or its absence."""
    name = os.fspath(path)
    text = _read(name)
    source = _Source(name, text)
    source.add_repeated_feeds()
    source.add_lost_colours(text.splitlines())
    try:
        document = _Document.model_validate(source.root, context={"folder": Path(name).parent})
    except ValidationError as error:
        source.add_invalid(error)
        raise source.error() from None
    if source.problems:
        raise source.error()
    return document.config()


def for_urls(urls: Sequence[str], base: Config | None = None) -> Config:
    """One blog, `blog`, of just these feeds; the rest is that of ``base``. Raises ConfigError if one is bad."""
    problems = {n: f"is the same as FEED_URL {first + 1}" for n, first in _repeated(urls)}
    section = _BlogSection()
    try:
        section = _BlogSection.model_validate({"feeds": list(urls)})
    except ValidationError as error:
        for invalid in error.errors(include_url=False, include_input=False):
            problems[int(invalid["loc"][1])] = _sentence(invalid)
    if problems:
        raise ConfigError(*(f"command line: FEED_URL {n + 1}: {problems[n]}" for n in sorted(problems)))
    base = base or Config(blogs=())
    feeds = tuple(_with_interval(feed, base.fetch.interval) for feed in section.feeds)
    blog = Blog(slug="blog", title="Live Blog", feeds=feeds)
    return Config(server=base.server, store=base.store, fetch=base.fetch, blogs=(blog,))


def feed_url(text: str) -> str:
    """A feed's address that was found elsewhere, as a configuration has it; raises ConfigError with what is wrong."""
    try:
        return Feed(url=text).url
    except ValidationError as error:
        raise ConfigError(*map(_sentence, error.errors(include_url=False, include_input=False))) from None


def override(base: Config, *, address: str | None, port: str | None, store: str | None) -> Config:
    """The configuration with what the command line sets instead. Raises ConfigError."""
    server = {"address": address, "port": port}
    given = {"server": {name: value for name, value in server.items() if value is not None}, "store": store}
    try:
        checked = _Document.model_validate({**given, "blogs": {"blog": {}}})
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise ConfigError(*(f"command line: --{one['loc'][-1]}: {_sentence(one)}" for one in problems)) from None
    changed = {name: getattr(checked.server, name) for name in checked.server.model_fields_set}
    server_section = base.server.model_copy(update=changed)
    return base.model_copy(update={"server": server_section, "store": checked.store if store else base.store})


class _FromEnvironment(str):
    """A text with something from the environment in it, of which no message may tell."""

    __slots__ = ()


class _Source:
    """A file's YAML as dicts, lists, texts and None, the lines they stand in, and what is wrong with it.

    It is built from the parser's events: the composer for libyaml recurses without a bound (deep nesting
    kills the process) and takes twice as long. Of the problems with a key in a line the first one counts,
    so that what the environment lacks is not reported once more as an invalid value.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self.problems: dict[tuple[int, _Loc], str] = {}
        self._anchors: dict[str, tuple[object, int]] = {}
        self._lines: dict[int, Any] = {}  # id() of a dict or list → line by key or index
        self._values = 0
        self._events = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        try:
            root = self._document()
        except yaml.YAMLError as error:
            raise ConfigError(f"{name}:{_syntax_error(error, text)}") from None
        if root is None:
            raise ConfigError(f"{name}: is empty; `blogs` at least is required")
        if not isinstance(root, dict):
            raise ConfigError(f"{name}:1: must be a mapping of keys to values: server, store, fetch, blogs")
        self.root = root

    def error(self) -> ConfigError:
        """All that was found, in the order of the lines."""
        found = sorted(self.problems.items(), key=lambda item: item[0][0])
        return ConfigError(*(self._message(line, loc, what) for (line, loc), what in found))

    def add_invalid(self, error: ValidationError) -> None:
        """Takes what the schema has against the file."""
        for invalid in error.errors(include_url=False, include_input=False):
            line, loc, value = self._locate(invalid["loc"])
            if invalid["type"] in ("missing", "too_short"):
                loc = invalid["loc"]
            self._add(line, loc, _sentence(invalid, hidden=isinstance(value, _FromEnvironment)))

    def add_repeated_feeds(self) -> None:
        """Finds the feeds that a blog lists twice. The schema would not, were there any other problem."""
        blogs = self.root.get("blogs")
        for slug, blog in blogs.items() if isinstance(blogs, dict) else ():
            feeds = blog.get("feeds") if isinstance(blog, dict) else None
            if not isinstance(feeds, list):
                continue
            urls = [feed.get("url") if isinstance(feed, dict) else feed for feed in feeds]
            for n, first in _repeated(urls):
                line, loc, _ = self._locate(("blogs", slug, "feeds", n, "url"))
                self._add(line, loc, f"is the same feed as in line {self._lines[id(feeds)][first]}")

    def add_lost_colours(self, lines: Sequence[str]) -> None:
        """Finds the colours that YAML took for comments: `accent: #b0301c` sets nothing."""
        blogs = self.root.get("blogs")
        for slug, blog in blogs.items() if isinstance(blogs, dict) else ():
            if not isinstance(blog, dict) or blog.get("accent", "") is not None:
                continue
            line = self._lines[id(blog)]["accent"]
            if re.match(
                r"""\s*["']?accent["']?\s*:\s+#[0-9a-fA-F]{3}""", lines[line - 1] if line <= len(lines) else ""
            ):
                self._add(line, ("blogs", slug, "accent"), _COLOUR)

    def _document(self) -> object:
        root, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(event, "must be one YAML document, without another one after ---")
                root = self._value(next(self._events), ())
        return root

    def _value(self, event: Any, loc: _Loc) -> object:
        self._values += 1
        self._check_bounds(event, loc)
        before = self._values
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, loc)
        if event.tag is not None:
            self._add(_line(event), loc, "has a YAML tag (!…), which means nothing here: leave it out")
        value: object
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, loc)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(loc)
        else:
            value = self._map(loc)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _alias(self, event: yaml.AliasEvent, loc: _Loc) -> object:
        if event.anchor not in self._anchors:
            raise self._stop(event, "not valid YAML: an alias (*name) needs its anchor (&name) before it")
        value, size = self._anchors[event.anchor]
        self._values += size
        self._check_bounds(event, loc)
        return value

    def _list(self, loc: _Loc) -> list[object]:
        items: list[object] = []
        lines: list[int] = []
        self._lines[id(items)] = lines
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            lines.append(_line(event))
            items.append(self._value(event, (*loc, len(items))))
        return items

    def _map(self, loc: _Loc) -> dict[str, object]:
        items: dict[str, object] = {}
        lines: dict[str, int] = {}
        self._lines[id(items)] = lines
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(event, "a key must be plain text (a value that begins with { needs quotes)")
            key, line = event.value, _line(event)
            value = self._value(next(self._events), (*loc, key))
            if key in items:
                self._add(line, (*loc, key), f"is given twice; line {lines[key]} has it already")
            else:
                items[key], lines[key] = value, line
        return items

    def _scalar(self, event: yaml.ScalarEvent, loc: _Loc) -> str | None:
        text: str = event.value
        if event.implicit[0] and text in ("", "~", "null", "Null", "NULL"):
            return None
        return self._expanded(text, _line(event), loc) if "$" in text else text

    def _expanded(self, text: str, line: int, loc: _Loc) -> str:
        unset = []

        def value(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            if match[1] is None:
                self._add(line, loc, "has ${ without a NAME and a }; a plain $ is written $$")
            elif match[1] not in os.environ:
                unset.append(match[1])
            return os.environ.get(match[1] or "", "")

        expanded = re.sub(r"\$\$|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?", value, text)
        if unset:
            self._add(line, loc, f"the environment does not set {', '.join(dict.fromkeys(unset))}")
        return _FromEnvironment(expanded) if "${" in text else expanded

    def _check_bounds(self, event: yaml.Event, loc: _Loc) -> None:
        if self._values > MAX_VALUES:
            raise self._stop(event, f"has more than {MAX_VALUES:,} values, each use of an alias counted")
        if len(loc) > MAX_DEPTH:
            raise self._stop(event, "is nested too deeply")

    def _stop(self, event: yaml.Event, what: str) -> ConfigError:
        return ConfigError(self._message(_line(event), (), what))

    def _add(self, line: int, loc: _Loc, what: str) -> None:
        self.problems.setdefault((line, loc), what)

    def _locate(self, loc: _Loc) -> tuple[int, _Loc, object]:
        """The line, the key and the value of a place, or of the nearest one around it that the file has."""
        line, value = 1, cast("Any", self.root)
        for depth, part in enumerate(loc):
            # pydantic's own part for a key of a mapping, "[key]", is not to be looked up in a list.
            if not (part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)):
                return line, loc[:depth], value
            line, value = self._lines[id(value)][part], value[part]
        return line, loc, value

    def _message(self, line: int, loc: _Loc, what: str) -> str:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in loc)
        return ": ".join(filter(None, (f"{self._name}:{line}", path.removeprefix("."), what)))


def _with_interval(feed: Feed, interval: float | None) -> Feed:
    """The feed, with the interval of all feeds if it names none; `auto` is a name, too."""
    if interval is None or "interval" in feed.model_fields_set:
        return feed
    return feed.model_copy(update={"interval": interval})


def _repeated(urls: Sequence[object]) -> Iterator[tuple[int, int]]:
    """The indexes of the URLs that stand in the list before, and where."""
    seen: dict[str, int] = {}
    for n, url in enumerate(urls):
        if isinstance(url, str) and (first := seen.setdefault(url.strip(), n)) != n:
            yield n, first


def read_file(name: str) -> bytes:
    """A file as it is, if it is not larger than MAX_FILE; raises ConfigError."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_FILE:
        raise ConfigError(f"{name}: is larger than {MAX_FILE:,} bytes")
    return data


def _read(name: str) -> str:
    data = read_file(name)
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: is not UTF-8 text") from None


def _syntax_error(error: yaml.YAMLError, text: str) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        words = ", ".join(filter(None, (error.context, error.problem)))
        words += next((hint for part, hint in _HINTS.items() if part in words), "")
        return f"{error.problem_mark.line + 1}: not valid YAML: {words}"
    found = YamlReader.NON_PRINTABLE.search(text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    return f"{line}: not valid YAML: {getattr(error, 'reason', 'it cannot be read')}"


def _line(event: Any) -> int:
    return cast("int", event.start_mark.line) + 1


def _sentence(invalid: Mapping[str, Any], *, hidden: bool = False) -> str:
    """What pydantic found, in plain words. Details that may quote the value are left out if it is hidden."""
    kind, context = invalid["type"], invalid.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(invalid["loc"])
    if kind != "value_error":
        first_word = kind.partition("_")[0]
        return _SENTENCES.get(kind, _SENTENCES.get(first_word, "is not valid")).format_map(context)
    words, *details = context["error"].args
    return words if hidden or not details else f"{words}: {details[0]}"


def _unknown(loc: _Loc) -> str:
    match loc[:-1]:
        case ("server",):
            section: type[_Section] = Server
        case ("fetch",):
            section = Fetch
        case ("blogs", _):
            section = _BlogSection
        case ("blogs", _, "feeds", _):
            section = Feed
        case _:
            section = _Document
    return _unknown_key(str(loc[-1]), tuple(section.model_fields))


@lru_cache
def _unknown_key(key: str, allowed: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(key[:40].lower(), allowed, 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    return f"unknown key; allowed here: {', '.join(allowed)}{guess}"


def _shown(key: str) -> str:
    """A key in a message: short, one line, and without credentials should it be a URL in the wrong place."""
    if "@" in key:
        key = f"***@{key.rpartition('@')[2]}"
    key = key if len(key) <= 64 else f"{key[:60]}…"
    return key if key.isprintable() else ascii(key)
