"""The page keeps saying how fresh its sources are, and whether there can be news at all."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Page, Route, expect

from tests.browser.visitor import MISSING, Visitor, until_live
from tests.livelog import Livelog, until


async def test_sources_are_asked_after_while_the_page_is_open(filled: Livelog, page: Page) -> None:
    source: dict[str, Any] = {"title": "Harbour Log", "mark": "H", "hue": 1, "last": "2026-01-01T00:00:00Z"}
    told = [{**source, "state": "unreachable", "since": "2026-01-01T13:20:00Z"}, {**source, "title": "<b>New</b>"}]
    told[1] |= {"state": "waiting", "since": None}

    async def answer(route: Route) -> None:
        await route.fulfill(body=json.dumps({"sources": told, "more": 0}), content_type="application/json")

    await page.clock.install()
    await page.route("**/blog/sources", answer)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.clock.fast_forward("03:00")
    await page.get_by_text("Filter", exact=True).click()
    lines = page.locator("#sources li")
    await expect(lines.first.locator(".freshness")).to_have_text("unreachable since 1 January 2026, 19:05")
    await expect(lines.nth(1)).to_contain_text("<b>New</b> not fetched yet")
    await expect(lines).to_have_count(2)


async def test_who_opens_the_list_sees_how_fresh_sources_are_now(filled: Livelog, page: Page) -> None:
    asked = 0

    async def count(route: Route) -> None:
        nonlocal asked
        asked += 1
        await route.continue_()

    await page.clock.install()
    await page.route("**/blog/sources", count)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.get_by_text("Filter", exact=True).click()
    assert asked == 0, "what the page came with is news enough"
    await page.keyboard.press("Escape")
    await page.clock.fast_forward("00:15")
    await page.get_by_text("Filter", exact=True).click()
    await until(lambda: asked == 1)


async def test_a_page_whose_server_can_read_no_posts_does_not_claim_to_be_live(
    filled: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects(MISSING + "the server responded with a status of 503")
    is_down = True

    async def answer(route: Route) -> None:
        await (route.fulfill(status=503, json={}) if is_down else route.continue_())

    await page.clock.install()
    await page.route("**/blog/sources", answer)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.clock.fast_forward("03:00")
    await expect(page.locator("#state")).to_contain_text("○ No news since ")
    is_down = False
    await page.clock.fast_forward("01:00")
    await until_live(page)
