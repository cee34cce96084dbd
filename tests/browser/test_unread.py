"""New posts wait where they would move the text, and lead to the first unread one where the reader asks for them."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.script import HIDE, Script
from tests.browser.visitor import becomes, hold, moved, post, posts, titles
from tests.livelog import Livelog

ARRIVING: Final = 50


def fresh(page: Page) -> Locator:
    """The button behind which posts wait."""
    return page.get_by_role("button", name=re.compile("new posts?$"))


async def scroll_down(page: Page, number: int = 8) -> Locator:
    """Scrolls until a post is the first in view, and holds it."""
    article = posts(page).nth(number)
    await article.evaluate("(article) => article.scrollIntoView({ block: 'start', behavior: 'instant' })")
    await hold(article)
    return article


async def test_posts_slide_in_at_the_top(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    script.entry("Sliding in")
    await becomes(post(page, "Sliding in").is_visible, True)
    assert (await titles(page))[:2] == ["Sliding in", "Last"]
    await expect(fresh(page)).to_be_hidden()


async def test_posts_wait_while_the_reader_is_further_down(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await scroll_down(page)
    for number in range(ARRIVING):
        script.entry(f"Arriving {number}")
    await becomes(fresh(page).text_content, f"{ARRIVING} new posts")
    assert await moved(page) <= 1
    assert await page.get_by_text("Arriving").count() == 0, "none is in the document"
    assert await page.title() == f"({ARRIVING}) blog"
    assert (await page.locator("link[rel=icon]").get_attribute("href")) == f"/icon/{ARRIVING}.svg"


async def test_one_press_leads_to_the_first_unread_post(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await scroll_down(page)
    for number in range(3):
        script.entry(f"Arriving {number}")
    await fresh(page).click()
    await expect(post(page, "Arriving 0")).to_be_focused()
    await expect(post(page, "Arriving 0")).to_be_in_viewport()
    assert (await titles(page))[:4] == ["Arriving 2", "Arriving 1", "Arriving 0", "Last"]
    line = page.locator("#timeline > .unread-line")
    await expect(line).to_have_text("New posts above")
    assert await line.evaluate("(line) => line.nextElementSibling.querySelector('.headline').textContent") == "Last"
    await expect(fresh(page)).to_be_hidden()
    assert await page.title() == "blog"
    assert "favicon" in (await page.locator("link[rel=icon]").get_attribute("href") or "")


async def test_a_post_corrected_while_it_waits_shows_in_its_last_form(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await scroll_down(page)
    waiting = script.entry("Two hurt")
    script.entry("Three hurt", kind="update", id=waiting, about={"revision": 2})
    await fresh(page).click()
    await expect(post(page, "Three hurt")).to_be_focused()
    assert (await titles(page))[:2] == ["Three hurt", "Last"]


async def test_a_post_withdrawn_while_it_waits_never_shows(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await scroll_down(page)
    doomed = script.entry("Too early")
    script.entry("In time")
    await becomes(fresh(page).text_content, "2 new posts")
    script.delete(doomed)
    await becomes(fresh(page).text_content, "1 new post")
    await fresh(page).click()
    await expect(post(page, "In time")).to_be_focused()
    assert (await titles(page))[:2] == ["In time", "Last"]
    assert await page.locator(".withdrawn").count() == 0


async def test_posts_wait_while_nobody_looks(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await page.evaluate(HIDE, True)
    script.entry("Unseen")
    await becomes(page.title, "(1) blog")
    await page.evaluate(HIDE, False)
    await expect(fresh(page)).to_have_text("1 new post")
    assert (await titles(page))[0] == "Last"


async def test_posts_wait_while_the_reader_holds_them(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await page.get_by_role("button", name="Pause").click()
    script.entry("Held")
    paused = page.get_by_role("button", name="Paused · 1 waiting", pressed=True)
    await expect(paused).to_be_visible()
    await expect(fresh(page)).to_be_hidden()
    assert (await titles(page))[0] == "Last"
    await paused.click()
    await becomes(post(page, "Held").is_visible, True)
    await expect(page.get_by_role("button", name="Pause", pressed=False)).to_be_visible()


async def test_posts_wait_while_text_is_selected(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await posts(page).first.locator(".content p").first.select_text()
    script.entry("Patient")
    await becomes(fresh(page).text_content, "1 new post")


@pytest.mark.parametrize(("motion", "animations"), [("reduce", 0), ("no-preference", 1)])
async def test_nothing_slides_for_who_does_not_like_motion(
    filled: Livelog, page: Page, motion: Any, animations: int
) -> None:
    await page.emulate_media(reduced_motion=motion)
    script = await Script.open(filled, page)
    await page.evaluate("""() => {
      const list = document.getElementById('timeline');
      list.animate = () => { list.dataset.slid = (list.dataset.slid ?? '') + '.'; };
    }""")
    script.entry("Softly")
    await becomes(post(page, "Softly").is_visible, True)
    assert len(await page.locator("#timeline").get_attribute("data-slid") or "") == animations


async def test_arrivals_are_announced_together(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    for number in range(3):
        script.entry(f"Arriving {number}")
    await becomes(page.get_by_role("log").text_content, "3 new posts")
    feed = page.get_by_role("feed", name="Posts")
    await expect(feed.get_by_role("article").first).to_have_attribute("aria-posinset", "1")
    await expect(feed.get_by_role("article").nth(10)).to_have_attribute("aria-posinset", "11")
    await expect(feed.get_by_role("article").first).to_have_attribute("aria-setsize", "-1")
