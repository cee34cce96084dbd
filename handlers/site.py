"""The site: everything that request handlers read, in one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from config import Blog, Config
from connections.attempts import Attempts
from connections.limits import Admission
from fanout.fanout import FanOut
from handlers.access import Access
from handlers.hub_gate import HubGate
from handlers.status_pushes import Pushes
from handlers.turns import Turns
from handlers.websub_limits import WebSubLimits
from latency import Latency
from pages.assets import Assets
from pages.cache import Cache
from pages.filter import FilteredPages
from pages.freshness import Freshness
from pages.key_events import KeyEvents
from pages.source_headlines import SourceHeadlines
from pages.theme import Theme
from timeline import Timeline

ROOT: Final = Path(__file__).resolve().parent.parent


class Polling(Protocol):
    """The part of the poller that handlers read: `/healthz` and `/metrics` report it."""

    trouble: str | None
    """Why polling has stopped; None while it works."""

    @property
    def polls(self) -> Mapping[str, int]:
        """The number of polls since the process started, by outcome."""

    @property
    def gaps(self) -> Mapping[str, int]:
        """The number of feed gaps since the process started, by outcome."""

    @property
    def delays(self) -> Latency:
        """The times from the dates of entries to when they were seen."""

    @property
    def slow_patterns(self) -> Iterable[tuple[str, str, str]]:
        """Feed, blog and pattern of filters that took too long."""

    @property
    def pushes(self) -> Mapping[str, int]:
        """The number of pushes that were read since the process started, by outcome."""

    def pushed(self, feed: str) -> None:
        """Claims a feed (its identity) at once: a push was stored."""


class Delivering(Protocol):
    """The part of the deliveries that `/readyz` and `/metrics` report."""

    @property
    def trouble(self) -> str | None:
        """The reason why nothing is delivered any more, or None."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Deliveries since the process started, by outcome."""


class Notices(NamedTuple):
    """Problems of a saved configuration that could not be applied, and settings that wait for a restart."""

    config_problems: Sequence[str] = ()
    restart_needed: Sequence[str] = ()


@dataclass
class Site:
    """The parts of one process that serve requests. A fetch node has no ``fanout``, a web node no ``polling``.

    `apply` replaces ``config`` while requests are served: handlers read it per request and keep no copy.
    """

    config: Config
    timeline: Timeline
    fanout: FanOut | None
    sources: Freshness
    admission: Admission
    polling: Polling | None
    version: str = ""
    role: str = "all"
    notices: Callable[[], Notices] = Notices
    is_starting: bool = False
    delivering: Delivering | None = None
    assets: Assets = field(default_factory=lambda: Assets(ROOT / "static"))
    posts: FilteredPages = field(init=False)
    answers: Cache = field(default_factory=Cache)
    attempts: Attempts = field(default_factory=Attempts)
    websub_limits: WebSubLimits = field(default_factory=WebSubLimits)
    turns: Turns = field(init=False)
    access: Access = field(default_factory=Access)
    key_events: KeyEvents = field(init=False)
    headlines: SourceHeadlines = field(init=False)
    hub_gate: HubGate = field(init=False)
    pushes: Pushes = field(init=False)
    _themes: dict[str, Theme] = field(init=False)

    def __post_init__(self) -> None:
        self.posts = FilteredPages(self.timeline)
        self.turns = Turns(self._is_delivering)
        self.key_events = KeyEvents(self.timeline)
        self.headlines = SourceHeadlines(self.timeline)
        self.hub_gate = HubGate(self.timeline)
        self.pushes = Pushes(self.timeline)
        self.apply(self.config)

    def apply(self, config: Config) -> None:
        """Serves another configuration from the next request on. Raises OSError if a logo or CSS file is unreadable.

        After an error, the old configuration is still served.
        """
        self._themes = {blog.slug: Theme.of(blog) for blog in config.blogs}
        self.config = config
        self.access.apply(config)
        self.sources.clear()
        self.answers.clear()
        self.key_events.clear()

    async def end_revoked(self) -> None:
        """Closes the live connections of private blogs that the configuration no longer grants."""
        for blog in self.config.blogs:
            if blog.private and self.fanout:
                await self.fanout.end(blog.slug, partial(self.access.may_stay, blog.slug))

    def theme(self, blog: Blog) -> Theme:
        """The accent, style sheet and logo of a blog; none for a blog that a request began with and that is gone."""
        return self._themes.get(blog.slug, Theme())

    def _is_delivering(self) -> bool:
        """True while an event is on its way from a commit to the connections."""
        return self.timeline.is_delivering or (self.fanout is not None and self.fanout.is_sending)
