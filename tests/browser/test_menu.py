"""The bar: one row on every screen, in the order of the eyes; on a phone, a menu."""

from __future__ import annotations

from typing import Final

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.visitor import Visitor, until_live
from tests.livelog import Livelog

PHONE: Final = {"width": 390, "height": 844}
BAR: Final = 52

LEFTS: Final = """() => [...document.querySelectorAll('.bar-line :is(a, summary, button)')]
  .filter((stop) => stop.checkVisibility()).map((stop) => stop.getBoundingClientRect().left)"""


@pytest_asyncio.fixture(loop_scope="session")
async def phone(visitor: Visitor) -> Page:
    """A page on a phone."""
    return await visitor.page(viewport=PHONE, has_touch=True, is_mobile=True)


async def test_the_bar_is_one_row(filled: Livelog, phone: Page) -> None:
    await phone.goto(filled.url("/blog/"))
    await until_live(phone)
    bar = await phone.locator(".bar").bounding_box()
    assert bar
    assert bar["height"] == BAR
    for part in (".name", "#state", "#menu > summary"):
        box = await phone.locator(part).bounding_box()
        assert box
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= BAR
    await expect(phone.get_by_role("button", name="Pause")).to_be_hidden()


async def test_the_menu_begins_with_sound_and_notifications(filled: Livelog, phone: Page) -> None:
    await phone.goto(filled.url("/blog/"))
    await until_live(phone)
    await phone.locator("#menu > summary").click()
    choices = phone.locator("#menu input[type=checkbox]")
    await expect(choices.nth(0)).to_have_accessible_name("Soft sound")
    await expect(choices.nth(1)).to_have_accessible_name("Notifications while this page is in the background")
    await expect(phone.locator("#help-button")).to_be_hidden()
    await phone.locator("#filters > summary").click()
    await expect(phone.locator("#filters").get_by_role("checkbox", name="Harbour Log")).to_be_visible()
    await phone.get_by_role("button", name="Pause").click()
    await expect(phone.get_by_role("button", name="Paused", pressed=True)).to_be_visible()
    await phone.keyboard.press("Escape")
    await phone.keyboard.press("Escape")
    await expect(phone.locator("#menu > div")).to_be_hidden()


async def test_controls_move_when_the_window_becomes_wide(filled: Livelog, phone: Page) -> None:
    await phone.goto(filled.url("/blog/"))
    await until_live(phone)
    await phone.set_viewport_size({"width": 1280, "height": 900})
    await expect(phone.locator(".bar-line > #filters")).to_be_visible()
    await expect(phone.locator("#menu")).to_have_count(0)


async def test_stops_follow_the_eyes(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    lefts: list[float] = await page.evaluate(LEFTS)
    assert len(lefts) >= 4
    assert lefts == sorted(lefts)


async def test_without_a_script_no_control_is_dead(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(viewport=PHONE, java_script_enabled=False)
    await page.goto(filled.url("/blog/"))
    await expect(page.get_by_role("button")).to_have_count(0)
    await page.locator("#filters > summary").click()
    await expect(page.locator("#filters").get_by_role("checkbox", name="Harbour Log")).to_be_visible()
