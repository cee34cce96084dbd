"""What a page costs its reader: until the first paint on a slow network, in bytes, in tasks that hold up a frame."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from demo.newsroom import Draft
from demo.story import story
from tests.livelog import PATIENCE, until

SLOW_3G: Final = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""400 ms a round trip and 400 kbit/s, for CDP's Network.emulateNetworkConditions (which takes bytes)."""

FIRST_PAINT_MS: Final = 3_000.0
TEXT_BYTES: Final = 60_000
LONG_MS: Final = 50.0
"""What may be: the first paint on Slow 3G, document with styles and scripts, a task (W3C Long Tasks)."""

_FIRST_PAINT: Final = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) {
      if (name === 'first-contentful-paint') resolve(startTime);
    }
  }).observe({ type: 'paint', buffered: true });
})"""


_LIVE: Final = """() => new Promise((resolve) => {
  const look = () => {
    if (document.querySelector('#state')?.dataset.state === 'live') resolve(performance.now());
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
  look();
})"""


@dataclass
class Transfer:
    """What came over the network, by kind of resource: answers, and bytes with their heads."""

    answers: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)

    @property
    def text(self) -> int:
        """The bytes of document, styles and scripts."""
        return sum(self.bytes[kind] for kind in ("Document", "Stylesheet", "Script"))


@dataclass(frozen=True)
class Visit:
    """What one visit took: milliseconds from its start, and what came until the page was live."""

    first_paint: float
    live: float
    transfer: Transfer


@dataclass(frozen=True)
class Task:
    """A task of the page's main thread: milliseconds by the clock, and of the thread's CPU."""

    milliseconds: float
    cpu: float


def drafts(count: int) -> list[Draft]:
    """Posts as a newsroom writes them: the demo's."""
    return [step.draft for step in islice((step for step in story() if step.action == "publish"), count)]


async def visit(context: BrowserContext, url: str, network: dict[str, Any] | None = None) -> Visit:
    """Opens a live page in a context, whose cache may have something of it, and waits until it is live."""
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    if network:
        await session.send("Network.emulateNetworkConditions", network)
    transfer = _count(session)
    await page.goto(url, wait_until="commit")
    first_paint: float = await page.evaluate(_FIRST_PAINT)
    live: float = await page.evaluate(_LIVE)
    await page.close()
    return Visit(first_paint, live, transfer)


async def show_waiting(page: Page, title: str, seconds: float = PATIENCE) -> None:
    """Presses Home whenever posts wait, until the post with that title is visible; fails after ``seconds``."""
    headline = page.locator(".headline", has_text=title)

    async def is_shown() -> bool:
        if (await page.title()).startswith("("):
            await page.keyboard.press("Home")
        return await headline.is_visible()

    await until(is_shown, seconds)


def _count(session: CDPSession) -> Transfer:
    transfer = Transfer()
    kinds: dict[str, str] = {}

    def respond(event: dict[str, Any]) -> None:
        if not event["response"].get("fromDiskCache"):
            kinds[event["requestId"]] = event["type"]
            transfer.answers[event["type"]] += 1

    def finish(event: dict[str, Any]) -> None:
        if event["requestId"] in kinds:
            transfer.bytes[kinds[event["requestId"]]] += int(event["encodedDataLength"])

    session.on("Network.responseReceived", respond)
    session.on("Network.loadingFinished", finish)
    return transfer


@asynccontextmanager
async def traced(browser: Browser, page: Page) -> AsyncIterator[list[Task]]:
    """Fills in, at the end, the tasks that a page has done meanwhile, the one with most CPU first.

    CPU says what is of the page's making: what others do on the machine stretches the clock, not that.
    """
    tasks: list[Task] = []
    await browser.start_tracing(page=page, categories=["toplevel", "-*"])
    try:
        yield tasks
    finally:
        events = json.loads(await browser.stop_tracing())["traceEvents"]
        tasks += sorted(_tasks(events), key=lambda task: -task.cpu)


def _tasks(events: list[dict[str, Any]]) -> list[Task]:
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        Task(event["dur"] / 1e3, event["tdur"] / 1e3)
        for event in events
        if event["name"].endswith("RunTask") and "tdur" in event and (event["pid"], event["tid"]) in threads
    ]
