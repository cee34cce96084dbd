"""The day of real feeds that other tests measure the page on."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.visitor import Visitor, post
from tests.livelog import PATIENCE, until
from tests.realday import RealDay


async def test_every_blog_has_posts_but_those_without_sources_that_answer(realday: RealDay) -> None:
    for blog in ("shipped", "news", "world", "releases", "many", "ifanr", "urdu", "titleless", "deep"):
        # A source counts as fetched a moment before its posts are there.
        await until(lambda blog=blog: _has_posts(realday, blog), seconds=4 * PATIENCE)
    assert not (await realday.livelog.json("/dead/entries"))["items"]


async def _has_posts(realday: RealDay, blog: str) -> bool:
    return len((await realday.livelog.json(f"/{blog}/entries?limit=20"))["items"]) == 20


async def test_a_post_is_published_corrected_and_withdrawn_while_a_page_is_open(
    realday: RealDay, visitor: Visitor
) -> None:
    page = await visitor.page()
    await page.goto(realday.livelog.url("/live/"))
    (*_, published) = await realday.publish("desk", {"title": "Polls close", "html": "<p>They do.</p>"})
    await expect(post(page, "Polls close")).to_be_visible()
    await realday.correct("desk", published, title="Polls have closed")
    await expect(post(page, "Polls have closed")).to_be_visible()
    await realday.withdraw("desk", published)
    await expect(post(page, "Polls have closed")).to_have_count(0)
