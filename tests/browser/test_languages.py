"""The page in another language, what its scripts say included."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from entries import FRONT_PAGE
from tests.browser.visitor import Visitor, becomes, posts, state
from tests.livelog import Livelog


async def test_a_reader_changes_the_language_and_it_stays_so(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    async with page.expect_navigation():
        await page.get_by_role("link", name="中文").click()
    await becomes(lambda: state(page), "实时更新中")
    older = await page.get_by_role("link", name="更早的动态").get_attribute("href")
    await page.goto(filled.url(older or ""))
    await becomes(posts(page).count, FRONT_PAGE)
    assert await page.locator("html").get_attribute("lang") == "zh-CN"
    async with page.expect_navigation():
        await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("link", name="Older posts")).to_be_visible()


async def test_times_are_written_as_the_language_does(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(locale="zh-CN")
    await page.goto(filled.url("/blog/"))
    await becomes(lambda: state(page), "实时更新中")
    day = page.locator("#day time")
    await expect(day).to_have_text(re.compile(r"^今天，\d+月\d+日 ?星期.$"))
    own_day = await page.locator(".starts-day .day").first.text_content()
    assert re.fullmatch(r"\d+月\d+日 ?星期.", (own_day or "").strip())
