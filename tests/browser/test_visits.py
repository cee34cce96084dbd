"""After a revisit the page says what is new since the last one, and where that begins."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from demo.newsroom import Desk, Newsroom
from tests.browser.visitor import becomes, every_second, listed, post, titles, until_live
from tests.livelog import Livelog


async def opened(livelog: Livelog, page: Page, desk: Desk) -> None:
    """Opens the page of a blog with three posts, and leaves it."""
    for number in range(3):
        desk.publish(title=f"Read {number}")
    await livelog.start({"blog": [every_second(desk)], "other": [every_second(desk)]})
    await listed(livelog, 3)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await page.goto("about:blank")


async def test_a_revisit_shows_what_is_new(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await opened(livelog, page, desk)
    for number in range(2):
        desk.publish(title=f"New {number}")
    await listed(livelog, 5)
    await page.goto(livelog.url("/blog/"))
    sentence = re.compile(r"^Since you were here \d\d:\d\d · 2 new$")
    line = page.locator("#timeline > .unread-line")
    await expect(line).to_have_text(sentence)
    assert await line.evaluate("(line) => line.nextElementSibling.querySelector('.headline').textContent") == "Read 2"
    pill = page.get_by_role("button", name=sentence)
    await pill.click()
    await expect(post(page, "New 0")).to_be_focused()
    await expect(pill).to_be_hidden()


async def test_a_revisit_without_news_says_nothing(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    await opened(livelog, page, newsroom.open_desk("/a.xml", title="A"))
    for path in ("/blog/", "/other/"):
        await page.goto(livelog.url(path))
        await until_live(page)
        assert len(await titles(page)) == 3
        await expect(page.locator(".unread-line")).to_have_count(0)
        await expect(page.locator(".fresh")).to_be_hidden()


async def test_visits_that_cannot_be_read_are_ignored(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    await opened(livelog, page, newsroom.open_desk("/a.xml", title="A"))
    # What the test writes is not replaced when the page is left.
    await page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => false })")
    await page.goto(livelog.url("/blog/"))
    for kept in ("[[1]]", "{", '[["blog",{"at":"never","id":1}]]', "null"):
        await page.evaluate("(kept) => localStorage.setItem('livelog:visits', kept)", kept)
        await page.reload()
        await until_live(page)
        await expect(page.locator(".unread-line")).to_have_count(0)


async def test_few_blogs_are_remembered(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    many = "JSON.stringify([...Array(500)].map((_, n) => [`blog${n}`, { id: 'a', position: 'b', at: '2026-01-01' }]))"
    await page.evaluate(f"localStorage.setItem('livelog:visits', {many})")
    await page.goto(filled.url("/other/"))
    await page.goto(filled.url("/blog/"))
    await becomes(lambda: page.evaluate("JSON.parse(localStorage.getItem('livelog:visits')).length"), 50)
