"""Livelog: follows feeds, and puts every new entry on every open page.

    python server.py [--config=config.yaml] [--address=…] [--port=…] [--store=URL] [--role=all|web|fetch]
                     [--reuse-port] [--check] [--import-opml=FILE] [FEED_URL …]

This module wires: options, configuration, timeline, fan-out, poller, application; signals; the graceful stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tornado.netutil import bind_sockets
from tornado.options import Error as OptionError
from tornado.options import define, options

import config
import opml
from config import Config, ConfigError
from connections import limits
from connections.limits import Admission
from connections.listener import Listener
from fanout.fanout import FanOut
from feeds.fetch import Fetcher
from feeds.parser_pool import ParserPool
from feeds.poller import Poller
from handlers.routes import make_app
from handlers.site import Site
from pages.freshness import Freshness
from timeline import Timeline, TimelineError, open_timeline
from timeline.retention import Retention

__version__ = "0.1.0"

logger = logging.getLogger("livelog")

DEFAULT_CONFIG: Final = "config.yaml"
BACKLOG: Final = 1024
SWITCH_SECONDS: Final = 0.001

STOP_SECONDS: Final = 9.5
"""A stop that takes longer is ended by the kernel: whoever supervises this process waits 10 seconds, as a rule."""

define("config", DEFAULT_CONFIG, help="the configuration file", metavar="FILE")
define("address", None, type=str, help="address to listen on, instead of the configuration's")
define("port", None, type=str, help="port to listen on, instead of the configuration's")
define(
    "store", None, type=str, help="sqlite:PATH or redis://HOST:PORT/DB, instead of the configuration's", metavar="URL"
)
define(
    "role",
    "all",
    help="what this process does: serve readers (web), fetch feeds (fetch), or all",
    metavar="all|web|fetch",
)
define("reuse_port", default=False, help="let several processes of this machine share the port")
define("check", default=False, help="validate the configuration and exit")
define(
    "import_opml",
    None,
    type=str,
    help="print a blog of the feeds of an OPML file, for config.yaml, and exit",
    metavar="FILE",
)


class StartError(Exception):
    """The program cannot start; the message is all that its user needs."""


def main(arguments: Sequence[str]) -> int:
    """Runs the program; returns its exit code: 0, 1 if it could not run, 2 if it was asked for wrongly."""
    try:
        feed_urls = options.parse_command_line(["server.py", *arguments])
        if options.import_opml is not None:
            return import_opml(options.import_opml)
        settings = load(feed_urls)
    except (OptionError, ConfigError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - to whoever typed the command
        return 2
    if options.check:
        print(f"{options.config}: good.")  # noqa: T201 - what was asked for
        return 0
    try:
        asyncio.run(serve(settings))
    except (StartError, TimelineError) as error:
        print(f"Livelog cannot start: {error}", file=sys.stderr)  # noqa: T201 - to whoever typed the command
        return 1
    return 0


def import_opml(name: str) -> int:
    """Prints a blog of an OPML file's feeds, and says which it leaves out; raises ConfigError if there are none."""
    found = opml.load(name)
    for line in found.left_out:
        print(line, file=sys.stderr)  # noqa: T201 - to whoever typed the command
    # Whatever the terminal's encoding: config.yaml is UTF-8.
    sys.stdout.buffer.write(opml.to_config(found.blog).encode())
    return 0


def load(feed_urls: Sequence[str]) -> Config:
    """The configuration, with what the command line overrides; raises ConfigError."""
    settings = _of_feeds(feed_urls) if feed_urls else config.load(options.config)
    settings = config.override(settings, address=options.address, port=options.port, store=options.store)
    if options.role not in ("all", "web", "fetch"):
        raise ConfigError("command line: --role: must be all, web or fetch")
    if options.role != "all" and settings.store.startswith("sqlite:"):
        raise ConfigError(f"command line: --role={options.role}: needs a store that processes can share, not sqlite:")
    return settings


def _of_feeds(urls: Sequence[str]) -> Config:
    """A blog of just these feeds. It is kept in memory, apart from the configuration's, unless a store is named."""
    if options.config != DEFAULT_CONFIG:
        return config.for_urls(urls, config.load(options.config))
    base = config.load(DEFAULT_CONFIG) if Path(DEFAULT_CONFIG).exists() else None
    return config.for_urls(urls, base).model_copy(update={"store": "sqlite::memory:"})


async def serve(settings: Config) -> None:
    """Runs until SIGTERM or SIGINT; raises StartError and TimelineError if it cannot start."""
    # Threads that write the timeline or unpack documents hand the interpreter back to the event loop this soon.
    sys.setswitchinterval(SWITCH_SECONDS)
    stopping = _on_signals()
    async with contextlib.AsyncExitStack() as stack:
        sockets = _bind(settings.server.address, settings.server.port)
        timeline = await open_timeline(settings.store)
        stack.push_async_callback(timeline.close)
        fanout = await _fanout(settings, timeline) if options.role != "fetch" else None
        poller = _poller(settings, timeline, stack) if options.role != "web" else None
        admission = Admission(limits.raise_files())
        site = Site(settings, timeline, fanout, Freshness(timeline), admission, poller)
        listener = Listener(make_app(site), admission)
        listener.open(sockets)
        logger.info("Livelog %s is on %s", __version__, _url(settings, sockets[0]))
        if poller:
            await poller.start()
            retention = Retention(timeline)
            retention.start()
            stack.push_async_callback(retention.stop)
        _spare_the_collector()
        await stopping.wait()
        logger.info("Stopping.")
        await _stop(listener, fanout, poller)


async def _fanout(settings: Config, timeline: Timeline) -> FanOut:
    fanout = FanOut(timeline, [blog.slug for blog in settings.blogs])
    await fanout.start()
    return fanout


def _poller(settings: Config, timeline: Timeline, stack: contextlib.AsyncExitStack) -> Poller:
    fetcher = _fetcher(settings)
    stack.callback(fetcher.close)
    sandbox = ParserPool()
    stack.push_async_callback(sandbox.close)
    return Poller(settings, timeline, fetcher, sandbox)


def _spare_the_collector() -> None:
    """Has the collector of reference cycles look at less, and less often: everything stops for as long as it looks.

    What is here after the start stays, and readers make no cycles. 10,000 who connect in a few seconds had it look at
    everything seven times, for up to 0.2 s. Now it takes half of the time in all, and some 10 ms at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 100)


def _on_signals() -> asyncio.Event:
    """What SIGTERM and SIGINT set. From then on time is limited, and a second one ends the process at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


async def _stop(listener: Listener, fanout: FanOut | None, poller: Poller | None) -> None:
    """Takes no more readers, commits what is in flight, and sees out who is here."""
    listener.shut()
    async with asyncio.TaskGroup() as leaving:
        if poller:
            leaving.create_task(poller.stop())
        if fanout:
            leaving.create_task(fanout.close_gradually())
    if fanout:
        await fanout.close()
    await listener.close()


def _bind(address: str, port: int) -> list[socket.socket]:
    try:
        return bind_sockets(port, address, backlog=BACKLOG, reuse_port=options.reuse_port)
    except OSError as error:
        raise StartError(f"{address} port {port} cannot be used: {error.strerror or error}") from None


def _fetcher(settings: Config) -> Fetcher:
    contact = f" (+{settings.server.public_url})" if settings.server.public_url else ""
    return Fetcher(
        user_agent=f"Livelog/{__version__}{contact}",
        timeout=settings.fetch.timeout,
        max_bytes=settings.fetch.max_bytes,
        concurrency=settings.fetch.concurrency,
        private_networks=settings.fetch.private_networks,
    )


def _url(settings: Config, bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    if options.role == "fetch":
        return f"http://{host}:{port}/healthz"
    slug = f"{settings.blogs[0].slug}/" if len(settings.blogs) == 1 else ""
    return settings.server.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}/{slug}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
