"""Someone with a browser, and what a page shows them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
)

from demo.newsroom import Desk
from tests.livelog import PATIENCE, Livelog, pause, until

REFUSED: Final = r"WebSocket connection to 'ws://\S+' failed|Failed to load resource: net::ERR_CONNECTION_REFUSED"
"""What Chromium says of a server that is away. No page can keep it from doing so."""

MISSING: Final = "Failed to load resource: "
"""What Chromium says of a picture or a page that isn't there."""

_ZONE: Final = "Asia/Kathmandu"
"""A quarter of an hour off: times on the page are the reader's, and no server's by chance."""

_REPORT_VIOLATIONS: Final = """
addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
  console.error(`policy violated: ${effectiveDirective} ${blockedURI} ${sample}`);
});
"""

_WATCH: Final = """() => {
  const seen = window.seen = { states: [], arrivals: [] };
  const state = document.getElementById('state');
  new MutationObserver(() => {
    if (seen.states.at(-1) !== state.dataset.state) seen.states.push(state.dataset.state);
  }).observe(state, { attributes: true });
  new MutationObserver((records) => {
    for (const article of records.flatMap(({ addedNodes }) => [...addedNodes])) {
      if (article.localName !== 'article') continue;
      const title = article.querySelector('.headline')?.textContent;
      seen.arrivals.push({ title, marked: article.classList.contains('arrived') });
    }
  }).observe(document.getElementById('timeline'), { childList: true });
}"""

# After each frame, not before it: the browser keeps the reader's place when it lays out, and so may the page.
_HOLD: Final = """(article) => {
  const tops = window.tops = [];
  const after = new MessageChannel();
  after.port1.onmessage = () => {
    tops.push(article.getBoundingClientRect().top);
    requestAnimationFrame(() => after.port2.postMessage(null));
  };
  after.port2.postMessage(null);
}"""


class Visitor:
    """Opens pages, each in a context of its own, and collects what goes wrong in them.

    ``complaints`` are errors on the console, exceptions and violations of the policy that the test did not expect;
    ``dialogs`` is what was put before the reader, ``requests`` what was asked for.
    """

    def __init__(self, browser: Browser) -> None:
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.requests: list[Request] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._expected: list[str] = []

    async def page(self, **options: Any) -> Page:
        """A page in a new context; ``options`` are those of playwright's `new_context`."""
        context = await self._browser.new_context(**{"timezone_id": _ZONE, **options})
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        await context.add_init_script(_REPORT_VIOLATIONS)
        context.on("request", lambda request: self.requests.append(request))
        context.on("dialog", self._dismiss)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._complain(str(error.error)))
        return await context.new_page()

    def expects(self, complaint: str) -> None:
        """Declares complaints (a regular expression for their beginning) to be no fault of the page's."""
        self._expected.append(complaint)

    async def leave(self) -> None:
        """Closes all pages, after all their messages have been received."""
        for context in self._contexts:
            for page in context.pages:
                await page.evaluate("0")
            await context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(message.text)

    def _complain(self, complaint: str) -> None:
        if not any(re.match(expected, complaint) for expected in self._expected):
            self.complaints.append(complaint)

    async def _dismiss(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()


async def becomes(read: Callable[[], Awaitable[object]], wanted: object, seconds: float = PATIENCE) -> None:
    """Waits at most ``seconds`` until the page shows a value. Polls more often than playwright's `expect`."""
    began = time.monotonic()
    while True:
        found = await read()
        waited = time.monotonic() - began
        if found == wanted or waited > seconds:
            break
        await asyncio.sleep(pause(waited))
    assert found == wanted


def every_second(desk: Desk) -> dict[str, Any]:
    """A desk's feed, for a configuration."""
    return {"url": desk.url, "interval": "1s"}


async def listed(livelog: Livelog, count: int) -> list[dict[str, Any]]:
    """All entries of the blog, once there are so many."""

    async def enough() -> bool:
        return len(await livelog.entries()) >= count

    await until(enough)
    return await livelog.entries()


def posts(page: Page) -> Locator:
    """The posts on a page."""
    return page.locator("#timeline > article")


def post(page: Page, title: str) -> Locator:
    """The post of that title."""
    return posts(page).filter(has=page.locator(".headline").get_by_text(title, exact=True))


async def titles(page: Page) -> list[str]:
    """The titles on a page, from top to bottom."""
    return await page.locator("#timeline > article .headline").all_text_contents()


async def all_shown(page: Page, count: int, seconds: float = PATIENCE) -> None:
    """Waits until a page shows so many posts. Its reader is at the top; Home shows the posts that wait."""

    async def shown() -> int:
        if (await page.title()).startswith("("):
            await page.keyboard.press("Home")
        return await posts(page).count()

    await becomes(shown, count, seconds)


async def ids(page: Page) -> list[str]:
    """The ids of the posts on a page, from top to bottom."""
    found: list[str] = await posts(page).evaluate_all("(all) => all.map((post) => post.dataset.id)")
    return found


async def until_live(page: Page) -> None:
    """Waits for the page to say that it is live."""
    await becomes(lambda: state(page), "Live")


async def state(page: Page) -> str:
    """The state of the page as the bar says it, without the age of the newest post."""
    return await page.locator("#state > [role=status]").inner_text()


async def watch(page: Page) -> None:
    """Has the page remember what happens to it from now on, for `seen`. A reload would make it forget."""
    await page.evaluate(_WATCH)


async def seen(page: Page) -> Any:
    """What has happened since `watch`: ``states`` of the connection, ``arrivals`` with ``title`` and ``marked``."""
    return await page.evaluate("seen")


async def hold(article: Locator) -> None:
    """Has the page measure from now on, after each frame, where a post stands on the screen."""
    await article.evaluate(_HOLD)


async def moved(page: Page) -> float:
    """By how many pixels the post that is held has moved since, at most, in any frame up to the next one."""
    count = await page.evaluate("tops.length")

    async def grown() -> bool:
        return bool(await page.evaluate("(count) => tops.length > count + 1", count))

    await becomes(grown, True)
    tops: list[float] = await page.evaluate("tops")
    return max(tops) - min(tops)
