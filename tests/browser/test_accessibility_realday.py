"""axe-core finds nothing on a day of real feeds: every blog and every state, each theme, language and width in turn.

What publishers send is not what a newsroom writes: pictures without words, links around nothing, empty headings.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.test_accessibility import SCHEMES, axe, violations
from tests.browser.visitor import MISSING, Visitor, posts
from tests.realday import RealDay

__all__ = ["axe"]

PLACES: Final = (
    "/news/",
    "/world/",
    "/urdu/",
    "/shipped/",
    "/titleless/",
    "/many/",
    "/news/?view=list",
    "/news/?view=wall",
    "/world/?view=wall&by=source",
    "/shipped/embed",
    "/shipped/e/{id}",
)

WIDTHS: Final[tuple[ViewportSize, ...]] = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


class Look(NamedTuple):
    """How a place is looked at."""

    path: str
    scheme: Literal["light", "dark"]
    screen: ViewportSize
    language: str


LANGUAGES: Final = ("en", "zh")

# Every other place. None of the three goes in step with another: each pair of them is seen.
IN_TURN: Final = [
    Look(path, SCHEMES[number % 2], WIDTHS[number // 2 % 2], LANGUAGES[number // 3 % 2])
    for number, path in enumerate(PLACES[::2])
]


async def test_no_rule_is_broken_on_real_feeds(realday: RealDay, visitor: Visitor, axe: str) -> None:
    assert not await broken(realday, visitor, axe, IN_TURN)


@pytest.mark.soak
async def test_no_rule_is_broken_in_any_theme_language_and_width(
    realday: RealDay, visitor: Visitor, axe: str
) -> None:
    every = [Look(*each) for each in itertools.product(PLACES, SCHEMES, WIDTHS, LANGUAGES)]
    assert not await broken(realday, visitor, axe, every)


async def broken(realday: RealDay, visitor: Visitor, axe: str, looks: Sequence[Look]) -> dict[str, list[str]]:
    """The rules that places break, by address."""
    visitor.expects(MISSING)
    page = await visitor.page()
    newest = (await realday.livelog.json("/shipped/entries?limit=20"))["items"]
    permalink = next(item["id"] for item in newest if item["_livelog"].get("preview"))
    found: dict[str, list[str]] = {}
    for path, scheme, screen, language in looks:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size(screen)
        address = path.format(id=permalink)
        await page.goto(realday.livelog.url(f"{address}{'&' if '?' in address else '?'}lang={language}"))
        await _open(page, address)
        if rules := await violations(page, axe):
            found[f"{page.url} {scheme} {screen['width']}"] = rules
    return found


async def _open(page: Page, address: str) -> None:
    """Opens a long post in place, or the menu and the filter sheet, where the page has them."""
    if address in ("/shipped/", "/news/", "/world/"):
        long = posts(page).filter(has=page.locator(".read-on")).first
        await long.locator(".read-on").click()
        await long.locator(".content").wait_for()
    if address in ("/many/", "/titleless/"):
        # The script puts the filters into the menu of a phone.
        await expect(page.locator("#state")).to_have_attribute("data-state", "live")
        if await page.locator("#menu > summary").is_visible():
            await page.locator("#menu > summary").click()
        await page.locator("#filters > summary").click()
