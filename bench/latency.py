"""Seconds from publication, in a feed polled every second, to a WebSocket client and to the page."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from playwright.async_api import async_playwright

from demo.chromium import chromium
from demo.newsroom import Desk, Newsroom
from tests.livelog import Livelog

POSTS = 100

Arrives = Callable[[], Awaitable[object]]
"""Waits until the next post has arrived."""


async def run() -> None:
    """Print the delays, at random phases of the poll interval."""
    with TemporaryDirectory() as folder:
        newsroom = Newsroom()
        await newsroom.start()
        desk = newsroom.open_desk("/a.xml", title="A", keep=10)
        livelog = Livelog(Path(folder))
        await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})
        await _to_socket(livelog, desk)
        await _to_page(livelog, desk)
        await livelog.stop()
        await newsroom.stop()


async def _to_socket(livelog: Livelog, desk: Desk) -> None:
    async with livelog.client() as reader:
        await reader.next()

        async def arrives() -> None:
            await reader.next()

        await _measure("a WebSocket client", desk, arrives)


async def _to_page(livelog: Livelog, desk: Desk) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = await browser.new_page()
        shown = asyncio.Event()
        await page.expose_function("arrived", shown.set)
        await page.goto(livelog.url("/blog/"))
        await page.wait_for_selector("[data-state=live]")
        # An observer: playwright's own waiting polls twice a second.
        await page.evaluate(
            "new MutationObserver(() => arrived()).observe(document.getElementById('timeline'), { childList: true })"
        )

        async def arrives() -> None:
            await shown.wait()
            shown.clear()

        await _measure("the page's DOM in Chromium", desk, arrives)
        await browser.close()


async def _measure(where: str, desk: Desk, arrives: Arrives) -> None:
    delays = []
    for number in range(POSTS):
        await asyncio.sleep(random.random())
        published = time.monotonic()
        desk.publish(title=f"Post {number} for {where}", html="<p>Some words.</p>" * 20)
        await arrives()
        delays.append(time.monotonic() - published)
    print(
        f"publication to {where}, polled every second: p50 {median(delays):.2f} s, "
        f"p99 {quantiles(delays, n=100)[98]:.2f} s, max {max(delays):.2f} s ({POSTS} posts)"
    )
