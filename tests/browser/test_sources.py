"""The page keeps saying how fresh its sources are, and whether there can be news at all."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Page, Route, expect

from tests.browser.visitor import MISSING, Visitor, becomes, state, until_live
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
    is_down = False

    async def answer(route: Route) -> None:
        await (route.fulfill(status=503, json={}) if is_down else route.continue_())

    await page.clock.install()
    await page.route("**/blog/sources", answer)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    is_down = True
    await page.clock.fast_forward("03:00")
    await expect(page.locator("#state")).to_contain_text("No news since ")
    is_down = False
    await page.clock.fast_forward("01:00")
    await until_live(page)


def source(title: str, since: str | None = None) -> dict[str, Any]:
    """A source as the server reports it; unreachable ``since`` then."""
    condition = "unreachable" if since else "fresh"
    last = "2026-01-01T00:00:00Z"
    return {"title": title, "mark": title[0], "hue": 1, "state": condition, "last": last, "since": since}


async def test_problems_come_and_go_while_the_page_is_open(filled: Livelog, page: Page) -> None:
    """In short: who can't be reached, and since when, by the short name of the source; the rest is the operator's."""
    now = "2026-11-23T00:00:00Z"
    reported: list[dict[str, Any]] = []

    async def answer(route: Route) -> None:
        await route.fulfill(body=json.dumps({"sources": reported, "more": 0}), content_type="application/json")

    async def report(*sources: dict[str, Any]) -> None:
        reported[:] = sources
        await page.clock.fast_forward("02:00")

    await page.clock.install(time=now)
    await page.route("**/blog/sources", answer)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    problems = page.locator("#problems")
    await expect(problems).to_be_empty()
    await report(source("Harbour"), source("CBSNews.com - Latest", since=now))
    await expect(problems.locator("> p")).to_have_text("\u2068CBSNews.com\u2069 can’t be reached since 05:45")
    away = [source(f"S{number}", since=now) for number in range(4)]
    await report(source("Harbour"), *away)
    await expect(problems.locator("summary")).to_have_text("4 sources cannot be reached")
    await problems.locator("summary").click()
    await report(source("Harbour"), *away, source("S4", since=now))
    await expect(problems.locator("p")).to_have_count(5)
    await expect(problems.locator("p").last).to_be_visible()
    await until_live(page)
    await report(*away)
    await expect(problems.locator("> p")).to_have_text("No source can be reached since 05:45")
    await becomes(lambda: state(page), "No sources since 05:45")
    await expect(page.locator("#state > .age")).to_be_empty()
    await report(source("Harbour"))
    await expect(problems).to_be_empty()
    await until_live(page)
