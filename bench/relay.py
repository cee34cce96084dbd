"""Seconds from the first Livelog's readers to those of a second one that follows it by WebSub."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from bench.report import at_most, show
from demo.newsroom import Desk, Newsroom
from tests.livelog import PATIENCE, Client
from tests.relay import Relay

DESKS = 8
POSTS = 400
POSTS_PER_SECOND = 10
MAX_P99_SECONDS = 0.3


async def run() -> None:
    """Print how much later the second one's readers get an entry, through Atom and through JSON Feed."""
    for form in ("feed.xml", "feed.json"):
        delays = await _measure(form)
        show(
            f"relay: a second Livelog follows {form} of the first by WebSub, {POSTS} entries",
            ("later than the first one's readers, p50", f"{median(delays):.3f} s"),
            ("p99", at_most(quantiles(delays, n=100)[98], MAX_P99_SECONDS, ".3f", " s")),
            ("longest", f"{max(delays):.3f} s"),
        )


async def _measure(form: str) -> list[float]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        newsroom = Newsroom()
        await newsroom.start()
        stack.push_async_callback(newsroom.stop)
        desks = [newsroom.open_desk(f"/{n}.xml", title=f"Desk {n}", keep=20) for n in range(DESKS)]
        relay = Relay(folder, form)
        stack.push_async_callback(relay.close)
        await relay.start(desks)
        first = await stack.enter_async_context(relay.first.client())
        second = await stack.enter_async_context(relay.second.client())
        before, after, _ = await asyncio.gather(_arrivals(first), _arrivals(second), _publish(desks))
    return [after[title] - before[title] for title in before]


async def _publish(desks: list[Desk]) -> None:
    for number in range(POSTS):
        desks[number % DESKS].publish(title=f"Post {number}", html="<p>Some words.</p>" * 20)
        await asyncio.sleep(1 / POSTS_PER_SECOND)


async def _arrivals(client: Client) -> Mapping[str, float]:
    """The times at which each post arrived, once all have."""
    times: dict[str, float] = {}
    async with asyncio.timeout(POSTS / POSTS_PER_SECOND + PATIENCE):
        while len(times) < POSTS:
            message = await client.next()
            if message["type"] == "entry":
                times[message["item"]["title"]] = time.monotonic()
    return times
