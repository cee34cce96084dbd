"""A withdrawn post becomes a stub without its text; focus and position of the reader stay."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.script import Script
from tests.browser.visitor import becomes, hold, moved, posts, titles
from tests.livelog import Livelog


async def test_a_withdrawn_post_leaves_a_stub(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    article = posts(page).nth(1)
    name = await article.get_attribute("data-id") or ""
    script.delete(name)
    stub = page.locator(f"[data-id='{name}']")
    withdrawal = re.compile(r"^Harbour Log withdrew this post at \d\d:\d\d$")
    await expect(stub.locator(".withdrawal")).to_have_text(withdrawal)
    assert await stub.locator("h2, .content, .byline, a").count() == 0
    assert await posts(page).nth(1).get_attribute("data-id") == name, "it is where it was"


async def test_the_text_below_a_withdrawn_post_stays(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await posts(page).nth(5).scroll_into_view_if_needed()
    await hold(posts(page).nth(3))
    for number in (1, 2):
        script.delete(await posts(page).nth(number).get_attribute("data-id") or "")
    await becomes(page.locator(".withdrawn").count, 2)
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    assert await moved(page) <= 1


async def test_a_post_that_is_listed_again_is_one_again(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    name = script.entry("Published")
    await becomes(page.get_by_text("Published", exact=True).count, 1)
    script.delete(name)
    await becomes(page.locator(".withdrawn").count, 1)
    script.entry("Published again", id=name, about={"revision": 2})
    await becomes(page.locator(".withdrawn, .withdrawal").count, 0)
    assert (await titles(page))[:2] == ["Published again", "Last"]


async def test_the_focus_stays_where_a_post_is_withdrawn(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    article = posts(page).nth(1)
    await article.locator(".headline a").focus()
    script.delete(await article.get_attribute("data-id") or "")
    await expect(article).to_be_focused()


async def test_the_focus_stays_where_a_post_is_corrected(filled: Livelog, page: Page) -> None:
    item = (await filled.json("/blog/entries"))["items"][1]
    script = await Script.open(filled, page)
    link = posts(page).nth(1).locator(".headline a")
    await link.focus()
    script.update(item, title="Corrected")
    await expect(link).to_have_text("Corrected")
    await expect(link).to_be_focused()
