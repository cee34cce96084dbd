"""The first import of 500 real feeds, compared with newsboat and lemon24/reader.

The feeds are the files of the corpus, each at several URLs. All programs fetch the same URLs from the same origin on
the same two cores, timed from the start of the program until all is stored.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.origin import Origin, origin, statuses
from bench.peers.feed_readers import Import, Peer, Reader, find_peers
from bench.processes import cpu_seconds_with_children, session
from bench.report import at_least, show
from tests.corpus import corpus_if_here
from tests.feeds.origins import whole
from tests.livelog import Livelog, until
from timeline import open_timeline

LIVELOG = "Livelog"
FEEDS = 500
CORES = 2
ROUNDS = 3
"""Rounds of Livelog and newsboat, in alternation; reader takes long and has one."""

TIMEOUT = 120.0
MIN_TIMES_READER = 5.0


class Files:
    """Serves files at any path that ends with their name, with an ETag."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _answers(self) -> dict[str, bytes]:
        kinds = {".json": "application/feed+json"}
        return {
            path.name: whole(
                path.read_bytes(), f"Content-Type: {kinds.get(path.suffix, 'application/xml')}", 'ETag: "1"'
            )
            for path in self._folder.iterdir()
        }

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - of `Site`
        """Answer with the file that the path ends with."""
        return 200, self._answers[path.rpartition("/")[2]]


async def run() -> None:
    """Print seconds, feeds a second, and ratios."""
    corpus = corpus_if_here()
    if corpus is None:
        print("import: skipped, the corpus of feeds (shared/feeds beside the project) is not here")
        return
    print(f"first import of {FEEDS} real feeds on {CORES} cores:")
    with _cores(), origin(Files(corpus / "open")) as site:
        files = sorted(path.name for path in (corpus / "open").iterdir())
        urls = [site.url(number, f"/{number}/{files[number % len(files)]}") for number in range(FEEDS)]
        await _compare(site, urls, find_peers())


async def _compare(site: Origin, urls: Sequence[str], peers: Sequence[Peer]) -> None:
    results: dict[str, list[Import]] = {LIVELOG: []}
    for number in range(ROUNDS):
        with TemporaryDirectory() as folder:
            results[LIVELOG].append(await _livelog(urls, Path(folder)))
        for peer in peers if number == 0 else [peer for peer in peers if not isinstance(peer, Reader)]:
            with TemporaryDirectory() as folder:
                result = peer.fetch(urls, Path(folder))
            results.setdefault(peer.name, []).append(result)
    assert statuses(site.hits()).keys() == {200}
    ours = median(result.seconds for result in results[LIVELOG])
    rows = [("", "seconds", "feeds/s", "CPU seconds", "feeds read", "time, of Livelog's")]
    for name, found in results.items():
        seconds, cpu = median(result.seconds for result in found), median(result.cpu for result in found)
        limit = MIN_TIMES_READER if name.startswith("reader ") else 1.0
        ratio = "" if name == LIVELOG else at_least(seconds / ours, limit)
        rows.append((name, f"{seconds:.1f}", f"{FEEDS / seconds:.0f}", f"{cpu:.1f}", str(found[0].read), ratio))
    rounds = ", ".join(f"{result.seconds:.1f}" for result in results[LIVELOG])
    show(f"medians of {ROUNDS} rounds by turns (of Livelog {rounds} s), and one of reader", *rows)


async def _livelog(urls: Sequence[str], folder: Path) -> Import:
    """As `Peer.fetch`."""
    livelog = Livelog(folder)

    async def all_polled() -> bool:
        # /metrics costs CPU: once in 0.1 s.
        await asyncio.sleep(0.1)
        metrics = await livelog.metrics()
        polls = re.findall(r"^livelog_polls_total{.*} (\S+)$", metrics, re.MULTILINE)
        return sum(map(float, polls)) >= len(urls)

    began = time.monotonic()
    try:
        await livelog.start({"blog": [{"url": url, "interval": "1d"} for url in urls]})
        await until(all_polled, TIMEOUT)
        seconds, cpu = time.monotonic() - began, cpu_seconds_with_children(session(livelog.pid))
        await livelog.stop()
    finally:
        await livelog.kill()
    timeline = await open_timeline(f"sqlite:{livelog.database}")
    states = await timeline.states()
    await timeline.close()
    assert all(state.checked_at for state in states), "a poll was counted that was not committed"
    return Import(seconds, cpu, sum(bool(state.ok_at) for state in states))


@contextmanager
def _cores() -> Iterator[None]:
    """Restrict this process and its children to two cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:CORES])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
