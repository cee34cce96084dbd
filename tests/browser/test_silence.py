"""A path that goes deaf without closing anything: the page notices by the silence, and loses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, Route, WebSocketRoute

from demo.newsroom import Desk, Newsroom
from fanout.heartbeat import ALIVE_SECONDS
from tests.browser.visitor import (
    MISSING,
    Visitor,
    becomes,
    every_second,
    listed,
    post,
    posts,
    seen,
    titles,
    until_live,
    watch,
)
from tests.deaf_proxy import DeafProxy
from tests.livelog import Livelog, until

SILENCE = 40_000
"""Milliseconds without a message after which a page reconnects."""

OUTAGE = 20_000
"""Milliseconds after the end of an outage until a page that polls is live."""

GIVEN_UP = r"WebSocket connection to 'ws://\S+' failed: WebSocket is closed before the connection is established"
"""The complaint of Chromium about a connection that the page gave up because nothing answered."""


@pytest_asyncio.fixture(loop_scope="session")
async def desk(livelog: Livelog, newsroom: Newsroom) -> Desk:
    """The desk that a started Livelog follows, with one post."""
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="First")
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 1)
    return desk


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(livelog: Livelog, desk: Desk) -> AsyncIterator[DeafProxy]:
    """A proxy before the Livelog."""
    proxy = DeafProxy(livelog.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def refuse(socket: WebSocketRoute) -> None:
    await socket.close()


async def block(route: Route) -> None:
    await route.abort()


async def state(page: Page) -> str | None:
    return await page.locator("#state").get_attribute("data-state")


async def answered(requests: Sequence[Request]) -> None:
    """Waits a little for answers to requests: the page's time passes faster than that of this machine."""
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            for request in requests:
                await request.response()


@pytest.mark.parametrize("transport", ["websocket", "events"])
async def test_a_silence_is_noticed_and_the_page_loses_nothing(
    livelog: Livelog, desk: Desk, proxy: DeafProxy, visitor: Visitor, page: Page, transport: str
) -> None:
    visitor.expects(GIVEN_UP)
    if transport == "events":
        await page.route_web_socket("**/ws*", refuse)
    await page.clock.install()
    await page.goto(proxy.url("/blog/"))
    await until_live(page)
    await watch(page)
    proxy.deafen()
    desk.publish(title="Unheard")
    await listed(livelog, 2)
    await page.clock.run_for(SILENCE - 5_000)
    assert await state(page) == "live"
    await page.clock.run_for(5_000)
    await becomes(lambda: state(page), "reconnecting")
    assert await titles(page) == ["First"]
    proxy.heal()

    async def pass_and_find() -> bool:
        await page.clock.run_for(1_000)
        return await post(page, "Unheard").is_visible()

    await becomes(pass_and_find, True)
    await until_live(page)
    desk.publish(title="And on it goes")
    await becomes(post(page, "And on it goes").is_visible, True)
    assert await titles(page) == ["And on it goes", "Unheard", "First"]
    assert (await seen(page))["states"][-1] == "live"
    assert "missing" not in await page.locator("#notice").inner_text()


class Relay:
    """WebSockets of a page: passes what the server sends through ``edit``, and can send to the page itself."""

    def __init__(self) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.has_signs = True

    async def connect(self, page: Page) -> None:
        """Takes the page's WebSockets over."""
        await page.route_web_socket("**/ws*", self._take)

    def send(self, message: dict[str, Any]) -> None:
        """Sends the page a message."""
        self.sockets[-1].send(json.dumps(message))

    async def _take(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        server = socket.connect_to_server()

        def edit(data: str | bytes) -> None:
            message = json.loads(data)
            if message["type"] == "alive":
                return
            if not self.has_signs:
                message.pop("alive", None)
            socket.send(json.dumps(message))

        server.on_message(edit)


async def test_an_older_server_that_sends_no_signs_of_life_may_be_silent(
    desk: Desk, livelog: Livelog, page: Page
) -> None:
    relay = Relay()
    relay.has_signs = False
    await relay.connect(page)
    await page.clock.install()
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    for _ in range(10):
        await page.clock.run_for(SILENCE)
    assert (await seen(page))["states"] == []
    assert len(relay.sockets) == 1
    desk.publish(title="Heard")
    await becomes(post(page, "Heard").is_visible, True)


async def test_signs_of_life_keep_a_page_live_and_are_no_news(desk: Desk, livelog: Livelog, page: Page) -> None:
    relay = Relay()
    await relay.connect(page)
    await page.clock.install()
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    cursor = await page.locator("main").get_attribute("data-cursor")
    for _ in range(20):
        await page.clock.run_for(ALIVE_SECONDS * 1_000)
        relay.send({"type": "alive", "cursor": cursor})
    assert (await seen(page)) == {"states": [], "arrivals": []}
    assert await page.locator("#notice").text_content() == ""
    assert len(relay.sockets) == 1


async def test_a_tab_whose_timers_were_late_waits_for_what_came_meanwhile(
    desk: Desk, livelog: Livelog, page: Page
) -> None:
    """A frozen tab gets its timers before the messages that came in the meantime."""
    relay = Relay()
    await relay.connect(page)
    await page.clock.install()
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    cursor = await page.locator("main").get_attribute("data-cursor")
    for _ in range(5):
        await page.clock.fast_forward(60_000)
        relay.send({"type": "alive", "cursor": cursor})
        await page.clock.run_for(5_000)
    assert (await seen(page))["states"] == []
    assert len(relay.sockets) == 1
    await page.clock.fast_forward(60_000)
    await page.clock.run_for(5_000)
    await becomes(lambda: asyncio.sleep(0, len(relay.sockets)), 2)
    await until_live(page)


async def test_a_page_that_polls_is_live_soon_after_an_outage(
    desk: Desk, proxy: DeafProxy, livelog: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects(MISSING)
    await page.add_init_script("localStorage.setItem('livelog:way', JSON.stringify('polling'))")
    await page.route_web_socket("**/ws*", refuse)
    await page.route("**/blog/events*", block)
    await page.clock.install()
    await page.goto(proxy.url("/blog/"))
    await becomes(lambda: state(page), "polling")
    # The server closes connections that are idle for 10 s; more than two would each cost a timeout.
    await until(lambda: proxy.connections <= 2)
    for count, minutes in enumerate((0.1, 1, 3), 2):
        proxy.deafen()
        desk.publish(title=f"Unheard {minutes}")
        await listed(livelog, count)
        for _ in range(round(minutes * 60)):
            await page.clock.run_for(1_000)
        asked = len(visitor.requests)
        healed = await page.evaluate("Date.now()")
        proxy.heal()
        # After a minute a post waits, and the page tells that it came.
        told = post(page, f"Unheard {minutes}").or_(page.get_by_text("1 new post in the"))
        while not await told.count():
            assert await page.evaluate("Date.now()") - healed < OUTAGE
            await page.clock.run_for(250)
            await answered(visitor.requests[asked:])
        await page.keyboard.press("Home")
        await becomes(posts(page).count, count)
