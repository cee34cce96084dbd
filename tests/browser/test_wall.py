"""The wall: it never scrolls, cuts no line, and is live for as long as nobody attends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from demo.newsroom import Newsroom
from tests.browser.script import Script, post_item
from tests.browser.visitor import MISSING, REFUSED, Visitor, becomes, every_second, listed
from tests.browser.wall import is_whole, until_shown
from tests.livelog import Livelog

BOARD: Final = "/blog/?view=wall"
BY_SOURCE: Final = "/blog/?view=wall&by=source"
SCREENS: Final = ((1920, 1080), (3840, 2160), (1080, 1920), (1366, 768), (2560, 1080), (390, 844))

BOTTOMS: Final = """(cells) => cells.filter(({ clientHeight }) => clientHeight > 0).map((cell) => {
  const bottoms = [...cell.querySelectorAll('.headline')].map((one) => one.getBoundingClientRect().bottom);
  return Math.max(...bottoms);
})"""

LONG: Final = (
    "W" * 5_000,
    "So it went on " * 360,
    "灯笼" * 2_500,
    "امریکی عسکری امداد کی بندش " * 200,
    "\u202eThe other way round \u2066and back " * 100,
    "v3.9.0",
)


def screen(size: tuple[int, int]) -> dict[str, Any]:
    return {"viewport": {"width": size[0], "height": size[1]}}


def cards(page: Page) -> Locator:
    return page.locator("#timeline > article")


def headlines(page: Page) -> Locator:
    return page.locator("#timeline .headline")


def cell(page: Page, title: str) -> Locator:
    return page.locator(f'#timeline > section[data-title="{title}"]')


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def battered(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog whose publishers try the wall: `blog` has long titles, pictures that fail, and names without end."""
    room = Newsroom()
    await room.start()
    small = b'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"/>'
    pictures = (room.url("/gone.png"), room.add_file("/small.svg", small, "image/svg+xml"))
    desks = [room.open_desk(f"/{n}.xml", title=name * 40) for n, name in enumerate(("Name ", "名", "W"))]
    for number, title in enumerate(LONG * 3):
        html = f'<p>{LONG[number % 3]}</p><img src="{pictures[number % 2]}">'
        desks[number % 3].publish(title=title if number % 5 else None, html=html)
    process = Livelog(tmp_path_factory.mktemp("battered"))
    await process.start({"blog": {"title": LONG[1][:200].strip(), "feeds": [every_second(desk) for desk in desks]}})
    await listed(process, 3 * len(LONG))
    yield process
    await process.kill()
    await room.stop()


@pytest.mark.parametrize("path", [BOARD, BY_SOURCE, f"{BOARD}&lang=zh"])
async def test_no_line_is_cut_whatever_publishers_write(battered: Livelog, visitor: Visitor, path: str) -> None:
    visitor.expects(MISSING)
    page = await visitor.page()
    await page.goto(battered.url(path))
    await until_shown(page)
    for width, height in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        await is_whole(page)
        assert await headlines(page).count() >= 3
        assert any(text.endswith("…") for text in await headlines(page).all_text_contents())


async def test_the_wall_follows_the_size_of_its_screen(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    await page.goto(filled.url(BOARD))
    await until_shown(page)
    await expect(cards(page)).to_have_count(13)
    await page.set_viewport_size({"width": 1080, "height": 1920})
    await expect(cards(page)).to_have_count(17)
    await is_whole(page)


async def test_a_post_is_shown_corrected_and_withdrawn(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    script = await Script.open(filled, page, BOARD)
    item = post_item("news", "Lanterns are lit", content_html="<p>On the quay.</p>")
    script.entry("Lanterns are lit", id="news", content_html="<p>On the quay.</p>")
    await expect(headlines(page).first).to_have_text("Lanterns are lit")
    await expect(cards(page)).to_have_count(13)
    await expect(cards(page).first.locator(".wall-text")).to_have_text("On the quay.")
    script.update(item, title="Lanterns are out")
    await expect(headlines(page).first).to_have_text("Lanterns are out")
    await expect(cards(page)).to_have_count(13)
    script.delete("news")
    await expect(headlines(page).first).to_have_text("Last")
    await expect(cards(page)).to_have_count(13)
    await is_whole(page)


async def test_the_first_posts_of_a_blog_fill_the_screen(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    script = await Script.open(filled, page, f"{BOARD}&tag=nothing")
    await expect(page.locator("#empty")).to_be_visible()
    for number in range(3):
        script.entry(f"Post {number}", tags=["nothing"])
        await expect(cards(page)).to_have_count(number + 1)
        await is_whole(page)
    await expect(page.locator("#empty")).to_be_hidden()


async def test_after_thousands_of_events_the_wall_keeps_few_posts(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    script = await Script.open(filled, page, BOARD)
    before = await page.evaluate("document.querySelectorAll('*').length")
    for number in range(3_000):
        script.entry(f"Post number {number}")
    await expect(headlines(page).first).to_have_text("Post number 2999")
    await expect(cards(page)).to_have_count(13)
    assert await page.evaluate("document.querySelectorAll('*').length") <= before


async def test_a_reset_fetches_the_posts_anew(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    script = await Script.open(filled, page, BOARD)
    script.entry("Never stored")
    await expect(headlines(page).first).to_have_text("Never stored")
    script.reset([])
    await expect(headlines(page).first).to_have_text("Last")


async def test_the_state_of_the_connection_is_shown(filled: Livelog, visitor: Visitor) -> None:
    visitor.expects(REFUSED)
    page = await visitor.page(**screen((1920, 1080)))
    script = await Script.open(filled, page, BOARD)
    script.greets = False
    await script.drop()
    await expect(page.locator("#state")).to_have_attribute("data-state", "reconnecting")
    await script.connected()
    script.hello()
    await expect(page.locator("#state")).to_have_attribute("data-state", "live")


async def test_the_clock_and_the_ages_go_on(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    await page.clock.install()
    await page.goto(filled.url(BOARD))
    await until_shown(page)
    clock, age = page.locator("#clock"), cards(page).first.locator(".wall-age")
    before = await clock.inner_text()
    await page.clock.fast_forward("03:00:10")
    await expect(clock).not_to_have_text(before)
    await expect(age).to_have_text("3 h")


async def test_a_source_keeps_its_place_and_gets_its_news(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    script = await Script.open(filled, page, BY_SOURCE)
    own = {"source": {"title": "Harbour Log", "feed_url": "http://127.0.0.1/"}}
    await expect(headlines(page)).to_have_count(8)
    script.entry("Lanterns are lit", about=own)
    await expect(headlines(page).first).to_have_text("Lanterns are lit")
    await expect(headlines(page)).to_have_count(8)
    script.entry("Another voice", about={"source": {"title": "Newcomer", "feed_url": "http://127.0.0.1/n"}})
    await expect(cell(page, "Newcomer").locator(".headline")).to_have_text(["Another voice"])
    await expect(page.locator("#timeline > section").first).to_have_attribute("data-title", "Harbour Log")
    await is_whole(page)


async def test_sources_that_got_another_name_are_fetched_anew(filled: Livelog, visitor: Visitor) -> None:
    source = {"title": "127.0.0.1", "state": "waiting", "last": None, "since": None}

    async def answer(route: Route) -> None:
        await route.fulfill(json={"sources": [source], "more": 0})

    page = await visitor.page(**screen((1920, 1080)))
    await page.clock.install()
    await page.route("**/blog/sources", answer)
    await page.goto(filled.url(BY_SOURCE))
    await until_shown(page)
    await cell(page, "Harbour Log").evaluate("(cell) => { cell.dataset.title = 'Stale'; }")
    source |= {"title": "Harbour Log"}
    await page.clock.fast_forward("00:30")
    await expect(cell(page, "Harbour Log")).to_have_count(1)


async def test_the_pointer_is_hidden_until_it_moves(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(**screen((1920, 1080)))
    await page.goto(filled.url(BOARD))
    await until_shown(page)
    pointer = "getComputedStyle(document.body).cursor"
    # As Chromium does when the page changes below it.
    await page.evaluate("dispatchEvent(new PointerEvent('pointermove'))")
    assert await page.evaluate(pointer) == "none"
    await page.mouse.move(100, 100)
    await becomes(lambda: page.evaluate(pointer), "auto")
    await becomes(lambda: page.evaluate(pointer), "none")


@pytest.mark.parametrize(
    ("path", "where", "words"),
    [
        (BOARD, "#problems", "Harbour Log can’t be reached since 19:05"),
        (BY_SOURCE, ".wall-state", "unreachable since 19:05"),
    ],
)
async def test_a_problem_appears_and_goes(
    filled: Livelog, visitor: Visitor, path: str, where: str, words: str
) -> None:
    source = {"title": "Harbour Log", "state": "fresh", "last": "2026-01-01T13:00:00Z", "since": None}

    async def answer(route: Route) -> None:
        await route.fulfill(json={"sources": [source], "more": 0})

    page = await visitor.page(**screen((1920, 1080)))
    await page.clock.install(time="2026-01-01T13:25:00Z")
    await page.route("**/blog/sources", answer)
    await page.goto(filled.url(path))
    await until_shown(page)
    source |= {"state": "unreachable", "since": "2026-01-01T13:20:00Z"}
    await page.clock.fast_forward("00:30")
    await expect(page.locator(where)).to_have_text(words)
    source |= {"state": "fresh", "since": None}
    await page.clock.fast_forward("00:30")
    await expect(page.locator(where)).not_to_contain_text("reach")


@pytest.mark.parametrize("path", [BOARD, BY_SOURCE])
async def test_without_javascript_the_wall_is_whole(filled: Livelog, visitor: Visitor, path: str) -> None:
    page = await visitor.page(**screen((1920, 1080)), java_script_enabled=False)
    await page.goto(filled.url(path))
    await expect(headlines(page).first).to_have_text("Last")
    bottoms = await page.locator("#timeline > *").evaluate_all(BOTTOMS)
    assert len(bottoms) == (13 if path == BOARD else 1)
    assert max(bottoms) <= 1080
