"""The CPU of a poll that is answered 304, in all threads.

More feeds are due at any moment than can be polled, so the process is never idle.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.origin import HOSTS, Hit, origin
from bench.posts import document
from bench.processes import Used, used
from bench.report import at_least, show
from tests.feeds.origins import answer, whole
from tests.livelog import Livelog, until

FEEDS = 2_000
LISTED = 20
SECONDS = 20.0
TIMEOUT = 90.0
MIN_POLLS_PER_CPU_SECOND = 1_000.0

_ETAG = '"0123456789abcdef"'


class Settled:
    """A feed at each path that never changes."""

    def __init__(self) -> None:
        self._whole = whole(document(range(LISTED)), "Content-Type: application/rss+xml", f"ETag: {_ETAG}")
        self._unchanged = answer(f"ETag: {_ETAG}", status="304 Not Modified")

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - of `Site`
        """Answer 200 without If-None-Match, else 304."""
        return (304, self._unchanged) if b"\nif-none-match:" in head else (200, self._whole)


async def run() -> None:
    """Print polls a second and the CPU of a poll."""
    async with AsyncExitStack() as stack:
        site = stack.enter_context(origin(Settled()))
        livelog = Livelog(Path(stack.enter_context(TemporaryDirectory())))
        stack.push_async_callback(livelog.kill)
        feeds = [{"url": site.url(number, f"/{number}.xml"), "interval": "1s"} for number in range(FEEDS)]
        await livelog.start({"blog": feeds})
        known: set[str] = set()

        def all_known() -> bool:
            known.update(hit.path for hit in site.hits() if hit.status == 304)
            return len(known) == FEEDS

        await until(all_known, TIMEOUT)
        site.hits()
        began = time.monotonic()
        with used(livelog.pid) as (use,):
            await asyncio.sleep(SECONDS)
        _report(site.hits(), began, use)


def _report(hits: list[Hit], began: float, use: Used) -> None:
    polls = [hit.status for hit in hits if began <= hit.at <= began + use.seconds]
    assert set(polls) == {304}, "a feed was fetched anew"
    show(
        f"unchanged: {FEEDS:,} feeds of {LISTED} entries on {HOSTS} hosts, each due every second, all answers 304",
        (f"polls a second, for {use.seconds:.0f} s", f"{len(polls) / use.seconds:.0f}"),
        ("busy", f"{use.share} of a core"),
        ("CPU of a poll", f"{use.cpu / len(polls) * 1e3:.2f} ms"),
        ("polls a second of CPU", at_least(len(polls) / use.cpu, MIN_POLLS_PER_CPU_SECOND, ".0f")),
    )
