"""The operator's page in a browser: live, readable on a phone, in both themes, without scripts, and for everyone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.test_accessibility import RUN, SCHEMES, STANDARDS, Scheme, axe
from tests.browser.visitor import Visitor
from tests.feeds.origins import RawOrigin, raw_origin, whole
from tests.livelog import Livelog, until
from tests.parts import in_turn
from tests.test_status import rss

__all__ = ["axe"]


async def started(livelog: Livelog, newsroom: Newsroom, origin: RawOrigin, *others: object) -> None:
    """Starts it on a source that works, one that fails, whose next try is a year away, and others."""
    desk = newsroom.open_desk("/a.xml", title="Harbour Log")
    desk.publish(title="One")
    gone = origin.serve("/gone", whole(b"no", status="410 Gone"))
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}, {"url": gone, "title": "City Hall"}, *others]})

    async def polled() -> bool:
        report = json.loads((await livelog.admin("/status", Accept="application/json")).body)
        return bool(report["feeds"]["failing"] and all(s["last_poll"] for s in report["sources"]))

    await until(polled)


def status_url(livelog: Livelog) -> str:
    return f"{livelog.admin_url}/status"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog to read and not to change, which has a source with a slow pattern, too."""
    room, livelog = Newsroom(), Livelog(tmp_path_factory.mktemp("watched"))
    await room.start()
    async with raw_origin() as origin:
        slow = {"url": origin.serve("/slow", rss("Slow", "a" * 40)), "exclude": ["/(a+)+z/"]}
        await started(livelog, room, origin, slow)
        yield livelog
        await livelog.kill()
    await room.stop()


async def test_the_page_renews_itself_and_keeps_the_focus(watched: Livelog, page: Page) -> None:
    await page.goto(status_url(watched))
    await expect(page.locator("h1")).to_have_text("1 of 3 sources fails")
    button = page.get_by_role("button", name="Try now: Harbour Log")
    await button.focus()
    before = await page.locator(".as-of").text_content()
    await expect(page.locator(".as-of")).not_to_have_text(before or "")
    await expect(button).to_be_focused()


async def test_a_page_whose_server_is_away_says_that_it_is_old(
    livelog: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects("Failed to load resource: net::ERR_CONNECTION_REFUSED")
    await livelog.start({"blog": []})
    await page.goto(status_url(livelog))
    await livelog.kill()
    await expect(page.locator(".stale")).to_be_visible()


async def test_try_now_works_without_scripts(livelog: Livelog, newsroom: Newsroom, visitor: Visitor) -> None:
    page = await visitor.page(java_script_enabled=False)
    async with raw_origin() as origin:
        await started(livelog, newsroom, origin)
        await page.goto(status_url(livelog))
        origin.serve("/gone", rss("Back"))
        await page.get_by_role("button", name="Try now: City Hall").click()
        await expect(page.get_by_text("1 source is tried now")).to_be_visible()

        async def works() -> bool:
            await page.goto(status_url(livelog))
            return "All 2 sources work" in (await page.locator("h1").text_content() or "")

        await until(works)


@pytest.mark.parametrize(("width", "scheme"), in_turn([1280, 390, 320], SCHEMES))
async def test_it_fits_each_screen_and_everyone(
    watched: Livelog, visitor: Visitor, axe: str, scheme: Scheme, width: int
) -> None:
    page = await visitor.page(color_scheme=scheme, viewport={"width": width, "height": 800})
    for language in ("en", "zh"):
        await page.goto(f"{status_url(watched)}?lang={language}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        world = await page.context.new_cdp_session(page)
        frame = (await world.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        made = await world.send("Page.createIsolatedWorld", {"frameId": frame})
        context = made["executionContextId"]
        await world.send("Runtime.evaluate", {"expression": axe, "contextId": context})
        found = await world.send(
            "Runtime.evaluate",
            {
                "expression": RUN % json.dumps(STANDARDS),
                "contextId": context,
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        assert found["result"]["value"]["checked"] > 10
        assert found["result"]["value"]["violations"] == []
