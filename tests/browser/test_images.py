"""Pictures take their place before they are there, come when they should, and leave a mark when they can't."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from demo.newsroom import Desk, Newsroom
from tests.browser.visitor import MISSING, Visitor, becomes, every_second, listed, post, posts, until_live
from tests.livelog import Livelog
from tests.pictures import PICTURE_TYPE, svg

MODES = ("lazy", "click", "none")
ASKED = "(image) => image.complete && image.naturalWidth > 0"
TOPS = "(all) => all.map((article) => article.getBoundingClientRect().top)"


@dataclass
class Illustrated:
    """A Livelog with a blog for each mode, and the publisher of what it shows."""

    livelog: Livelog
    newsroom: Newsroom
    desk: Desk


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def illustrated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Illustrated]:
    """Posts with pictures of all sorts, the last one first."""
    room = Newsroom()
    await room.start()
    picture = room.add_file("/picture.png", svg(300, 200), PICTURE_TYPE)
    tall = room.add_file("/tall.png", svg(10, 2_000), PICTURE_TYPE)
    desk = room.open_desk("/a.xml", title="Harbour Log")
    desk.publish(title="Tall", html=f'<p><img src="{tall}" alt="" width="10" height="2000"></p>')
    desk.publish(title="Linked", html=f'<a href="/x"><img src="{picture}" alt=""></a>')
    desk.publish(title="Film", html=f'<p>It moves.</p><video src="/v.mp4" poster="{picture}"></video>')
    desk.publish(
        title="Broken", html=f'<p>So<img src="{room.url("/missing.png")}" alt="A chart of the tide">it was</p>'
    )
    desk.publish(title="Lead", html="<p>Named by the feed.</p>", image=picture)
    desk.publish(title="Unsized", html=f'<p><img src="{picture}" alt="The <b>quay</b> at dusk"></p><p>After it.</p>')
    desk.publish(title="Sized", html=f'<p><img src="{picture}" alt="" width="900" height="600"></p><p>After it.</p>')
    process = Livelog(tmp_path_factory.mktemp("illustrated"))
    await process.start({mode: {"feeds": [every_second(desk)], "images": mode} for mode in MODES})
    for mode in MODES:
        await becomes(partial(_count, process, mode), 7)
    yield Illustrated(process, room, desk)
    await process.kill()
    await room.stop()


async def _count(livelog: Livelog, blog: str) -> int:
    return len(await livelog.entries(blog))


def of_others(visitor: Visitor, livelog: Livelog) -> list[str]:
    """What was asked of anyone but Livelog."""
    return [request.url for request in visitor.requests if not request.url.startswith(livelog.url("/"))]


def pictures(article: Locator) -> Locator:
    return article.locator("img")


async def test_nothing_moves_when_pictures_come(illustrated: Illustrated, visitor: Visitor) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": 900, "height": 6_000})
    released = asyncio.Event()

    async def hold(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await page.route("**/*.png", hold)
    await page.goto(illustrated.livelog.url("/lazy/"), wait_until="domcontentloaded")
    await until_live(page)
    before = await posts(page).evaluate_all(TOPS)
    released.set()
    for title in ("Sized", "Unsized", "Lead"):
        picture = pictures(post(page, title))
        await becomes(partial(picture.evaluate, ASKED), True)
    await expect(post(page, "Broken").locator(".picture-missing")).to_be_visible()
    assert await posts(page).evaluate_all(TOPS) == pytest.approx(before, abs=0.5)


async def test_pictures_tell_no_one_where_they_are_shown(illustrated: Illustrated, visitor: Visitor) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": 900, "height": 6_000})
    await page.goto(illustrated.livelog.url("/lazy/"))
    await becomes(lambda: pictures(post(page, "Lead")).evaluate(ASKED), True)
    asked = [request for request in visitor.requests if request.url.endswith(".png")]
    assert asked
    for request in asked:
        assert not (await request.all_headers()).get("referer")
    attributes = await pictures(posts(page)).evaluate_all(
        "(all) => all.map((image) => [image.loading, image.decoding])"
    )
    assert attributes == [["lazy", "async"]] * len(attributes)


async def test_a_picture_that_comes_before_the_reader_has_its_own_shape(
    illustrated: Illustrated, visitor: Visitor
) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": 900, "height": 400})
    await page.goto(illustrated.livelog.url("/lazy/"))
    picture = pictures(post(page, "Unsized"))
    await becomes(lambda: picture.get_attribute("width"), "300")
    box = await picture.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (300, 200)
    await post(page, "Tall").scroll_into_view_if_needed()
    tall = await pictures(post(page, "Tall")).bounding_box()
    assert tall is not None
    assert tall["height"] <= 0.85 * 400 + 1


async def test_small_pictures_keep_their_size_and_icons_stand_for_no_post(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor
) -> None:
    small = newsroom.add_file("/small.png", svg(150, 100), PICTURE_TYPE)
    icon = newsroom.add_file("/icon.png", svg(24, 24), PICTURE_TYPE)
    visitor.expects(MISSING)
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Gone", html="<p>Text</p>", image=newsroom.url("/gone.png"))
    desk.publish(title="Icon", html="<p>Text</p>", image=icon)
    desk.publish(title="Lies", html=f'<p><img src="{icon}" width="900" height="600" alt=""></p>')
    desk.publish(title="Small", html=f'<p><img src="{small}" alt=""></p>')
    await livelog.start({"blog": {"feeds": [every_second(desk)]}})
    await listed(livelog, 4)
    page = await visitor.page()
    await page.goto(livelog.url("/blog/"))
    for title, size in (("Small", (150, 100)), ("Lies", (24, 24))):
        picture = pictures(post(page, title))
        await becomes(partial(picture.evaluate, "({ width, height }) => [width, height]"), list(size))
    for title in ("Icon", "Gone"):
        await expect(pictures(post(page, title))).to_have_count(0)
        await expect(post(page, title).locator(".content")).to_have_text("Text")


async def test_a_picture_that_does_not_come_leaves_its_words(illustrated: Illustrated, visitor: Visitor) -> None:
    visitor.expects(MISSING)
    page = await visitor.page(viewport={"width": 360, "height": 640})
    await page.goto(illustrated.livelog.url("/lazy/"))
    await post(page, "Broken").scroll_into_view_if_needed()
    mark = post(page, "Broken").locator(".picture-missing")
    await expect(mark).to_have_text("A chart of the tide The picture can’t be shown.")
    await expect(post(page, "Broken").locator("img")).to_have_count(0)


async def test_a_picture_comes_when_it_is_asked_for(illustrated: Illustrated, visitor: Visitor, page: Page) -> None:
    livelog = illustrated.livelog
    await page.goto(livelog.url("/click/"))
    await until_live(page)
    await expect(pictures(posts(page))).to_have_count(0)
    button = post(page, "Unsized").locator(".picture-button")
    host = illustrated.newsroom.url("").removeprefix("http://")
    await expect(button).to_have_text(f"The <b>quay</b> at dusk Show the picture from {host}")
    assert of_others(visitor, livelog) == []
    await button.press("Enter")
    picture = pictures(post(page, "Unsized"))
    await becomes(lambda: picture.evaluate(ASKED), True)
    await expect(picture).to_be_focused()
    await expect(picture).to_have_attribute("alt", "The <b>quay</b> at dusk")
    assert len(of_others(visitor, livelog)) == 1
    assert not (await visitor.requests[-1].all_headers()).get("referer")
    await post(page, "Linked").locator(".picture-button").click()
    await becomes(lambda: pictures(post(page, "Linked")).evaluate(ASKED), True)
    await expect(post(page, "Linked").locator(".content a")).to_be_focused()
    assert page.url == livelog.url("/click/"), "the link it is in was not followed"
    for title in ("Sized", "Lead"):
        await post(page, title).locator(".picture-button").click()
    await becomes(lambda: pictures(post(page, "Sized")).get_attribute("width"), "900")
    await becomes(lambda: pictures(post(page, "Lead")).evaluate(ASKED), True)


@pytest.mark.parametrize("mode", ["click", "none"])
@pytest.mark.parametrize("scripts", [True, False], ids=["live", "without JavaScript"])
async def test_nothing_is_asked_of_others_by_itself(
    illustrated: Illustrated, visitor: Visitor, mode: str, scripts: bool
) -> None:
    livelog = illustrated.livelog
    page = await visitor.page(java_script_enabled=scripts, viewport={"width": 900, "height": 6_000})
    answer = await page.goto(livelog.url(f"/{mode}/"))
    assert answer is not None
    assert ("img-src 'self';" in answer.headers["content-security-policy"]) == (mode == "none")
    if scripts:
        await until_live(page)
        title = f"As it arrives with {mode}"
        picture = f'<p>Words<img src="{illustrated.newsroom.url("/picture.png")}" alt="A quay"></p>'
        illustrated.desk.publish(title=title, html=picture, image=illustrated.newsroom.url("/tall.png"))
        await expect(post(page, title).locator(".content")).to_contain_text("A quay")
    await expect(post(page, "Film").locator("video")).to_have_count(1)
    await page.wait_for_load_state("networkidle")
    assert of_others(visitor, livelog) == []


async def test_without_pictures_there_are_their_words(illustrated: Illustrated, page: Page) -> None:
    await page.goto(illustrated.livelog.url("/none/"))
    await expect(post(page, "Unsized").locator(".content")).to_contain_text("The <b>quay</b> at dusk")
    await expect(post(page, "Linked").get_by_role("link", name="Picture", exact=True)).to_be_visible()
    await expect(post(page, "Lead").locator(".content")).to_have_text("Named by the feed.")


async def test_a_picture_that_was_asked_for_stays_when_something_else_is_corrected(
    livelog: Livelog, newsroom: Newsroom, page: Page
) -> None:
    picture = newsroom.add_file("/picture.png", svg(300, 200), PICTURE_TYPE)
    desk = newsroom.open_desk("/a.xml", title="A")
    written = desk.publish(title="Quay", html=f'<p><img src="{picture}" alt=""></p>')
    await livelog.start({"blog": {"feeds": [every_second(desk)], "images": "click"}})
    await listed(livelog, 1)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await post(page, "Quay").locator(".picture-button").click()
    await pictures(posts(page)).evaluate("(image) => { window.asked = image; }")
    desk.correct(written.guid, title="The quay")
    await expect(post(page, "The quay").locator("img")).to_have_count(1)
    assert await page.evaluate("asked.isConnected")


async def test_the_picture_of_a_film_leads_to_the_film(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor
) -> None:
    picture = newsroom.add_file("/film.svg", svg(480, 360), PICTURE_TYPE)
    items = [
        {"id": "film", "title": "Film", "url": "https://www.youtube.com/watch?v=AAA", "image": picture},
        {"id": "text", "title": "Text", "url": "https://example.org/", "image": picture, "content_text": "x"},
    ]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "Club", "items": items}
    feed = newsroom.add_file("/a.json", json.dumps(document).encode(), "application/feed+json")
    await livelog.start({"blog": [{"url": feed, "interval": "1s"}]})
    page = await visitor.page()
    await page.goto(livelog.url("/blog/"))
    await becomes(posts(page).count, 2)
    await until_live(page)
    # One was rendered by the script, after a reload both are by the server.
    for _ in range(2):
        film, text = post(page, "Film").locator(".thumb"), post(page, "Text").locator(".thumb")
        await expect(film).to_have_attribute("href", "https://www.youtube.com/watch?v=AAA")
        await expect(text).to_have_attribute("href", re.compile("^/blog/e/"))
        assert await film.evaluate("(thumb) => getComputedStyle(thumb, '::before').borderLeftStyle") == "solid"
        await page.reload()
        await until_live(page)
    assert not [request.url for request in visitor.requests if "youtube" in request.url]
