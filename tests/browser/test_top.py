"""At the top of the page: what slides in, what waits, and when what waits is shown without the pill."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Locator, Page, expect

from demo.newsroom import Newsroom
from tests.browser.script import Script
from tests.browser.visitor import Visitor, becomes, every_second, hold, listed, moved, post, posts, titles
from tests.livelog import Livelog

LONG: Final = "<p>A paragraph of a long read, which goes on and on.</p>" * 200

MAX_SHARE: Final = 0.4


def pill(page: Page) -> Locator:
    """The button that shows the posts that wait."""
    return page.locator(".fresh")


async def room(page: Page) -> float:
    """The pixels by which arriving posts may move the text."""
    height: int = await page.evaluate("innerHeight")
    return height * MAX_SHARE


async def test_a_long_post_waits_and_moves_nothing(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await hold(post(page, "Last"))
    script.entry("Long read", content_html=LONG)
    await expect(pill(page)).to_have_text("1 new post")
    assert await moved(page) <= 1
    await pill(page).click()
    await expect(post(page, "Long read")).to_be_focused()
    assert (await titles(page))[:2] == ["Long read", "Last"]


async def test_posts_that_arrive_together_move_the_text_by_less_than_half_a_screen(
    filled: Livelog, page: Page
) -> None:
    script = await Script.open(filled, page)
    # However busy the machine is, to the page they arrive together.
    await page.evaluate("(now) => { performance.now = () => now; }", await page.evaluate("performance.now()"))
    await hold(post(page, "Last"))
    for number in range(20):
        script.entry(f"Arriving {number}")
    await expect(pill(page)).to_be_visible()
    assert 0 < await moved(page) <= await room(page) + 1
    assert "Arriving 0" in await titles(page)


@pytest.mark.parametrize("way", ["wheel", "Home"])
async def test_coming_back_to_the_top_shows_what_waits(filled: Livelog, page: Page, way: str) -> None:
    script = await Script.open(filled, page)
    await page.mouse.move(300, 300)
    await page.mouse.wheel(0, 900)
    await becomes(lambda: page.evaluate("scrollY > 500"), True)
    for number in range(3):
        script.entry(f"Arriving {number}")
    await expect(pill(page)).to_have_text("3 new posts")
    if way == "wheel":
        await page.mouse.wheel(0, -2000)
    else:
        await page.keyboard.press("Home")
    await expect(pill(page)).to_be_hidden()
    assert (await titles(page))[:4] == ["Arriving 2", "Arriving 1", "Arriving 0", "Last"]
    assert await page.evaluate("scrollY") == 0
    await expect(page.locator("#timeline > .unread-line + article .headline")).to_have_text("Last")


async def test_home_shows_a_long_post_to_a_reader_at_the_top(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    script.entry("Long read", content_html=LONG)
    await expect(pill(page)).to_be_visible()
    await page.keyboard.press("Home")
    await expect(pill(page)).to_be_hidden()
    assert (await titles(page))[0] == "Long read"


async def test_a_cleared_selection_shows_what_waits(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await posts(page).first.locator(".content p").first.select_text()
    script.entry("Patient")
    await expect(pill(page)).to_have_text("1 new post")
    await page.evaluate("getSelection().removeAllRanges()")
    await expect(pill(page)).to_be_hidden()
    assert (await titles(page))[:2] == ["Patient", "Last"]


async def test_a_cleared_selection_does_not_push_the_text_away(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await posts(page).first.locator(".content p").first.select_text()
    script.entry("Long read", content_html=LONG)
    await expect(pill(page)).to_have_text("1 new post")
    await hold(post(page, "Last"))
    await page.evaluate("getSelection().removeAllRanges()")
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    await expect(pill(page)).to_have_text("1 new post")
    assert await moved(page) <= 1


async def test_a_control_left_shows_what_waits(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await posts(page).first.locator(".headline a").focus()
    script.entry("Patient")
    await expect(pill(page)).to_have_text("1 new post")
    await page.evaluate("document.activeElement.blur()")
    await expect(pill(page)).to_be_hidden()


@pytest.mark.parametrize("scripted", [True, False], ids=["scripted", "plain"])
async def test_a_reload_at_the_top_ends_at_the_top(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, scripted: bool
) -> None:
    desk = newsroom.open_desk("/a.xml", title="A", keep=100)
    for number in range(30):
        desk.publish(title=f"Before {number}", html="<p>It goes on.</p>" * 5)
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 30)
    page = await visitor.page(java_script_enabled=scripted)
    await page.goto(livelog.url("/blog/"))
    for number in range(3):
        desk.publish(title=f"After {number}", html="<p>It goes on.</p>" * 5)
    await listed(livelog, 33)
    await page.reload()
    await expect(post(page, "After 2")).to_be_in_viewport(ratio=0.5)
    await expect(post(page, "After 2").locator(".when")).to_be_in_viewport()
