"""What a hundred hostile origins do to everyone else: to the event loop, to the polls of healthy feeds, to memory.

The same healthy feeds, and the largest files of the corpus, which change at each poll, are followed twice: alone, and
beside the hostile ones.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, quantiles
from tempfile import TemporaryDirectory

from bench.lag import Lags, probe
from bench.made import resident_bytes, session
from bench.origin import Hit, Origin, gaps, origin, raw_origins, unchanged, whole
from bench.table import most, show
from tests.corpus import corpus_if_here
from tests.feeds.documents import json_feed, rss
from tests.feeds.origins import RawOrigin, Script, answer, moved, repeats, says, silent
from tests.feeds.origins import whole as in_whole
from tests.livelog import Livelog

HEALTHY = 50
"""Half of them never change, and half have a new entry at each poll."""

LISTED = 10
LARGE = 8
HOSTILE = 100
INTERVAL = 2.0
LARGE_INTERVAL = 10.0
SETTLE_SECONDS = 5.0
ALONE_SECONDS = 20.0
BESIDE_SECONDS = 60.0
MOST_LAG = 10.0
MOST_LATE = 10.0
MOST_GROWTH = 1.1

_SETTLED = [f"/settled/{number}" for number in range(0, HEALTHY, 2)]
_NEWSY = [f"/newsy/{number}" for number in range(1, HEALTHY, 2)]
_MEGABYTE = 1024 * 1024


@dataclass
class Seen:
    """What was measured in a stretch of time."""

    lags: Lags
    hits: list[Hit]
    began: float
    ended: float
    server: list[int] = field(default_factory=list)
    parsers: list[int] = field(default_factory=list)

    def late(self, paths: Sequence[str]) -> list[float]:
        """How late polls were, in per cent of the interval, in order."""
        return sorted((gap / INTERVAL - 1) * 100 for gap in gaps(self.hits, paths, self.began, self.ended))


class Desks:
    """Healthy feeds, and files of a folder that are not the same twice."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._asked = 0

    @cached_property
    def _large(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in largest(self._folder)}

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:
        """What the first part of the path says."""
        self._asked += 1
        _, kind, name = path.split("/")
        if kind == "large":
            # The title of the feed and of some entries.
            body = self._large[name].replace(b"</title>", b" %d</title>" % self._asked, 3)
            body = body.replace(b'"title": "', b'"title": "%d ' % self._asked, 3)
            return 200, whole(body, "application/xml", f'"{self._asked}"')
        if kind == "newsy":
            return 200, whole(_document(self._asked), "application/rss+xml", f'"{self._asked}"')
        if b"\nif-none-match:" in head:
            return 304, unchanged('"1"')
        return 200, whole(_document(0), "application/rss+xml", '"1"')


def largest(folder: Path | None) -> list[Path]:
    """The largest files of the corpus, if it is here."""
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_size)[-LARGE:] if folder else []


async def run() -> None:
    """Prints lag, lateness and memory, alone and beside the hostile feeds."""
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
        alone = await _follow(feeds, desks, ALONE_SECONDS)
        feeds += [{"url": hostile.url(n, f"/{n}"), "interval": f"{INTERVAL:g}s"} for n in range(HOSTILE)]
        beside = await _follow(feeds, desks, BESIDE_SECONDS)
    _report(alone, beside)


async def _follow(feeds: Sequence[object], desks: Origin, seconds: float) -> Seen:
    """Starts anew, and measures for so long."""
    with TemporaryDirectory() as folder, _one_process() as pool:
        livelog = Livelog(Path(folder))
        # Nothing ever comes on the second: there a ping waits for the loop alone.
        await livelog.start({"blog": feeds, "quiet": []})
        await asyncio.sleep(SETTLE_SECONDS)
        loop = asyncio.get_running_loop()
        desks.hits()
        began = time.monotonic()
        probing = loop.run_in_executor(pool, probe, livelog.port, "/quiet/ws", seconds)
        server, parsers = [], []
        while time.monotonic() < began + seconds:
            processes = session(livelog.pid)
            server.append(resident_bytes(livelog.pid))
            parsers.append(sum(resident_bytes(pid) for pid in processes if pid != livelog.pid))
            await asyncio.sleep(1)
        seen = Seen(await probing, desks.hits(), began, time.monotonic(), server, parsers)
        await livelog.kill()
    return seen


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
        f"{ALONE_SECONDS:.0f} s alone, {BESIDE_SECONDS:.0f} s beside hostile ones",
        ("", "alone", f"beside {HOSTILE} hostile feeds", "ratio"),
        ("loop lag, p99", f"{trips[0]:.1f} ms", most(trips[1], MOST_LAG, ".1f", " ms"), _ratio(trips)),
        ("  a process that only sleeps", *(f"{wake:.1f} ms" for wake in wakes), _ratio(wakes)),
        *_lateness("unchanged feeds", alone.late(_SETTLED), beside.late(_SETTLED)),
        *_lateness("feeds with news", alone.late(_NEWSY), beside.late(_NEWSY)),
        _memory("the server", alone.server, beside.server),
        _memory("its parsers", alone.parsers, beside.parsers),
    )


def _lateness(whose: str, alone: Sequence[float], beside: Sequence[float]) -> Iterator[Sequence[str]]:
    means = [fmean(alone), fmean(beside)]
    ratio = _ratio([100 + mean for mean in means])
    yield f"{whose}, polls late by", f"{means[0]:.1f} %", most(means[1], MOST_LATE, ".1f", " %"), ratio
    yield "  p99", *(f"{_p99(late):.0f} %" for late in (alone, beside)), ""


def _memory(whose: str, alone: Sequence[int], beside: Sequence[int]) -> Sequence[str]:
    """The peaks of the first third and the last."""
    thirds = [(max(sizes[: len(sizes) // 3]), max(sizes[-len(sizes) // 3 :])) for sizes in (alone, beside)]
    told = [f"{first / 1e6:.0f} → {last / 1e6:.0f} MB" for first, last in thirds]
    first, last = thirds[1]
    return f"memory of {whose}", *told, most(last / first, MOST_GROWTH)


def _p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100)[98]


def _ratio(pair: Sequence[float]) -> str:
    return f"{pair[1] / pair[0]:.2f}"


@cache
def _document(newest: int) -> bytes:
    item = (
        "<title>Post {0}</title><guid>https://newsroom.example/?p={0}</guid>"
        "<link>https://newsroom.example/?p={0}</link><description>Some words.</description>"
    )
    return rss(*(item.format(number) for number in range(newest, newest - LISTED, -1)))


def _misbehave(raw: RawOrigin) -> None:
    """Hands over a script for each hostile feed: as many of each kind."""
    scripts = [*_slow(), *_heavy(), *_endless()]
    for number in range(HOSTILE):
        path = f"/{number}"
        kind = number % (len(scripts) + 1)
        raw.serve(path, scripts[kind] if kind < len(scripts) else says(moved(path)))


def _slow() -> list[Script]:
    """Connections that come to nothing, at a byte a second or less."""
    return [
        silent,
        repeats(b"HTTP/1.1 200 OK\r\nX-", b"a", 1.0),
        repeats(answer("Content-Length: 1000000"), b" ", 1.0),
    ]


def _endless() -> list[Script]:
    """More than is taken: of headers, of a body, of a body once it is unpacked."""
    bomb = gzip.compress(bytes(100 * _MEGABYTE))
    return [
        repeats(b"HTTP/1.1 200 OK\r\n", b"X-Header: and one more\r\n" * 100),
        repeats(answer("Content-Type: application/xml"), b"<item><title>one more</title></item>" * 1000),
        says(in_whole(bomb, "Content-Encoding: gzip")),
    ]


def _heavy() -> list[Script]:
    """Documents that take a parser more time than it has, or more memory."""
    bodies = [
        rss(f"<title>t</title><author>a@{'a.' * 64_000}!</author>"),
        json_feed(*[{}] * 3_500_000),
        rss(*["<title>Title</title><description>&lt;p&gt;Some words.&lt;/p&gt;</description>"] * 150_000),
    ]
    return [says(in_whole(body)) for body in bodies]
