"""How long it takes from publication at an origin that is polled every second to a connected reader's hands."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from demo.newsroom import Newsroom
from tests.livelog import Livelog

POSTS = 120


async def run() -> None:
    """Prints the delays, at random phases of the poller's second."""
    delays = []
    with TemporaryDirectory() as folder:
        newsroom = Newsroom()
        await newsroom.start()
        desk = newsroom.open_desk("/a.xml", title="A")
        livelog = Livelog(Path(folder))
        await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})
        async with livelog.reader() as reader:
            await reader.next()
            for number in range(POSTS):
                await asyncio.sleep(random.random())
                published = time.monotonic()
                desk.publish(title=f"Post {number}", html="<p>Some words.</p>" * 20)
                await reader.next()
                delays.append(time.monotonic() - published)
        await livelog.stop()
        await newsroom.stop()
    print(
        f"publication to reader, polled every second: p50 {median(delays):.2f} s, "
        f"p99 {quantiles(delays, n=100)[98]:.2f} s, max {max(delays):.2f} s ({POSTS} posts)"
    )
