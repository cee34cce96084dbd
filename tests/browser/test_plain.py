"""Without JavaScript the page is a page: to be read to its end, and reloaded for news."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Page, expect

from entries import FRONT_PAGE
from handlers.permalink import NEWER_NEIGHBOURS, OLDER_NEIGHBOURS
from tests.browser.visitor import Visitor, becomes, ids, post, posts, titles
from tests.livelog import Livelog


@pytest_asyncio.fixture(loop_scope="session")
async def plain(visitor: Visitor) -> Page:
    """A page in a browser that runs no script."""
    return await visitor.page(java_script_enabled=False)


async def test_it_can_be_read(filled: Livelog, plain: Page) -> None:
    await plain.goto(filled.url("/blog/"))
    await becomes(posts(plain).count, FRONT_PAGE)
    last = post(plain, "Last")
    await expect(last.locator(".content")).to_contain_text("It ends with a link")
    await expect(last.locator(".source")).to_contain_text("Harbour Log")
    await expect(plain.locator("footer noscript p")).to_have_text("Times are in UTC.")
    await expect(plain.locator("header noscript p")).to_have_text("Reload for newer posts")
    for told in await plain.locator("noscript p").all():
        await expect(told).to_be_visible()


async def test_older_pages_are_linked_to_the_end(filled: Livelog, plain: Page) -> None:
    await plain.goto(filled.url("/blog/"))
    older = plain.get_by_role("link", name="Older posts")
    found = await ids(plain)
    while await older.is_visible():
        async with plain.expect_navigation():
            await older.click()
        found += await ids(plain)
    assert found == [entry["id"] for entry in await filled.entries()]
    await expect(post(plain, "First").locator(".content")).to_have_text("It began.")


async def test_a_post_opens_among_its_neighbours(filled: Livelog, plain: Page) -> None:
    await plain.goto(filled.url("/blog/"))
    async with plain.expect_navigation():
        await posts(plain).nth(20).locator(".when").click()
    await expect(plain.get_by_role("article")).to_have_count(NEWER_NEIGHBOURS + 1 + OLDER_NEIGHBOURS)
    own = plain.locator("article[aria-current]")
    await expect(own).to_have_count(1)
    await expect(own.locator(".content")).to_contain_text("It went on")
    await expect(own.locator(".when")).to_be_in_viewport()
    async with plain.expect_navigation():
        await plain.get_by_role("link", name="All posts").click()
    await becomes(posts(plain).count, FRONT_PAGE)


async def test_posts_can_be_filtered(filled: Livelog, plain: Page) -> None:
    await plain.goto(filled.url("/blog/"))
    await plain.get_by_text("Filter", exact=True).click()
    filters = plain.get_by_role("search", name="Filter")
    await expect(filters.get_by_role("checkbox", name="Harbour Log")).to_be_visible()
    await filters.get_by_role("checkbox", name="Tide").check()
    async with plain.expect_navigation():
        await filters.get_by_role("button", name="Show").click()
    assert await titles(plain) == ["Last"]
    await expect(plain.locator(".filtered")).to_contain_text("Only posts tagged")
    async with plain.expect_navigation():
        await plain.locator(".filtered").get_by_role("link", name="All posts").click()
    await becomes(posts(plain).count, FRONT_PAGE)


async def test_posts_can_be_searched(filled: Livelog, plain: Page) -> None:
    await plain.goto(filled.url("/blog/"))
    await plain.get_by_text("Filter", exact=True).click()
    await plain.get_by_role("searchbox", name="Search posts").fill("ENDS caption")
    async with plain.expect_navigation():
        await plain.keyboard.press("Enter")
    assert await titles(plain) == ["Last"]
    await expect(plain.locator(".filtered")).to_contain_text("Only posts with ENDS caption")
    await plain.goto(filled.url("/blog/filter?q=caption"))
    async with plain.expect_navigation():
        await plain.get_by_role("button", name="Show").click()
    assert await titles(plain) == ["Last"]
