"""Pages a second, and the effect of clients that load them on the delivery of events.

1,000 clients get an event a second throughout, which changes every page. Beside them, wrk loads /readyz, a page,
pages of large posts, 200 large entries, or nothing: in turns, so that other work of the machine affects all alike.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from tornado.httpclient import AsyncHTTPClient

from bench.load import Clients, LoadError, allow_connections, build
from bench.posts import BLOG
from bench.report import at_least, at_most, show
from bench.servers import Livelog
from bench.trials import paced
from bench.turns import SIZE, TIMEOUT
from demo.newsroom import Desk
from entries import FRONT_PAGE
from tests.livelog import until

CLIENTS: Final = 1_000
ROUNDS: Final = 7
SECONDS: Final = 5
LARGE_POSTS: Final = 200
LARGE_BYTES: Final = 20_000
MIN_SHARE_OF_HEALTHZ: Final = 0.7
MAX_TIMES_P99: Final = 1.5

_LARGE: Final = "large"
_ALONE: Final = "nothing"
_HEALTHZ: Final = "/readyz"
_PAGE: Final = "a page"


class Load(NamedTuple):
    """A path that wrk loads on some connections."""

    name: str
    path: str
    connections: int


LOADS: Final = (
    Load(_ALONE, "", 0),
    Load(_HEALTHZ, "/readyz", 32),
    Load(_PAGE, f"/{BLOG}/", 32),
    Load("a page of large posts", f"/{_LARGE}/", 4),
    Load("200 large entries", f"/{_LARGE}/entries?limit={LARGE_POSTS}", 4),
)


@dataclass
class Turns:
    """Requests a second, and p99 of deliveries in ms, of each turn of a load."""

    rates: list[float] = field(default_factory=list)
    p99s: list[float] = field(default_factory=list)

    def share(self, other: Turns) -> float:
        """The median of the ratios of rates, turn by turn."""
        return median(own / its for own, its in zip(self.rates, other.rates, strict=True))

    def times(self, other: Turns) -> float:
        """The median of the ratios of p99s, turn by turn."""
        return median(own / its for own, its in zip(self.p99s, other.p99s, strict=True))


class LivelogWithLargePosts(Livelog):
    """A second blog has the same events, and large posts."""

    def blogs(self, desk: Desk) -> dict[str, Any]:
        """Both blogs."""
        large = self.newsroom.open_desk("/large.xml", title="Large", keep=LARGE_POSTS)
        for number in range(LARGE_POSTS):
            words = "".join(f"<p>{number} times {line} is {number * line}.</p>" for line in range(LARGE_BYTES // 30))
            large.publish(title=f"Large {number}", html=words)
        blogs = super().blogs(desk)
        feeds = [*blogs[BLOG]["feeds"], {"url": large.url, "interval": "1h"}]
        return blogs | {_LARGE: {"title": "Large", "posts": "full", "feeds": feeds}}

    async def has_large_posts(self) -> bool:
        """True if all large posts are stored."""
        answer = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{self.port}/{_LARGE}/entries?limit={LARGE_POSTS}")
        return len(json.loads(answer.body)["items"]) == LARGE_POSTS


async def run() -> None:
    """Print requests a second and p99 of deliveries for each load."""
    wrk = shutil.which("wrk")
    if wrk is None:
        print("pages: skipped, wrk is not installed (apt-get install wrk)")
        return
    allow_connections(CLIENTS)
    with TemporaryDirectory() as name:
        folder = Path(name)
        load = build("load", folder)
        server = LivelogWithLargePosts("Livelog")
        try:
            await server.start(folder)
            await server.publish(FRONT_PAGE, SIZE)
            await until(server.has_large_posts)
            clients = await Clients.connect(load, server.port, server.path, CLIENTS)
            found = await _measure(wrk, server, clients)
            await clients.close()
        finally:
            await server.stop()
    _print(found)


async def _measure(wrk: str, server: Livelog, clients: Clients) -> dict[str, Turns]:
    found = {load.name: Turns() for load in LOADS}
    # The first round is a warm-up.
    for counts in [False, *[True] * ROUNDS]:
        for load in LOADS:
            await clients.expect(0, 0)
            rate, _ = await asyncio.gather(_rate(wrk, server.port, load), paced(server, SECONDS, SIZE))
            arrival = await clients.expect(SECONDS * CLIENTS, TIMEOUT)
            if counts:
                found[load.name].rates.append(rate)
                found[load.name].p99s.append(arrival.each_p99)
    return found


async def _rate(wrk: str, port: int, load: Load) -> float:
    """Requests a second. Raises LoadError if one failed."""
    if not load.path:
        return 0
    options = ("-t1", f"-c{load.connections}", f"-d{SECONDS}", "-H", "Accept-Encoding: gzip")
    process = await create_subprocess_exec(wrk, *options, f"http://127.0.0.1:{port}{load.path}", stdout=PIPE)
    output = (await process.communicate())[0].decode()
    rate = re.search(r"^Requests/sec: +([0-9.]+)", output, re.MULTILINE)
    if rate is None or "Non-2xx" in output or "Socket errors" in output:
        raise LoadError(f"{load.path} was not always answered: {output}")
    return float(rate[1])


def _print(found: dict[str, Turns]) -> None:
    alone, health = found[_ALONE], found[_HEALTHZ]
    rows = [("beside the clients", "requests/s", "of those of /readyz", "p99 of deliveries", "times that without")]
    for load in LOADS:
        turns = found[load.name]
        share = at_least(turns.share(health), MIN_SHARE_OF_HEALTHZ) if load.name == _PAGE else ""
        times = "" if load.name == _ALONE else at_most(turns.times(alone), MAX_TIMES_P99)
        rate = _spread(turns.rates, "") if load.path else ""
        rows.append((load.name, rate, share, _spread(turns.p99s, " ms"), times))
    show(f"pages: {CLIENTS:,} clients get an event a second; {ROUNDS} turns of {SECONDS} s each, medians", *rows)


def _spread(values: Sequence[float], unit: str) -> str:
    return f"{median(values):,.0f}{unit} ({min(values):,.0f}–{max(values):,.0f})"
