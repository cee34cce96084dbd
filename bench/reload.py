"""Reloads beside 10,000 readers: who is disconnected, and when the entries of a new feed are there.

Each reload is a saved config.yaml with a feed more; every fourth one has a mistake and must change nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.load import Clients, LoadError, allow_connections, build
from bench.report import at_most, show
from demo.newsroom import Newsroom
from tests.livelog import Livelog, until

CLIENTS = 10_000
RELOADS = 20
BROKEN_EACH = 4
MAX_SECONDS = 2.0


async def run() -> None:
    """Print connections lost, and the seconds from saving to a new feed's first entry."""
    try:
        allow_connections(CLIENTS)
        await _measure()
    except LoadError as error:
        print(f"reload: skipped, {error}")


async def _measure() -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        newsroom = Newsroom()
        await newsroom.start()
        stack.push_async_callback(newsroom.stop)
        livelog = Livelog(folder)
        stack.push_async_callback(livelog.kill)
        await livelog.start({"blog": []})
        clients = await Clients.connect(build("load", folder), livelog.port, "/blog/ws", CLIENTS)
        stack.push_async_callback(clients.close)
        seconds = [found async for found in _reloads(livelog, newsroom)]
        arrival = await clients.expect(0, 0)
        refused = livelog.log.count("Not applied")
    show(
        f"reload: {RELOADS} saved configurations beside {CLIENTS:,} readers",
        ("of these with a mistake, refused", str(refused)),
        ("readers that lost their connection", at_most(arrival.lost, 0, ".0f")),
        (
            "saved until the first entry of a new feed is there, longest",
            at_most(max(seconds), MAX_SECONDS, ".2f", " s"),
        ),
    )


async def _reloads(livelog: Livelog, newsroom: Newsroom) -> AsyncIterator[float]:
    """Seconds until a new feed's entry was on the page, for each configuration that is applied."""
    feeds: list[dict[str, str]] = []
    for number in range(1, RELOADS + 1):
        if number % BROKEN_EACH == 0:
            before = livelog.log.count("Not applied")
            _save(livelog, '{"blogs": {"blog": {"titel": ')
            await until(lambda before=before: livelog.log.count("Not applied") > before)
            continue
        title = f"The first post of desk {number}"
        desk = newsroom.open_desk(f"/{number}.xml", title=f"Desk {number}")
        desk.publish(title=title)
        feeds.append({"url": desk.url, "interval": "1h"})
        config = {"server": {"port": 0}, "store": f"sqlite:{livelog.database}", "blogs": {"blog": {"feeds": feeds}}}
        _save(livelog, json.dumps(config))
        began = time.monotonic()
        await until(lambda title=title: _is_there(livelog, title))
        yield time.monotonic() - began


def _save(livelog: Livelog, text: str) -> None:
    new = livelog.folder / "config.yaml~"
    new.write_text(text, encoding="utf-8")
    new.replace(livelog.folder / "config.yaml")


async def _is_there(livelog: Livelog, title: str) -> bool:
    return title.encode() in (await livelog.get("/blog/")).body
