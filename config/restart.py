"""Settings that only a restart changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from config.schema import Config

FIXED: Final = (
    ("store",),
    ("server", "address"),
    ("server", "port"),
    ("server", "public_url"),
    ("server", "admin"),
)
"""The public URL is in the user agent and in the allowed origins."""


def with_fixed(running: Config, config: Config) -> tuple[list[str], Config]:
    """The settings of ``config`` that differ and need a restart, and ``config`` with those of ``running``."""
    names = [".".join(path) for path in FIXED if _setting(running, path) != _setting(config, path)]
    kept = {key: getattr(running.server, key) for section, *keys in FIXED if section == "server" for key in keys}
    server = config.server.model_copy(update=kept)
    return names, config.model_copy(update={"server": server, "store": running.store})


def _setting(config: Config, path: Sequence[str]) -> object:
    value: object = config
    for key in path:
        value = getattr(value, key)
    return value
