"""The program: makes all parts from a configuration, starts them and stops them.

    app = App(config)
    await app.start()
    await app.apply(another)
    await app.stop()

Nothing else puts the parts together. Options, signals and settings of the process are in commands/.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Final, Literal

import redaction
from clock import steady
from config import Config, Endpoint
from config.restart import with_fixed
from connections import limits, sockets
from connections.limits import Admission
from connections.listener import Listener
from delivery.deliveries import Deliveries
from fanout.fanout import FanOut
from feeds.event_filter import EventFilter
from feeds.fetch import Fetcher
from feeds.lists import ListPoller
from feeds.parser_pool import ParserPool
from feeds.poller import Poller
from feeds.websub.subscriptions import Subscriptions
from handlers.routes import make_admin_app, make_app
from handlers.site import Notices, Site
from opml.following import ListFollowing
from opml.lists import Lists, merged
from pages.freshness import Freshness
from plurals import counted
from timeline import Presence, Timeline, open_timeline
from timeline.retention import Retention

VERSION: Final = "0.1.0"

Role = Literal["all", "web", "fetch"]
"""The work of a process: serve pages and connections (web), poll feeds (fetch), or both (all)."""

logger = logging.getLogger("livelog")

_ADMIN_FILES: Final = 200
"""Descriptors for connections to the admin address: it answers when readers have taken all of the others."""


class StartError(Exception):
    """The program cannot start; the message is a sentence for the operator."""


class App:
    """One Livelog: the parts of its role, over one timeline, on its sockets.

    ``config`` is the configuration that is in effect, with the feeds of its lists, ``source`` its name in the log.
    ``restart_needed`` names settings that `apply` was given and only a restart changes; ``config_problems`` are those
    of a file that could not be applied. ``sockets`` are bound sockets that do not block, to listen on instead of
    server.address and server.port; the App closes them. ``reuse_port`` lets other processes bind the same port.
    """

    def __init__(
        self,
        config: Config,
        *,
        role: Role = "all",
        reuse_port: bool = False,
        source: str = "",
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        self.config = config
        self.restart_needed: Sequence[str] = ()
        self.config_problems: Sequence[str] = ()
        self._role = role
        self._reuse_port = reuse_port
        self._source = source
        self._sockets = list(sockets)
        self._admin_sockets: list[socket.socket] = []
        self._listener: Listener | None = None
        self._fanout: FanOut | None = None
        self._poller: Poller | None = None
        self._deliveries: Deliveries | None = None
        self._event_filter: EventFilter | None = None
        self._site: Site | None = None
        self._timeline: Timeline | None = None
        self._written = config
        self._lists: Lists | None = None
        self._list_poller: ListPoller | None = None
        self._applying = asyncio.Lock()
        self._lists_changed = False
        self._list_following = ListFollowing(self._update_lists)
        self._cleanup = AsyncExitStack()

    @property
    def url(self) -> str:
        """The address to open in a browser once the program has started; on a fetch node that of `/healthz`."""
        if path := self.config.server.endpoint.path:
            return self.config.server.public_url or f"unix:{path}"
        base = f"http://{self._addresses[0]}/"
        if self._role == "fetch":
            return f"{base}healthz"
        blogs = self.config.blogs
        return self.config.server.public_url or f"{base}{f'{blogs[0].slug}/' if len(blogs) == 1 else ''}"

    @property
    def _addresses(self) -> list[str]:
        """The bound addresses, as in a URL or in server.address."""
        return [str(sockets.endpoint_of(one)) for one in self._sockets]

    @property
    def admin_url(self) -> str | None:
        """The admin address: an http URL, or `unix:PATH`; None if `server.admin` is not set."""
        if not self._admin_sockets:
            return None
        endpoint = sockets.endpoint_of(self._admin_sockets[0])
        return str(endpoint) if endpoint.path else f"http://{endpoint}"

    async def start(self) -> None:
        """Starts all parts. Raises StartError and TimelineError, after it has stopped all started parts."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def apply(self, config: Config) -> None:
        """Changes blogs, feeds, intervals, filters, titles, themes, proxies and fetch settings while running.

        Settings that only a restart changes keep their values, and are named in ``restart_needed``. After a
        TimelineError, or an OSError of a logo or style sheet, it can be called again.
        """
        async with self._applying:
            restart_needed, written = with_fixed(self._written, config)
            if self._lists:
                self._lists_changed = await self._lists.read(written) or self._lists_changed
            applied = await self._with_lists(written)
            await self._apply_parts(applied)
            self._written, self.config, self._lists_changed = written, applied, False
            self.restart_needed, self.config_problems = restart_needed, ()
        # A list that is new is requested now.
        self._list_following.update_now()

    async def _with_lists(self, written: Config) -> Config:
        """A configuration with the feeds of its lists. In a thread: a list has up to 1,000 feeds."""
        if self._lists is None or not any(blog.opml for blog in written.blogs):
            return written
        return await asyncio.to_thread(merged, written, dict(self._lists.states))

    async def _update_lists(self) -> None:
        """Requests the lists that are due, and applies those that have changed, here or on another node."""
        assert self._lists
        if self._list_poller:
            await self._list_poller.poll_due(self._written, self._lists)
        async with self._applying:
            self._lists_changed = await self._lists.read(self._written) or self._lists_changed
            if not self._lists_changed:
                return
            applied = await self._with_lists(self._written)
            await self._apply_parts(applied)
            self.config, self._lists_changed = applied, False

    async def stop(self) -> None:
        """Stops accepting, commits polls under way, closes connections over some seconds, then all the rest."""
        if self._listener:
            self._listener.shut()
        await self._list_following.stop()
        try:
            async with asyncio.TaskGroup() as stopping:
                if self._poller:
                    stopping.create_task(self._poller.stop())
                if self._deliveries:
                    stopping.create_task(self._deliveries.stop())
                if self._fanout:
                    stopping.create_task(self._fanout.close_gradually())
        finally:
            await self._cleanup.aclose()

    async def _start(self) -> None:
        # Parts are closed in the reverse order. The port comes before the store: a second start on a port in use must
        # not touch the store.
        server = self.config.server
        if self._sockets:
            self._close_at_stop(self._sockets)
        else:
            name = f"{server.address} port {server.port}"
            self._sockets = self._bind(server.endpoint, str(server.endpoint) if server.endpoint.path else name)
        if server.admin_endpoint:
            self._admin_sockets = self._bind(server.admin_endpoint, f"server.admin: {server.admin_endpoint}")
        timeline = await open_timeline(self.config.store)
        self._cleanup.push_async_callback(timeline.close)
        self._timeline = timeline
        self._lists = Lists(timeline)
        await self._lists.read(self._written)
        self.config = await self._with_lists(self._written)
        await self._rename_blogs(self.config)
        listener = self._make_listener(timeline)
        if self._fanout:
            self._cleanup.push_async_callback(self._fanout.close)
            await self._fanout.start()
        listener.open(self._sockets)
        await self._report_start(timeline)
        presence = Presence(timeline, f"{socket.gethostname()} {os.getpid()}", self._role, VERSION, self._readers)
        self._cleanup.push_async_callback(presence.stop)
        presence.start()
        if self._deliveries:
            self._deliveries.start()
        if self._poller:
            await self._poller.start()
            retention = Retention(timeline, steady=steady)
            self._cleanup.push_async_callback(retention.stop)
            retention.start()
        if self._site:
            self._site.is_starting = False
        self._list_following.start()

    async def _report_start(self, timeline: Timeline) -> None:
        """Logs one line with all that an operator asks first."""
        data = {
            "version": VERSION,
            "url": self.url,
            "config": self._source,
            "store": redaction.public_store(self.config.store),
            "role": self._role,
            "addresses": self._addresses,
            "admin": self.admin_url,
            "feeds": self.config.feeds,
            "failing": await timeline.failing_count(),
        }
        facts = (f"{name} {data[name]}" for name in ("config", "store", "role") if data[name])
        status = f", status on {self.admin_url}/status" if self.admin_url else ""
        counts = f"{counted(self.config.feeds, 'feed')} ({data['failing']} failing)"
        logger.info(
            "Livelog %s is on %s: %s, listening on %s%s, %s",
            VERSION,
            self.url,
            ", ".join(facts),
            " and ".join(self._addresses),
            status,
            counts,
            extra={"data": data},
        )

    def _readers(self) -> int:
        return sum(self._fanout.readers().values()) if self._fanout else 0

    async def _apply_parts(self, config: Config) -> None:
        """Hands a configuration to the parts: first to the fan-out, which can fail and has changed nothing then."""
        await self._rename_blogs(config)
        if self._fanout:
            await self._fanout.apply([blog.slug for blog in config.blogs])
        if self._site:
            self._site.apply(config)
            await self._site.end_revoked()
        if self._event_filter:
            self._event_filter.clear()
        if self._deliveries:
            self._deliveries.apply(config)
        if self._poller:
            await self._poller.apply(config)

    async def _rename_blogs(self, config: Config) -> None:
        """Gives what is stored under a former name of a blog its present name, unless that has something already."""
        if self._timeline:
            for former, slug in config.aliases.items():
                if await self._timeline.rename(former, slug):
                    logger.info("The blog %s is called %s now.", former, slug)

    def _make_listener(self, timeline: Timeline) -> Listener:
        """The listener, with the parts that it serves. The fan-out is closed before it, the rest after it."""
        if self._role != "fetch":
            self._fanout = FanOut(timeline, [blog.slug for blog in self.config.blogs])
        if self._role != "web":
            parser_pool = ParserPool()
            self._cleanup.push_async_callback(parser_pool.close)
            self._poller = self._make_poller(timeline, parser_pool)
            self._event_filter = EventFilter(parser_pool)
            judge = self._event_filter.rejected
            self._deliveries = Deliveries(self.config, timeline, user_agent(self.config), judge)
        admission = Admission(limits.raise_files())
        self._site = Site(
            self.config,
            timeline,
            self._fanout,
            Freshness(timeline, timeline.now),
            admission,
            self._poller,
            version=VERSION,
            role=self._role,
            notices=lambda: Notices(self.config_problems, self.restart_needed),
            is_starting=True,
            delivering=self._deliveries,
        )
        self._open_admin(self._site)
        self._listener = Listener(make_app(self._site), admission)
        self._cleanup.push_async_callback(self._listener.close)
        return self._listener

    def _open_admin(self, site: Site) -> None:
        """Opens the admin address, which is closed after the public one: `/readyz` answers during a stop."""
        if not self._admin_sockets:
            return
        admission = Admission(_ADMIN_FILES)
        listener = Listener(
            make_admin_app(site, admission, is_loopback=sockets.is_loopback(self._admin_sockets)), admission
        )
        self._cleanup.push_async_callback(listener.close)
        listener.open(self._admin_sockets)

    def _make_poller(self, timeline: Timeline, parser_pool: ParserPool) -> Poller:
        fetcher = make_fetcher(self.config, timeline.now)
        self._cleanup.callback(fetcher.close)
        self._list_poller = ListPoller(timeline, fetcher, parser_pool)
        subscriptions = Subscriptions(timeline, fetcher, self.config.server.public_url)
        return Poller(self.config, timeline, fetcher, parser_pool, steady=steady, subscriptions=subscriptions)

    def _bind(self, endpoint: Endpoint, name: str) -> list[socket.socket]:
        """Binds sockets that are closed at a stop. Raises StartError, which has the name of the address."""
        try:
            bound = sockets.bind(endpoint, reuse_port=self._reuse_port)
        except sockets.BindError as error:
            raise StartError(f"{name} cannot be used: {error}") from None
        self._close_at_stop(bound)
        return bound

    def _close_at_stop(self, bound: Iterable[socket.socket]) -> None:
        for one in bound:
            self._cleanup.callback(sockets.close, one)


def user_agent(config: Config) -> str:
    """The `User-Agent` of requests to other servers."""
    contact = f" (+{config.server.public_url})" if config.server.public_url else ""
    return f"Livelog/{VERSION}{contact}"


def make_fetcher(config: Config, clock: Callable[[], float]) -> Fetcher:
    """The fetcher of a configuration; ``clock`` gives Unix seconds."""
    fetch = config.fetch
    return Fetcher(
        user_agent=user_agent(config),
        timeout=fetch.timeout,
        max_bytes=fetch.max_bytes,
        concurrency=fetch.concurrency,
        private_networks=fetch.private_networks,
        clock=clock,
        steady=steady,
    )
