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


async def test_o_opens_and_folds_the_post_v_visits_its_source_and_c_copies_its_link(
    filled: Livelog, page: Page
) -> None:
    # While posts slide in, the keyboard goes by what is in view.
    await page.emulate_media(reduced_motion="reduce")
    script = await Script.open(filled, page)
    source = filled.url("/other/")
    about = {"preview": {"text": "How it begins …"}}
    id_ = script.entry("Long", url=source, content_html="<p>How it goes on.</p>", about=about)
    article = posts(page).first
    await expect(article.locator(".headline")).to_have_text("Long")
    await page.keyboard.press("j")
    await expect(article).to_be_focused()
    for opening, folding in (("o", "o"), ("Enter", "Escape"), ("Enter", "Enter")):
        await page.keyboard.press(opening)
        await expect(article.locator(".content")).to_have_text("How it goes on.")
        await expect(article).to_be_focused()
        await page.keyboard.press(folding)
        await expect(article.locator(".content")).to_have_count(0)
    await page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text } }")
    await page.keyboard.press("c")
    assert await page.evaluate("copied") == filled.url(f"/blog/e/{id_}#e-{id_}")
    await page.keyboard.press("v")
    await page.wait_for_url(source)


async def test_without_a_focus_the_keys_are_for_the_post_at_the_top_of_the_window(
    filled: Livelog, page: Page
) -> None:
    await Script.open(filled, page)
    await page.evaluate("() => { navigator.clipboard.writeText = async (text) => { window.copied = text } }")
    await posts(page).nth(7).evaluate("(article) => article.scrollIntoView()")
    await page.keyboard.press("c")
    link = await posts(page).nth(7).locator("a.when").get_attribute("href")
    assert await page.evaluate("copied") == filled.url(link or "")
