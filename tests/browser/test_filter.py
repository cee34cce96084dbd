"""A filtered page stays filtered, whatever arrives."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.async_api import Page, Route, expect

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from pages.choices import MAX_ON_PAGE
from tests.browser.script import Script, post_item
from tests.browser.visitor import becomes, every_second, listed, post, posts, titles, until_live
from tests.livelog import Livelog

COME_BACK_SECONDS = 5
"""Within which a filtered page loads itself anew, as static/reading/filter.js has it."""

PARTIAL = r'\1<a href="/blog/?before=1-a" rel="next" data-partial>Search older posts</a>'
"""The link of a page whose scan ended early."""

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


async def test_only_posts_with_the_words_of_a_search_arrive(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="Harbour Log")
    desk.publish(title="The ferry is late")
    desk.publish(title="Elsewhere")
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 2)
    await page.goto(livelog.url("/blog/?q=FERRY"))
    await until_live(page)
    assert await titles(page) == ["The ferry is late"]
    desk.publish(title="No boat")
    desk.publish(title="Untitled", html="<p>A <b>férry</b>boat</p>")
    await becomes(posts(page).count, 2)
    assert await titles(page) == ["Untitled", "The ferry is late"]


async def test_a_search_and_a_choice_by_keyboard_alone(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.keyboard.press("j")
    await expect(posts(page).first).to_be_focused()
    query = page.get_by_role("searchbox", name="Search posts")
    await page.keyboard.press("/")
    await expect(query).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(posts(page).first).to_be_focused()
    await expect(query).to_be_hidden()
    await page.keyboard.press("/")
    await page.keyboard.type("went 14/")
    await page.keyboard.press("Backspace")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await titles(page) == [*(f"Post {number}" for number in range(147, 139, -1)), "Post 14"]
    await page.keyboard.press("/")
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.press("Tab")
    while not await page.get_by_role("checkbox", name="Tide").evaluate("(box) => box === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await titles(page) == ["Last"]
    async with page.expect_navigation():
        await page.locator(".filtered").get_by_role("link", name="Tide").press("Enter")
    await becomes(posts(page).count, FRONT_PAGE)


async def test_the_sheet_closes_when_the_focus_leaves_it(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.keyboard.press("/")
    await expect(page.get_by_role("search")).to_be_visible()
    await posts(page).first.locator(".headline a").focus()
    await expect(page.get_by_role("search")).to_be_hidden()


async def test_a_box_narrows_the_lists_to_all_sources_and_tags(
    livelog: Livelog, newsroom: Newsroom, page: Page
) -> None:
    desk = newsroom.open_desk("/a.xml", title="Harbour Log")
    for number in range(10):
        desk.publish(title=f"Post {number}", categories=tuple(f"Törn {10 * number + k}" for k in range(10)))
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 10)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await page.keyboard.press("/")
    boxes, box = page.get_by_role("checkbox"), page.get_by_role("searchbox", name="Find a source or tag")
    await expect(boxes).to_have_count(MAX_ON_PAGE + 1)
    await boxes.nth(1).check()
    chosen = await boxes.nth(1).get_attribute("value")
    await box.fill("TORN 9")
    await expect(boxes).to_have_count(11)
    await box.fill("nothing")
    await expect(page.get_by_text("Nothing matches")).to_be_visible()
    await box.fill("törn 97")
    await expect(boxes).to_have_count(1)
    await box.press("Enter")
    await expect(boxes).to_be_checked()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Show").click()
    assert set(await page.locator(".chosen").all_text_contents()) == {chosen, "Törn 97"}


async def test_a_search_that_ended_early_is_continued_by_a_link(filled: Livelog, page: Page) -> None:
    """Not by itself: each page costs the server a scan."""
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        response = await route.fetch()
        text = re.sub(r'(<nav id="older".*?>)<a [^>]*>[^<]*</a>', PARTIAL, await response.text())
        await route.fulfill(body=text, content_type="text/html; charset=utf-8")

    await page.route(re.compile("before="), answer)
    await page.goto(filled.url("/blog/?source=Harbour+Log"))
    await until_live(page)
    await page.get_by_role("article").last.scroll_into_view_if_needed()
    await becomes(posts(page).count, 2 * FRONT_PAGE)
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    link = page.get_by_role("link", name="Search older posts")
    await expect(link).to_be_in_viewport()
    await expect(link).to_have_attribute("href", "/blog/?before=1-a")
    assert len(asked) == 1


async def test_a_filtered_page_that_is_told_of_a_gap_asks_for_its_own_posts(filled: Livelog, page: Page) -> None:
    """A reset tells of the newest posts of the blog: there may be none of the filter's among them."""
    script = await Script.open(filled, page, "/blog/?tag=Tide")
    before = await titles(page)
    async with page.expect_navigation(timeout=10 * COME_BACK_SECONDS * 1000):
        script.reset([post_item("elsewhere", "Elsewhere")])
    assert await titles(page) == before == ["Last"]
