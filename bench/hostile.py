"""The effect of a hundred hostile origins on the event loop, on polls of healthy feeds, and on memory.

Healthy feeds and the largest files of the corpus, which change at each poll, are followed twice: alone, and beside
the hostile ones. The lag of the event loop is compared with that of a process that only sleeps at the same time, as
other programs on the machine delay both. With `--quick` the second run is short: too short for the growth of memory.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median, quantiles
from tempfile import TemporaryDirectory

from bench.clients import Lags, probe
from bench.origin import Hit, Origin, gaps, origin, raw_origins
from bench.posts import document
from bench.processes import queued_seconds, resident_bytes, session
from bench.report import at_most, show
from tests.corpus import corpus_if_here
from tests.feeds.documents import json_feed, rss
from tests.feeds.origins import RawOrigin, Script, answer, moved, repeats, says, silent, whole
from tests.livelog import Livelog

HEALTHY = 50
"""Half of these feeds never change, half have a new entry at each poll."""

LISTED = 10
LARGE = 8
HOSTILE = 100
INTERVAL = 2.0
LARGE_INTERVAL = 10.0
SETTLE_SECONDS = 5.0
ALONE_SECONDS = 20.0
WARM_UP_SECONDS = 60.0
BESIDE_SECONDS = 600.0
QUICK_WARM_UP_SECONDS = 20.0
QUICK_BESIDE_SECONDS = 70.0
MAX_LAG_MS = 10.0
"""p99 of the loop's lag, beyond that of the process that sleeps."""

MAX_LATE_PERCENT = 10.0
MAX_GROWTH = 1.1

_SETTLED = [f"/settled/{number}" for number in range(0, HEALTHY, 2)]
_NEWSY = [f"/newsy/{number}" for number in range(1, HEALTHY, 2)]
_MEGABYTE = 1024 * 1024


@dataclass
class Seen:
    """Measurements of one run."""

    lags: Lags
    hits: list[Hit]
    began: float
    ended: float
    queued: float
    server: list[int]
    parsers: list[int]

    @property
    def lag(self) -> float:
        """The p99 of the event loop's lag in milliseconds, beyond that of a process that only sleeps."""
        return (_p99(self.lags.trips) - _p99(self.lags.wakes)) * 1e3

    @property
    def queued_share(self) -> float:
        """The share of the time in which the loop was runnable without a free core."""
        return self.queued / (self.ended - self.began)

    def late(self, paths: Sequence[str]) -> list[float]:
        """Lateness of polls in per cent of the interval, sorted."""
        return sorted((gap / INTERVAL - 1) * 100 for gap in gaps(self.hits, paths, self.began, self.ended))


class Desks:
    """Healthy feeds, and files of a folder that change with each request."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._asked: Counter[str] = Counter()

    @cached_property
    def _large(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in largest(self._folder)}

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:
        """Answer by the kind of feed that the path begins with."""
        self._asked[path] += 1
        number, etag = self._asked[path], f'"{self._asked[path]}"'
        _, kind, name = path.split("/")
        if kind == "large":
            # Changes the titles of the feed and of some entries.
            body = self._large[name].replace(b"</title>", b" %d</title>" % number, 3)
            body = body.replace(b'"title": "', b'"title": "%d ' % number, 3)
            return 200, whole(body, "Content-Type: application/xml", f"ETag: {etag}")
        if kind == "newsy":
            return 200, whole(
                document(range(number, number - LISTED, -1)), "Content-Type: application/rss+xml", f"ETag: {etag}"
            )
        if b"\nif-none-match:" in head:
            return 304, answer('ETag: "1"', status="304 Not Modified")
        return 200, whole(document(range(LISTED)), "Content-Type: application/rss+xml", 'ETag: "1"')


def largest(folder: Path | None) -> list[Path]:
    """The largest files of the corpus; none without it."""
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_size)[-LARGE:] if folder else []


async def run(*, quick: bool = False) -> None:
    """Print lag, lateness and memory, alone and beside the hostile feeds."""
    warm_up, seconds = (QUICK_WARM_UP_SECONDS, QUICK_BESIDE_SECONDS) if quick else (WARM_UP_SECONDS, BESIDE_SECONDS)
    corpus = corpus_if_here()
    if corpus is None:
        print("hostile: without large feeds, as the corpus (shared/feeds beside the project) is not here")
    folder = corpus / "open" if corpus else None
    with origin(Desks(folder)) as desks, raw_origins(_misbehave) as hostile:
        paths = [*_SETTLED, *_NEWSY]
        feeds = [{"url": desks.url(n, path), "interval": f"{INTERVAL:g}s"} for n, path in enumerate(paths)]
        feeds += [
            {"url": desks.url(HEALTHY + n, f"/large/{path.name}"), "interval": f"{LARGE_INTERVAL:g}s"}
            for n, path in enumerate(largest(folder))
        ]
        alone = await _follow(feeds, desks, SETTLE_SECONDS, ALONE_SECONDS)
        feeds += [{"url": hostile.url(n, f"/{n}"), "interval": f"{INTERVAL:g}s"} for n in range(HOSTILE)]
        beside = await _follow(feeds, desks, warm_up, seconds)
    _report(alone, beside)


async def _follow(feeds: Sequence[object], desks: Origin, warm_up: float, seconds: float) -> Seen:
    """Start a Livelog and measure for `seconds`, after some seconds of `warm_up`."""
    async with AsyncExitStack() as stack:
        livelog = Livelog(Path(stack.enter_context(TemporaryDirectory())))
        pool = stack.enter_context(_one_process())
        stack.push_async_callback(livelog.kill)
        # The second blog has no events, so a pong there is delayed only by the event loop.
        await livelog.start({"blog": feeds, "quiet": []})
        await asyncio.sleep(warm_up)
        desks.hits()
        began, queued = time.monotonic(), queued_seconds(livelog.pid)
        probing = asyncio.get_running_loop().run_in_executor(pool, probe, livelog.port, "/quiet/ws", seconds)
        server, parsers = [], []
        while time.monotonic() < began + seconds:
            server.append(resident_bytes(livelog.pid))
            parsers.append(sum(resident_bytes(pid) for pid in session(livelog.pid) if pid != livelog.pid))
            await asyncio.sleep(1)
        lags, queued = await probing, queued_seconds(livelog.pid) - queued
        return Seen(lags, desks.hits(), began, time.monotonic(), queued, server, parsers)


@contextmanager
def _one_process() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(time.monotonic).result()
        yield pool


def _report(alone: Seen, beside: Seen) -> None:
    trips = [_p99(seen.lags.trips) * 1e3 for seen in (alone, beside)]
    wakes = [_p99(seen.lags.wakes) * 1e3 for seen in (alone, beside)]
    show(
        f"hostile: {HEALTHY} feeds every {INTERVAL:g} s, {LARGE} large ones that change every {LARGE_INTERVAL:g} s; "
        f"{ALONE_SECONDS:.0f} s alone, {beside.ended - beside.began:.0f} s beside hostile ones",
        ("", "alone", f"beside {HOSTILE} hostile feeds", "ratio"),
        ("loop lag, p99", *(f"{trip:.1f} ms" for trip in trips), _ratio(trips)),
        ("  of a process that only sleeps", *(f"{wake:.1f} ms" for wake in wakes), _ratio(wakes)),
        ("  difference", f"{alone.lag:.1f} ms", at_most(beside.lag, MAX_LAG_MS, ".1f", " ms"), ""),
        ("  waited for a core to be free", *(f"{seen.queued_share:.0%} of the time" for seen in (alone, beside)), ""),
        *_lateness("unchanged feeds", alone.late(_SETTLED), beside.late(_SETTLED)),
        *_lateness("feeds with news", alone.late(_NEWSY), beside.late(_NEWSY)),
        _memory("the server", alone.server, beside.server),
        _memory("its parsers", alone.parsers, beside.parsers),
    )


def _lateness(whose: str, alone: Sequence[float], beside: Sequence[float]) -> Iterator[Sequence[str]]:
    means = [fmean(alone), fmean(beside)]
    ratio = _ratio([100 + mean for mean in means])
    yield f"{whose}, polls late by", f"{means[0]:.1f} %", at_most(means[1], MAX_LATE_PERCENT, ".1f", " %"), ratio
    yield "  p99", *(f"{_p99(late):.0f} %" for late in (alone, beside)), ""


def _memory(whose: str, alone: Sequence[int], beside: Sequence[int]) -> Sequence[str]:
    """The medians of the first and the last fifth."""
    fifths = [(median(sizes[: len(sizes) // 5]), median(sizes[-len(sizes) // 5 :])) for sizes in (alone, beside)]
    cells = [f"{first / 1e6:.0f} → {last / 1e6:.0f} MB" for first, last in fifths]
    first, last = fifths[1]
    return f"memory of {whose}", *cells, at_most(last / first, MAX_GROWTH)


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100)[98]


def _ratio(pair: Sequence[float]) -> str:
    return f"{pair[1] / pair[0]:.2f}"


def _misbehave(raw: RawOrigin) -> None:
    """Serve a script for each hostile feed, all kinds in equal numbers."""
    scripts = [*_slow(), *_heavy(), *_endless()]
    for number in range(HOSTILE):
        path = f"/{number}"
        kind = number % (len(scripts) + 1)
        raw.serve(path, scripts[kind] if kind < len(scripts) else says(moved(path)))


def _slow() -> list[Script]:
    """Answers of at most one byte a second."""
    return [
        silent,
        repeats(b"HTTP/1.1 200 OK\r\nX-", b"a", 1.0),
        repeats(answer("Content-Length: 1000000"), b" ", 1.0),
    ]


def _endless() -> list[Script]:
    """Endless headers, an endless body, and a gzip bomb."""
    bomb = gzip.compress(bytes(100 * _MEGABYTE))
    return [
        repeats(b"HTTP/1.1 200 OK\r\n", b"X-Header: and one more\r\n" * 100),
        repeats(answer("Content-Type: application/xml"), b"<item><title>one more</title></item>" * 1000),
        says(whole(bomb, "Content-Encoding: gzip")),
    ]


def _heavy() -> list[Script]:
    """Documents that exceed a parser's time or memory."""
    bodies = [
        rss(f"<title>t</title><author>a@{'a.' * 64_000}!</author>"),
        json_feed(*[{}] * 3_500_000),
        rss(*["<title>Title</title><description>&lt;p&gt;Some words.&lt;/p&gt;</description>"] * 150_000),
    ]
    return [says(whole(body)) for body in bodies]
