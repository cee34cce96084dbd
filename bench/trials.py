"""What Livelog is tried by beyond its speed: a minute of events, readers who never read, all coming back at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bench.load import Arrival, Readers
from bench.made import resident_bytes
from bench.report import Finding
from bench.servers import Livelog, Server, cpu_seconds, open_files
from bench.turns import BURST, PATIENCE, SIZE, progress
from tests.livelog import until

PING_MS = 50
"""How often the server's event loop is asked from outside whether it is free."""

LARGE = 16_000
"""Bytes of a message, so many that what the kernel keeps for a reader who does not read is soon full."""

_QUIET_SECONDS = 20
_UNREAD_SECONDS = 60.0
_SPARE_FILES = 20
"""A server opens and closes files of its own meanwhile."""


class Paced(NamedTuple):
    """A server, the share of deliveries, when these arrived, and how long its event loop took to answer pings."""

    name: str
    seconds: int
    delivered: float
    arrival: Arrival
    pings: Arrival


async def pace(server: Server, count: int, seconds: int, load: Path, folder: Path) -> Paced:
    """One message a second to so many readers."""
    progress(f"a message a second to {count:,} readers of {server.name}, {seconds} s")
    async with _crowd(server, load, folder, count) as readers, _readers(server, load, 1, f"ping={PING_MS}") as probe:
        await probe.expect(0, 0)
        await _paced(server, seconds, SIZE)
        arrival = await readers.expect(seconds * count, PATIENCE)
        delivered = arrival.deliveries / (seconds * count)
        return Paced(server.name, seconds, delivered, arrival, await probe.expect(0, 0))


async def unread(count: int, load: Path, folder: Path) -> list[Finding]:
    """A tenth of the readers never reads: what they cost the server, and the others."""
    silent = count // 10
    progress(f"{silent:,} of {count:,} readers of Livelog never read")
    server = Livelog("Livelog with readers who never read")
    async with _crowd(server, load, folder, count - silent) as readers:
        await _paced(server, _QUIET_SECONDS, LARGE)
        without = await readers.expect(_QUIET_SECONDS * readers.count, PATIENCE)
        before, files = resident_bytes(server.pid), open_files(server.pid) + _SPARE_FILES
        async with _readers(server, load, silent, f"silent={silent}"):
            watching = asyncio.create_task(_until_evicted(server, files))
            messages = 0
            while not watching.done():
                await server.publish(1, LARGE)
                messages += 1
            having = await readers.expect(messages * readers.count, PATIENCE)
            evicted, most = await watching
    crowd = f"{silent:,} of {count:,} never read"
    return [
        Finding(f"{crowd}: memory for each", (most - before) / silent / 1024, "KiB", 256),
        Finding(f"{crowd}: the others' p99, times that without", having.each_p99 / without.each_p99, "×", 2),
        Finding(f"{crowd}: until all are let go", evicted, "s", 40),
    ]


async def storm(count: int, load: Path, folder: Path) -> list[Finding]:
    """All readers go, a burst is published, and they come back at once with their cursors."""
    progress(f"{count:,} readers of Livelog come back at once")
    server = Livelog("Livelog in a storm")
    async with _crowd(server, load, folder, count) as readers, _readers(server, load, 1) as witness:
        await server.publish(1, SIZE)
        await readers.expect(count, PATIENCE)
        await witness.expect(1, PATIENCE)
        await readers.leave()
        await until(lambda: open_files(server.pid) < count, PATIENCE)
        await server.publish(BURST, SIZE)
        await witness.expect(BURST, PATIENCE)
        before = cpu_seconds([server.pid])
        arrival = await readers.come_back(BURST * count, PATIENCE)
        cpu = cpu_seconds([server.pid]) - before
    what = f"{count:,} readers come back at once, {BURST} messages behind"
    return [
        Finding(f"{what}: until all have these", arrival.seconds, "s", 10),
        Finding(f"{what}: messages they have then", arrival.deliveries, "", BURST * count, at_least=True),
        Finding(f"{what}: times that one was turned away", arrival.retries, ""),
        Finding(f"{what}: CPU for each", cpu / count * 1e6, "µs"),
    ]


@asynccontextmanager
async def _crowd(server: Server, load: Path, folder: Path, count: int) -> AsyncIterator[Readers]:
    """A server with readers; both end with the block."""
    try:
        await server.start(folder)
        async with _readers(server, load, count) as readers:
            yield readers
    finally:
        await server.stop()


@asynccontextmanager
async def _readers(server: Server, load: Path, count: int, *options: str) -> AsyncIterator[Readers]:
    sse: Sequence[str] = ["sse"] if server.sse else []
    readers = await Readers.connect(load, server.port, server.path, count, *sse, *options)
    try:
        yield readers
    finally:
        await readers.close()


async def _paced(server: Server, messages: int, size: int) -> None:
    """Publishes messages, a second apart."""
    for _ in range(messages):
        due = time.monotonic() + 1
        await server.publish(1, size)
        await asyncio.sleep(due - time.monotonic())


async def _until_evicted(server: Server, files: int) -> tuple[float, int]:
    """The seconds until the server holds no more files than this, or patience ends; and the most memory it held."""
    began = time.monotonic()
    most = 0
    while open_files(server.pid) > files and time.monotonic() < began + _UNREAD_SECONDS:
        most = max(most, resident_bytes(server.pid))
        await asyncio.sleep(0.2)
    return time.monotonic() - began, most
