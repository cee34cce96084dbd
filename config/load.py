"""From a file, feed URLs or options of the command line to a `Config`; every problem comes out as ConfigError."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

import urls
from config.messages import ConfigError, Loc, Problems, sentence_of, unknown_key
from config.schema import COLOUR_SENTENCE, Blog, Config, Feed
from config.yaml_lines import FromEnvironment, YamlList, YamlMap, locate, parse, read_text


class _Use(NamedTuple):
    """A feed of a blog in the file: the blog, its number there, its line and its URL."""

    slug: str
    number: int
    line: int
    url: str


_LOST_COLOUR: Final = re.compile(r"""\s*["']?accent["']?\s*:\s+#[0-9a-fA-F]{3}""")


def load(path: str | os.PathLike[str]) -> Config:
    """The configuration in a YAML file. Raises ConfigError with all its problems, or with why it cannot be read."""
    name = os.fspath(path)
    text = read_text(name)
    problems = Problems(name)
    root = parse(text, problems, name)
    _check_repeated_feeds(root, problems)
    _check_lost_colours(root, text.splitlines(), problems)
    config = _validated(root, Path(name).parent, problems)
    _check_blogs(root, problems)
    if config is None or problems:
        raise problems.error()
    return _with_intervals(config)


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


def override(base: Config, *, address: str | None, port: str | None, store: str | None) -> Config:
    """``base`` with the values that are not None. Raises ConfigError."""
    server = {"address": address, "port": port}
    given = {"server": {name: value for name, value in server.items() if value is not None}, "store": store}
    try:
        checked = Config.model_validate({**given, "blogs": ()})
    except ValidationError as error:
        problems = (f"command line: --{one['loc'][-1]}: {sentence_of(one)}" for one in _errors(error))
        raise ConfigError(*problems) from None
    changed = {name: getattr(checked.server, name) for name in checked.server.model_fields_set}
    server_section = base.server.model_copy(update=changed)
    return base.model_copy(update={"server": server_section, "store": checked.store if store else base.store})


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
    slugs = list(_blogs(root))
    for invalid in _errors(error):
        invalid["loc"] = _path_in_file(invalid["loc"], slugs)
        line, loc, value = locate(root, invalid["loc"])
        if invalid["type"] == "missing":
            loc = invalid["loc"]
        problems.add(line, loc, sentence_of(invalid, hidden=isinstance(value, FromEnvironment)))


def _path_in_file(loc: Loc, slugs: Sequence[str]) -> Loc:
    """The path of a value in the file, where blogs have names and not indexes."""
    match loc:
        case ("blogs", int(n), "slug"):
            return "blogs", slugs[n]
        case ("blogs", int(n), *rest):
            return "blogs", slugs[n], *rest
    return loc


def _errors(error: ValidationError) -> list[dict[str, Any]]:
    return [dict(one) for one in error.errors(include_url=False, include_input=False)]


def _check_blogs(root: YamlMap, problems: Problems) -> None:
    """Checks rules that the schema cannot: it is given the blogs in a list, each with its slug."""
    blogs = root.get("blogs")
    line = root.lines.get("blogs", 1)
    if blogs is not None and not isinstance(blogs, YamlMap):
        problems.add(line, ("blogs",), "must be a mapping of blog names, each with its title and feeds")
    elif not blogs:
        problems.add(line, ("blogs",), "must name at least one blog")
    for slug, section in _blogs(root).items():
        if not isinstance(section, YamlMap):
            problems.add(_blogs(root).lines[slug], ("blogs", slug), "must be a mapping of keys to values")
        elif "slug" in section:
            loc = ("blogs", slug, "slug")
            problems.add(section.lines["slug"], loc, unknown_key(loc))


def _check_repeated_feeds(root: YamlMap, problems: Problems) -> None:
    """Finds feeds that a blog lists twice, and ids of several feeds.

    The schema would check this only if nothing else was wrong.
    """
    uses: dict[str, _Use] = {}
    for slug, blog in _blogs(root).items():
        feeds = blog.get("feeds") if isinstance(blog, YamlMap) else None
        if not isinstance(feeds, YamlList):
            continue
        for n, feed in enumerate(feeds):
            url, feed_id = (feed.get("url"), feed.get("id")) if isinstance(feed, YamlMap) else (feed, None)
            if not isinstance(url, str):
                continue
            use = _Use(slug, n, feeds.lines[n], url.strip())
            identity = urls.feed_identity(use.url) if feed_id is None else str(feed_id).strip()
            if repeated := _repetition(uses.setdefault(identity, use), use):
                key, sentence = repeated
                line, loc, _ = locate(root, ("blogs", slug, "feeds", n, key))
                problems.add(line, loc, sentence)


def _repetition(first: _Use, use: _Use) -> tuple[str, str] | None:
    """Key and sentence for a feed of the identity of an earlier one; None if it is the same feed of another blog."""
    if first == use:
        return None
    if urls.feed_identity(first.url) != urls.feed_identity(use.url):
        return "id", f"is the id of another feed, in line {first.line}: each feed needs its own"
    if first.slug == use.slug:
        return "url", f"is the same feed as in line {first.line}"
    if urls.user_info(first.url) != urls.user_info(use.url):
        return "url", (
            f"has another user name or password than the same feed in line {first.line}: give both the same, or each "
            "an id of its own"
        )
    return None


def _check_lost_colours(root: YamlMap, lines: Sequence[str], problems: Problems) -> None:
    """Finds colours that YAML reads as comments: `accent: #b0301c` sets nothing."""
    for slug, blog in _blogs(root).items():
        if not isinstance(blog, YamlMap) or blog.get("accent", "") is not None:
            continue
        line = blog.lines["accent"]
        if _LOST_COLOUR.match(lines[line - 1] if line <= len(lines) else ""):
            problems.add(line, ("blogs", slug, "accent"), COLOUR_SENTENCE)


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
