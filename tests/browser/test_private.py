"""A private blog in a browser: a token link opens it, and without its token the page is gone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import MISSING, REFUSED, Visitor, every_second, until_live
from tests.livelog import Livelog

TOKEN = "token-of-the-browser-test-22"


async def test_a_token_link_opens_a_private_blog_until_its_token_is_removed(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page
) -> None:
    desk = newsroom.open_desk("/a.xml", title="Harbour Log")
    desk.publish(title="First")
    blog = {"feeds": [every_second(desk)], "private": True, "tokens": [TOKEN]}
    await livelog.start({"blog": blog})
    await page.goto(livelog.url(f"/blog/?token={TOKEN}"))
    assert page.url == livelog.url("/blog/")
    await until_live(page)
    desk.publish(title="Second")
    await expect(page.locator("article.entry", has_text="Second")).to_be_visible()
    await page.reload()
    await until_live(page)

    visitor.expects(f"{REFUSED}|{MISSING}")
    await livelog.stop()
    await livelog.start({"blog": {**blog, "tokens": ["another-token-of-the-test-22"]}})
    await expect(page.locator("h1")).to_contain_text("This blog is private.")
    assert "Second" not in await page.content()
