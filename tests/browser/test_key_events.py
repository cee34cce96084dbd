"""The strip of key events and the pinned post follow the changes of the blog."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from demo.newsroom import Newsroom
from tests.browser.script import Script, post_item
from tests.browser.test_accessibility import SCHEMES, Scheme, axe, violations
from tests.browser.visitor import Visitor, becomes, every_second, listed, post
from tests.livelog import Livelog

__all__ = ["axe"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def highlighted(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog whose blog has seven key events, and a pinned post that is not on the first page."""
    room = Newsroom()
    await room.start()
    desk = room.open_desk("/a.xml", title="Harbour - Log", keep=100)
    desk.publish(title="Pinned", html=f"<p>{'It is long. ' * 60}</p>", categories=("Pin",))
    for number in range(60):
        desk.publish(title=f"Post {number}", html="<p>Text.</p>", categories=("Key",) if number % 9 == 0 else ())
    process = Livelog(tmp_path_factory.mktemp("highlighted"))
    await process.start({"blog": {"feeds": [every_second(desk)], "key_events": "Key", "pin": "Pin"}})
    try:
        await listed(process, 61)
        yield process
    finally:
        await process.kill()
        await room.stop()


def titles(page: Page) -> Locator:
    return page.locator("#key-events li span")


async def test_links_lead_to_the_posts(highlighted: Livelog, page: Page) -> None:
    await Script.open(highlighted, page)
    await expect(titles(page)).to_have_text(["Post 54", "Post 45", "Post 36", "Post 27", "Post 18"])
    await page.get_by_role("link", name="Post 27").first.click()
    await expect(post(page, "Post 27")).to_be_in_viewport()
    assert page.url.endswith(await post(page, "Post 27").get_attribute("id") or "-")
    await expect(page.locator("#pinned .headline")).to_have_text("Pinned")
    await expect(page.locator("#pinned bdi")).to_have_text("Harbour")


async def test_key_events_come_change_and_go(highlighted: Livelog, page: Page) -> None:
    script = await Script.open(highlighted, page)
    name = script.entry("Storm", tags=["Key"], content_html="<p>One</p><p>two</p>")
    await expect(titles(page).first).to_have_text("Storm")
    assert await titles(page).count() == 5
    item = post_item(name, "Plain", tags=[])
    script.update(item)
    await expect(titles(page).first).to_have_text("Post 54")
    script.update({**item, "_livelog": {**item["_livelog"], "revision": 2}}, tags=["Key", "Pin"], title="Calm")
    await expect(titles(page).first).to_have_text("Calm")
    await expect(page.locator("#pinned .headline")).to_have_text("Calm")
    await expect(page.locator("#pinned .summary")).to_have_text("Something new.")
    await page.get_by_role("link", name="Calm").first.click()
    await expect(post(page, "Calm")).to_be_in_viewport()


async def test_withdrawn_ones_are_replaced_from_the_server(highlighted: Livelog, page: Page) -> None:
    script = await Script.open(highlighted, page)
    name = script.entry("Storm", tags=["Key", "Pin"])
    await expect(titles(page).first).to_have_text("Storm")
    script.delete(name)
    # The fifth was known; the post that was pinned before is not known to the page.
    await expect(titles(page)).to_have_text(["Post 54", "Post 45", "Post 36", "Post 27", "Post 18"])
    await expect(page.locator("#pinned .headline")).to_have_text("Pinned")
    script.delete(await page.locator("#key-events li").first.get_attribute("data-id") or "")
    await becomes(titles(page).count, 4)
    # What the test withdraws, the server still has.
    await expect(titles(page)).to_have_text(["Post 54", "Post 45", "Post 36", "Post 27", "Post 18"])


async def test_the_first_key_event_appears_live(livelog: Livelog, page: Page, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="Log")
    desk.publish(title="First", html="<p>Text.</p>")
    await livelog.start({"blog": {"feeds": [every_second(desk)], "key_events": "Key", "pin": "Pin"}})
    await listed(livelog, 1)
    script = await Script.open(livelog, page)
    await expect(page.locator("#key-events")).to_be_hidden()
    await expect(page.locator("#pinned")).to_be_hidden()
    script.entry("Storm", tags=["Key"])
    await expect(page.get_by_role("navigation", name="Key events")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
async def test_the_strip_is_low_and_no_wider_than_the_page(
    highlighted: Livelog, page: Page, width: int, height: int
) -> None:
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto(highlighted.url("/blog/"))
    box = await page.locator("#key-events").bounding_box()
    assert box
    assert box["height"] <= 0.15 * height
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_without_javascript_links_lead_to_the_posts(highlighted: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(java_script_enabled=False)
    await page.goto(highlighted.url("/blog/"))
    await page.get_by_role("link", name="Post 45").first.click()
    await expect(post(page, "Post 45")).to_be_in_viewport()
    await page.locator("#pinned .read-on").click()
    await expect(page.locator(".current .headline")).to_have_text("Pinned")


async def test_the_keyboard_reaches_each_link_and_its_post(highlighted: Livelog, page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await Script.open(highlighted, page)
    last = page.get_by_role("link", name="Post 18").first
    await page.locator("#key-events a").first.focus()
    for _ in range(4):
        await page.keyboard.press("Tab")
    await expect(last).to_be_focused()
    await expect(last).to_be_in_viewport(ratio=0.9)
    await page.keyboard.press("Enter")
    await expect(post(page, "Post 18")).to_be_in_viewport()
    await page.keyboard.press("Tab")
    assert await post(page, "Post 18").evaluate("(article) => article.contains(document.activeElement)")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing_against_them(
    highlighted: Livelog, visitor: Visitor, axe: str, scheme: Scheme
) -> None:
    page = await visitor.page(color_scheme=scheme)
    await page.goto(highlighted.url("/blog/"))
    assert await violations(page, axe) == []
