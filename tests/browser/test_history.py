"""Scrolling back leads through all of the history, and the document stays small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.async_api import Page, expect

from entries import FRONT_PAGE, from_micros
from tests.browser.budget import show_waiting
from tests.browser.script import Script
from tests.browser.visitor import becomes, hold, ids, moved, posts, titles, until_live
from tests.livelog import Livelog

ALL: Final = 3 * FRONT_PAGE
MANY: Final = 500
FLOOD_SECONDS: Final = 120.0
"""Time for hundreds of posts to arrive, a few in a frame, on a machine that is busy with other tests."""
MOST_SHOWN: Final = 400

TO_THE_END: Final = "scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })"


async def scroll_to_the_end(page: Page, count: int) -> None:
    """Scrolls until so many posts are there."""

    async def reached() -> bool:
        await page.evaluate(TO_THE_END)
        return await posts(page).count() >= count

    await becomes(reached, True)


async def test_scrolling_leads_through_all_of_the_history(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await scroll_to_the_end(page, ALL)
    assert await ids(page) == [entry["id"] for entry in await filled.entries()]
    await expect(page.get_by_role("link", name="Older posts")).to_be_hidden()
    await expect(posts(page).last).to_have_attribute("aria-setsize", str(ALL))


async def test_the_address_leads_to_what_is_read(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await scroll_to_the_end(page, ALL)
    await becomes(lambda: page.evaluate("location.search.startsWith('?before=')"), True)
    again = await page.context.new_page()
    await again.goto(page.url)
    assert (await titles(again))[-1] == "First"
    await again.close()
    await page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    await becomes(lambda: page.evaluate("location.pathname + location.search"), "/blog/")


async def test_old_posts_of_a_new_feed_take_nothing_from_under_the_reader(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await scroll_to_the_end(page, ALL)
    article = posts(page).nth(2 * FRONT_PAGE)
    await article.evaluate("(article) => article.scrollIntoView({ block: 'start', behavior: 'instant' })")
    await hold(article)
    entries = await filled.entries()
    async with page.expect_response(lambda response: "before=" in response.url):
        old = entries[FRONT_PAGE // 2]["_livelog"]["position"]
        seen = from_micros(int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1_000_000))
        script.entry("Old", id="zzz", about={"position": old, "seen": seen})
    await expect(posts(page).nth(FRONT_PAGE // 2)).to_contain_text("Old")
    assert await posts(page).count() == ALL + 1
    assert await moved(page) <= 1


async def test_thousands_of_posts_leave_the_document_small(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    for number in range(MANY):
        script.entry(f"Arriving {number}", content_html="<p>It goes on.</p>" * 3)
    await show_waiting(page, f"Arriving {MANY - 1}", FLOOD_SECONDS)
    assert await posts(page).first.locator(".headline").text_content() == f"Arriving {MANY - 1}"
    await scroll_to_the_end(page, MOST_SHOWN)
    for _ in range(3):
        await page.evaluate(TO_THE_END)
        await page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
    assert await posts(page).count() <= MOST_SHOWN
    await page.keyboard.press("Home")
    await becomes(lambda: posts(page).first.locator(".headline").text_content(), f"Arriving {MANY - 1}")
