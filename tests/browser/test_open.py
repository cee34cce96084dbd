"""«Read on» opens a post in place: nothing above it moves, and a folded post is in view."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from demo.newsroom import Newsroom
from tests.browser.long_posts import long_posts, long_text, open_post, read_on, top_of
from tests.browser.script import Script
from tests.browser.visitor import MISSING, Visitor, becomes, every_second, listed, post, posts, until_live
from tests.livelog import Livelog

PREVIEW = {"preview": {"text": "How it begins …", "minutes": 3}}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def long(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """Long posts, to read and not to change."""
    async with long_posts(tmp_path_factory.mktemp("long")) as livelog:
        yield livelog


@pytest_asyncio.fixture(loop_scope="session")
async def without_pictures(tmp_path: Path) -> AsyncIterator[Livelog]:
    """Long posts of a blog that shows a picture if the reader asks for it."""
    async with long_posts(tmp_path, images="click") as livelog:
        yield livelog


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitor: Visitor) -> Page:
    """A page in which the picture of the posts is missing."""
    visitor.expects(MISSING)
    return await visitor.page(viewport={"width": 1280, "height": 900})


async def said(page: Page) -> str | None:
    return await page.locator("#announcements").text_content()


async def test_a_post_opens_downwards_and_folds(long: Livelog, page: Page) -> None:
    await page.goto(long.url("/blog/"))
    await until_live(page)
    article = post(page, "Long 9")
    before = [await top_of(posts(page).nth(number)) for number in range(3)]
    await expect(read_on(article)).to_have_attribute("aria-expanded", "false")
    await open_post(page, "Long 9")
    assert [await top_of(posts(page).nth(number)) for number in range(3)] == before
    await expect(article.locator(".content")).to_contain_text("The end.")
    await expect(article.locator(".summary")).to_be_hidden()
    await expect(read_on(article)).to_have_attribute("aria-expanded", "true")
    await expect(read_on(article)).to_have_text("Close")
    await becomes(lambda: said(page), "Post opened")
    assert page.url == long.url("/blog/")
    await read_on(article).click()
    await expect(article.locator(".content")).to_have_count(0)
    await expect(article.locator(".summary")).to_be_visible()
    await expect(read_on(article)).to_have_text("Read on · 9 min")
    await becomes(lambda: said(page), "Post closed")


async def test_by_keyboard_the_focus_goes_into_the_text_and_back(long: Livelog, page: Page) -> None:
    await page.goto(long.url("/blog/"))
    await until_live(page)
    article = post(page, "Long 9")
    await read_on(article).focus()
    await page.keyboard.press("Enter")
    await expect(article.locator(".content")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(article.locator(".content")).to_have_count(0)
    await expect(read_on(article)).to_be_focused()


async def test_text_that_is_read_stays_where_the_headline_is_above_the_window(long: Livelog, page: Page) -> None:
    await page.goto(long.url("/blog/"))
    await until_live(page)
    article = post(page, "Long 6")
    await page.evaluate("(top) => scrollBy(0, top)", await top_of(article) + 10)
    before = await top_of(article)
    assert before < 0
    await read_on(article).dispatch_event("click")
    await expect(article.locator(".content")).to_have_count(1)
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert abs(await top_of(article) - before) < 1


async def test_a_long_post_is_folded_to_its_headline(long: Livelog, page: Page) -> None:
    await page.goto(long.url("/blog/"))
    await until_live(page)
    article = await open_post(page, "Long 7")
    await page.mouse.wheel(0, 4_000)
    await becomes(lambda: page.evaluate("scrollY > 3000"), True)
    await expect(read_on(article)).to_be_in_viewport()
    await page.keyboard.press("Escape")
    await expect(article.locator(".content")).to_have_count(0)
    await expect(article.locator(".headline")).to_be_in_viewport()
    assert 0 < await top_of(article) < 450


async def test_several_are_open_at_once_and_escape_folds_that_in_view(long: Livelog, page: Page) -> None:
    await page.goto(long.url("/blog/"))
    await until_live(page)
    await open_post(page, "Long 11")
    await open_post(page, "Long 2")
    await expect(page.locator(".entry.open")).to_have_count(2)
    await page.keyboard.press("Escape")
    await expect(post(page, "Long 2").locator(".content")).to_have_count(0)
    await expect(post(page, "Long 11").locator(".content")).to_have_count(1)


async def test_with_a_modifier_it_is_a_link(long: Livelog, page: Page) -> None:
    await page.goto(long.url("/blog/"))
    await until_live(page)
    async with page.context.expect_page() as opened:
        await read_on(post(page, "Long 9")).click(modifiers=["Control"])
    other = await opened.value
    await other.wait_for_url("**/blog/e/*")
    await expect(page.locator(".entry.open")).to_have_count(0)


async def test_a_failure_is_told_and_the_link_leads_to_the_page_of_the_post(
    long: Livelog, visitor: Visitor, page: Page
) -> None:
    visitor.expects("Failed to load resource")

    async def fail(route: Route) -> None:
        if "json" in route.request.headers["accept"]:
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/blog/e/*", fail)
    await page.goto(long.url("/blog/"))
    await until_live(page)
    article = post(page, "Long 9")
    await read_on(article).click()
    await expect(article.locator(".more")).to_have_text("The rest could not be loaded. Open its page")
    await becomes(lambda: said(page), "The rest could not be loaded.")
    await read_on(article).click()
    await expect(page.locator(".current .content")).to_contain_text("Beginning 9.")


async def test_a_post_that_arrived_live_is_opened_without_a_request(
    filled: Livelog, visitor: Visitor, page: Page
) -> None:
    script = await Script.open(filled, page)
    script.entry("Long", content_html="<p>How it goes on.</p>", about=PREVIEW)
    article = post(page, "Long")
    await expect(article.locator(".summary")).to_have_text("How it begins …")
    before = len(visitor.requests)
    await read_on(article).click()
    await expect(article.locator(".content")).to_have_text("How it goes on.")
    assert [request.url for request in visitor.requests[before:]] == []


async def test_an_open_post_is_corrected_and_withdrawn_like_any_other(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    text = long_text("It was nine.")
    script.entry("Long", id="long", content_html=text, about=PREVIEW)
    article = await open_post(page, "Long")
    first = await article.locator(".content").element_handle()
    item = {"id": "long", "title": "Longer", "content_html": text, "_livelog": {}}
    about = await article.evaluate("({ dataset }) => ({ position: dataset.position, seen: dataset.position })")
    item["_livelog"] = {"source": {"title": "Script"}, "revision": 1, **about, **PREVIEW}
    script.update(item)
    article = post(page, "Longer")
    await expect(article.locator(".content")).to_be_visible()
    assert await article.locator(".content").evaluate("(now, first) => now === first", first), "the text is the same"
    item["_livelog"]["revision"] = 2  # type: ignore[index]
    script.update(item, content_html=long_text("It was ten."))
    await expect(article.locator(".content")).to_contain_text("It was ten.")
    await expect(read_on(article)).to_have_text("Close")
    await page.mouse.wheel(0, 3_000)
    await becomes(lambda: page.evaluate("scrollY > 2000"), True)
    script.delete("long")
    await expect(page.locator(".withdrawal")).to_be_in_viewport()
    await expect(page.locator(".entry.open")).to_have_count(0)


async def test_a_post_that_became_short_is_whole(filled: Livelog, page: Page) -> None:
    script = await Script.open(filled, page)
    script.entry("Long", id="long", content_html=long_text("It was nine."), about=PREVIEW)
    article = await open_post(page, "Long")
    position = await article.get_attribute("data-position")
    about = {"source": {"title": "Script"}, "position": position, "seen": position, "revision": 1}
    script.update({"id": "long", "title": "Short", "content_html": "<p>It was ten.</p>", "_livelog": about})
    article = post(page, "Short")
    await expect(article.locator(".content")).to_have_text("It was ten.")
    await expect(article).not_to_have_class("open")
    await expect(read_on(article)).to_have_count(0)


async def test_pictures_of_an_opened_post_follow_the_mode_of_the_blog(without_pictures: Livelog, page: Page) -> None:
    await page.goto(without_pictures.url("/blog/"))
    await until_live(page)
    article = await open_post(page, "Long 9")
    await expect(article.locator(".content .picture-button")).to_contain_text("A chart")
    await expect(article.locator(".content img")).to_have_count(0)


async def test_posts_open_on_older_pages_and_beside_another_post(long: Livelog, page: Page) -> None:
    ids = [entry["id"] for entry in await long.entries()]
    for path in ("/blog/?before=9999999999999999-a", f"/blog/e/{ids[4]}"):
        await page.goto(long.url(path))
        article = await open_post(page, "Long 5")
        await expect(article.locator(".content")).to_contain_text("The end.")
        await page.keyboard.press("Escape")
        await expect(article.locator(".content")).to_have_count(0)


async def test_coming_back_from_a_source_restores_the_open_post_and_the_place(
    livelog: Livelog, newsroom: Newsroom, page: Page
) -> None:
    desk = newsroom.open_desk("/a.xml", title="Harbour Log")
    for number in range(12):
        desk.publish(title=f"Long {number}", html=long_text(f"Beginning {number}. <a href='/a.xml'>Source</a>"))
    await livelog.start({"blog": [every_second(desk)]})
    await listed(livelog, 12)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    article = await open_post(page, "Long 4")
    await article.locator(".headline").scroll_into_view_if_needed()
    await page.mouse.wheel(0, 700)
    await becomes(lambda: top_is_still(page), True)
    before = await top_of(article)
    await page.evaluate("location.href = document.querySelector('.open .headline a').href")
    await page.wait_for_url("**/posts/*")
    desk.publish(title="News meanwhile", html="<p>Short.</p>")
    await listed(livelog, 13)
    await page.go_back()
    article = post(page, "Long 4")
    await expect(article.locator(".content")).to_contain_text("The end.")
    await becomes(lambda: is_near(page, before), True)


async def top_is_still(page: Page) -> bool:
    """True if the page does not scroll."""
    return bool(
        await page.evaluate(
            "() => new Promise((done) => { const y = scrollY; setTimeout(() => done(y > 0 && y === scrollY), 100) })"
        )
    )


async def is_near(page: Page, top: float) -> bool:
    return abs(await top_of(post(page, "Long 4")) - top) < 3
