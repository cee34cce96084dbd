"""The wall with real feeds, on a screen across a room."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import Page

from tests.browser.test_accessibility import AXE, SCHEMES, violations
from tests.browser.visitor import MISSING, Visitor
from tests.browser.wall import is_whole, until_shown
from tests.parts import in_turn
from tests.realday import RealDay

FULL_HD: Final = (1920, 1080)
FOUR_K: Final = (3840, 2160)
UPRIGHT: Final = (1080, 1920)
SCREENS: Final = (FULL_HD, FOUR_K, UPRIGHT)


async def wall(realday: RealDay, visitor: Visitor, path: str, size: tuple[int, int], **options: Any) -> Page:
    """A wall that is live, without a fault in its layout."""
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": size[0], "height": size[1]}, **options)
    await page.goto(realday.livelog.url(path))
    await until_shown(page)
    await is_whole(page)
    return page


@pytest.mark.parametrize(
    ("blog", "size"), in_turn(["world", "news", "shipped", "releases", "urdu", "titleless"], SCREENS)
)
async def test_a_board_has_nine_posts_or_more(
    realday: RealDay, visitor: Visitor, blog: str, size: tuple[int, int]
) -> None:
    page = await wall(realday, visitor, f"/{blog}/?view=wall", size)
    assert await page.locator("#timeline > article").count() >= 9
    sizes = await page.locator(".headline").evaluate_all("(all) => all.map((one) => getComputedStyle(one).fontSize)")
    scale = size[0] / 1920 if size[0] > size[1] else size[0] / 1080
    assert float(sizes[0].removesuffix("px")) >= 52 * scale
    assert min(float(text.removesuffix("px")) for text in sizes) >= 28 * scale


@pytest.mark.parametrize(("blog", "size"), in_turn(["releases", "world", "many"], SCREENS))
async def test_twelve_sources_have_thirty_headlines_or_more(
    realday: RealDay, visitor: Visitor, blog: str, size: tuple[int, int]
) -> None:
    page = await wall(realday, visitor, f"/{blog}/?view=wall&by=source", size)
    assert await page.locator("#timeline > section").count() == 12
    assert await page.locator(".headline").count() >= 30
    if blog == "many":
        assert await page.locator("#rest").inner_text() == "28 more sources"


@pytest.mark.parametrize(
    ("path", "language"), in_turn(["/world/?view=wall", "/releases/?view=wall&by=source"], ["en", "zh"])
)
async def test_no_rule_of_accessibility_is_broken(
    realday: RealDay, visitor: Visitor, path: str, language: str
) -> None:
    page = await wall(realday, visitor, f"{path}&lang={language}", FULL_HD)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page, AXE.read_text(encoding="utf-8")) == [], scheme
