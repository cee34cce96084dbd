"""The processes that parse feeds: bounded in CPU, memory and time, killed and replaced when they exceed a limit.

A feed can be made to take quadratic time or gigabytes in any parser; on the event loop, or in a thread, it would
stop the pages of all readers. Pebble keeps the processes and kills them.
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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as PoolTimeoutError
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import forkserver
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import Any, Final, TypeVar

from pebble import ProcessExpired, ProcessPool

from entries import Entry
from feeds.parser.document import Document, Reading, parse
from feeds.parser.encoding_labels import load_codecs
from feeds.parser.filter import Filter, Judgement

CPU_SECONDS: Final = 4
"""CPU that a document may use. The largest real feeds that we know use 1.3."""

MEMORY_BYTES: Final = 512 * 1024 * 1024
"""Memory that a document may use beside that of the process."""

WALL_SECONDS: Final = 30
"""For a process that hangs without using CPU. Wide: a busy machine is slow."""

START_TIMEOUT: Final = 5.0
"""Longest wait of a start for all processes; the first document needs only one."""

MAX_ATTEMPTS: Final = 2
"""Submissions of a document whose process ended before it began."""

NICENESS: Final = 10

PRELOADED: Final = ["feeds.parser.document", "feeds.parser_pool"]
"""Modules that all processes share. Each runs server.py as its main, too, which imports nothing of Livelog then."""

_PROGRAM: Final = str(Path(__file__).resolve().parent.parent)

TASKS_PER_PROCESS: Final = 500
"""A process is replaced after so many documents: this frees the memory that the parser leaks."""


T = TypeVar("T")


class ParserKilledError(Exception):
    """The document could not be parsed within the limits. The message names the limit, in a sentence."""


class ParserPool:
    """A pool of ``processes`` and ``reserve`` parser processes. The limits in seconds and bytes are per document.

    Documents of unproven feeds use at most ``processes`` of them: a hundred that are made to take long do not delay
    the others. The processes are started by the first document.
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
        self._unproven = _Queue(processes)
        self._cpu_seconds = cpu_seconds
        self._memory_bytes = memory_bytes
        self._wall_seconds = wall_seconds
        self._pool: ProcessPool | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._running: set[asyncio.Future[Any]] = set()

    async def parse(self, reading: Reading, *, proven: bool = True) -> Document:
        """`feeds.parser.document.parse` in another process; raises NotAFeedError or ParserKilledError.

        ``proven`` is False for a document of a feed that was not read before, or not well. Raises CancelledError
        after `close`.
        """
        work = functools.partial(parse, reading)
        return await self.run(work, len(reading.body), proven=proven)

    async def judge(self, wanted: Filter, entries: Sequence[Entry], seconds: float) -> Judgement:
        """`feeds.parser.filter.Filter.judge` in another process; raises ParserKilledError."""
        return await self._bounded(functools.partial(wanted.judge, entries, seconds))

    async def run(self, work: Callable[[], T], size: int, *, proven: bool = True) -> T:
        """Reads another document of ``size`` bytes in the same way: ``work`` can be pickled, and so can its result.

        Raises ParserKilledError, and what ``work`` raises.
        """
        limited = functools.partial(_within_limits, self._cpu_seconds, work)
        if proven:
            return await self._bounded(limited)
        async with self._unproven.turn(size):
            return await self._bounded(limited)

    async def _bounded(self, work: Callable[[], T]) -> T:
        for _ in range(MAX_ATTEMPTS):
            try:
                return await self._run(work)
            except BrokenProcessPool:
                # An idle process ended, and Pebble gave up the pool: this document is not the cause.
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
        """Ends the processes for good. A `parse` under way, or called later, raises CancelledError."""
        self._closed = True
        async with self._opening:
            for document in self._running:
                document.cancel()
            await self._drop()

    async def _run(self, work: Callable[[], T]) -> T:
        pool = await self._open()
        try:
            task = pool.submit(work, self._wall_seconds)
        except RuntimeError:
            # Pebble gave up the pool since `_open`.
            raise BrokenProcessPool from None
        document = asyncio.wrap_future(task)
        self._running.add(document)
        document.add_done_callback(self._running.discard)
        try:
            return await document
        finally:
            # An exception of the document refers to this frame: that cycle would keep the body, up to 15 MB.
            del document, task

    async def _open(self) -> ProcessPool:
        async with self._opening:
            if self._closed:
                raise asyncio.CancelledError
            if self._pool is None or not self._pool.active:
                await self._drop()
                # In a thread: a start waits for the first process.
                starting = asyncio.create_task(asyncio.to_thread(_start, self._processes, self._memory_bytes))
                try:
                    self._pool = await asyncio.shield(starting)
                except asyncio.CancelledError:
                    # A start cannot be cancelled half-way: the pool is kept, so that `close` ends its processes.
                    self._pool = await starting
                    raise
                if self._closed:
                    # `close` waits for this lock, and ends the processes next.
                    raise asyncio.CancelledError
            return self._pool

    async def _drop(self) -> None:
        """Ends the processes that are left."""
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
    """Slots, granted to the smallest document first: one that takes seconds is rarely small."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    @asynccontextmanager
    async def turn(self, size: int) -> AsyncIterator[None]:
        """Waits for a slot, and gives it back at the end of the block."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (size, next(self._count), turn))
        self._grant()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._slots += 1
                self._grant()

    def _grant(self) -> None:
        while self._slots and self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.cancelled():
                turn.set_result(None)
                self._slots -= 1


def _start(processes: int, memory_bytes: int) -> ProcessPool:
    # A fork server: a plain fork would leave the threads of this process in an undefined state. The server imports
    # the program once, and its children share that memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with _importable_by_children():
        forkserver.ensure_running()
    ready = context.Semaphore(0)
    pool = ProcessPool(
        processes,
        max_tasks=TASKS_PER_PROCESS,
        initializer=_limit,
        initargs=(memory_bytes, ready),
        context=context,
    )
    pool.schedule(time.time).result()
    # A process that is ended while it starts prints a traceback.
    give_up_at = time.monotonic() + START_TIMEOUT
    for _ in range(processes):
        ready.acquire(timeout=max(give_up_at - time.monotonic(), 0))
    return pool


@contextmanager
def _importable_by_children() -> Iterator[None]:
    """Adds the program's folder to PYTHONPATH, so that new processes can import it from any working directory.

    Python before 3.13.1 does not pass `sys.path` on to a fork server, which then preloads nothing and does not say so
    (CPython issue 117378).
    """
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in (_PROGRAM, before) if path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _limit(memory_bytes: int, ready: Semaphore) -> None:
    # The event loop has priority.
    os.nice(NICENESS)
    # Python's codecs of Chinese, Japanese and Korean are libraries of their own: none can be loaded for a document
    # that has used up the memory.
    load_codecs()
    # Libraries reserve much more than they use: the minifier's runtime 1.1 GB.
    most = _address_space_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ready.release()


def _address_space_bytes() -> int:
    """The address space of this process, as RLIMIT_AS counts it (proc_pid_statm(5))."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _within_limits(cpu_seconds: int, work: Callable[[], T]) -> T:
    # The limit counts all CPU that a process has used, so it is raised for each document. Beyond it the kernel kills.
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + cpu_seconds, hard))
    try:
        return work()
    finally:
        # No limit while the result is sent: a process that is killed with the pool's lock would block the others.
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
