"""Rules that the schema cannot check: they are about several keys, or about the text of the file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import urls
from config import secret_files, webhook_rules
from config.messages import Loc, Problems, unknown_key
from config.schema import Blog, Config, Feed, Server, Webhook
from config.values import COLOUR_SENTENCE, RESERVED
from config.yaml_lines import YamlList, YamlMap, locate


class _Use(NamedTuple):
    """A feed of a blog in the file: the blog, its number there, its line and its URL."""

    slug: str
    number: int
    line: int
    url: str
    request: tuple[object, ...]
    """The values of `REQUEST_KEYS`."""


REQUEST_KEYS: Final = ("headers", "cookie", "user_agent", "proxy", "username", "password", "scrape")
"""Keys of a feed that set its request, and how its answer is read."""

_PLAIN: Final = (None,) * len(REQUEST_KEYS)

_LOST_COLOUR: Final = re.compile(r"""\s*["']?accent["']?\s*:\s+#[0-9a-fA-F]{3}""")


def check_written(root: YamlMap, lines: Sequence[str], problems: Problems) -> None:
    """Checks a file before its values are valid. ``lines`` are those of its text."""
    _check_repeated_feeds(root, problems)
    _check_aliases(root, problems)
    _check_lost_colours(root, lines, problems)


def check_valid(config: Config, root: YamlMap, problems: Problems) -> None:
    """Checks the values of a file that the schema accepts."""
    server = config.server
    if server.identity_header and not server.trusted_proxies and not server.endpoint.path:
        sentence = "is believed from server.trusted_proxies alone, which names none: list the address of the proxy"
        _add(root, ("server", "identity_header"), sentence, problems)
    if server.identity_header and any(network.prefixlen == 0 for network in server.trusted_proxies):
        sentence = "would be believed from anyone: server.trusted_proxies has a network of all addresses"
        _add(root, ("server", "identity_header"), sentence, problems)
    # Port 0 is any free one: never the same twice.
    is_fixed = server.endpoint.port or server.endpoint.path
    if is_fixed and server.admin_endpoint == server.endpoint:
        _add(root, ("server", "admin"), "is the public address: give it another port", problems)
    _check_prefix(config, root, problems)
    for blog in config.blogs:
        _check_access(blog, server, root, problems)
        for n, feed in enumerate(blog.feeds):
            _check_feed(feed, ("blogs", blog.slug, "feeds", n), root, problems)
        _check_webhooks(blog, root, problems)


def check_blogs(root: YamlMap, problems: Problems) -> None:
    """Checks rules that the schema cannot: it is given the blogs in a list, each with its slug."""
    blogs = root.get("blogs")
    line = root.lines.get("blogs", 1)
    if blogs is not None and not isinstance(blogs, YamlMap):
        problems.add(line, ("blogs",), "must be a mapping of blog names, each with its title and feeds")
    elif not blogs:
        problems.add(line, ("blogs",), "must name at least one blog")
    for slug, section in _blogs(root).items():
        if not isinstance(section, YamlMap):
            sentence = "must be a mapping of keys to values, such as title and feeds"
            problems.add(_blogs(root).lines[slug], ("blogs", slug), sentence)
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
            request = tuple(map(feed.get, REQUEST_KEYS)) if isinstance(feed, YamlMap) else _PLAIN
            use = _Use(slug, n, feeds.lines[n], url.strip(), request)
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
    if first.request != use.request:
        keys = [
            key for key, *both in zip(REQUEST_KEYS, first.request, use.request, strict=True) if both[0] != both[1]
        ]
        return keys[0], (
            f"is not that of the same feed in line {first.line}: give both the same {', '.join(keys)}, or each an id "
            "of its own"
        )
    return None


def _check_aliases(root: YamlMap, problems: Problems) -> None:
    """Finds aliases that are names of blogs, and those of two blogs."""
    blogs = _blogs(root)
    taken = {slug: f"is the name of the blog in line {line}" for slug, line in blogs.lines.items()}
    for slug, blog in blogs.items():
        aliases = blog.get("aliases") if isinstance(blog, YamlMap) else None
        if not isinstance(aliases, YamlList):
            continue
        for alias, line, n in zip(aliases, aliases.lines, itertools.count(), strict=False):
            if not isinstance(alias, str):
                continue
            if alias in taken:
                problems.add(line, ("blogs", slug, "aliases", n), f"{taken[alias]}: leave it out")
            taken.setdefault(alias, f"is an alias in line {line} already")


def _check_prefix(config: Config, root: YamlMap, problems: Problems) -> None:
    """Finds a blog under whose name a proxy that strips the prefix would pass on another path."""
    first = config.server.prefix[1:].partition("/")[0]
    names = {*config.aliases, *(blog.slug for blog in config.blogs), *RESERVED}
    if first in names:
        sentence = f"has a path that begins with /{first}, the name of a blog or of Livelog's own: change one of them"
        _add(root, ("server", "public_url"), sentence, problems)


def _check_access(blog: Blog, server: Server, root: YamlMap, problems: Problems) -> None:
    if blog.private and not blog.tokens and not server.identity_header:
        sentence = "needs tokens of this blog or server.identity_header: nobody could read it"
        _add(root, ("blogs", blog.slug, "private"), sentence, problems)
    if blog.tokens and not blog.private:
        sentence = "protect nothing unless the blog has private: true"
        _add(root, ("blogs", blog.slug, "tokens"), sentence, problems)


def _check_filter(section: Feed | Webhook, loc: Loc, root: YamlMap, problems: Problems) -> None:
    for n, word in enumerate(section.exclude):
        if word in section.include:
            _add(root, (*loc, "exclude", n), "is in include, too: no entry could be taken for it", problems)


def _check_webhooks(blog: Blog, root: YamlMap, problems: Problems) -> None:
    """Checks the webhooks of a blog. The store knows each by its name, else by its URL."""
    lines: dict[str, int] = {}
    for n, webhook in enumerate(blog.webhooks):
        loc: Loc = ("blogs", blog.slug, "webhooks", n)
        _check_filter(webhook, loc, root, problems)
        for key, sentence in webhook_rules.mistakes(webhook, blog):
            _add(root, (*loc, key), sentence, problems)
        line, _, _ = locate(root, loc)
        if (first := lines.setdefault(webhook.identity, line)) != line:
            key = "name" if webhook.name else "url"
            _add(root, (*loc, key), f"is that of the webhook in line {first}, too: give each its own name", problems)


def _check_feed(feed: Feed, loc: Loc, root: YamlMap, problems: Problems) -> None:
    _check_filter(feed, loc, root, problems)
    if feed.password is not None and feed.username is None:
        _add(root, (*loc, "password"), "needs a username beside it", problems)
    if feed.username is None:
        return
    if urls.user_info(feed.url):
        _add(root, (*loc, "username"), "is given beside a user name in the url: leave out one of them", problems)
    if any(name.lower() == "authorization" for name, _ in feed.headers):
        _add(root, (*loc, "username"), "is given beside a header Authorization: leave out one of them", problems)


def _add(root: YamlMap, loc: Loc, sentence: str, problems: Problems) -> None:
    line, loc, value = locate(root, loc)
    problems.add(line, secret_files.loc_of(loc, value), sentence)


def _blogs(root: YamlMap) -> YamlMap:
    blogs = root.get("blogs")
    return blogs if isinstance(blogs, YamlMap) else YamlMap()


def _check_lost_colours(root: YamlMap, lines: Sequence[str], problems: Problems) -> None:
    """Finds colours that YAML reads as comments: `accent: #b0301c` sets nothing."""
    for slug, blog in _blogs(root).items():
        if not isinstance(blog, YamlMap) or blog.get("accent", "") is not None:
            continue
        line = blog.lines["accent"]
        if _LOST_COLOUR.match(lines[line - 1] if line <= len(lines) else ""):
            problems.add(line, ("blogs", slug, "accent"), COLOUR_SENTENCE)
