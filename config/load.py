"""From a file, feed URLs or options of the command line to a `Config`; every problem comes out as ConfigError."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

import urls
from config import rules, secret_files
from config.messages import ConfigError, Loc, Problems, sentence_of
from config.schema import Blog, Config, Feed, Scrape
from config.yaml_lines import FromEnvironment, YamlMap, locate, parse, read_text


def load(path: str | os.PathLike[str]) -> Config:
    """The configuration in a YAML file. Raises ConfigError with all its problems, or with why it cannot be read."""
    name = os.fspath(path)
    text = read_text(name)
    problems = Problems(name)
    folder = Path(name).parent
    root = parse(text, problems, name)
    secret_files.insert(root, folder, problems)
    rules.check_written(root, text.splitlines(), problems)
    config = _validated(root, folder, problems)
    rules.check_blogs(root, problems)
    if config is not None:
        rules.check_valid(config, root, problems)
    if config is None or problems:
        raise problems.error()
    return _with_intervals(config.model_copy(update={"store": _store_in(folder, config.store)}))


def for_urls(feed_urls: Sequence[str], base: Config | None = None) -> Config:
    """``base`` with one blog, `blog`, of these feeds instead of its blogs. Raises ConfigError."""
    problems = {n: f"is the same as FEED_URL {first + 1}" for n, first in _repeated(feed_urls)}
    blogs: tuple[Blog, ...] = ()
    try:
        blogs = (Blog.model_validate({"slug": "blog", "title": "Live Blog", "feeds": list(feed_urls)}),)
    except ValidationError as error:
        for invalid in _errors(error):
            problems[int(invalid["loc"][1])] = sentence_of(invalid)
    if problems:
        raise ConfigError(*(f"command line: FEED_URL {n + 1}: {problems[n]}" for n in sorted(problems)))
    base = base or Config(blogs=())
    return _with_intervals(Config(server=base.server, store=base.store, fetch=base.fetch, blogs=blogs))


def feed_url(text: str) -> str:
    """The URL as a configuration accepts it, stripped of blanks. Raises ConfigError with the reason alone."""
    try:
        return Feed(url=text).url
    except ValidationError as error:
        raise ConfigError(*map(sentence_of, _errors(error))) from None


def check_scrape(keys: Mapping[str, str]) -> None:
    """Checks the keys of `scrape`. Raises ConfigError with the key and the sentence of each mistake."""
    try:
        Scrape.model_validate(keys)
    except ValidationError as error:
        raise ConfigError(*(f"{one['loc'][0]} {sentence_of(one)}" for one in _errors(error))) from None


def override(
    base: Config, *, address: str | None, port: str | None, store: str | None, admin: str | None = None
) -> Config:
    """``base`` with the values that are not None. Raises ConfigError."""
    server = {"address": address, "port": port, "admin": admin}
    given = {"server": {name: value for name, value in server.items() if value is not None}, "store": store}
    try:
        checked = Config.model_validate({**given, "blogs": ()})
    except ValidationError as error:
        problems = (f"command line: --{one['loc'][-1]}: {sentence_of(one)}" for one in _errors(error))
        raise ConfigError(*problems) from None
    changed = {name: getattr(checked.server, name) for name in checked.server.model_fields_set}
    server_section = base.server.model_copy(update=changed)
    return base.model_copy(update={"server": server_section, "store": checked.store if store else base.store})


def _store_in(folder: Path, store: str) -> str:
    """The store with its path from ``folder``, if it is a relative path of SQLite."""
    kind, _, path = store.partition(":")
    return f"sqlite:{folder / path}" if kind == "sqlite" and path != ":memory:" else store


def _validated(root: YamlMap, folder: Path, problems: Problems) -> Config | None:
    """The file checked against the schema; None if problems were added. Names of files start at ``folder``."""
    try:
        return Config.model_validate(_with_blog_list(root), context={"folder": folder})
    except ValidationError as error:
        _add_invalid(error, root, problems)
        return None


def _with_blog_list(root: YamlMap) -> dict[str, Any]:
    """The file as the schema has it: blogs in a list, each with its slug."""
    return {**root, "blogs": [_blog(slug, section) for slug, section in _blogs(root).items()]}


def _blog(slug: str, section: object) -> object:
    given = section if isinstance(section, YamlMap) else {}
    title = given.get("title")
    return {**given, "slug": slug, "title": slug if title is None else title}


def _blogs(root: YamlMap) -> YamlMap:
    blogs = root.get("blogs")
    return blogs if isinstance(blogs, YamlMap) else YamlMap()


def _add_invalid(error: ValidationError, root: YamlMap, problems: Problems) -> None:
    for invalid in _errors(error):
        invalid["loc"] = _path_in_file(invalid["loc"], root)
        line, loc, value = locate(root, invalid["loc"])
        if invalid["type"] == "missing":
            loc = invalid["loc"]
        loc = secret_files.loc_of(loc, value)
        problems.add(line, loc, sentence_of(invalid, hidden=isinstance(value, FromEnvironment)))


def _path_in_file(loc: Loc, root: YamlMap) -> Loc:
    """The path of a value in the file, where blogs and headers have names and not indexes."""
    match loc:
        case ("blogs", int(n), "slug"):
            return "blogs", list(_blogs(root))[n]
        case ("blogs", int(n), ("feeds" | "webhooks") as kind, int(item), "headers", int(header), *_):
            of_item: Loc = ("blogs", list(_blogs(root))[n], kind, item, "headers")
            headers = cast("YamlMap", locate(root, of_item)[2])
            return *of_item, list(headers)[header]
        case ("blogs", int(n), *rest):
            return "blogs", list(_blogs(root))[n], *rest
    return loc


def _errors(error: ValidationError) -> list[dict[str, Any]]:
    return [dict(one) for one in error.errors(include_url=False, include_input=False)]


def _repeated(given: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of indexes: a URL of a feed that an earlier one names, and that one."""
    seen: dict[str, int] = {}
    for n, url in enumerate(given):
        if (first := seen.setdefault(urls.feed_identity(url.strip()), n)) != n:
            yield n, first


def _with_intervals(config: Config) -> Config:
    """The configuration with fetch.interval in all feeds that set none of their own. `auto` is one of their own."""
    interval = config.fetch.interval
    if interval is None:
        return config
    blogs = tuple(
        blog.model_copy(update={"feeds": tuple(_with_interval(feed, interval) for feed in blog.feeds)})
        for blog in config.blogs
    )
    return config.model_copy(update={"blogs": blogs})


def _with_interval(feed: Feed, interval: float) -> Feed:
    return feed if "interval" in feed.model_fields_set else feed.model_copy(update={"interval": interval})
