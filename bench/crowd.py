"""The wait of one healthy feed beside thousands of hostile ones that are new, too, or that hang.

A new healthy feed is the last in the configuration; a proven one was polled before the others were added.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from bench.origin import Origin, gaps, origin, raw_origins
from bench.posts import document
from bench.processes import resident_bytes, used
from bench.report import at_most, show
from tests.feeds.origins import RawOrigin, moved, repeats, says, silent, whole
from tests.livelog import Livelog, until

HOSTILE = 5_000
HANGING = 1_500
INTERVAL = 10.0
SECONDS = 120.0
MAX_FIRST_SECONDS = 60.0
MAX_LATE_PERCENT = 10.0
TIMEOUT = 600.0

_LAST = 8 * 250 + 98
"""Host 127.0.9.99: the last in the order of URLs, in which feeds that are new at the same time are claimed."""


class Healthy:
    """A feed that never changes."""

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - of `Site`
        """Answer 200."""
        return 200, whole(document(range(10)), "Content-Type: application/rss+xml")


async def run() -> None:
    """Print the wait of the new feed, and the lateness of the proven one."""
    with origin(Healthy(), HOSTILE) as healthy:
        with raw_origins(_misbehave, HOSTILE) as hostile:
            await _new(healthy, hostile)
        with raw_origins(_hang, HANGING) as hanging:
            await _proven(healthy, hanging)


async def _new(healthy: Origin, hostile: Origin) -> None:
    async with AsyncExitStack() as stack:
        livelog = Livelog(Path(stack.enter_context(TemporaryDirectory())))
        stack.push_async_callback(livelog.kill)
        feeds = [{"url": hostile.url(n, f"/{n}"), "interval": "1m"} for n in range(HOSTILE)]
        feeds.append({"url": healthy.url(_LAST, "/last"), "interval": "1m"})
        healthy.hits()
        await livelog.start({"blog": feeds})
        began = time.monotonic()
        with used(livelog.pid) as (use,):
            await until(healthy.hits, TIMEOUT)
        seconds = time.monotonic() - began
        show(
            f"crowd: a healthy new feed beside {HOSTILE:,} new ones that hang, drip, redirect, or send too much",
            ("asked after", at_most(seconds, MAX_FIRST_SECONDS, ".0f", " s")),
            ("busy", f"{use.share} of a core"),
            ("memory", f"{resident_bytes(livelog.pid) / 1e6:.0f} MB"),
        )


async def _proven(healthy: Origin, hanging: Origin) -> None:
    async with AsyncExitStack() as stack:
        livelog = Livelog(Path(stack.enter_context(TemporaryDirectory())))
        stack.push_async_callback(livelog.kill)
        proven = {"url": healthy.url(0, "/proven"), "interval": f"{INTERVAL:g}s"}
        await livelog.start({"blog": [proven]})
        await until(healthy.hits)
        await livelog.stop()
        others = [{"url": hanging.url(n, f"/{n}"), "interval": f"{INTERVAL:g}s"} for n in range(HANGING)]
        await livelog.start({"blog": [*others, proven]})
        healthy.hits()
        began = time.monotonic()
        with used(livelog.pid) as (use,):
            await asyncio.sleep(SECONDS)
        found = gaps(healthy.hits(), ["/proven"], began, time.monotonic())
        show(
            f"crowd: a proven feed every {INTERVAL:g} s beside {HANGING:,} that hang, for {SECONDS:g} s",
            ("polls late by", at_most((fmean(found) / INTERVAL - 1) * 100, MAX_LATE_PERCENT, ".1f", " %")),
            ("longest gap", f"{max(found):.1f} s"),
            ("busy", f"{use.share} of a core"),
            ("memory", f"{resident_bytes(livelog.pid) / 1e6:.0f} MB"),
        )


def _misbehave(raw: RawOrigin) -> None:
    scripts = [
        silent,
        repeats(b"HTTP/1.1 200 OK\r\nX-", b"a", 1.0),
        None,
        says(whole(b" " * 20_000_000)),
        says(whole(b"<rss><channel><item><title>&broken</itm>" + b"<!--" * 500)),
    ]
    for number in range(HOSTILE):
        path = f"/{number}"
        raw.serve(path, scripts[number % len(scripts)] or says(moved(path)))


def _hang(raw: RawOrigin) -> None:
    for number in range(HANGING):
        raw.serve(f"/{number}", silent)
