"""The line under the bar names the day of the posts in view, leads to its hours, and hides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import Visitor, becomes, every_second, listed, post, posts, until_live
from tests.livelog import Livelog

HOURS: Final = 40

COVERED: Final = """(element) => {
  const bottom = document.getElementById('day').getBoundingClientRect().bottom;
  return element.getBoundingClientRect().top < bottom - 1;
}"""
"""True if the bar or the day's line hides the top of an element."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hourly(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog with a post each hour, for more than a day."""
    room = Newsroom()
    await room.start()
    desk = room.open_desk("/a.xml", title="A", keep=HOURS)
    now = datetime.now(UTC)
    for age in reversed(range(HOURS)):
        desk.publish(title=f"Hour {age}", html="<p>It goes on.</p>" * 4, published=now - timedelta(hours=age))
    process = Livelog(tmp_path_factory.mktemp("hourly"))
    await process.start({"blog": [every_second(desk)]})
    await listed(process, HOURS)
    yield process
    await process.kill()
    await room.stop()


def _named(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B}"


async def test_it_names_the_day_in_view(hourly: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(timezone_id="UTC")
    await page.goto(hourly.url("/blog/"))
    await until_live(page)
    name = page.locator("#day time")
    now = datetime.now(UTC)
    await expect(name).to_have_text(f"Today, {_named(now)}")
    await expect(posts(page).first.locator(".day")).to_be_hidden()
    await post(page, "Hour 26").evaluate("(it) => it.scrollIntoView({ behavior: 'instant' })")
    earlier = now - timedelta(hours=26)
    prefix = "Yesterday, " if now.date() - earlier.date() == timedelta(days=1) else ""
    await expect(name).to_have_text(f"{prefix}{_named(earlier)}")
    await expect(page.locator("#day")).to_be_in_viewport()


async def test_it_leads_to_the_hours_of_the_day(hourly: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(timezone_id="UTC")
    await page.goto(hourly.url("/blog/"))
    await until_live(page)
    # Within an earlier day: posts of two days are in view else, and each day has the same hours.
    now = datetime.now(UTC)
    age = next(age for age in range(26, HOURS) if 3 <= (now - timedelta(hours=age)).hour < 21)
    await post(page, f"Hour {age}").evaluate("(it) => it.scrollIntoView({ behavior: 'instant' })")
    await expect(page.locator("#day time")).to_contain_text(_named(now - timedelta(hours=age)))
    wanted = (now - timedelta(hours=age + 1)).strftime("%H:00")
    await page.locator("#day").get_by_role("link", name=wanted).click()
    target = post(page, f"Hour {age + 1}")
    await expect(target).to_be_in_viewport()
    assert not await target.locator(".headline").evaluate(COVERED)
    await expect(page.locator("#day [aria-current]")).to_have_text(wanted)


@pytest.mark.parametrize("key", ["j", "Tab"])
async def test_the_focus_is_never_behind_it(hourly: Livelog, page: Page, key: str) -> None:
    await page.goto(hourly.url("/blog/"))
    await until_live(page)
    await posts(page).nth(6).focus()
    for way in (key, "k" if key == "j" else "Shift+Tab"):
        for _ in range(8):
            await page.keyboard.press(way)
            focused = page.locator("#timeline :focus")
            if await focused.count():
                assert not await focused.evaluate(COVERED)


async def test_without_a_script_it_is_plain_and_leads_on(hourly: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(java_script_enabled=False)
    await page.goto(hourly.url("/blog/"))
    line = page.locator("#day")
    newest: dict[str, Any] = (await hourly.entries())[0]
    moment = datetime.fromisoformat(newest["_livelog"]["position"])
    await expect(line.locator("time")).to_have_text(f"{_named(moment)} {moment.year}")
    links = line.get_by_role("link")
    if await links.count():
        await links.last.click()
        assert await page.evaluate("location.hash") == await links.last.get_attribute("href")
    await page.locator("footer").scroll_into_view_if_needed()
    await expect(line).not_to_be_in_viewport()


async def test_a_button_leads_back_to_the_top(hourly: Livelog, page: Page) -> None:
    await page.goto(hourly.url("/blog/"))
    await until_live(page)
    back = page.get_by_role("button", name="Back to top")
    await expect(back).to_be_hidden()
    await page.evaluate("scrollTo({ top: 4 * innerHeight, behavior: 'instant' })")
    await back.click()
    await becomes(lambda: page.evaluate("scrollY"), 0)
    await expect(back).to_be_hidden()
    await expect(page.get_by_role("main")).to_be_focused()


async def test_the_pill_stands_in_the_line(hourly: Livelog, page: Page) -> None:
    """It covers neither posts nor the name of the day, and is centred over the posts."""
    await page.goto(hourly.url("/blog/"))
    await until_live(page)
    await page.locator(".fresh").evaluate(
        """(pill) => {
          pill.hidden = false;
          pill.textContent = '17 new posts in the 12 min you were away';
          document.body.classList.add('has-news');
        }"""
    )
    for width in (1280, 390, 320):
        await page.set_viewport_size({"width": width, "height": 844})
        pill = await page.locator(".fresh").bounding_box()
        line = await page.locator("#day").bounding_box()
        assert pill
        assert line
        assert line["y"] <= pill["y"]
        assert pill["y"] + pill["height"] <= line["y"] + line["height"]
        assert pill["x"] >= 0
        assert pill["x"] + pill["width"] <= width
        if width == 1280:
            name = await page.locator("#day p").bounding_box()
            assert name
            assert name["x"] + name["width"] <= pill["x"]
