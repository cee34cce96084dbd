"""Latency of a blog's feeds under wrk with 200 connections, compared with that of /healthz.

The paths take turns, so that other work of the machine affects all alike. The blog has a front page of posts and does
not change; readers ask for gzip.
"""

from __future__ import annotations

import re
import shutil
from asyncio.subprocess import PIPE, create_subprocess_exec
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from tornado.httpclient import AsyncHTTPClient

from bench.load import LoadError
from bench.posts import BLOG
from bench.report import at_most, show
from bench.servers import Livelog
from bench.turns import SIZE
from entries import FRONT_PAGE

CONNECTIONS: Final = 200
ROUNDS: Final = 5
SECONDS: Final = 2
MAX_TIMES_HEALTHZ: Final = 1.5

_HEALTHZ: Final = "/healthz"
_FEEDS: Final = tuple(f"/{BLOG}/feed.{form}" for form in ("xml", "json", "txt"))
_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Request(NamedTuple):
    """A path, and the entity tag that readers have of it, empty for none."""

    path: str
    tag: str = ""

    @property
    def name(self) -> str:
        """Its name in the table."""
        return f"{self.path}, 304" if self.tag else self.path


@dataclass
class Turns:
    """Median latency in ms, and requests a second, of each turn of a path."""

    p50s: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


async def run() -> None:
    """Print latency and rate of each feed."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("feeds: skipped, wrk is not installed (apt-get install wrk)")
        return
    with TemporaryDirectory() as name:
        server = Livelog("Livelog")
        try:
            await server.start(Path(name))
            await server.publish(FRONT_PAGE, SIZE)
            found = await _measure(wrk, server.port)
        finally:
            await server.stop()
    _print(found)


async def _measure(wrk: str, port: int) -> dict[str, Turns]:
    tag = (await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}{_FEEDS[0]}")).headers["ETag"]
    requests = [Request(_HEALTHZ), *map(Request, _FEEDS), Request(_FEEDS[0], tag)]
    found = {request.name: Turns() for request in requests}
    # The first round is a warm-up.
    for counts in [False, *[True] * ROUNDS]:
        for request in requests:
            p50, rate = await _turn(wrk, port, request)
            if counts:
                found[request.name].p50s.append(p50)
                found[request.name].rates.append(rate)
    return found


async def _turn(wrk: str, port: int, request: Request) -> tuple[float, float]:
    """Median latency in ms, and requests a second. Raises LoadError if a request failed."""
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", "-H", "Accept-Encoding: gzip"]
    options += ["-H", f"If-None-Match: {request.tag}"] if request.tag else []
    process = await create_subprocess_exec(wrk, *options, f"http://127.0.0.1:{port}{request.path}", stdout=PIPE)
    output = (await process.communicate())[0].decode()
    p50 = re.search(r"^ +50% +([0-9.]+)(us|ms|s)$", output, re.MULTILINE)
    rate = re.search(r"^Requests/sec: +([0-9.]+)", output, re.MULTILINE)
    # wrk counts a 304 among the others.
    failed = "Non-2xx" in output and not request.tag
    if p50 is None or rate is None or failed or "Socket errors" in output:
        raise LoadError(f"{request.path} was not always answered: {output}")
    return float(p50[1]) * _UNITS[p50[2]], float(rate[1])


def _print(found: dict[str, Turns]) -> None:
    rows = [("path", "p50", "times that of /healthz", "requests/s")]
    health = found[_HEALTHZ]
    for name, turns in found.items():
        times = median(own / its for own, its in zip(turns.p50s, health.p50s, strict=True))
        limited = "" if name == _HEALTHZ else at_most(times, MAX_TIMES_HEALTHZ)
        p50 = f"{median(turns.p50s):.0f} ms ({min(turns.p50s):.0f}–{max(turns.p50s):.0f})"
        rows.append((name, p50, limited, f"{median(turns.rates):,.0f}"))
    show(f"feeds: {CONNECTIONS} connections of wrk; {ROUNDS} turns of {SECONDS} s each, medians", *rows)
