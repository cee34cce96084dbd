"""The configuration: config.yaml checked against a schema, frozen and typed.

`load` reads a file and `for_urls` takes feed URLs from the command line. Both return a `Config`, or raise
`ConfigError` with all problems at once, each with its file, line and key. Durations are seconds, sizes are bytes,
and an interval of None means `auto`.
"""

from __future__ import annotations

from config.example import EXAMPLE, copy_example
from config.load import check_scrape, feed_url, for_urls, load, override
from config.messages import ConfigError
from config.schema import Blog, Config, Endpoint, Feed, Fetch, ListedFeed, Scrape, Server, Webhook
from config.values import (
    CONTROL_CHARACTERS,
    IMAGE_TYPES,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_THEME_FILE_BYTES,
    MAX_TITLE_CHARS,
    RESERVED,
)
from config.webhook_values import signing_key
from config.yaml_lines import MAX_FILE_BYTES, read_file

__all__ = [
    "CONTROL_CHARACTERS",
    "EXAMPLE",
    "IMAGE_TYPES",
    "MAX_FILE_BYTES",
    "MAX_TAGS",
    "MAX_TAG_CHARS",
    "MAX_THEME_FILE_BYTES",
    "MAX_TITLE_CHARS",
    "RESERVED",
    "Blog",
    "Config",
    "ConfigError",
    "Endpoint",
    "Feed",
    "Fetch",
    "ListedFeed",
    "Scrape",
    "Server",
    "Webhook",
    "check_scrape",
    "copy_example",
    "feed_url",
    "for_urls",
    "load",
    "override",
    "read_file",
    "signing_key",
]
