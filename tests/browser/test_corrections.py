"""A post that was corrected shows what changed, when it is asked to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import MISSING, Visitor, becomes, every_second, listed, post, posts, until_live
from tests.livelog import Livelog, until

POSTS = {
    "A word": ("<p>Two people are hurt, the mayor says.</p>", "<p>Three people are hurt, the mayor says.</p>"),
    "Rewritten": ("<p>A short note.</p>", "<p>Everything else stands here now.</p>"),
    "Its link": ("<p>See <a href='/a'>there</a>.</p>", "<p>See <a href='/b'>there</a>.</p>"),
    "Signs": ("<p>It was &lt;b&gt; then.</p>", "<p>It is &lt;b&gt; <b>now</b>.</p>"),
    "عنوان": ("<p>أعلن العمدة النتيجة اليوم.</p>", "<p>أعلن الوزير النتيجة اليوم.</p>"),
    "Lists": (
        "<ul><li>One</li><li>Two</li></ul><p><img src='/x.png' alt='A map'>After it</p>",
        "<ul><li>One</li><li>Three</li></ul><p><img src='/x.png' alt='A map'>After it</p>",
    ),
}

CHANGED = {
    "The vote is at ten": ["The vote is at [removed: nine][added: ten]"],
    "Rewritten": ["Before:", "[removed: A short note.]", "Now:", "[added: Everything else stands here now.]"],
    "Its link": ["The words are the same; something else was changed."],
    "Signs": ["It [removed: was] [added: is] <b> [removed: then][added: now]."],
    "عنوان": ["أعلن [removed: العمدة] [added: الوزير] النتيجة اليوم."],
    "Lists": ["One", "[removed: Two][added: Three]", "After it"],
}
GONE = "The earlier version is no longer known."
AWAY = "The earlier version could not be loaded."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def corrected(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog all of whose posts were corrected once; to read."""
    room = Newsroom()
    await room.start()
    desk = room.open_desk("/a.xml", title="Harbour Log")
    published = {title: desk.publish(title=title, html=before) for title, (before, _) in POSTS.items()}
    published["Nine"] = desk.publish(title="The vote is at nine", html="<p>So it is.</p>")
    process = Livelog(tmp_path_factory.mktemp("corrected"))
    await process.start({"blog": [every_second(desk)]})
    await listed(process, len(published))
    for title, (_, after) in POSTS.items():
        desk.correct(published[title].guid, html=after)
    desk.correct(published["Nine"].guid, title="The vote is at ten")

    async def all_of_them() -> bool:
        return all(item["_livelog"]["revision"] == 2 for item in await process.entries())

    await until(all_of_them)
    yield process
    await process.kill()
    await room.stop()


def button(article: Locator) -> Locator:
    return article.get_by_role("button", name="See changes")


async def told(article: Locator) -> list[str]:
    """The lines that say what changed, as they are read aloud."""
    await expect(button(article)).to_have_attribute("aria-expanded", "true")
    return [line.strip() for line in await article.locator(".changes p").all_text_contents()]


async def test_what_changed_is_shown_and_hidden_by_keyboard(corrected: Livelog, page: Page) -> None:
    await page.goto(corrected.url("/blog/"))
    article = post(page, "A word")
    await expect(button(article)).to_have_attribute("aria-expanded", "false")
    await button(article).focus()
    await page.keyboard.press("Enter")
    assert await told(article) == ["[removed: Two] [added: Three] people are hurt, the mayor says."]
    await expect(article.get_by_role("group", name="Changes")).to_be_visible()
    await expect(article.locator(".changes del")).to_have_css("text-decoration-line", "line-through")
    await expect(button(article)).to_be_focused()
    await page.keyboard.press("Space")
    await expect(article.locator(".changes")).to_have_count(0)
    await expect(button(article)).to_have_attribute("aria-expanded", "false")


async def test_the_words_that_changed_are_marked(corrected: Livelog, page: Page) -> None:
    await page.goto(corrected.url("/blog/"))
    for title, lines in CHANGED.items():
        article = post(page, title)
        await button(article).click()
        assert await told(article) == lines
        assert await article.locator(".changes p:not([dir=auto], .changes-note)").count() == 0


async def test_it_is_shown_on_a_post_s_own_page_and_on_older_ones(corrected: Livelog, page: Page) -> None:
    last = (await corrected.entries())[0]
    for path in (f"/blog/e/{last['id']}", "/blog/?before=9999999999999999-a"):
        await page.goto(corrected.url(path))
        article = page.get_by_role("article").first
        await button(article).click()
        await expect(article.locator(".changes ins, .changes-note").first).to_be_visible()


async def test_what_can_not_be_shown_is_told(corrected: Livelog, visitor: Visitor, page: Page) -> None:
    visitor.expects(MISSING)
    answers = iter((404, 503, 0))

    async def fail(route: Route) -> None:
        status = next(answers)
        await (route.fulfill(status=status) if status else route.abort())

    await page.route("**/previous", fail)
    await page.goto(corrected.url("/blog/"))
    article = post(page, "A word")
    for sentence in (GONE, AWAY, AWAY):
        await button(article).click()
        assert await told(article) == [sentence]
        await button(article).click()
        await expect(article.locator(".changes")).to_have_count(0)


async def test_there_is_no_button_without_javascript(corrected: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(java_script_enabled=False)
    await page.goto(corrected.url("/blog/"))
    await expect(post(page, "A word").locator(".corrected")).to_be_visible()
    await expect(post(page, "A word").locator(".what-changed")).to_be_hidden()


async def test_a_post_that_is_corrected_once_more_shows_the_last_change(
    livelog: Livelog, newsroom: Newsroom, page: Page
) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    written = desk.publish(title="Hurt", html="<p>Two are hurt at the quay.</p>")
    await livelog.start({"blog": [every_second(desk)]})
    await page.goto(livelog.url("/blog/"))
    await becomes(posts(page).count, 1)
    await until_live(page)
    article = post(page, "Hurt")
    await expect(button(article)).to_have_count(0)
    desk.correct(written.guid, html="<p>Three are hurt at the quay.</p>")
    await button(article).click()
    assert await told(article) == ["[removed: Two] [added: Three] are hurt at the quay."]
    desk.correct(written.guid, html="<p>Three are hurt at the pier.</p>")
    await expect(article.locator(".content")).to_have_text("Three are hurt at the pier.")
    await expect(article.locator(".changes")).to_have_count(0)
    await expect(button(article)).to_have_attribute("aria-expanded", "false")
    await expect(button(article)).to_be_focused()
    await page.keyboard.press("Enter")
    assert await told(article) == ["Three are hurt at the [removed: quay][added: pier]."]
