"""A page that is opened before there is anything to read."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect
from tornado.web import RequestHandler

from demo.newsroom import Newsroom
from tests.browser.visitor import becomes, every_second, post, posts, seen, until_live, watch
from tests.livelog import Livelog, until


async def test_first_posts_appear_by_themselves(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/slow.xml", title="Slow")
    desk.publish(title="Worth the wait")
    opened = asyncio.Event()

    async def gate(_: RequestHandler) -> bool:
        await opened.wait()
        return False

    newsroom.script("/slow.xml", gate)
    await livelog.start({"blog": [every_second(desk)]})
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await expect(page.get_by_text("No posts yet.")).to_be_visible()
    await watch(page)
    opened.set()
    await becomes(post(page, "Worth the wait").is_visible, True)
    await expect(page.get_by_text("No posts yet.")).to_be_hidden()
    assert len((await seen(page))["arrivals"]) == 1


async def test_sources_out_of_reach_are_told_by_themselves(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    opened = asyncio.Event()

    async def gate(handler: RequestHandler) -> bool:
        await opened.wait()
        handler.set_status(404)
        handler.finish()
        return True

    newsroom.script("/gone.xml", gate)

    async def failing() -> bool:
        return bool((await livelog.health())["feeds"]["failing"])

    await livelog.start({"blog": [{"url": newsroom.url("/gone.xml"), "title": "Gone & <b>away</b>"}]})
    await page.clock.install()
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await becomes(page.locator("#problems > p").count, 0)
    await watch(page)
    opened.set()
    await until(failing)
    await page.clock.fast_forward("00:10")
    await expect(page.locator("#problems > p")).to_contain_text("Gone & <b>away</b>\u2069 can’t be reached since")
    await expect(page.get_by_text("Livelog keeps retrying; no restart needed.")).to_be_visible()
    assert await posts(page).count() == 0
    assert await seen(page), "the page was loaded anew"
