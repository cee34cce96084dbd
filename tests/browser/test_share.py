"""A post is shared by the device, or its link is copied."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.visitor import Visitor, becomes, posts, until_live
from tests.livelog import Livelog

# A browser's clipboard and sheet, as the test has them.
CLIPBOARD = """(mode) => {
  window.copied = [];
  window.shared = [];
  const write = async (text) => {
    if (mode === 'refused') throw new DOMException('no', 'NotAllowedError');
    copied.push(text);
  };
  Object.defineProperty(navigator, 'clipboard', { value: mode === 'missing' ? undefined : { writeText: write } });
  const share = async (given) => {
    if (mode === 'closed') throw new DOMException('no', 'AbortError');
    shared.push(given);
  };
  Object.defineProperty(navigator, 'share', { value: ['sheet', 'closed'].includes(mode) ? share : undefined });
  document.execCommand = (command) => copied.push(`${command} ${document.activeElement.value}`) > 0;
}"""


async def opened(livelog: Livelog, page: Page, mode: str) -> Locator:
    """A live page in such a browser; returns its second post."""
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await page.evaluate(CLIPBOARD, mode)
    return posts(page).nth(1)


async def address(livelog: Livelog) -> str:
    id_ = (await livelog.entries())[1]["id"]
    return livelog.url(f"/blog/e/{id_}#e-{id_}")


def button(article: Locator) -> Locator:
    return article.get_by_role("button", name="Share")


async def test_the_button_shows_itself_to_a_mouse_and_to_the_focus(filled: Livelog, page: Page) -> None:
    article = await opened(filled, page, "copy")
    opacity = "(button) => getComputedStyle(button, '::before').opacity"
    assert await button(article).evaluate(opacity) == "0"
    await article.hover()
    assert await button(article).evaluate(opacity) == "1"
    await page.mouse.move(0, 0)
    await button(article).focus()
    assert await button(article).evaluate(opacity) == "1"
    assert await button(article).evaluate("({ offsetWidth, offsetHeight }) => [offsetWidth, offsetHeight]") == [
        24,
        24,
    ]


async def test_on_touch_it_is_always_there(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    article = await opened(filled, page, "copy")
    assert await button(article).evaluate("(button) => getComputedStyle(button, '::before').opacity") == "1"
    await expect(button(article)).to_be_in_viewport(ratio=1)


async def test_the_link_is_copied_and_that_is_told(filled: Livelog, page: Page) -> None:
    article = await opened(filled, page, "copy")
    await article.hover()
    await button(article).click()
    assert await page.evaluate("copied") == [await address(filled)]
    await becomes(page.locator("#announcements").text_content, "Copied")
    await expect(button(article)).to_have_attribute("data-told", "Copied")
    await expect(button(article)).not_to_have_attribute("data-told", "Copied")


@pytest.mark.parametrize("mode", ["refused", "missing"])
async def test_without_a_clipboard_it_is_copied_as_a_selection(filled: Livelog, page: Page, mode: str) -> None:
    article = await opened(filled, page, mode)
    await button(article).focus()
    await page.keyboard.press("Enter")
    await becomes(lambda: page.evaluate("copied"), [f"copy {await address(filled)}"])
    await expect(button(article)).to_be_focused()
    await expect(page.locator("textarea")).to_have_count(0)


async def test_a_device_s_own_sheet_is_used(filled: Livelog, page: Page) -> None:
    article = await opened(filled, page, "sheet")
    await button(article).click()
    title = await article.locator(".headline").inner_text()
    await becomes(lambda: page.evaluate("shared"), [{"title": title, "url": await address(filled)}])
    assert await page.evaluate("copied") == []


async def test_a_sheet_that_was_closed_copies_nothing(filled: Livelog, page: Page) -> None:
    article = await opened(filled, page, "closed")
    await button(article).click()
    assert await page.evaluate("copied") == []
    await expect(button(article)).not_to_have_attribute("data-told", "Copied")


async def test_without_javascript_the_time_is_the_link_to_share(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(java_script_enabled=False)
    await page.goto(filled.url("/blog/"))
    article = posts(page).nth(1)
    await expect(article.locator(".share")).to_be_hidden()
    href = await article.locator("a.when").get_attribute("href")
    assert filled.url(href or "") == await address(filled)
