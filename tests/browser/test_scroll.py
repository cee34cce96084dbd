"""The text under a reader's eyes stays where it is, whatever comes; and the way to older posts misses none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from demo.newsroom import Desk, Newsroom
from entries import FRONT_PAGE
from tests.browser.visitor import (
    Visitor,
    becomes,
    every_second,
    hold,
    ids,
    listed,
    moved,
    post,
    posts,
    seen,
    titles,
    until_live,
    watch,
)
from tests.livelog import Livelog

ARRIVING = 50
OLD = 500

# As in a browser that does not keep the place by itself, for which the page has to.
NO_ANCHORING = """
CSS.supports = () => false;
addEventListener('DOMContentLoaded', () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(':root { overflow-anchor: none } .entry { content-visibility: visible !important }');
  document.adoptedStyleSheets = [sheet];
});
"""


ONE_BY_ONE = """async (count) => {
  const { keepScroll } = await import('/static/timeline/scroll.js');
  const list = document.getElementById('timeline');
  for (let n = 0; n < count; n += 1) {
    const post = list.lastElementChild.cloneNode(true);
    post.style.paddingBottom = '20.3px';
    keepScroll(list, () => list.prepend(post));
    await new Promise(requestAnimationFrame);
  }
}"""


async def scroll_to(article: Locator) -> None:
    """Scrolls so that the post begins just below the bar, and holds it."""
    await article.evaluate("(article) => article.scrollIntoView({ block: 'start', behavior: 'instant' })")
    await hold(article)


def publish_hourly(desk: Desk, count: int) -> None:
    """Publishes posts an hour apart, up to now."""
    now = datetime.now(UTC)
    for age in reversed(range(count)):
        desk.publish(title=f"News {age}", html="<p>It goes on.</p>" * 3, published=now - timedelta(hours=age))


async def test_text_stays_while_posts_arrive(livelog: Livelog, newsroom: Newsroom, page: Page) -> None:
    desk = newsroom.open_desk("/a.xml", title="A", keep=200)
    publish_hourly(desk, 20)
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 20)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await scroll_to(post(page, "News 8"))
    for batch in range(2):
        for number in range(ARRIVING // 2):
            desk.publish(title=f"Arriving {batch}-{number}", html="<p>Something new.</p>" * (number % 5))
        await becomes(page.title, f"({ARRIVING // 2 * (batch + 1)}) blog")
    assert await moved(page) <= 1
    await expect(post(page, "News 8")).to_be_in_viewport()
    await page.get_by_role("button", name=f"{ARRIVING} new posts").click()
    await becomes(posts(page).count, 20 + ARRIVING)
    assert await ids(page) == [entry["id"] for entry in await livelog.entries()]


async def test_fractions_of_pixels_do_not_add_up(filled: Livelog, page: Page) -> None:
    """Scroll positions are whole pixels, posts are not: one after the other, they could carry the text away."""
    await page.add_init_script(NO_ANCHORING)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await scroll_to(posts(page).nth(20))
    await page.evaluate(ONE_BY_ONE, ARRIVING)
    assert await moved(page) <= 1


@dataclass(frozen=True)
class Grown:
    """A blog that got a feed with 500 old posts while its page was open: what that did to the page."""

    page: Page
    entries: list[dict[str, Any]]
    shown: list[str]
    arrivals: list[dict[str, Any]]
    moved: float


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def grown(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Grown]:
    """The reader is at the tenth of fifty posts, an hour apart; of the old ones every other hour has one."""
    room, livelog, visitor = Newsroom(), Livelog(tmp_path_factory.mktemp("grown")), Visitor(browser)
    await room.start()
    news = room.open_desk("/news.xml", title="News", keep=100)
    publish_hourly(news, FRONT_PAGE)
    await livelog.start({"blog": [every_second(news)]})
    await listed(livelog, FRONT_PAGE)
    page = await visitor.page()
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    await scroll_to(post(page, "News 10"))
    await livelog.stop()
    archive = room.open_desk("/archive.xml", title="Archive", keep=OLD)
    now = datetime.now(UTC)
    for age in reversed(range(OLD)):
        archive.publish(title=f"Old {age}", published=now - timedelta(hours=2 * age, minutes=30))
    await livelog.start({"blog": [every_second(news), every_second(archive)]})
    await listed(livelog, FRONT_PAGE + OLD)
    await until_live(page)
    news.publish(title="Fresh")
    await becomes(page.title, "(1) blog")
    entries, slip = await livelog.entries(), await moved(page)
    await page.get_by_role("button", name="1 new post").click()
    yield Grown(page, entries, await titles(page), (await seen(page))["arrivals"], slip)
    await visitor.leave()
    await livelog.kill()
    await room.stop()


async def test_old_posts_take_their_places_by_date(grown: Grown) -> None:
    assert grown.shown[:6] == ["Fresh", "News 0", "Old 0", "News 1", "News 2", "Old 1"]
    assert grown.shown == [entry["title"] for entry in grown.entries][: len(grown.shown)], "none is left out"


async def test_old_posts_come_silently(grown: Grown) -> None:
    assert any(arrival["title"].startswith("Old") for arrival in grown.arrivals)
    assert {arrival["title"] for arrival in grown.arrivals if arrival["marked"]} <= {"Fresh"}


async def test_old_posts_do_not_flood_the_page(grown: Grown) -> None:
    assert FRONT_PAGE <= len(grown.shown) <= FRONT_PAGE + 1, "a page of them, and what came since"


async def test_old_posts_move_nothing(grown: Grown) -> None:
    assert grown.moved <= 1


async def test_the_way_to_older_posts_leads_through_all(grown: Grown, visitor: Visitor) -> None:
    page = await visitor.page(java_script_enabled=False)
    await page.goto(grown.page.url)
    older = page.get_by_role("link", name="Older posts")
    found = await ids(page)
    while await older.is_visible():
        async with page.expect_navigation():
            await older.click()
        found += await ids(page)
    assert found == [entry["id"] for entry in grown.entries]
