"""The transports: Server-Sent Events where no WebSocket gets through, and polling where no stream stays open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, WebSocketRoute, expect

from demo.newsroom import Desk, Newsroom
from tests.browser.visitor import MISSING, Visitor, becomes, every_second, listed, post, posts, state, until_live
from tests.livelog import Livelog

ASKING = "Asking every 10 s"
CLIMB = 80_000
"""Milliseconds after which a better way has been tried."""


@dataclass(frozen=True)
class Blog:
    """A Livelog that follows one desk, with two posts."""

    livelog: Livelog
    desk: Desk


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def blog(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Blog]:
    room, livelog = Newsroom(), Livelog(tmp_path_factory.mktemp("ways"))
    await room.start()
    desk = room.open_desk("/a.xml", title="A", format="atom")
    for title in ("Doomed", "Wrong"):
        desk.publish(title=title)
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 2)
    yield Blog(livelog, desk)
    await livelog.kill()
    await room.stop()


async def refuse(socket: WebSocketRoute) -> None:
    """A proxy without WebSockets."""
    await socket.close()


async def block(route: Route) -> None:
    """A proxy that blocks event streams."""
    await route.abort()


async def in_time(page: Page, find: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Lets the page's time pass, ten times as fast as ours, until it shows what is wanted."""

    async def pass_and_find() -> object:
        await asyncio.sleep(0.1)
        await page.clock.fast_forward(1_000)
        return await find()

    await becomes(pass_and_find, wanted)


async def holding(page: Page, script: str) -> tuple[list[str], asyncio.Event]:
    """The WebSockets that a page opens, and the event without which a script does not load."""
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    may_load = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_load.wait()
        await route.continue_()

    await page.route(script, hold)
    return sockets, may_load


async def test_the_page_takes_over_the_connection_of_the_first_script(blog: Blog, page: Page) -> None:
    """Nothing of what came before the page's own script is lost."""
    sockets, may_load = await holding(page, "**/page.js")
    await page.goto(blog.livelog.url("/blog/"), wait_until="commit")
    await becomes(lambda: page.evaluate("window.livelogEarly?.messages.length > 0"), True)
    blog.desk.publish(title="Before the script")
    await becomes(lambda: page.evaluate("livelogEarly.messages.length > 1"), True)
    may_load.set()
    await until_live(page)
    await expect(post(page, "Before the script")).to_be_visible()
    assert len(sockets) == 1


async def test_a_first_script_that_comes_late_opens_no_second_connection(blog: Blog, page: Page) -> None:
    sockets, may_load = await holding(page, "**/connect.js")
    await page.goto(blog.livelog.url("/blog/"), wait_until="domcontentloaded")
    await until_live(page)
    async with page.expect_request_finished(lambda request: request.url.endswith("/connect.js")):
        may_load.set()
    await page.wait_for_load_state()
    assert len(sockets) == 1


async def test_an_event_stream_takes_over_where_no_websocket_gets_through(
    blog: Blog, visitor: Visitor, page: Page
) -> None:
    await page.route_web_socket("**/ws*", refuse)
    streams: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if "/blog/events" in request.url else None)
    await page.goto(blog.livelog.url("/blog/"))
    await until_live(page)
    assert len(streams) == 1
    blog.desk.publish(title="By event stream")
    await becomes(post(page, "By event stream").is_visible, True)
    other = await page.context.new_page()
    await other.route_web_socket("**/ws*", refuse)
    await other.goto(blog.livelog.url("/blog/"))
    await until_live(other)
    assert await other.evaluate("localStorage.getItem('livelog:way')") == "events", "the next page begins there"


async def test_where_nothing_stays_open_the_page_asks_again_and_again(
    blog: Blog, visitor: Visitor, page: Page
) -> None:
    """Corrections and withdrawals arrive, too."""
    visitor.expects(MISSING)
    desk = blog.desk
    await page.route_web_socket("**/ws*", refuse)
    await page.route("**/blog/events*", block)
    await page.clock.install()
    await page.goto(blog.livelog.url("/blog/"))
    await in_time(page, lambda: state(page), ASKING)
    await expect(posts(page).first).to_be_visible()
    wrong = next(item for item in desk.posts if item.title == "Wrong")
    doomed = next(item for item in desk.posts if item.title == "Doomed")
    desk.publish(title="By asking")
    desk.correct(wrong.guid, title="Right")
    desk.withdraw(doomed.guid)

    async def shown() -> list[bool]:
        found = [await post(page, title).count() == 1 for title in ("By asking", "Right")]
        return [*found, await page.locator(".withdrawn").count() == 1]

    await in_time(page, shown, [True, True, True])
    assert await state(page) == ASKING


async def test_a_better_way_is_taken_when_it_is_there_again(blog: Blog, visitor: Visitor, page: Page) -> None:
    visitor.expects(MISSING)
    is_open = False
    sockets: list[WebSocketRoute] = []

    async def gate(socket: WebSocketRoute) -> None:
        if is_open:
            sockets.append(socket)
            socket.connect_to_server()
        else:
            await socket.close()

    await page.route_web_socket("**/ws*", gate)
    await page.route("**/blog/events*", block)
    await page.clock.install()
    await page.goto(blog.livelog.url("/blog/"))
    await in_time(page, lambda: state(page), ASKING)
    before = await posts(page).count()
    is_open = True
    await page.clock.fast_forward(CLIMB)
    await until_live(page)
    assert len(sockets) == 1
    blog.desk.publish(title="By WebSocket again")
    await becomes(post(page, "By WebSocket again").is_visible, True)
    assert await posts(page).count() == before + 1
    assert await page.evaluate("localStorage.getItem('livelog:way')") is None
