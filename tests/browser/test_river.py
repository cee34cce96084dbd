"""A day of real feeds on the page: what a screen shows of it, as summaries and as a list."""

from __future__ import annotations

import gzip
from typing import Final

import pytest
from playwright.async_api import Page, ViewportSize, expect

from entries import FRONT_PAGE
from tests.browser.visitor import MISSING, Visitor, becomes, posts
from tests.parts import in_turn
from tests.realday import RealDay

DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 900}
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
MAX_SCREENS: Final = 10
MAX_PAGE_BYTES: Final = 30_000

# Posts out of view have an estimated height until they are near the window.
HEIGHT: Final = """(all) => {
  for (const article of all) article.style.contentVisibility = 'visible';
  return document.documentElement.scrollHeight;
}"""
ON_SCREEN: Final = """(headlines) => headlines.map((one) => one.getBoundingClientRect())
  .filter(({ top, bottom }) => top > 0 && bottom <= innerHeight).length"""


async def opened(realday: RealDay, visitor: Visitor, path: str, screen: ViewportSize, *, live: bool = True) -> Page:
    """A page, once it is live. Some pictures of the feeds are on hosts that cannot be reached."""
    visitor.expects(MISSING)
    page = await visitor.page(viewport=screen)
    await page.goto(realday.livelog.url(path))
    if live:
        await expect(page.locator("#state")).to_have_attribute("data-state", "live")
    return page


async def headlines(page: Page) -> int:
    """Headlines that the window shows whole."""
    count: int = await page.locator("#timeline > article > .headline").evaluate_all(ON_SCREEN)
    return count


async def test_fifty_posts_fit_on_few_screens(realday: RealDay, visitor: Visitor) -> None:
    page = await opened(realday, visitor, "/shipped/", DESKTOP)
    await becomes(posts(page).count, FRONT_PAGE)
    assert await posts(page).evaluate_all(HEIGHT) <= MAX_SCREENS * DESKTOP["height"]


@pytest.mark.parametrize("blog", ["shipped", "news", "world"])
async def test_several_headlines_are_on_the_first_screen(realday: RealDay, visitor: Visitor, blog: str) -> None:
    page = await opened(realday, visitor, f"/{blog}/", DESKTOP)
    assert await headlines(page) >= 4
    await page.set_viewport_size(PHONE)
    await page.reload()
    await expect(page.locator("#state")).to_have_attribute("data-state", "live")
    assert await headlines(page) >= 3


async def test_a_list_is_dense(realday: RealDay, visitor: Visitor) -> None:
    page = await opened(realday, visitor, "/news/?view=list", DESKTOP)
    assert await headlines(page) >= 22
    heights = await posts(page).evaluate_all(
        "(all) => all.slice(1).filter((a) => !a.matches('.starts-day')).map((a) => a.offsetHeight)"
    )
    assert set(heights) == {32}


async def test_a_page_of_long_articles_is_light(realday: RealDay) -> None:
    answer = await realday.livelog.get("/shipped/", Accept_Encoding="gzip")
    assert len(gzip.compress(answer.body, 6)) <= MAX_PAGE_BYTES


@pytest.mark.parametrize(
    ("blog", "screen"),
    in_turn(["shipped", "news", "world", "releases", "many", "urdu", "titleless"], [PHONE, DESKTOP]),
)
async def test_nothing_is_wider_than_the_page(
    realday: RealDay, visitor: Visitor, blog: str, screen: ViewportSize
) -> None:
    for path in (f"/{blog}/", f"/{blog}/?view=list"):
        page = await opened(realday, visitor, path, screen)
        await posts(page).evaluate_all(HEIGHT)
        assert await page.evaluate("document.scrollingElement.scrollWidth") == screen["width"]


async def test_a_reader_keeps_the_list(realday: RealDay, visitor: Visitor) -> None:
    page = await opened(realday, visitor, "/live/", DESKTOP)
    for _ in range(2):
        link = page.locator("#view")
        await expect(link).to_have_text("List")
        await link.evaluate("(link) => link.click()")
        await expect(page.locator("body")).to_have_attribute("data-view", "list")
        await page.goto(realday.livelog.url("/live/"))
        await expect(page.locator("body")).to_have_attribute("data-view", "list")
        await page.locator("#view").evaluate("(link) => link.click()")
        await expect(page.locator("body")).not_to_have_attribute("data-view", "list")


async def test_what_arrives_in_a_list_is_a_row(realday: RealDay, visitor: Visitor) -> None:
    page = await opened(realday, visitor, "/live/?view=list", DESKTOP)
    await realday.publish(
        "wire", {"title": "A row arrives", "html": "<p>Text of it.</p>"}, {"html": "<p>Untitled row</p>"}
    )
    for text in ("A row arrives", "Untitled row"):
        row = posts(page).filter(has_text=text)
        await expect(row.locator(".headline")).to_have_text(text)
        await expect(row.locator(".content")).to_have_count(0)
