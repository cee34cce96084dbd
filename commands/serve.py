"""Runs the server: settings of the process, signals, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import signal
import sys
from typing import Final

from app import App, logger
from commands import notify
from commands.options import Options
from config import Config
from reload import Reload

SWITCH_INTERVAL: Final = 0.001
"""Seconds after which a thread (of the timeline, of decompression) yields the interpreter to the event loop."""

MAX_HEAP_BLOCK_BYTES: Final = 256 * 1024
"""Larger blocks of memory are given back to the system when they are freed."""

STOP_TIMEOUT: Final = 9.5
"""Seconds until SIGALRM ends a stop that hangs. Supervisors usually send SIGKILL after 10."""


async def serve(loaded: Config, options: Options) -> None:
    """Runs until SIGTERM or SIGINT. Raises StartError and TimelineError if it cannot start.

    When the file of the configuration was saved, the configuration is read again.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    _give_memory_back()
    stopping = _stop_on_signals()
    app = App(loaded, role=options.role, reuse_port=options.reuse_port, source=options.source)
    reload = Reload(app, options.file, lambda: options.load(options.feed_urls))
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload.ask)
    await app.start()
    reload.start()
    _tune_garbage_collection()
    notify.notify(notify.READY)
    await stopping.wait()
    logger.info("Stopping.")
    notify.notify(notify.STOPPING)
    reload.stop()
    await app.stop()


def _give_memory_back() -> None:
    """Makes glibc give large blocks back when they are freed: mallopt(3), M_MMAP_THRESHOLD.

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
