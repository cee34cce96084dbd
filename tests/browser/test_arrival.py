"""What is published at an origin comes to the page by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import becomes, every_second, ids, post, posts, seen, titles, until_live, watch
from tests.livelog import Livelog


async def test_what_is_published_appears_without_a_reload(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [every_second(desk)]})
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    desk.publish(title="The vote is in")
    await becomes(post(page, "The vote is in").is_visible, True)
    assert (await seen(page))["arrivals"], "the page was loaded anew"


async def test_what_arrives_stands_first_and_bears_a_mark(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="One")
    await livelog.start({"blog": [every_second(desk)]})
    await page.goto(livelog.url("/blog/"))
    await becomes(posts(page).count, 1)
    await until_live(page)
    await watch(page)
    desk.publish(title="Two")
    await becomes(post(page, "Two").is_visible, True)
    assert await titles(page) == ["Two", "One"]
    assert (await seen(page))["arrivals"] == [{"title": "Two", "marked": True}]


async def test_a_post_shows_title_time_source_and_content(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="Harbour Log")
    published = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
    desk.publish(title="High water", html="<p>The quay is <em>dry</em>.</p>", published=published)
    await livelog.start({"blog": [every_second(desk)]})
    await page.goto(livelog.url("/blog/"))
    article = post(page, "High water")
    await expect(article.locator(".source")).to_contain_text("Harbour Log")
    await expect(article.locator(".content")).to_have_text("The quay is dry.")
    await expect(article.locator(".content em")).to_have_text("dry")
    # In Kathmandu it is a quarter past two on the next day.
    await expect(article.locator(".clock")).to_have_text("02:15")
    await expect(article.locator(".day")).to_have_text(re.compile("^Monday 2 March"))
    link = article.get_by_role("link", name="High water")
    assert (await link.get_attribute("href") or "").startswith(newsroom.url("/posts/"))


async def test_a_correction_changes_a_post_in_its_place(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Below")
    wrong = desk.publish(title="Two hurt", html="<p>Two people.</p>")
    desk.publish(title="Above")
    await livelog.start({"blog": [every_second(desk)]})
    await page.goto(livelog.url("/blog/"))
    await becomes(posts(page).count, 3)
    await until_live(page)
    before = await ids(page)
    await watch(page)
    desk.correct(wrong.guid, title="Three hurt", html="<p>Three people.</p>")
    article = post(page, "Three hurt")
    await expect(article.locator(".content")).to_have_text("Three people.")
    await expect(article.locator(".corrected")).to_have_text(re.compile(r"Updated (\d+ \w+ \d{4}, )?\d\d:\d\d"))
    assert await titles(page) == ["Above", "Three hurt", "Below"]
    assert await ids(page) == before
    assert (await seen(page))["arrivals"] == [], "it was changed, not put there anew"
