"""`print-config`: the effective configuration as YAML, without secrets. It can be loaded again."""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import yaml
from pydantic import BaseModel, SecretStr

import redaction
import urls
from app import VERSION
from commands.options import Options
from config import Blog, Config, Feed, Webhook

HELP = "print the configuration that is in effect, without secrets"
HIDDEN: Final = "***"

_PATHS: Final[dict[str | None, str]] = {
    "matrix": "/_matrix/client/v3/rooms/!hidden-{number}/send/m.room.message",
    "gotify": "/hidden-{number}/message",
}
"""Paths in the place of secret ones, where a service accepts only some."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds nothing: the options of all commands say what is in effect."""


def run(options: Options) -> int:
    """Prints the configuration; returns 0. Raises ConfigError."""
    text = (
        f"# The configuration of Livelog {VERSION} from {options.source}. {HIDDEN} is in the place of a secret;\n"
        f"# in the place of a token is one that fits nowhere else.\n{as_yaml(options.load())}"
    )
    # UTF-8 whatever the terminal's encoding: config.yaml is UTF-8.
    sys.stdout.buffer.write(text.encode())
    return 0


def as_yaml(config: Config) -> str:
    """A configuration as the text of a config.yaml, without secrets."""
    shown = _ShownUrls()
    document = {
        "server": _section(_fields(config.server)),
        "store": _store(config.store),
        "fetch": _fetch(_fields(config.fetch)),
        "blogs": {blog.slug: _blog(blog, shown) for blog in config.blogs},
    }
    return yaml.safe_dump(_escaped(document), allow_unicode=True, sort_keys=False, width=110)


class _ShownUrls:
    """URLs of feeds without secrets. Those of two feeds differ, as config.yaml can name a feed only once."""

    def __init__(self) -> None:
        self._identities: defaultdict[str, list[str]] = defaultdict(list)

    def of(self, feed: Feed) -> str:
        """The URL of a feed, with a number behind the secret if it is another feed's, too."""
        shown = _without_login(feed.url)
        same = self._identities[urls.feed_identity(shown)]
        identity = urls.feed_identity(feed.url)
        if identity not in same:
            same.append(identity)
        number = same.index(identity) + 1
        return (
            shown
            if number == 1
            else shown.replace(f"={HIDDEN}", f"={HIDDEN}{number}").replace(f"/{HIDDEN}", f"/{HIDDEN}{number}")
        )


def _blog(blog: Blog, shown: _ShownUrls) -> dict[str, Any]:
    apart = ("slug", "title", "feeds", "webhooks")
    section = _section({key: value for key, value in _fields(blog).items() if key not in apart})
    section["opml"] = _without_login(blog.opml) if blog.opml else None
    return {
        "title": blog.title,
        **section,
        "feeds": [_feed(feed, shown) for feed in blog.feeds],
        "webhooks": [_webhook(webhook, number) for number, webhook in enumerate(blog.webhooks, 1)],
    }


def _feed(feed: Feed, shown: _ShownUrls) -> dict[str, Any]:
    """The keys of a feed that are not as they are by default, and its interval."""
    default = Feed(url=feed.url)
    changed = {
        key: value for key, value in _fields(feed).items() if value != getattr(default, key) and key != "scrape"
    }
    section = _section(changed)
    if feed.scrape:
        section["scrape"] = feed.scrape.model_dump(exclude_none=True)
    if feed.headers:
        section["headers"] = dict.fromkeys((name for name, _ in feed.headers), HIDDEN)
    return {"url": shown.of(feed), **section, "interval": _seconds(feed.interval)}


def _webhook(webhook: Webhook, number: int) -> dict[str, Any]:
    """The keys of a webhook that are not as they are by default. All of its path may be a secret."""
    default = Webhook(url=webhook.url)
    changed = {key: value for key, value in _fields(webhook).items() if value != getattr(default, key)}
    section = _section(changed)
    if webhook.headers:
        section["headers"] = dict.fromkeys((name for name, _ in webhook.headers), HIDDEN)
    if webhook.json_template and webhook.template:
        section["template"] = json.dumps(_without_secrets("", json.loads(webhook.template)), ensure_ascii=False)
    if webhook.secret and webhook.service is None:
        # One that is accepted, and that nobody else knows.
        section["secret"] = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    parts = urlsplit(webhook.address)
    path = _PATHS.get(webhook.service, "/hidden-{number}").format(number=number)
    return {"url": f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}", **section}


def _without_secrets(key: str, value: Any) -> Any:
    """A value of a template in JSON, without what its key or its form shows to be a secret."""
    if isinstance(value, dict):
        return {name: _without_secrets(name, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_secrets(key, one) for one in value]
    if not isinstance(value, str) or value.startswith("{{"):
        return value
    shown = redaction.public_text(value)
    address = f"https://template.example/?{quote(key)}={quote(shown, safe='')}"
    return shown if redaction.public_url(address) == address else HIDDEN


def _fetch(values: Mapping[str, Any]) -> dict[str, Any]:
    durations = {"interval": _seconds(values["interval"]), "timeout": _seconds(values["timeout"])}
    return {**_section(values), **durations}


def _fields(section: BaseModel) -> dict[str, Any]:
    """The values of the keys, without cached properties."""
    return {name: getattr(section, name) for name in type(section).model_fields}


def _section(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _value(key, value) for key, value in values.items()}


def _value(key: str, value: Any) -> Any:
    """A value as YAML has it."""
    if isinstance(value, SecretStr):
        return _hidden(key, value.get_secret_value())
    if isinstance(value, tuple):
        return [_value(key, one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    assert not isinstance(value, Mapping)
    return str(value.absolute() if isinstance(value, Path) else value)


def _hidden(key: str, secret: str) -> str:
    if "token" in key:
        # It must be as long as a token, and nobody else may know it: the text may be used as it is.
        return f"hidden-{secrets.token_urlsafe(16)}"
    return _without_login(secret) if key == "proxy" else HIDDEN


def _store(store: str) -> str:
    """A store that is the same from every folder, without secrets."""
    path = store.removeprefix("sqlite:")
    if path == store or path == ":memory:":
        return _without_login(store)
    return f"sqlite:{Path(path).absolute()}"


def _without_login(url: str) -> str:
    """A URL or `store` without secrets, marked where a login stood."""
    shown = redaction.public_store(url)
    login = urls.user_info(url)
    return shown.replace("://", f"://{HIDDEN}@", 1) if login else shown


def _seconds(value: float | None) -> str:
    if value is None:
        return "auto"
    return f"{int(value) if value == int(value) else value}s"


def _escaped(value: Any) -> Any:
    """A value in which every $ is doubled: config.yaml takes ${NAME} from the environment."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_escaped(one) for one in value]
    return {key: _escaped(one) for key, one in value.items()} if isinstance(value, dict) else value
