"""Errors of a configuration as sentences: `config.yaml:12: blogs.blog.feeds[0].interval: must be …`.

No message quotes a value, because a value can hold a password.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import redaction
from config.schema import SECTIONS, keys_at

Loc = tuple[str | int, ...]
"""The path to a value: keys of mappings and indexes of lists."""

_SENTENCES: Final = {
    "model_type": "must be a mapping of keys to values, each in an indented line below",
    "feed_type": "must be a feed URL, or a mapping with url and what else you want to set",
    "webhook_type": "must be a URL, or a mapping with url and what else you want to set",
    "headers_type": "must be a mapping of header names to values, such as {{X-Api-Key: '${{KEY}}'}}",
    "tuple_type": "must be a list, such as [first, second]",
    "too_long": "must have at most {max_length} items",
    "string_type": "must be text; one with brackets, braces or a colon before a space needs quotes",
    "string_unicode": "must be valid Unicode text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "int": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "bool": "must be true or false",
    "literal_error": "must be {expected}",
}
"""Sentences by pydantic's type of error, or by that type's first word. The schema's own errors have type
`value_error` and bring their sentence along."""

_NO_LIST: Final = "is required: a selector of the entries of the page, such as '#news li'"

_SYNONYMS: Final = {
    word: keys.split()
    for words, keys in {
        "name heading headline caption": "title",
        "refresh poll polling every ttl frequency period update update_interval refresh_interval": "interval",
        "link href uri feed feed_url xml_url xmlurl rss atom source address": "url feeds",
        "sources urls links subscriptions rss_feeds": "feeds",
        "filter filters keywords only match matching words whitelist": "include",
        "ignore block blacklist without not skip": "exclude",
        "category categories labels label topics": "tags",
        "user login user_name": "username",
        "pass passwd pwd": "password",
        "agent useragent": "user_agent",
        "cookies": "cookie",
        "host bind listen ip hostname": "address",
        "base_url baseurl url site_url domain external_url root_url": "public_url",
        "proxies trust_proxy": "trusted_proxies",
        "database db storage redis sqlite": "store",
        "color colour theme_color": "accent",
        "icon image": "logo",
        "style stylesheet styles theme": "css",
        "lang locale": "language",
        "pages sites channels": "blogs",
        "token secret": "tokens admin_token secret",
        "redirects former_names old_names alias": "aliases",
        "noindex": "robots",
        "max_size size_limit": "max_bytes",
        "workers parallel": "concurrency",
        "http_proxy": "proxy",
        "delete remove": "withdraw",
        "selectors selector css xpath html": "scrape",
        "items item entries articles posts": "list",
        "published time timestamp": "date",
        "content description summary": "text",
        "body": "text template",
        "picture thumbnail img": "image",
        "authors byline creator": "author",
        "time_format dateformat": "date_format",
        "format": "date_format template",
        "hooks hook webhook notify notifications": "webhooks",
        "payload form": "template",
        "signing_secret signing_key key": "secret",
    }.items()
    for word in words.split()
}
"""The keys that other words may mean."""


class ConfigError(Exception):
    """A configuration that cannot be used. ``problems`` has one line of text for each problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class Problems:
    """The problems found in one file.

    Only the first problem of a line and path is kept: a variable that the environment lacks is then not reported a
    second time as an invalid value.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: dict[tuple[int, Loc], str] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, line: int, loc: Loc, sentence: str) -> None:
        self._found.setdefault((line, loc), sentence)

    def error(self) -> ConfigError:
        """All problems, in the order of their lines."""
        found = sorted(self._found.items(), key=lambda item: item[0][0])
        return ConfigError(*(message(self._file, line, loc, sentence) for (line, loc), sentence in found))


def message(file: str, line: int, loc: Loc, sentence: str) -> str:
    """One problem as the operator reads it: file, line, path and sentence."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in loc)
    return ": ".join(filter(None, (f"{file}:{line}", path.removeprefix("."), sentence)))


def sentence_of(error: Mapping[str, Any], *, hidden: bool = False) -> str:
    """The sentence for one of pydantic's errors. ``hidden`` leaves out details that may quote the value."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(error["loc"])
    if kind == "missing" and error["loc"][-1] == "list":
        return _NO_LIST
    if kind == "missing":
        items = error["loc"][-3]
        return f"is required; in a list of {items} each - begins another {items[:-1]}"
    if kind != "value_error":
        first_word = kind.partition("_")[0]
        return _SENTENCES.get(kind, _SENTENCES.get(first_word, "is not valid")).format_map(context)
    words, *details = context["error"].args
    return words if hidden or not details else f"{words}: {details[0]}"


def unknown_key(loc: Loc) -> str:
    """The sentence for a key that the schema does not know, with the nearest key that it does know."""
    return _unknown_key(str(loc[-1]), keys_at(loc[:-1]))


@lru_cache
def _unknown_key(key: str, allowed: tuple[str, ...]) -> str:
    name = key[:40].lower().replace("-", "_")
    words = f"unknown key; allowed here: {', '.join(allowed)}"
    places = [place for place, loc in SECTIONS.items() if name in keys_at(loc)]
    known = [word for word in _SYNONYMS.get(name, ()) if word in allowed]
    if places and name not in allowed and not known:
        return f"{words} ({name} belongs under {' or '.join(places)})"
    near = known or difflib.get_close_matches(name, allowed, 1)
    return f"{words} (did you mean {near[0]}?)" if near else words


def _printable(key: str) -> str:
    """A key on one line, at most 64 characters, and without the secrets of a URL that was written as a key."""
    if "@" in key:
        key = f"***@{key.rpartition('@')[2]}"
    key = redaction.public_text(key)
    key = key if len(key) <= 64 else f"{key[:60]}…"
    return key if key.isprintable() else ascii(key)
