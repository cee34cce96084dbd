"""What it costs to ask a feed that has not changed: the CPU of a poll that is answered 304, all threads counted.

There are more feeds due at any moment than can be polled, so that the process is never idle.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.made import used
from bench.origin import HOSTS, Hit, origin, unchanged, whole
from bench.table import least, show
from tests.feeds.documents import rss
from tests.livelog import Livelog, until

FEEDS = 2_000
LISTED = 20
SECONDS = 20.0
PATIENCE = 90.0
POLLS_A_SECOND = 1_000.0
"""That a core has to be good for."""

_ETAG = '"0123456789abcdef"'


class Settled:
    """Every path is one feed of some entries, that has not changed since it was last asked for."""

    def __init__(self) -> None:
        item = (
            "<title>Post {0}</title><guid>https://newsroom.example/?p={0}</guid>"
            "<link>https://newsroom.example/?p={0}</link><description>Some words.</description>"
        )
        body = rss(*(item.format(number) for number in range(LISTED)))
        self._whole = whole(body, "application/rss+xml", _ETAG)
        self._unchanged = unchanged(_ETAG)

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - of `Site`
        """The document to who asks for the first time."""
        return (304, self._unchanged) if b"\nif-none-match:" in head else (200, self._whole)


async def run() -> None:
    """Prints the rate, and what a poll costs."""
    with TemporaryDirectory() as folder, origin(Settled()) as site:
        livelog = Livelog(Path(folder))
        feeds = [{"url": site.url(number, f"/{number}.xml"), "interval": "1s"} for number in range(FEEDS)]
        await livelog.start({"blog": feeds})
        known: set[str] = set()

        def all_known() -> bool:
            known.update(hit.path for hit in site.hits() if hit.status == 304)
            return len(known) == FEEDS

        await until(all_known, PATIENCE)
        site.hits()
        with used(livelog.pid) as (use,):
            began = time.monotonic()
            await asyncio.sleep(SECONDS)
        _report(site.hits(), began, use.seconds, use.cpu)
        await livelog.kill()


def _report(hits: list[Hit], began: float, seconds: float, cpu: float) -> None:
    polls = sum(hit.status == 304 and began <= hit.at <= began + seconds for hit in hits)
    assert polls == len([hit for hit in hits if hit.at <= began + seconds]), "a feed was fetched anew"
    show(
        f"unchanged: {FEEDS:,} feeds of {LISTED} entries on {HOSTS} hosts, each due every second, all answers 304, "
        f"{seconds:.0f} s",
        ("polls a second", f"{polls / seconds:.0f}"),
        ("busy", f"{cpu / seconds:.0%} of a core"),
        ("CPU of a poll", f"{cpu / polls * 1e3:.2f} ms"),
        ("polls a second of a core", least(polls / cpu, POLLS_A_SECOND, ".0f")),
    )
