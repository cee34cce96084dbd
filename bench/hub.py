"""Ten thousand subscriptions of one blog, some of which never answer: the delay of others, on another blog."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from bench.processes import resident_bytes, used
from bench.report import at_most, show
from delivery.subscriptions import Request, Subscription, new_target
from demo.newsroom import Newsroom
from tests.livelog import Livelog, until
from timeline import open_timeline

SUBSCRIPTIONS = 10_000
SILENT = 300
"""Subscriptions whose callbacks never answer."""

POSTS = 15
SITE = "http://live.example.org"
MAX_SECONDS = 0.3
TIMEOUT = 120.0
_ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Callbacks(asyncio.Protocol):
    """One push. `/silent` does not answer; for `/small`, ``delays`` are seconds since an entry was seen.

    ``others`` counts those of the others, the ``last`` of which came at a monotonic time.
    """

    others: ClassVar[int] = 0
    delays: ClassVar[list[float]] = []
    last: ClassVar[float] = 0.0

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if not length or len(body) < int(length[1]) or b"POST /silent" in head:
            return
        now = time.time()
        if b"POST /small" in head:
            Callbacks.delays += [_delay(item, now) for item in json.loads(body)["items"]]
        else:
            Callbacks.others += 1
            Callbacks.last = time.monotonic()
        self._transport.write(_ANSWER)


async def run() -> None:
    """Print the delays of the other subscriber alone, and beside the ten thousand."""
    rows: list[tuple[str, ...]] = [
        ("", "subscriber: median", "slowest", "reader: median", "slowest", "all others", "CPU", "memory")
    ]
    for name, count, silent in (("alone", 0, 0), (f"beside {SUBSCRIPTIONS:,}", SUBSCRIPTIONS - SILENT, SILENT)):
        rows.append((name, *await _trial(count, silent)))
    show(f"hub: seconds from sight to delivery, with one post for {SUBSCRIPTIONS:,} others, {SILENT} silent", *rows)


async def _trial(count: int, silent: int) -> tuple[str, ...]:
    Callbacks.others, Callbacks.delays = 0, []
    with TemporaryDirectory() as folder:
        async with _newsroom() as newsroom, _callbacks() as port:
            desks = {blog: newsroom.open_desk(f"/{blog}.xml", title=blog, keep=200) for blog in ("small", "big")}
            for desk in desks.values():
                desk.publish(title="begins")
            livelog = Livelog(Path(folder))
            feeds = {blog: [{"url": desk.url, "interval": "1s"}] for blog, desk in desks.items()}
            await _subscribe(livelog, port, count, silent)
            sections = {"server": {"public_url": SITE}, "fetch": {"private_networks": ["127.0.0.0/8"]}}
            await livelog.start(feeds, **sections)
            try:
                await until(lambda: Callbacks.others >= count, TIMEOUT)
                Callbacks.others, Callbacks.delays = 0, []
                memory = resident_bytes(livelog.pid)
                readers: list[float] = []
                reading = asyncio.create_task(_read(livelog, readers))
                with used(livelog.pid) as (use,):
                    began = time.monotonic()
                    desks["big"].publish(title="for all")
                    for number in range(POSTS):
                        desks["small"].publish(title=f"post {number}")
                        await asyncio.sleep(1)
                        memory = max(memory, resident_bytes(livelog.pid))
                    await until(lambda: Callbacks.others >= count and len(Callbacks.delays) >= POSTS, TIMEOUT)
                    memory = max(memory, resident_bytes(livelog.pid))
                reading.cancel()
            finally:
                await livelog.stop()
    delays = Callbacks.delays
    return (
        f"{median(delays) * 1e3:.0f} ms",
        at_most(max(delays), MAX_SECONDS, ".3f", " s"),
        f"{median(readers) * 1e3:.0f} ms",
        at_most(max(readers), MAX_SECONDS, ".3f", " s"),
        f"{Callbacks.last - began:.1f} s" if count else "",
        use.share,
        f"{memory / 1e6:.0f} MB",
    )


async def _read(livelog: Livelog, delays: list[float]) -> None:
    """Notes the delays of a reader of the small blog."""
    async with livelog.client("small") as client:
        while message := await client.next():
            if message["type"] == "entry":
                delays.append(_delay(message["item"], time.time()))


def _delay(item: dict[str, Any], now: float) -> float:
    """Seconds since an entry was seen."""
    return now - datetime.fromisoformat(item["_livelog"]["seen"]).timestamp()


@asynccontextmanager
async def _newsroom() -> AsyncIterator[Newsroom]:
    newsroom = Newsroom()
    await newsroom.start()
    try:
        yield newsroom
    finally:
        await newsroom.stop()


@asynccontextmanager
async def _callbacks() -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(Callbacks, "0.0.0.0", 0, backlog=4_096)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def _subscribe(livelog: Livelog, port: int, count: int, silent: int) -> None:
    """Stores subscriptions: each callback is a host of its own."""
    timeline = await open_timeline(f"sqlite:{livelog.database}")
    paths = [("small", "/small")] + [("big", "/push")] * count + [("big", "/silent")] * silent
    cursors = {blog: str(await timeline.head(blog)) for blog in ("small", "big")}
    stored = []
    for number, (blog, path) in enumerate(paths):
        callback = f"http://127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255 or 1}:{port}{path}"
        topic = f"{SITE}/{blog}/feed.json"
        request = Request(
            mode="subscribe", callback=f"{callback}?{number}" if path != "/small" else callback, topic=topic
        )
        subscription = Subscription(callback=request.callback, topic=topic, until=time.time() + 86_400)
        target = replace(
            new_target(request, blog, cursors[blog]), settings=subscription.settings, delivered_at=time.time()
        )
        stored.append(timeline.put_job(target.job, time.time()))
    await asyncio.gather(*stored)
    await timeline.close()
