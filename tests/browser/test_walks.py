"""Two readers, one with a keyboard alone and one without JavaScript, each do all that the page is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from demo.newsroom import Newsroom
from tests.browser.long_posts import long_text, read_on, top_of
from tests.browser.visitor import MISSING, Visitor, becomes, every_second, listed, post, titles, until_live
from tests.livelog import Livelog

MAX_TABS = 60

LONG = "The long night of the count"
KEY = "The result is declared"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def evening(tmp_path_factory: Any) -> AsyncIterator[Livelog]:
    """A blog of three sources, with a key event, a word to search, and a long post."""
    room = Newsroom()
    await room.start()
    desks = [room.open_desk(f"/{name}.xml", title=name) for name in ("City", "Harbour", "Wire")]
    city, harbour, _ = desks
    count = 30
    city.publish(title=KEY, html="<p>The returning officer has spoken.</p>", categories=("key",))
    harbour.publish(title="A lighthouse goes dark", html="<p>Its lamp has failed.</p>")
    for number in range(count - 10):
        desks[number % 3].publish(title=f"Post {number}", html="<p>It goes on.</p>")
    city.publish(title=LONG, html=long_text("It began at nine."))
    for number in range(count - 10, count):
        desks[number % 3].publish(title=f"Post {number}", html="<p>It goes on.</p>")
    process = Livelog(tmp_path_factory.mktemp("evening"))
    feeds = [every_second(desk) for desk in desks]
    await process.start({"blog": {"feeds": feeds, "key_events": "key"}})
    await listed(process, count + 3)
    yield process
    await process.kill()
    await room.stop()


def key_event(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Key events").get_by_role("link", name=KEY)


def search_box(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search posts")


def source(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=name)


def show(page: Page) -> Locator:
    return page.get_by_role("button", name="Show")


async def sources_of(page: Page) -> set[str]:
    """The sources of the posts on a page."""
    return set(await page.locator("#timeline .source bdi").all_text_contents())


async def tab_to(page: Page, wanted: Locator) -> None:
    """Presses Tab until the focus is there."""
    for _ in range(MAX_TABS):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached by {MAX_TABS} tabs")


async def test_a_reader_with_a_keyboard_alone(evening: Livelog, visitor: Visitor) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": 1280, "height": 900})
    await page.goto(evening.url("/blog/"))
    await until_live(page)
    # Today's key events.
    await tab_to(page, key_event(page))
    await page.keyboard.press("Enter")
    await expect(post(page, KEY)).to_be_in_viewport()
    # A word.
    await page.goto(evening.url("/blog/"))
    await until_live(page)
    await tab_to(page, page.locator("#filters summary"))
    await page.keyboard.press("Enter")
    await tab_to(page, search_box(page))
    await page.keyboard.type("lighthouse")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=lighthouse*")
    await becomes(lambda: titles(page), ["A lighthouse goes dark"])
    # Two sources.
    await page.goto(evening.url("/blog/"))
    await until_live(page)
    await tab_to(page, page.locator("#filters summary"))
    await page.keyboard.press("Enter")
    for name in ("City", "Wire"):
        await tab_to(page, source(page, name))
        await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**source=Wire*")
    await until_live(page)
    assert await sources_of(page) == {"City", "Wire"}
    # A long post, and a link to it.
    article = post(page, LONG)
    for _ in range(MAX_TABS):
        await page.keyboard.press("j")
        if await article.evaluate("(article) => article === document.activeElement"):
            break
    await page.keyboard.press("o")
    await expect(article.locator(".content")).to_contain_text("The end.")
    await page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text } }")
    await tab_to(page, article.get_by_role("button", name="Share"))
    await page.keyboard.press("Enter")
    address = await article.locator("a.when").evaluate("(link) => link.href")
    await becomes(lambda: page.evaluate("window.copied"), address)
    # Its source, and back to the same place.
    await page.keyboard.press("PageDown")
    await becomes(lambda: is_scrolled(article), True)
    before = await top_of(article)
    await page.keyboard.press("v")
    await page.wait_for_url("**/posts/*")
    await page.go_back()
    await expect(article.locator(".content")).to_contain_text("The end.")
    await becomes(lambda: is_at(article, before), True)


async def test_a_reader_without_javascript(evening: Livelog, visitor: Visitor) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    await page.goto(evening.url("/blog/"))
    # Today's key events.
    await key_event(page).click()
    await expect(post(page, KEY)).to_be_in_viewport()
    # A word.
    await page.goto(evening.url("/blog/"))
    await page.locator("#filters summary").click()
    await search_box(page).fill("lighthouse")
    await show(page).click()
    await becomes(lambda: titles(page), ["A lighthouse goes dark"])
    # Two sources.
    await page.goto(evening.url("/blog/"))
    await page.locator("#filters summary").click()
    await source(page, "City").check()
    await source(page, "Wire").check()
    await show(page).click()
    await page.wait_for_url("**source=Wire*")
    assert await sources_of(page) == {"City", "Wire"}
    # A long post has a page of its own, whose address is the link to share.
    article = post(page, LONG)
    await article.scroll_into_view_if_needed()
    before = await top_of(article)
    address = await article.locator("a.when").evaluate("(link) => link.href")
    await read_on(article).click()
    await expect(page.locator(".current .content")).to_contain_text("The end.")
    assert page.url == address
    # Back to the same place.
    await page.go_back()
    await becomes(lambda: is_at(article, before), True)


async def is_scrolled(article: Locator) -> bool:
    """True if the post begins above the window, and the page does not scroll."""
    return bool(
        await article.evaluate(
            "(article) => new Promise((done) => { const y = scrollY; setTimeout(() => "
            "done(article.getBoundingClientRect().top < 0 && y === scrollY), 100) })"
        )
    )


async def is_at(article: Locator, top: float) -> bool:
    return abs(await top_of(article) - top) < 3
