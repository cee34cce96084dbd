"""The processes in which feeds are parsed: bounded in CPU, memory and time, killed and replaced when they exceed.

A feed can be made to take quadratic time or gigabytes in any parser; on the event loop, or in a thread, it
would stop every reader's page. Pebble keeps the processes and kills them.
"""

from __future__ import annotations

import asyncio
import math
import multiprocessing
import resource
import time
from collections.abc import Mapping
from concurrent.futures import TimeoutError as PoolTimeoutError
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from pebble import ProcessExpired, ProcessPool

from feeds.parse import Document, parse

CPU_SECONDS: Final = 4
"""CPU a document may take. The largest real feeds known to us take 1.3."""

MEMORY_BYTES: Final = 512 * 1024 * 1024
WALL_SECONDS: Final = 30
"""A second line of defence, for a process that hangs without using CPU; wide, as machines can be busy."""

TASKS_PER_PROCESS: Final = 500
"""A process is replaced after so many documents: what the parser leaks goes with it."""


class ParserKilledError(Exception):
    """The document could not be parsed within the limits; the message says which one, in a sentence."""


class Sandbox:
    """A small pool of parser processes."""

    def __init__(self, processes: int = 2, max_bytes: int = 15_000_000) -> None:
        self._processes = processes
        self._max_bytes = max_bytes
        self._pool: ProcessPool | None = None
        self._opening = asyncio.Lock()

    async def parse(
        self, body: bytes, url: str, content_type: str | None, known: Mapping[str, str], base: str
    ) -> Document:
        """`feeds.parse.parse` in a process of its own; raises NotAFeedError or ParserKilledError."""
        pool = await self._open()
        arguments = (body, url, content_type, dict(known), self._max_bytes, base)
        try:
            return await asyncio.wrap_future(pool.submit(_parse_within_limits, WALL_SECONDS, *arguments))
        except PoolTimeoutError:
            raise ParserKilledError(f"Reading it took more than {WALL_SECONDS} seconds.") from None
        except MemoryError:
            raise ParserKilledError(f"Reading it took more than {MEMORY_BYTES >> 20} MB of memory.") from None
        except ProcessExpired:
            raise ParserKilledError(f"Reading it took more than {CPU_SECONDS} seconds of CPU.") from None
        except BrokenProcessPool:
            self._pool = None
            raise ParserKilledError("The parser's processes ended; they are being replaced.") from None

    async def close(self) -> None:
        """Ends the processes; a document that is being parsed is dropped."""
        pool, self._pool = self._pool, None
        if pool:
            pool.stop()  # type: ignore[no-untyped-call]  # Pebble leaves it untyped
            await asyncio.to_thread(pool.join)

    async def _open(self) -> ProcessPool:
        async with self._opening:
            if self._pool is None:
                # Starting the first process waits for it: not on the event loop.
                self._pool = await asyncio.to_thread(_start, self._processes)
            return self._pool


def _start(processes: int) -> ProcessPool:
    # A fork server: this process has threads, which a plain fork would leave in an undefined state. It imports
    # the program once, and its children share that memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "feeds.parse"])
    pool = ProcessPool(processes, max_tasks=TASKS_PER_PROCESS, initializer=_limit_memory, context=context)
    pool.schedule(time.time).result()
    return pool


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parse_within_limits(
    body: bytes, url: str, content_type: str | None, known: Mapping[str, str], max_bytes: int, base: str
) -> Document:
    # The limit counts all CPU of a process, so it moves up with each document. Beyond it the kernel kills.
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_SECONDS, hard))
    return parse(body, url, content_type, known, max_bytes, base)
