"""axe-core finds nothing on a day of real feeds: every blog and every state, each theme, language and width in turn.

What publishers send is not what a newsroom writes: pictures without words, links around nothing, empty headings.
"""

from __future__ import annotations

from typing import Final

from playwright.async_api import Page, ViewportSize

from tests.browser.test_accessibility import SCHEMES, axe, violations
from tests.browser.visitor import MISSING, Visitor, posts
from tests.realday import RealDay

__all__ = ["axe"]

PLACES: Final = (
    "/news/",
    "/world/",
    "/shipped/",
    "/urdu/",
    "/titleless/",
    "/many/",
    "/news/?view=list",
    "/news/?view=wall",
    "/world/?view=wall&by=source",
    "/shipped/embed",
    "/shipped/e/{id}",
)

WIDTHS: Final[tuple[ViewportSize, ...]] = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


async def test_no_rule_is_broken_on_real_feeds(realday: RealDay, visitor: Visitor, axe: str) -> None:
    visitor.expects(MISSING)
    page = await visitor.page()
    newest = (await realday.livelog.json("/shipped/entries?limit=20"))["items"]
    permalink = next(item["id"] for item in newest if item["_livelog"].get("preview"))
    broken: dict[str, list[str]] = {}
    for number, path in enumerate(PLACES):
        # Neither of the three goes in step with another: each pair of them is seen.
        await page.emulate_media(color_scheme=SCHEMES[number % 2])
        await page.set_viewport_size(WIDTHS[number // 2 % 2])
        language = ("en", "zh")[number // 3 % 2]
        address = path.format(id=permalink)
        await page.goto(realday.livelog.url(f"{address}{'&' if '?' in address else '?'}lang={language}"))
        await _open(page, address)
        if found := await violations(page, axe):
            broken[page.url] = found
    assert not broken, broken


async def _open(page: Page, address: str) -> None:
    """Opens a long post in place, or the filter sheet, where the page has them."""
    if address in ("/shipped/", "/news/", "/world/"):
        long = posts(page).filter(has=page.locator(".read-on")).first
        await long.locator(".read-on").click()
        await long.locator(".content").wait_for()
    if address in ("/many/", "/titleless/"):
        await page.locator("#filters > summary").click()
