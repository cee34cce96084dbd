"""Browsers of early 2023: Chrome and Edge 111, Firefox 113, Safari 16.4. What came later is removed from Chromium.

And requests of the page that get no answer: each has a timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from playwright.async_api import Error, Page, Route, WebSocketRoute, expect

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from tests.browser.visitor import (
    MISSING,
    Visitor,
    becomes,
    every_second,
    listed,
    post,
    posts,
    state,
    titles,
    until_live,
)
from tests.livelog import Livelog

# The versions that brought them: Chrome, Firefox, Safari.
LACKING = """
delete URLSearchParams.prototype.size;      // 113, 112, 17
delete AbortSignal.any;                     // 116, 124, 17.4
delete window.trustedTypes;                 // 83, 148, 26
delete Promise.withResolvers;               // 119, 121, 17.4
delete Promise.try;
delete Array.fromAsync;
delete Object.groupBy;
delete Map.groupBy;
delete URL.canParse;
delete window.requestIdleCallback;          // not in Safari
delete window.navigation;
delete window.scheduler;
delete document.startViewTransition;
for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name];
for (const name of ['union', 'intersection', 'difference']) delete Set.prototype[name];
for (const name of Object.getOwnPropertyNames(Element.prototype)) {
  if (/^(aria[A-Z]|role$|checkVisibility|setHTML|moveBefore)/.test(name)) delete Element.prototype[name];
}
delete window.Iterator;
"""

LEFT = """() => [
  new URLSearchParams('a').size, AbortSignal.any, window.trustedTypes, document.body.role,
].filter((one) => one !== undefined).length"""


async def refuse(socket: WebSocketRoute) -> None:
    await socket.close()


async def block(route: Route) -> None:
    await route.abort()


async def in_time(page: Page, find: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Lets the page's time pass, ten times as fast as ours, until it shows what is wanted."""

    async def pass_and_find() -> object:
        await asyncio.sleep(0.1)
        await page.clock.fast_forward(1_000)
        return await find()

    await becomes(pass_and_find, wanted)


async def block_better(page: Page, transport: str) -> None:
    """Leaves a page the transports from this one on."""
    if transport != "websocket":
        await page.route_web_socket("**/ws*", refuse)
    if transport == "polling":
        await page.route("**/blog/events*", block)


@pytest.mark.parametrize(
    ("transport", "name"), [("websocket", "Live"), ("events", "Live"), ("polling", "Asking every 10 s")]
)
async def test_posts_arrive_by_every_transport(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, transport: str, name: str
) -> None:
    visitor.expects(MISSING)
    desk = newsroom.open_desk("/a.xml", title="A", format="atom", keep=2 * FRONT_PAGE)
    for number in range(FRONT_PAGE + 5):
        desk.publish(title=f"Post {number}")
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, FRONT_PAGE + 5)
    # Chromium demands Trusted Types where the policy does, whether it has the API or not.
    page = await visitor.page(bypass_csp=True)
    await page.add_init_script(LACKING)
    await block_better(page, transport)
    await page.clock.install()
    await page.goto(livelog.url("/blog/"))
    assert await page.evaluate(LEFT) == 0
    await in_time(page, lambda: state(page), name)
    desk.publish(title="Newest", html="<p>As it <b>happens</b>.</p>", categories=("Tide",))
    desk.correct(desk.posts[-1].guid, title="Corrected")
    await in_time(page, post(page, "Newest").is_visible, True)
    await expect(post(page, "Newest").locator(".content b")).to_have_text("happens")
    await expect(page.locator("#timeline")).to_have_attribute("role", "feed")
    await posts(page).last.scroll_into_view_if_needed()
    await in_time(page, lambda: _is_listed(page, "Corrected"), True)


async def _is_listed(page: Page, title: str) -> bool:
    return title in await titles(page)


class Unanswered:
    """Requests that get no answer before the end of the test, but for those after the first ``only``."""

    def __init__(self, page: Page, only: int = 1_000) -> None:
        self.asked = 0
        self._page = page
        self._only = only
        self._over = asyncio.Event()

    async def hold(self, route: Route) -> None:
        """Handles a route; the page itself is answered."""
        if route.request.is_navigation_request():
            await route.continue_()
            return
        self.asked += 1
        if self.asked > self._only:
            await route.continue_()
            return
        await self._over.wait()
        with suppress(Error):
            await route.abort()

    async def count(self) -> int:
        """How many requests came until now."""
        return self.asked

    async def end(self) -> None:
        """Ends those that are held."""
        self._over.set()
        await self._page.unroute_all(behavior="wait")


async def test_a_request_for_the_sources_without_an_answer_is_given_up(
    filled: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects(MISSING)
    requests = Unanswered(page)
    await page.route("**/blog/sources", requests.hold)
    await page.clock.install()
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    for count in (1, 2):
        await page.clock.fast_forward(170_000)
        await in_time(page, requests.count, count)
    await requests.end()


async def test_a_page_of_the_history_without_an_answer_is_given_up(
    filled: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects(MISSING)
    requests = Unanswered(page, only=1)
    await page.route("**/blog/?before=*", requests.hold)
    await page.clock.install()
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await in_time(page, lambda: _has_more(page), True)
    assert requests.asked > 1
    await requests.end()


async def test_the_problems_of_an_empty_page_are_asked_for_again_after_no_answer(
    livelog: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects(MISSING)
    await livelog.start({"blog": [{"url": "http://127.0.0.1:1/nothing.xml", "interval": "1s"}]})
    requests = Unanswered(page)
    await page.clock.install()
    await page.route("**/blog/sources", requests.hold)
    await page.goto(livelog.url("/blog/"))
    # A page is not "Live" without a source that can be reached, which the server may know by now.
    await page.locator("#state:is([data-state=live], [data-state=unreachable])").wait_for()
    await in_time(page, requests.count, 2)
    await requests.end()


async def _has_more(page: Page) -> bool:
    return await posts(page).count() > FRONT_PAGE
