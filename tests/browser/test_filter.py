"""A filtered page stays filtered, whatever arrives."""

from __future__ import annotations

from urllib.parse import quote

from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.script import Script, post_item
from tests.browser.visitor import becomes, every_second, listed, post, posts, titles, until_live
from tests.livelog import Livelog

COME_BACK_SECONDS = 5
"""Within which a filtered page loads itself anew, as static/reading/filter.js has it."""

ODD = "Ha/rbour & «Log»"


async def test_only_posts_of_the_filter_arrive_and_are_read_in_their_own_direction(
    livelog: Livelog, newsroom: Newsroom, page: Page
) -> None:
    desk = newsroom.open_desk("/a.xml", title=ODD)
    desk.publish(title="Before", categories=("tide",))
    desk.publish(title="Elsewhere")
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 2)
    await page.goto(livelog.url(f"/blog/?source={quote(ODD, safe='')}&tag=tide"))
    await until_live(page)
    assert await titles(page) == ["Before"]
    # They come by one poll, in this order: when the last one is here, the others have been.
    desk.publish(title="Not here", categories=("tides",))
    arabic = desk.publish(title="عاجل من الميناء", html="<p>نص</p>", categories=("news", "tide"))
    await becomes(posts(page).count, 2)
    for part in (".headline", ".content"):
        of_post = post(page, "عاجل من الميناء").locator(part)
        assert await of_post.evaluate("(part) => getComputedStyle(part).direction") == "rtl"
    desk.correct(arabic.guid, title="Corrected")
    await expect(post(page, "Corrected")).to_be_visible()
    assert await titles(page) == ["Corrected", "Before"]
    # What arrived leads on as what was served does.
    async with page.expect_navigation():
        await post(page, "Corrected").locator(".source a").click()
    await becomes(posts(page).count, 4)


async def test_the_list_of_filters_closes_when_the_reader_turns_away(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    filters, summary = page.get_by_role("search", name="Filter"), page.get_by_text("Filter", exact=True)
    await summary.click()
    await expect(filters).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(filters).to_be_hidden()
    await expect(summary).to_be_focused()
    await summary.click()
    await expect(filters).to_be_visible()
    await page.mouse.click(5, 500)
    await expect(filters).to_be_hidden()


async def test_a_filtered_page_that_is_told_of_a_gap_asks_for_its_own_posts(filled: Livelog, page: Page) -> None:
    """A reset tells of the newest posts of the blog: there may be none of the filter's among them."""
    script = await Script.open(filled, page, "/blog/?tag=Tide")
    before = await titles(page)
    async with page.expect_navigation(timeout=10 * COME_BACK_SECONDS * 1000):
        script.reset([post_item("elsewhere", "Elsewhere")])
    assert await titles(page) == before == ["Last"]
