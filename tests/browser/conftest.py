"""Chromium for tests: one for all of them, a visitor for each. What a page complains of fails the test.

All of it, servers included, runs on the session's event loop: a browser takes longer to start than a test to run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from demo.chromium import chromium
from demo.newsroom import Enclosure, Newsroom
from entries import FRONT_PAGE
from tests.browser.visitor import Visitor, every_second, listed
from tests.livelog import PATIENCE, Livelog
from tests.realday import realday

__all__ = ["realday"]

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # What a page asks of others must not leave this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Has the tests of this folder run on the session's loop."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium. Without it these tests fail: they don't skip."""
    program = chromium()
    assert program, "Chromium is needed for the browser tests: apt-get install chromium-headless-shell"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser) -> AsyncIterator[Visitor]:
    """Someone who opens pages; fails the test at its end if one of them complained."""
    visitor = Visitor(browser)
    yield visitor
    await visitor.leave()
    assert not visitor.complaints, visitor.complaints


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitor: Visitor) -> Page:
    """A page of the visitor's, yet to be led somewhere."""
    return await visitor.page()


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom() -> AsyncIterator[Newsroom]:
    """A publisher on loopback."""
    room = Newsroom()
    await room.start()
    yield room
    await room.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def livelog(tmp_path: Path) -> AsyncIterator[Livelog]:
    """A Livelog in a process of its own, yet to be started."""
    process = Livelog(tmp_path)
    yield process
    await process.kill()
    assert "Traceback" not in process.log, process.log


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog to read and not to change. `blog` has three pages of posts, from `First` to `Last`."""
    room = Newsroom()
    await room.start()
    desk = room.open_desk("/a.xml", title="Harbour Log", keep=3 * FRONT_PAGE)
    enclosure = Enclosure(url=room.url("/sound.mp3"), mime_type="audio/mpeg")
    desk.publish(title="First", html="<p>It began.</p>")
    for number in range(3 * FRONT_PAGE - 2):
        desk.publish(title=f"Post {number}", html=f"<p>It went on {number} times.</p>", categories=("Harbour",))
    desk.publish(
        title="Last",
        html="<p>It ends with <a href='/end'>a link</a> and <code>code</code>.</p>"
        "<blockquote><p>So it does.</p></blockquote>"
        "<figure><figcaption>A caption</figcaption></figure><table><tr><th>Head<td>Cell</table><pre>as it is</pre>",
        author="B. Writer",
        categories=("Harbour", "Tide"),
        enclosure=enclosure,
    )
    process = Livelog(tmp_path_factory.mktemp("filled"))
    await process.start({"blog": [every_second(desk)], "other": [every_second(desk)]})
    await listed(process, 3 * FRONT_PAGE)
    yield process
    await process.kill()
    await room.stop()
