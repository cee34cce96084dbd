"""A server that was upgraded may send the pages that are open what they do not know: they ignore it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, Route, WebSocketRoute

from tests.browser.script import Script
from tests.browser.visitor import MISSING, Visitor, becomes, post, posts, until_live
from tests.livelog import Livelog

ODD: list[Any] = [
    None,
    7,
    "entry",
    [],
    ["entry"],
    {},
    {"type": None},
    {"type": 7, "cursor": 7},
    {"type": ["entry"], "cursor": ["e.1"]},
    {"type": "future"},
    {"type": "future", "cursor": None},
    {"type": "future", "cursor": "nothing"},
    {"type": "future", "cursor": "other-epoch.999999"},
    {"type": "constructor", "cursor": {}},
]


async def test_a_message_of_unknown_type_is_ignored(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    for odd in ODD:
        script.send(odd)
    script.entry("After all of them")
    await becomes(post(page, "After all of them").is_visible, True)
    assert script.connections == 1, "the page had to reconnect"


async def test_an_unknown_event_moves_the_cursor(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    odd: list[Any] = [None, 7, [], {"id": 1}]
    for item in odd:
        script.unknown(item=item)
    script.entry("After them", future={"key": 1}, about={"future": [1]})
    await becomes(post(page, "After them").is_visible, True)
    script.unknown()
    await script.drop()
    await script.connected()
    assert script.after == script.cursor, "a reconnect repeats no event"
    script.entry("After the reconnect")
    await becomes(post(page, "After the reconnect").is_visible, True)


async def test_an_unknown_event_that_the_page_has_passed_does_not_move_the_cursor_back(
    filled: Livelog, page: Page
) -> None:
    script = await Script.open(filled, page)
    earlier = script.cursor
    script.entry("New")
    await becomes(post(page, "New").is_visible, True)
    script.say(type="future", cursor=earlier)
    await script.drop()
    await script.connected()
    assert script.after == script.cursor


async def test_missed_events_of_unknown_type_are_counted_as_come(filled: Livelog, page: Page) -> None:
    """Otherwise the withdrawal would count as one of an absence that is over."""
    script = await Script.open(filled, page)
    wanted = script.entry("Withdrawn later")
    await becomes(post(page, "Withdrawn later").is_visible, True)
    script.greets = False
    await script.drop()
    await script.connected()
    script.hello(missed=1)
    script.unknown()
    script.delete(wanted)
    await until_live(page)
    stub = page.locator(f"#timeline > [data-id='{wanted}'] > .withdrawal")
    await becomes(stub.count, 1)
    assert "before" not in await stub.inner_text()


@pytest.mark.parametrize("known", ["entry", "update", "delete", "reset"])
async def test_a_known_message_without_a_cursor_is_asked_for_again(filled: Livelog, page: Page, known: str) -> None:
    script = await Script.open(filled, page)
    script.say(type=known)
    await becomes(lambda: _connections(script), 2)
    script.entry("After it")
    await becomes(post(page, "After it").is_visible, True)


async def test_polling_ignores_them_too(filled: Livelog, visitor: Visitor, page: Page) -> None:
    visitor.expects(MISSING)
    asked: list[str] = []

    async def refuse(socket: WebSocketRoute) -> None:
        await socket.close()

    async def add(route: Route) -> None:
        asked.append(route.request.url.partition("after=")[2])
        response = await route.fetch()
        answer = await response.json()
        epoch, _, seq = asked[-1].partition(".")
        future = {"type": "future", "cursor": f"{epoch}.{int(seq) + 1}"}
        answer["_livelog"]["messages"] = [{"type": "hello", "cursor": asked[-1], "missed": 0}, *ODD, future, None]
        await route.fulfill(response=response, json=answer)

    async def block(route: Route) -> None:
        await route.abort()

    await page.route_web_socket("**/ws*", refuse)
    await page.route("**/blog/events*", block)
    await page.route("**/blog/entries?*", add)
    await page.clock.install()
    await page.goto(filled.url("/blog/"))

    async def asked_again() -> bool:
        await page.clock.fast_forward(1_000)
        return len(asked) >= 2

    await becomes(asked_again, True)
    epoch, _, seq = asked[0].partition(".")
    assert asked[1] == f"{epoch}.{int(seq) + 1}"
    assert await posts(page).count() > 0


async def _connections(script: Script) -> int:
    return script.connections
