"""A page that lost its server comes back by itself, has missed nothing, and says so where it can't know."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from demo.newsroom import Desk, Newsroom
from tests.browser.visitor import (
    REFUSED,
    Visitor,
    all_shown,
    becomes,
    every_second,
    ids,
    listed,
    post,
    posts,
    seen,
    state,
    titles,
    until_live,
    watch,
)
from tests.livelog import Livelog
from tests.redis import RedisServer

AT_FIRST = 5
MEANWHILE = 7


async def open_blog(livelog: Livelog, desk: Desk, page: Page) -> dict[str, Any]:
    """Opens the page of a blog that follows the desk, with a few posts; returns the blog's configuration."""
    for number in range(AT_FIRST):
        desk.publish(title=f"Post {number}")
    blogs = {"blog": [every_second(desk)]}
    await livelog.start(blogs)
    # An empty page would ask once more for what is wrong with its sources, perhaps of a server that is away by then.
    await listed(livelog, AT_FIRST)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    return blogs


@pytest.mark.parametrize("ending", ["stopped", "killed"])
async def test_a_page_outlives_its_server(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page, ending: str
) -> None:
    visitor.expects(REFUSED)
    desk = newsroom.open_desk("/a.xml", title="A")
    blogs = await open_blog(livelog, desk, page)
    await (livelog.stop() if ending == "stopped" else livelog.kill())
    await becomes(lambda: state(page), "Reconnecting")
    for number in range(MEANWHILE):
        desk.publish(title=f"Meanwhile {number}")
    desk.correct(desk.posts[-1].guid, title="Post 0, corrected")
    await livelog.start(blogs)
    await all_shown(page, AT_FIRST + MEANWHILE)
    await until_live(page)
    desk.publish(title="And on it goes")
    # It may wait, too, if it comes within 2 s of those.
    await all_shown(page, AT_FIRST + MEANWHILE + 1)

    meanwhile = [f"Meanwhile {number}" for number in reversed(range(MEANWHILE))]
    at_first = [f"Post {number}" for number in reversed(range(AT_FIRST))]
    assert await titles(page) == ["And on it goes", *meanwhile, *at_first[:-1], "Post 0, corrected"]
    happened = await seen(page)
    # While a slow server starts, a page may poll.
    assert [one for one in happened["states"] if one != "polling"] == ["reconnecting", "live"]
    assert sorted(arrival["title"] for arrival in happened["arrivals"]) == sorted(["And on it goes", *meanwhile])
    assert await page.locator("#notice").text_content() == "", "nothing is missing"


async def test_a_page_outlives_its_network(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page
) -> None:
    visitor.expects(REFUSED)
    desk = newsroom.open_desk("/a.xml", title="A")
    await open_blog(livelog, desk, page)
    await page.context.set_offline(True)
    await expect(page.locator("#state")).to_have_text(re.compile(r"Offline since \d\d:\d\d"))
    desk.publish(title="Unheard")
    await listed(livelog, AT_FIRST + 1)
    assert await posts(page).count() == AT_FIRST
    await page.context.set_offline(False)
    await becomes(post(page, "Unheard").is_visible, True)
    await until_live(page)
    assert [arrival["title"] for arrival in (await seen(page))["arrivals"]] == ["Unheard"]


async def test_a_history_that_began_anew_is_shown_and_told(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page
) -> None:
    """The database is gone: what the page had is no longer the blog's, and its cursor means nothing."""
    visitor.expects(REFUSED)
    # Posts that arrive within two seconds wait if they move the text by more than a part of the window.
    await page.set_viewport_size({"width": 1280, "height": 2_000})
    desk = newsroom.open_desk("/a.xml", title="A", keep=2)
    desk.publish(title="Rolled off")
    desk.publish(title="Rolled off as well")
    blogs = {"blog": [every_second(desk)]}
    await livelog.start(blogs)
    await listed(livelog, 2)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    for number in range(2):
        desk.publish(title=f"Listed {number}")
    await becomes(posts(page).count, 4)
    await livelog.stop()
    for file in livelog.folder.glob(f"{livelog.database.name}*"):
        file.unlink()
    await livelog.start(blogs)
    await becomes(page.locator("#notice").inner_text, "The server was reset; some posts may be missing.")
    await becomes(posts(page).count, 2)
    await until_live(page)
    assert await titles(page) == ["Listed 1", "Listed 0"]
    assert await ids(page) == [item["id"] for item in await livelog.entries()]
    desk.publish(title="Live again")
    await becomes(post(page, "Live again").is_visible, True)


async def test_a_history_that_began_anew_under_a_connected_page_is_shown_and_told(
    livelog: Livelog, newsroom: Newsroom, redis: RedisServer, page: Page
) -> None:
    """Redis was emptied: the page hears of it on the connection it has."""
    # Room for all posts, also if they arrive within two seconds: none waits for the reader.
    await page.set_viewport_size({"width": 1280, "height": 2000})
    desk = newsroom.open_desk("/a.xml", title="A", keep=2)
    desk.publish(title="Rolled off")
    await livelog.start({"blog": [every_second(desk)]}, store=redis.url)
    await listed(livelog, 1)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    await watch(page)
    for number in range(2):
        desk.publish(title=f"Listed {number}")
    await becomes(posts(page).count, 3)
    redis.ask("FLUSHALL")
    await becomes(page.locator("#notice").inner_text, "The server was reset; some posts may be missing.")
    await becomes(posts(page).count, 2)
    assert await titles(page) == ["Listed 1", "Listed 0"]
    desk.publish(title="Live still")
    await becomes(post(page, "Live still").is_visible, True)
    assert (await seen(page))["states"] == [], "it was live all the time"


async def test_a_gap_is_shown_as_a_gap(livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page) -> None:
    """More was missed than the server sends again: the page shows the newest, and says that some may be missing."""
    visitor.expects(REFUSED)
    desk = newsroom.open_desk("/a.xml", title="A", keep=1_100)
    await open_blog(livelog, desk, page)
    await page.context.set_offline(True)
    await expect(page.locator("#state")).to_have_attribute("data-state", "offline")
    for number in range(1_050):
        desk.publish(title=f"Missed {number}")
    await listed(livelog, AT_FIRST + 1_050)
    await page.context.set_offline(False)
    await expect(page.locator("#notice")).to_have_text(
        re.compile(r"Some posts may be missing (around|between) \d\d:")
    )
    await until_live(page)
    await all_shown(page, 50 + AT_FIRST)
    newest = [f"Missed {number}" for number in reversed(range(1_000, 1_050))]
    assert await titles(page) == [*newest, *(f"Post {number}" for number in reversed(range(AT_FIRST)))]
    gap = page.locator("#timeline > .gap")
    await expect(gap).to_contain_text(re.compile(r"Some posts may be missing (around|between) \d\d:"))
    above = page.locator("#timeline > article:has(+ .mark)").first
    await expect(above.locator(".headline")).to_have_text("Missed 1000")
