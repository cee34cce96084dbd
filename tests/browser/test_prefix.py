"""A page below a path, behind a proxy that strips it, and behind one that does not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from tests.browser.visitor import Visitor, every_second, listed, posts, until_live
from tests.livelog import Livelog
from tests.ports import free_ports
from tests.prefix_proxy import PrefixProxy


# Both ways of all links are in tests/handlers/test_prefix.py.
@pytest_asyncio.fixture(
    loop_scope="session", params=[True, pytest.param(False, marks=pytest.mark.soak)], ids=["stripped", "kept"]
)
async def proxy(request: pytest.FixtureRequest) -> AsyncIterator[PrefixProxy]:
    """A proxy of `/live`."""
    proxy = PrefixProxy("/live", strip=request.param)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def test_a_page_below_a_path_is_whole(
    proxy: PrefixProxy, livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page
) -> None:
    desk = newsroom.open_desk("/a.xml", title="Harbour Log", keep=FRONT_PAGE + 10)
    for number in range(FRONT_PAGE + 10):
        desk.publish(title=f"Post {number}", html="<p>It went on.</p>" * 200, categories=("Tide",))
    (proxy.target,) = free_ports(1)
    server = {"port": proxy.target, "public_url": f"{proxy.origin}/live"}
    await livelog.start({"blog": {"feeds": [every_second(desk)], "accent": "00ff66"}}, server=server)
    livelog.port = proxy.target
    await listed(livelog, FRONT_PAGE + 10)

    await page.goto(f"{proxy.origin}/live/")
    assert page.url == f"{proxy.origin}/live/blog/"
    await until_live(page)
    assert await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')") == "#00ff66"
    assert await page.evaluate("getComputedStyle(document.querySelector('.bar')).position") == "sticky"
    desk.publish(title="Arrived", categories=("Tide",))
    await expect(page.locator("article.entry", has_text="Arrived")).to_be_visible()

    await page.locator(".read-on").first.click()
    await expect(page.locator("article.entry.open, article.entry.opened").first).to_be_visible()
    await page.get_by_role("link", name="Older posts").click()
    await expect(page.locator("article.entry", has_text="Post 0").last).to_be_attached()

    await page.goto(f"{proxy.origin}/live/blog/")
    await page.get_by_text("Filter", exact=True).click()
    await page.get_by_label("Tide").check()
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_url("**/live/blog/?*tag=Tide*")
    await until_live(page)
    assert await posts(page).count()
    await page.locator("article.entry a.when").first.click()
    await page.wait_for_url("**/live/blog/e/*")
    await page.goto(f"{proxy.origin}/live/blog/?view=wall&by=source")
    await until_live(page)
    assert [request.url for request in visitor.requests if "/live/" not in request.url] == []
    # The test's own question, before it knew the server's port.
    assert set(proxy.outside) <= {"/healthz"}
