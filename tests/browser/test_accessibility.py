"""axe-core finds nothing against WCAG 2.2 A and AA, or against good practice, on any kind of page, in both themes.

axe runs in a world of its own, beside the page: the page keeps its Content-Security-Policy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import CDPSession, Page, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import MISSING, Visitor, posts, until_live
from tests.livelog import ROOT, Livelog
from tests.parts import in_turn

AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"

STANDARDS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")

RUN: Final = """axe.run(document, { runOnly: %s, resultTypes: ['violations'] }).then(({ violations, passes }) => ({
  checked: passes.length,
  violations: violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`),
}))"""

Scheme = Literal["light", "dark"]
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")


class Place(NamedTuple):
    """A kind of page: its address, with what is filled in, and who has it."""

    path: str
    of: Literal["filled", "bare"] = "filled"


PLACES: Final = {
    "blog": Place("/blog/"),
    "older": Place("/blog/?{older}"),
    "permalink": Place("/blog/e/{id}"),
    "error": Place("/nowhere"),
    "index": Place("/"),
    "no feeds": Place("/empty/", of="bare"),
    "none reachable": Place("/waiting/", of="bare"),
    "Chinese": Place("/blog/?lang=zh"),
    "wall": Place("/blog/?view=wall"),
    "wall by source": Place("/blog/?view=wall&by=source"),
    "wall without posts": Place("/waiting/?view=wall", of="bare"),
    "embed": Place("/blog/embed"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bare(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog without a post: one blog follows nothing, the other a feed that is not there."""
    room = Newsroom()
    await room.start()
    process = Livelog(tmp_path_factory.mktemp("bare"))
    await process.start({"empty": [], "waiting": [{"url": room.url("/gone.xml"), "interval": "1s"}]})
    yield process
    await process.kill()
    await room.stop()


@pytest.fixture(scope="module")
def axe() -> str:
    """The text of axe-core."""
    assert AXE.exists(), "axe-core is needed: npm ci"
    return AXE.read_text(encoding="utf-8")


async def violations(page: Page, axe: str) -> list[str]:
    """What axe finds on a page, a line for each rule that is broken."""
    session = await page.context.new_cdp_session(page)
    frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
    world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
    await _evaluate(session, world["executionContextId"], axe)
    found = await _evaluate(session, world["executionContextId"], RUN % list(STANDARDS))
    await session.detach()
    assert found["checked"] > 0, "axe checked nothing"
    broken: list[str] = found["violations"]
    return broken


async def _evaluate(session: CDPSession, context: int, expression: str) -> Any:
    answer = await session.send(
        "Runtime.evaluate",
        {"expression": expression, "contextId": context, "awaitPromise": True, "returnByValue": True},
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")


async def address(filled: Livelog, path: str) -> str:
    """The path of a page, with a post and an older page of the blog filled in."""
    newest = await filled.json("/blog/entries?limit=50")
    return path.format(id=newest["items"][0]["id"], older=urlsplit(newest["next_url"]).query)


@pytest.mark.parametrize(("name", "scheme"), in_turn([*PLACES], SCHEMES))
async def test_no_rule_is_broken(
    filled: Livelog, bare: Livelog, visitor: Visitor, axe: str, name: str, scheme: Scheme
) -> None:
    visitor.expects(MISSING + "the server responded with a status of 404 ")
    place = PLACES[name]
    page = await visitor.page(color_scheme=scheme)
    path = await address(filled, place.path)
    await page.goto((filled if place.of == "filled" else bare).url(path))
    if await page.locator("#state").count():
        connected = '#state:is([data-state="live"], [data-state="unreachable"])'
        await page.wait_for_selector(connected, state="attached")
    assert await violations(page, axe) == []


async def test_no_rule_is_broken_by_what_opens(filled: Livelog, page: Page, axe: str) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.locator("#filters > summary").click()
    assert await violations(page, axe) == [], "filters"
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page, axe) == [], "help"


async def test_axe_finds_what_is_wrong(filled: Livelog, page: Page, axe: str) -> None:
    """Otherwise the other tests would show nothing."""
    await page.goto(filled.url("/blog/"))
    await posts(page).first.evaluate("(post) => post.append(document.createElement('button'))")
    assert [line.partition(":")[0] for line in await violations(page, axe)] == ["button-name"]
