"""Fixtures for tests of config.yaml: texts to a configuration, or to the problems in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import config
from config import Config, ConfigError

BLOG = "blogs: {blog: {}}\n"
KEYS = "server, store, store_file, fetch, blogs"
SERVER_KEYS = (
    "address, port, public_url, trusted_proxies, identity_header, admin, admin_token, admin_token_file, robots"
)
BLOG_KEYS = (
    "language, accent, logo, css, images, frame_ancestors, posts, key_events, pin, aliases, private, tokens, "
    "tokens_file, robots, title, feeds, webhooks, opml"
)
FEED_KEYS = (
    "url, id, title, interval, include, exclude, tags, withdraw, posts, scrape, headers, cookie, cookie_file, "
    "user_agent, proxy, proxy_file, username, password, password_file"
)

WEBHOOK_KEYS = "url, name, secret, secret_file, events, include, exclude, template, headers"

Read = Callable[[str], Config]
Problems = Callable[[str], tuple[str, ...]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Loads a text as config.yaml of the current directory."""
    monkeypatch.chdir(tmp_path)

    def load(text: str) -> Config:
        Path("config.yaml").write_text(text, encoding="utf-8")
        return config.load("config.yaml")

    return load


@pytest.fixture
def problems(read: Read) -> Problems:
    """The problems of a text, without the name of the file."""

    def find(text: str) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            read(text)
        assert str(caught.value) == "\n".join(caught.value.problems)
        assert all(line.startswith("config.yaml:") for line in caught.value.problems)
        return tuple(line.removeprefix("config.yaml:") for line in caught.value.problems)

    return find
