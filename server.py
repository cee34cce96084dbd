"""The command line of Livelog: follows feeds and puts every new entry on every open page.

    python server.py [--config=config.yaml] [--address=…] [--port=…] [--store=URL] [--role=all|web|fetch]
                     [--reuse-port] [--check] [--import-opml=FILE] [FEED_URL …]

Options, exit codes, signals, and the settings of the process. The program itself is app.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, get_args

from tornado.options import Error as OptionError
from tornado.options import define, options

import config
import opml
import redaction
from app import App, Role, StartError, logger
from config import Config, ConfigError
from reload import Reload
from timeline import TimelineError

DEFAULT_CONFIG: Final = "config.yaml"

SWITCH_INTERVAL: Final = 0.001
"""Seconds after which a thread (of the timeline, of decompression) yields the interpreter to the event loop."""

MAX_HEAP_BLOCK_BYTES: Final = 256 * 1024
"""Larger blocks of memory are given back to the system when they are freed."""

STOP_TIMEOUT: Final = 9.5
"""Seconds until SIGALRM ends a stop that hangs. Supervisors usually send SIGKILL after 10."""

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


def main(arguments: Sequence[str]) -> int:
    """Runs the program. Returns its exit code: 0, 1 if it cannot start, 2 for wrong arguments or configuration."""
    try:
        feed_urls = options.parse_command_line(["server.py", *arguments])
        _redact_output()
        if options.import_opml is not None:
            return import_opml(options.import_opml)
        loaded = load(feed_urls)
    except (OptionError, ConfigError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - output of the command
        return 2
    if options.check:
        print(f"{options.config}: good.")  # noqa: T201 - output of the command
        return 0
    try:
        path = Path(options.config)
        asyncio.run(serve(loaded, path if path.exists() else None, lambda: load(feed_urls)))
    except (StartError, TimelineError) as error:
        print(f"Livelog cannot start: {error}", file=sys.stderr)  # noqa: T201 - output of the command
        return 1
    return 0


def import_opml(name: str) -> int:
    """Prints an OPML file's feeds as a blog for config.yaml; feeds it leaves out go to stderr. Raises ConfigError."""
    found = opml.load(name)
    for line in found.left_out:
        print(line, file=sys.stderr)  # noqa: T201 - output of the command
    try:
        for part in opml.config_parts(found.slug, found.title, found.feeds):
            # UTF-8 whatever the terminal's encoding: config.yaml is UTF-8.
            sys.stdout.buffer.write(part.encode())
        sys.stdout.buffer.flush()
    except OSError as error:
        print(f"The configuration cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201
        # At exit, Python flushes the buffer, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def load(feed_urls: Sequence[str]) -> Config:
    """The configuration with the values of the command line. Raises ConfigError."""
    if not feed_urls and config.copy_example(options.config):
        logger.info("%s was made from %s. It is yours to edit.", options.config, config.EXAMPLE)
    loaded = _for_feeds(feed_urls) if feed_urls else config.load(options.config)
    loaded = config.override(loaded, address=options.address, port=options.port, store=options.store)
    if options.role not in get_args(Role):
        raise ConfigError("command line: --role: must be all, web or fetch")
    if options.role != "all" and loaded.store.startswith("sqlite:"):
        raise ConfigError(f"command line: --role={options.role}: needs a store that processes can share, not sqlite:")
    return loaded


def _for_feeds(urls: Sequence[str]) -> Config:
    """A blog of these feeds. Unless --config or --store is given it is kept in memory, apart from the usual store."""
    if options.config != DEFAULT_CONFIG:
        return config.for_urls(urls, config.load(options.config))
    base = config.load(DEFAULT_CONFIG) if Path(DEFAULT_CONFIG).exists() else None
    return config.for_urls(urls, base).model_copy(update={"store": "sqlite::memory:"})


async def serve(loaded: Config, path: Path | None, again: Callable[[], Config]) -> None:
    """Runs until SIGTERM or SIGINT. Raises StartError and TimelineError if it cannot start.

    ``again`` reads the configuration again when the file at ``path`` was saved.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    _give_memory_back()
    stopping = _stop_on_signals()
    app = App(loaded, role=options.role, reuse_port=options.reuse_port)
    reload = Reload(app, path, again)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.ask)
    await app.start()
    reload.start()
    _tune_garbage_collection()
    await stopping.wait()
    logger.info("Stopping.")
    reload.stop()
    await app.stop()


def _redact_output() -> None:
    """Redacts the log, and the traceback of an exception that ends the process or a thread."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(redaction.LogFilter())
    sys.excepthook = _print_redacted
    threading.excepthook = lambda ended: _print_redacted(
        ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback
    )


def _print_redacted(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    lines = "".join(traceback.format_exception(kind, error, trace))
    print(redaction.public_text(lines), end="", file=sys.stderr)  # noqa: T201 - as Python itself does


def _give_memory_back() -> None:
    """Has glibc give large blocks back when they are freed: mallopt(3), M_MMAP_THRESHOLD.

    By itself it raises that limit to 32 MB. The bodies of large feeds then leave holes in the heap: beside hostile
    servers the process grew by 80 MB that it did not use. Other C libraries have no `mallopt`.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(-3, MAX_HEAP_BLOCK_BYTES)


def _tune_garbage_collection() -> None:
    """Freezes the objects of the start and raises the thresholds of the garbage collector.

    Full collections stopped the loop for up to 0.2 s, seven times while 10,000 clients connected within seconds. Now
    the longest takes some 10 ms. Connections make no reference cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 100)


def _stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. After the first one a second ends the process at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopping.set()
        signal.setitimer(signal.ITIMER_REAL, STOP_TIMEOUT)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stopping


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
