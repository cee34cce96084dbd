"""The options of all commands, and the configuration that they lead to."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import config
from app import Role
from config import Config, ConfigError

DEFAULT_CONFIG: Final = "config.yaml"
EXAMPLE: Final = Path(__file__).resolve().parent.parent / config.EXAMPLE


class Options(Namespace):
    """The options that every command has; a command reads its own as further attributes."""

    feed_urls: Sequence[str] = ()
    config: str
    address: str | None
    port: str | None
    admin: str | None
    store: str | None
    role: Role
    reuse_port: bool
    log_format: str
    logging: str

    @property
    def file(self) -> Path | None:
        """The file of the configuration, None if there is none."""
        path = Path(self.config)
        return path if path.exists() else None

    @property
    def source(self) -> str:
        """The name of the configuration, for people."""
        return "command line" if self.feed_urls and self.config == DEFAULT_CONFIG else self.config

    def load(self, feed_urls: Sequence[str] = ()) -> Config:
        """The configuration with the values of the command line. Raises ConfigError."""
        loaded = self._for_feeds(feed_urls) if feed_urls else self._from_file()
        loaded = config.override(loaded, address=self.address, port=self.port, store=self.store, admin=self.admin)
        if self.role != "all" and loaded.store.startswith("sqlite:"):
            raise ConfigError(
                f"command line: --role={self.role}: needs a store that processes can share, not sqlite:"
            )
        return loaded

    def _from_file(self) -> Config:
        if self.config == DEFAULT_CONFIG and not Path(DEFAULT_CONFIG).exists() and EXAMPLE.exists():
            raise ConfigError(
                f"{DEFAULT_CONFIG}: cannot be read: there is none in this folder; begin with the example: "
                f"cp {EXAMPLE} {DEFAULT_CONFIG}"
            )
        return config.load(self.config)

    def _for_feeds(self, urls: Sequence[str]) -> Config:
        """A blog of these feeds. Unless --config or --store is given it is kept in memory, not in the usual store."""
        if self.config != DEFAULT_CONFIG:
            return config.for_urls(urls, config.load(self.config))
        base = config.load(DEFAULT_CONFIG) if Path(DEFAULT_CONFIG).exists() else None
        return config.for_urls(urls, base).model_copy(update={"store": "sqlite::memory:"})
