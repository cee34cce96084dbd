"""Trials of a server under load: a message a second, clients that never read, all clients reconnecting at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bench.load import Arrival, Clients
from bench.processes import cpu_seconds, open_files, resident_bytes
from bench.report import Finding
from bench.servers import Livelog, Server
from bench.turns import BURST, SIZE, TIMEOUT, progress
from tests.livelog import until

PING_MS = 50
"""Interval of the pings that measure the lag of the event loop."""

LARGE = 16_000
"""Bytes of a message: fills the socket buffers of a client that does not read within a few messages."""

_BASELINE_SECONDS = 20
_EVICTION_TIMEOUT = 60.0
_SPARE_FILES = 20
"""Files that the server may open meanwhile."""


class Paced(NamedTuple):
    """A message a second: the share delivered, their times, and those of pings."""

    name: str
    seconds: int
    delivered: float
    arrival: Arrival
    pings: Arrival


async def pace(server: Server, count: int, seconds: int, load: Path, folder: Path) -> Paced:
    """Publish one message a second to `count` clients."""
    progress(f"a message a second to {count:,} clients of {server.name}, {seconds} s")
    async with _crowd(server, load, folder, count) as clients, _clients(server, load, 1, f"ping={PING_MS}") as probe:
        await probe.expect(0, 0)
        await paced(server, seconds, SIZE)
        arrival = await clients.expect(seconds * count, TIMEOUT)
        delivered = arrival.deliveries / (seconds * count)
        return Paced(server.name, seconds, delivered, arrival, await probe.expect(0, 0))


async def unread(count: int, load: Path, folder: Path) -> list[Finding]:
    """A tenth of the clients never read: their cost to the server and to the others."""
    silent = count // 10
    progress(f"{silent:,} of {count:,} clients of Livelog never read")
    server = Livelog("Livelog with clients that never read")
    async with _crowd(server, load, folder, count - silent) as clients:
        await paced(server, _BASELINE_SECONDS, LARGE)
        without = await clients.expect(_BASELINE_SECONDS * clients.count, TIMEOUT)
        before, files = resident_bytes(server.pid), open_files(server.pid) + _SPARE_FILES
        async with _clients(server, load, silent, f"silent={silent}"):
            watching = asyncio.create_task(_until_evicted(server, files))
            messages = 0
            while not watching.done():
                await server.publish(1, LARGE)
                messages += 1
            having = await clients.expect(messages * clients.count, TIMEOUT)
            evicted, peak = await watching
    crowd = f"{silent:,} of {count:,} never read"
    return [
        Finding(f"{crowd}: memory for each", (peak - before) / silent / 1024, "KiB", 256),
        Finding(f"{crowd}: the others' p99, times that without", having.each_p99 / without.each_p99, "×", 2),
        Finding(f"{crowd}: until all are closed", evicted, "s", 40),
    ]


async def storm(count: int, load: Path, folder: Path) -> list[Finding]:
    """All clients close, a burst is published, and all reconnect at once with their cursors."""
    progress(f"{count:,} clients of Livelog reconnect at once")
    server = Livelog("Livelog in a storm")
    async with _crowd(server, load, folder, count) as clients, _clients(server, load, 1) as witness:
        await server.publish(1, SIZE)
        await clients.expect(count, TIMEOUT)
        await witness.expect(1, TIMEOUT)
        await clients.leave()
        await until(lambda: open_files(server.pid) < count, TIMEOUT)
        await server.publish(BURST, SIZE)
        await witness.expect(BURST, TIMEOUT)
        before = cpu_seconds([server.pid])
        arrival = await clients.reconnect(BURST * count, TIMEOUT)
        cpu = cpu_seconds([server.pid]) - before
    what = f"{count:,} clients reconnect at once, {BURST} messages behind"
    return [
        Finding(f"{what}: until all have them", arrival.seconds, "s", 10),
        Finding(f"{what}: messages received", arrival.deliveries, "", BURST * count, at_least=True),
        Finding(f"{what}: rejections", arrival.retries, ""),
        Finding(f"{what}: CPU for each", cpu / count * 1e6, "µs"),
    ]


@asynccontextmanager
async def _crowd(server: Server, load: Path, folder: Path, count: int) -> AsyncIterator[Clients]:
    """Start a server with clients; stop both at the end of the block."""
    try:
        await server.start(folder)
        async with _clients(server, load, count) as clients:
            yield clients
    finally:
        await server.stop()


@asynccontextmanager
async def _clients(server: Server, load: Path, count: int, *options: str) -> AsyncIterator[Clients]:
    sse: Sequence[str] = ["sse"] if server.sse else []
    clients = await Clients.connect(load, server.port, server.path, count, *sse, *options)
    try:
        yield clients
    finally:
        await clients.close()


async def paced(server: Server, messages: int, size: int) -> None:
    """Publish messages, one a second."""
    for _ in range(messages):
        due = time.monotonic() + 1
        await server.publish(1, size)
        await asyncio.sleep(due - time.monotonic())


async def _until_evicted(server: Server, files: int) -> tuple[float, int]:
    """Wait until the server has at most `files` open; return the seconds and its peak memory in bytes."""
    began = time.monotonic()
    peak = 0
    while open_files(server.pid) > files and time.monotonic() < began + _EVICTION_TIMEOUT:
        peak = max(peak, resident_bytes(server.pid))
        await asyncio.sleep(0.2)
    return time.monotonic() - began, peak
