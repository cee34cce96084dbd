"""The browser client of docs/protocol.md: short, and it resumes and treats gaps as the page says."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Page, Route, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import Visitor, every_second, listed
from tests.docs.documents import ROOT, blocks
from tests.livelog import Livelog

MAX_LINES = 20
LOST = r"Failed to load resource: net::ERR_"


def client() -> str:
    (block,) = blocks(ROOT / "docs" / "protocol.md", "html")
    return block.text


@pytest_asyncio.fixture(loop_scope="session")
async def ticker(visitor: Visitor) -> Page:
    """A page of the documented client, which a site serves beside Livelog as /ticker.html."""
    page = await visitor.page()

    async def serve(route: Route) -> None:
        await route.fulfill(body=f"<!doctype html>{client()}", content_type="text/html; charset=utf-8")

    await page.route("**/ticker.html", serve)
    return page


def test_it_has_at_most_20_lines() -> None:
    assert len(client().splitlines()) <= MAX_LINES


async def test_it_shows_new_corrected_and_withdrawn_posts(livelog: Livelog, newsroom: Newsroom, ticker: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="A", format="atom")
    desk.publish(title="There before")
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 1)
    await ticker.goto(livelog.url("/ticker.html"))
    shown = ticker.locator("#posts")
    await expect(shown).to_have_text("There before")
    post = desk.publish(title="Vote at nine <b>")
    await expect(shown).to_have_text("Vote at nine <b>\nThere before")
    desk.correct(post.guid, title="Vote at ten")
    await expect(shown).to_have_text("Vote at ten\nThere before")
    desk.withdraw(post.guid)
    await expect(shown).to_have_text("There before")
    await expect(ticker.locator("#gap")).to_be_hidden()


async def test_it_resumes_at_its_cursor(livelog: Livelog, newsroom: Newsroom, visitor: Visitor, ticker: Page) -> None:
    visitor.expects(LOST)
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="First")
    blogs = {"blog": [every_second(desk)]}
    await livelog.start(blogs)
    await listed(livelog, 1)
    await ticker.goto(livelog.url("/ticker.html"))
    shown = ticker.locator("#posts")
    await expect(shown).to_have_text("First")
    await livelog.kill()
    desk.publish(title="Meanwhile")
    await livelog.start(blogs)
    await expect(shown).to_have_text("Meanwhile\nFirst")
    await expect(ticker.locator("#gap")).to_be_hidden()


async def test_it_shows_a_gap(livelog: Livelog, newsroom: Newsroom, visitor: Visitor, ticker: Page) -> None:
    visitor.expects(LOST)
    desk = newsroom.open_desk("/a.xml", title="A")
    post = desk.publish(title="Lost with the store")
    blogs = {"blog": [every_second(desk)]}
    await livelog.start(blogs)
    await listed(livelog, 1)
    await ticker.goto(livelog.url("/ticker.html"))
    shown = ticker.locator("#posts")
    await expect(shown).to_have_text("Lost with the store")
    await livelog.kill()
    for file in livelog.folder.glob("livelog.db*"):
        file.unlink()
    desk.withdraw(post.guid)
    desk.publish(title="New")
    await livelog.start(blogs)
    await expect(shown).to_have_text("New")
    await expect(ticker.locator("#gap")).to_be_visible()
