"""The processes in which feeds are parsed: bounded in CPU, memory and time, killed and replaced when they exceed.

A feed can be made to take quadratic time or gigabytes in any parser; on the event loop, or in a thread, it
would stop every reader's page. Pebble keeps the processes and kills them.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
import math
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import TimeoutError as PoolTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from multiprocessing.synchronize import Semaphore
from typing import Final

from pebble import ProcessExpired, ProcessPool

from feeds.parser.document import Document, Reading, parse

CPU_SECONDS: Final = 4
"""CPU a document may take. The largest real feeds known to us take 1.3."""

MEMORY_BYTES: Final = 512 * 1024 * 1024
WALL_SECONDS: Final = 30
"""A second line of defence, for a process that hangs without using CPU; wide, as machines can be busy."""

START_SECONDS: Final = 5.0
"""How long the first document waits for all processes to be there; one is enough for it."""

ATTEMPTS: Final = 2
"""How often a document is tried whose process ended before it was begun."""

NICENESS: Final = 10

TASKS_PER_PROCESS: Final = 500
"""A process is replaced after so many documents: what the parser leaks goes with it."""


class ParserKilledError(Exception):
    """The document could not be parsed within the limits; the message says which one, in a sentence."""


class ParserPool:
    """A small pool of parser processes. The limits in seconds and bytes are those of one document.

    ``reserve`` processes more are for documents that are not suspect: these never wait for a hundred that are made to
    take long.
    """

    def __init__(
        self,
        processes: int = 2,
        *,
        reserve: int = 1,
        cpu_seconds: int = CPU_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        wall_seconds: float = WALL_SECONDS,
    ) -> None:
        self._processes = processes + reserve
        self._suspects = _Queue(processes)
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._pool: ProcessPool | None = None
        self._opening = asyncio.Lock()
        self._closings = 0
        self._running: set[asyncio.Future[Document]] = set()

    async def parse(self, reading: Reading, *, suspect: bool = False) -> Document:
        """`feeds.parse.parse` in a process of its own; raises NotAFeedError or ParserKilledError.

        A ``suspect`` document is one of a feed that has not been read before, or not well.
        """
        if not suspect:
            return await self._parse(reading)
        closings = self._closings
        async with self._suspects.turn(len(reading.body)):
            if closings != self._closings:
                # It was closed while this one waited.
                raise asyncio.CancelledError
            return await self._parse(reading)

    async def _parse(self, reading: Reading) -> Document:
        work = functools.partial(_parse_within_limits, self._cpu_seconds, reading)
        for _ in range(ATTEMPTS):
            try:
                return await self._run(work)
            except BrokenProcessPool:
                # A process ended that had nothing to do, and Pebble gave up the pool: this document is not to blame.
                continue
            except PoolTimeoutError:
                raise ParserKilledError(f"Reading it took more than {self._wall_seconds:g} seconds.") from None
            except MemoryError:
                megabytes = self._memory_bytes >> 20
                raise ParserKilledError(f"Reading it took more than {megabytes} MB of memory.") from None
            except ProcessExpired as expired:
                raise ParserKilledError(self._why(expired.exitcode)) from None
        raise ParserKilledError("The processes that read feeds end as soon as they start.")

    async def close(self) -> None:
        """Ends the processes; a document that is being parsed is dropped: its `parse` ends as if it was cancelled."""
        async with self._opening:
            self._closings += 1
            for document in self._running:
                document.cancel()
            await self._drop()

    async def _run(self, work: Callable[[], Document]) -> Document:
        pool = await self._open()
        try:
            task = pool.submit(work, self._wall_seconds)
        except RuntimeError:
            # It was given up a moment ago.
            raise BrokenProcessPool from None
        document = asyncio.wrap_future(task)
        self._running.add(document)
        document.add_done_callback(self._running.discard)
        return await document

    async def _open(self) -> ProcessPool:
        async with self._opening:
            if self._pool is None or not self._pool.active:
                await self._drop()
                # Starting the first process waits for it: not on the event loop.
                starting = asyncio.create_task(asyncio.to_thread(_start, self._processes, self._memory_bytes))
                try:
                    self._pool = await asyncio.shield(starting)
                except asyncio.CancelledError:
                    # It can't be called off half-way. Nobody would end it: its processes would be left in the middle.
                    self._pool = await starting
                    raise
            return self._pool

    async def _drop(self) -> None:
        """Ends the pool, or what is left of it."""
        pool, self._pool = self._pool, None
        if pool:
            pool.stop()  # type: ignore[no-untyped-call]  # Pebble leaves it untyped
            await asyncio.to_thread(pool.join)

    def _why(self, exit_code: int) -> str:
        if exit_code == -signal.SIGXCPU:
            return f"Reading it took more than {self._cpu_seconds} seconds of CPU."
        how = f"signal {-exit_code}" if exit_code < 0 else f"code {exit_code}"
        return f"The process that read it ended unexpectedly ({how})."


class _Queue:
    """Lets so many at a time through, the smallest first: a document that takes seconds is rarely a small one."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Waits for a place, and gives it back at the end of the block."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (size, next(self._count), turn))
        self._let_in()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._places += 1
                self._let_in()

    def _let_in(self) -> None:
        while self._places and self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.cancelled():
                turn.set_result(None)
                self._places -= 1


def _start(processes: int, memory_bytes: int) -> ProcessPool:
    # A fork server: this process has threads, which a plain fork would leave in an undefined state. It imports
    # the program once, and its children share that memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "feeds.parser.document"])
    ready = context.Semaphore(0)
    pool = ProcessPool(
        processes,
        max_tasks=TASKS_PER_PROCESS,
        initializer=_settle,
        initargs=(memory_bytes, ready),
        context=context,
    )
    pool.schedule(time.time).result()
    # One that is ended while it starts says so with a traceback.
    until = time.monotonic() + START_SECONDS
    for _ in range(processes):
        ready.acquire(timeout=max(until - time.monotonic(), 0))
    return pool


def _settle(memory_bytes: int, ready: Semaphore) -> None:
    # Readers come first: parsing takes what the event loop leaves.
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ready.release()


def _parse_within_limits(cpu_seconds: int, reading: Reading) -> Document:
    # The limit counts all CPU of a process, so it moves up with each document. Beyond it the kernel kills.
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + cpu_seconds, hard))
    try:
        return parse(reading)
    finally:
        # Not while the result is sent: a process that dies with the pool's lock would block the others.
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
