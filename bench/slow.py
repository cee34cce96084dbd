"""The effect of a thousand slow clients on others: slowhttptest with slow heads, bodies and reads."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.processes import Used, open_files, resident_bytes, used
from bench.report import at_most, show
from demo.newsroom import Newsroom
from tests.livelog import Livelog, until

CONNECTIONS = 1_000
RATE = 500
SECONDS = 30
SETTLE_SECONDS = 3.0
PROBE_INTERVAL = 0.05
POSTS = 100
MAX_SECONDS = 1.0
_TIMEOUT = 30.0

_PAGES = ("-u", "http://127.0.0.1:{port}/blog/entries?limit=200")
_ATTACKS = {
    "alone": (),
    "slow heads": ("-H", "-i", "1", "-x", "24", *_PAGES),
    "slow bodies": ("-B", "-i", "1", "-x", "24", "-s", "65536", *_PAGES),
    "slow reads": ("-X", "-n", "1", "-w", "256", "-y", "512", "-z", "32", *_PAGES),
}


class Seen(NamedTuple):
    """Seconds of each answer, failed requests, and what the server used at most."""

    trips: list[float]
    failed: int
    use: Used
    peak_bytes: int
    peak_files: int


async def run() -> None:
    """Print the times of /healthz during each attack."""
    program = shutil.which("slowhttptest")
    if program is None:
        print("slow: skipped, slowhttptest is not installed (apt-get install slowhttptest)")
        return
    rows = [("", "/healthz median", "p99", "no answer", "CPU", "memory", "descriptors")]
    for name, arguments in _ATTACKS.items():
        seen = await _under(program, arguments)
        rows.append(
            (
                name,
                f"{median(seen.trips) * 1e3:.1f} ms",
                at_most(quantiles(seen.trips, n=100)[98], MAX_SECONDS, ".3f", " s"),
                str(seen.failed),
                seen.use.share,
                f"{seen.peak_bytes / 1e6:.0f} MB",
                str(seen.peak_files),
            )
        )
    show(f"slow: {CONNECTIONS:,} connections of slowhttptest, for {SECONDS} s each", *rows)


async def _under(program: str, arguments: Sequence[str]) -> Seen:
    with TemporaryDirectory() as folder:
        newsroom = Newsroom()
        await newsroom.start()
        desk = newsroom.open_desk("/a.xml", title="A", keep=POSTS)
        for number in range(POSTS):
            desk.publish(title=f"Post {number}", html="<p>Some words.</p>" * 200)
        livelog = Livelog(Path(folder))
        await livelog.start({"blog": [desk.url]})

        async def is_filled() -> bool:
            return len(await livelog.entries()) == POSTS

        await until(is_filled)
        given = [argument.format(port=livelog.port) for argument in arguments]
        attack = asyncio.create_task(_attack(program, given))
        await asyncio.sleep(SETTLE_SECONDS)
        with used(livelog.pid) as (use,):
            trips, failed, size, files = await asyncio.to_thread(_probe, livelog.port, livelog.pid)
        attack.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await attack
        await livelog.kill()
        await newsroom.stop()
    return Seen(trips, failed, use, size, files)


async def _attack(program: str, arguments: Sequence[str]) -> None:
    """Attack until cancelled. The program ends when all its connections are closed, and is restarted."""
    if not arguments:
        return
    amount = ("-c", str(CONNECTIONS), "-r", str(RATE), "-l", str(SECONDS + 10), "-v", "0")
    nowhere = asyncio.subprocess.DEVNULL
    while True:
        attacker = await asyncio.create_subprocess_exec(program, *amount, *arguments, stdout=nowhere, stderr=nowhere)
        try:
            await attacker.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                attacker.kill()
            await attacker.wait()


def _probe(port: int, pid: int) -> tuple[list[float], int, int, int]:
    """Request /healthz on new connections; a failed request counts with the time until it failed."""
    trips, failed, size, files = [], 0, 0, 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
        try:
            connection.request("GET", "/healthz")
            failed += connection.getresponse().status != 200
        except OSError:
            failed += 1
        finally:
            connection.close()
        trips.append(time.monotonic() - began)
        size = max(size, resident_bytes(pid))
        files = max(files, open_files(pid))
        time.sleep(PROBE_INTERVAL)
    return trips, failed, size, files
