"""First paint, liveness and bytes of the page on Slow 3G, and its tasks while 5,000 posts arrive.

On a day of real feeds, where there is one: visits of `shipped`, and posts of the kinds of `news`. Else on the demo's.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser, async_playwright

from bench.report import at_most, show
from demo.chromium import chromium
from demo.newsroom import Desk, Draft, Newsroom
from entries import FRONT_PAGE
from tests.browser.budget import (
    FIRST_PAINT_MS,
    LONG_MS,
    SLOW_3G,
    TEXT_BYTES,
    Task,
    Transfer,
    Visit,
    drafts,
    show_waiting,
    traced,
    visit,
)
from tests.browser.visitor import every_second, listed, until_live
from tests.livelog import Livelog
from tests.realday import followed_day, program_if_here

VISITS = 5
DAY = 5_000
BURST = 250
"""New posts of one poll."""


class Limits(NamedTuple):
    """Seconds on Slow 3G."""

    first_paint: float
    live: float


DEMO: Final = Limits(FIRST_PAINT_MS / 1e3, math.inf)
REAL: Final = Limits(1.2, 2.0)

TIMEOUT = 60.0
KINDS = ("Document", "Stylesheet", "Script")


class _Material(NamedTuple):
    """The address of a full page, posts to publish, and the limits that the page is held to."""

    url: str
    posts: Sequence[Draft]
    limits: Limits


async def run() -> None:
    """Print the figures. Raises AssertionError without Chromium."""
    program = chromium()
    assert program, "Chromium is needed: apt-get install chromium-headless-shell"
    async with _written() as (livelog, desk), _material(livelog) as material, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        visits = [await _twice(browser, material.url) for _ in range(VISITS)]
        tasks = await _day(browser, livelog.url("/blog/"), desk, material.posts)
        await browser.close()
    _show_visits(visits, material.limits)
    _show_bytes(*(each.transfer for each in visits[0]))
    _show_tasks(tasks)


@asynccontextmanager
async def _written() -> AsyncIterator[tuple[Livelog, Desk]]:
    """A Livelog with a full front page, and its desk."""
    newsroom = Newsroom()
    await newsroom.start()
    desk = newsroom.open_desk("/a.xml", title="The Newsroom", keep=BURST)
    for draft in drafts(FRONT_PAGE):
        desk.publish(draft)
    with TemporaryDirectory() as folder:
        livelog = Livelog(Path(folder))
        try:
            await livelog.start({"blog": [every_second(desk)]})
            await listed(livelog, FRONT_PAGE)
            yield livelog, desk
        finally:
            await livelog.kill()
            await newsroom.stop()


@asynccontextmanager
async def _material(demo: Livelog) -> AsyncIterator[_Material]:
    program = program_if_here()
    if program is None:
        yield _Material(demo.url("/blog/"), drafts(FRONT_PAGE), DEMO)
        return
    with TemporaryDirectory() as folder:
        async with followed_day(program, Path(folder)) as day:
            items = (await day.livelog.json("/news/entries?limit=200"))["items"]
            yield _Material(day.livelog.url("/shipped/"), [_draft(item) for item in items], REAL)


def _draft(item: dict[str, Any]) -> Draft:
    author = next((author["name"] for author in item.get("authors", ())), None)
    tags = tuple(item.get("tags", ()))
    return Draft(html=item.get("content_html", ""), author=author, categories=tags, image=item.get("image"))


async def _twice(browser: Browser, url: str) -> tuple[Visit, Visit]:
    """A first visit and a later one."""
    async with await browser.new_context() as context:
        return await visit(context, url, SLOW_3G), await visit(context, url, SLOW_3G)


async def _day(browser: Browser, url: str, desk: Desk, written: Sequence[Draft]) -> list[Task]:
    """The tasks of an open page while a day's posts arrive in bursts."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(url)
        await until_live(page)
        async with traced(browser, page) as tasks:
            for number in range(DAY):
                title = f"Post {number} of the day"
                desk.publish(replace(written[number % len(written)], title=title))
                if number % BURST == BURST - 1:
                    await show_waiting(page, title, TIMEOUT)
    return tasks


def _show_visits(visits: list[tuple[Visit, Visit]], limits: Limits) -> None:
    def middle(values: list[float]) -> float:
        return median(values) / 1e3

    first, again = zip(*visits, strict=True)
    show(
        f"page: {FRONT_PAGE} posts over Slow 3G (400 ms, 400 kbit/s), median of {VISITS} visits",
        ("", "first visit", "later visit"),
        (
            "first paint",
            at_most(middle([each.first_paint for each in first]), limits.first_paint, ".2f", " s"),
            f"{middle([each.first_paint for each in again]):.2f} s",
        ),
        (
            "live",
            at_most(middle([each.live for each in first]), limits.live, ".2f", " s"),
            f"{middle([each.live for each in again]):.2f} s",
        ),
    )


def _show_bytes(first: Transfer, again: Transfer) -> None:
    show(
        "page: bytes as transferred, with their heads",
        ("", "first visit", "later visit"),
        *((kind.lower(), *(f"{each.bytes[kind]:,}" for each in (first, again))) for kind in KINDS),
        ("all", at_most(first.text / 1e3, TEXT_BYTES / 1e3, ".1f", " KB"), f"{again.text / 1e3:.1f} KB"),
    )


def _show_tasks(tasks: list[Task]) -> None:
    longest = max(task.milliseconds for task in tasks)
    long = sum(task.milliseconds >= LONG_MS for task in tasks)
    show(
        f"page: open while {DAY:,} posts come in, {BURST} with each poll",
        ("longest task of the main thread, CPU", at_most(tasks[0].cpu, LONG_MS, ".0f", " ms")),
        ("longest task, by the clock", f"{longest:.0f} ms"),
        (f"tasks of {LONG_MS:.0f} ms and more, by the clock", f"{long} of {len(tasks):,}"),
    )
