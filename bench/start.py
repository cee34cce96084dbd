"""Seconds from `python server.py` to the first page, on an empty and on a filled timeline."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from demo.newsroom import Newsroom
from tests.livelog import Livelog, until

RUNS = 10
ENTRIES = 500


async def run() -> None:
    """Print the seconds to the first page."""
    with TemporaryDirectory() as folder:
        newsroom = Newsroom()
        await newsroom.start()
        desk = newsroom.open_desk("/a.xml", title="A", keep=ENTRIES)
        for number in range(ENTRIES):
            desk.publish(title=f"Post {number}", html="<p>Some words.</p>" * 20)
        livelog = Livelog(Path(folder))
        seconds = [await _first_page(livelog, desk.url)]
        await until(lambda: bool(newsroom.requests))
        seconds += [await _first_page(livelog, desk.url) for _ in range(RUNS)]
        await newsroom.stop()
    print(
        f"start to first page: {seconds[0]:.2f} s empty; with {ENTRIES} entries "
        f"median {median(seconds[1:]):.2f} s, max {max(seconds[1:]):.2f} s ({RUNS} runs)"
    )


async def _first_page(livelog: Livelog, url: str) -> float:
    began = time.monotonic()
    await livelog.start({"blog": [{"url": url, "interval": "1s"}]})
    assert (await livelog.get("/blog/")).code == 200
    taken = time.monotonic() - began
    await livelog.stop()
    return taken
