"""The embed: the newest posts in another site's page."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Page, expect

from tests.browser.visitor import MISSING, Visitor, becomes, posts
from tests.livelog import Livelog
from tests.realday import RealDay

FRAME: Final = {"width": 400, "height": 600}

IN_VIEW: Final = """(all) => all.filter((one) => {
  const { top, height } = one.getBoundingClientRect();
  return top + height / 2 < innerHeight;
}).length"""

HEIGHTS: Final = """addEventListener('message', ({ data }) => {
  if (data.type === 'livelog-height') (window.heights ??= []).push(data.height);
});"""


async def until_connected(page: Page) -> None:
    await page.wait_for_selector('#state[data-state="live"]')


async def test_its_address_stays_while_it_scrolls(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(viewport=FRAME)
    await page.clock.install()
    await page.goto(filled.url("/blog/embed?tag=Harbour"))
    await until_connected(page)
    count = await posts(page).count()
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await expect(page.get_by_role("link", name="More on")).to_be_in_viewport()
    await page.clock.fast_forward("00:05")
    assert page.url == filled.url("/blog/embed?tag=Harbour")
    assert await posts(page).count() == count, "it has an end"
    assert await page.get_by_role("link", name="More on").get_attribute("href") == "/blog/?tag=Harbour"


async def test_it_does_not_name_today(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(viewport=FRAME)
    await page.goto(filled.url("/blog/embed"))
    await until_connected(page)
    await expect(posts(page).first.locator(".day")).to_be_hidden()


@pytest.mark.parametrize("blog", ["world", "news", "shipped"])
async def test_three_headlines_are_in_view(realday: RealDay, visitor: Visitor, blog: str) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport=FRAME)
    await page.goto(realday.livelog.url(f"/{blog}/embed"))
    await until_connected(page)
    assert await page.locator("#timeline .headline").evaluate_all(IN_VIEW) >= 3
    assert await page.evaluate("document.scrollingElement.scrollWidth") == FRAME["width"]


async def test_the_page_around_it_is_told_its_height(realday: RealDay, visitor: Visitor) -> None:
    visitor.expects(MISSING)
    page = await visitor.page()
    await page.add_init_script(HEIGHTS)
    await page.goto(realday.framed(realday.livelog.url("/world/embed")))
    frame = page.frames[1]
    await frame.wait_for_selector('#state[data-state="live"]')

    async def is_right() -> bool:
        height = await frame.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
        return bool(await page.evaluate("heights?.at(-1)") == height > FRAME["height"])

    await becomes(is_right, True)
