"""The page by keyboard alone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.script import Script
from tests.browser.visitor import becomes, posts
from tests.livelog import Livelog


async def test_j_and_k_go_from_post_to_post(filled: Livelog, page: Page) -> None:
    await Script.open(filled, page)
    for number in range(3):
        await page.keyboard.press("j")
        await expect(posts(page).nth(number)).to_be_focused()
        await expect(posts(page).nth(number)).to_be_in_viewport()
    await page.keyboard.press("k")
    await expect(posts(page).nth(1)).to_be_focused()


async def test_n_shows_what_waits(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    await page.keyboard.press("p")
    script.entry("First unread")
    script.entry("Second")
    await becomes(page.title, "(2) blog")
    await page.keyboard.press("n")
    await expect(posts(page).nth(1)).to_be_focused()
    await expect(posts(page).nth(1)).to_contain_text("First unread")


async def test_the_help_lists_the_keys_and_gives_the_focus_back(filled: Livelog, page: Page) -> None:
    await Script.open(filled, page)
    button = page.get_by_role("button", name="Keyboard shortcuts, sound and notifications")
    await button.focus()
    await page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_text("First unread post")).to_be_visible()
    await page.keyboard.press("j")
    assert await page.locator("#timeline :focus").count() == 0, "keys mean nothing behind it"
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(button).to_be_focused()


async def test_keys_can_be_turned_off_for_good(filled: Livelog, page: Page) -> None:
    await Script.open(filled, page)
    await page.get_by_role("button", name="Keyboard shortcuts, sound and notifications").click()
    await page.get_by_label("Single-key shortcuts").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.reload()
    await page.keyboard.press("j")
    assert await page.locator("#timeline :focus").count() == 0
