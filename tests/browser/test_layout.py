"""The layout holds, whatever publishers write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from demo.newsroom import Enclosure, Newsroom
from tests.browser.visitor import MISSING, Visitor, every_second, listed, posts, until_live
from tests.feeds.documents import rss
from tests.livelog import Livelog

PHONE: Final = {"width": 360, "height": 640}
DESKTOP: Final = {"width": 1280, "height": 900}
SCREENS: Final = (PHONE, DESKTOP)
NAMES: Final = ("phone", "desktop")

WORD: Final = "W" * 5_000
SENTENCE: Final = ("So it went on " * 360)[:5_000]
POSTS: Final = 17
PICTURES: Final = 2
LINES: Final = "<br>".join(["no"] * 300)
CELLS: Final = "".join(f"<td>Column {number}" for number in range(40))

# Of each post: where its mark, its parts and its pictures are, and how high its headline is.
MEASURE: Final = """(posts) => posts.map((post) => {
  const box = (part) => part.getBoundingClientRect();
  const parts = [...post.querySelectorAll('.headline, .byline, .content, .attachments, .summary, .more')].map(box);
  const headline = post.querySelector('.headline');
  return {
    title: headline?.textContent ?? '',
    mark: getComputedStyle(post.querySelector('.clock'), '::after').left,
    lefts: [...new Set(parts.map(({ left }) => left))],
    right: Math.max(...parts.map(({ right }) => right)),
    headline: headline ? box(headline).height : 0,
    pictures: [...post.querySelectorAll('.content :is(img, video, .picture-missing)')].map(box),
  };
})"""

LOAD: Final = """() => Promise.all([...document.images].map((image) => {
  image.loading = 'eager';
  return image.decode().catch(() => {});
}))"""

WIDTH: Final = "document.scrollingElement.scrollWidth"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def battered(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog whose publishers try the page."""
    room = Newsroom()
    await room.start()
    tall = room.add_file("/tall.svg", _svg(300, 30_000), "image/svg+xml")
    huge = room.add_file("/huge.svg", _svg(20_000, 15_000), "image/svg+xml")
    gone = room.url("/gone.png")
    desk = room.open_desk("/a.xml", title=WORD[:300])
    desk.publish(title=WORD, html=f"<p>{WORD}</p>", author=WORD[:200], categories=(WORD[:200],) * 3)
    desk.publish(title=SENTENCE, html=f"<p>{SENTENCE}</p>")
    desk.publish(title="灯" * 5_000, html=f"<p>{'笼' * 5_000}</p>")
    desk.publish(title="Lines", html=f"<p>{LINES}</p>")
    desk.publish(title="Table", html=f"<table><tr>{CELLS}</table>")
    desk.publish(title="Code", html=f"<pre><code>{WORD}</code></pre><p><code>{WORD}</code></p>")
    desk.publish(title="List", html=f"<ul><li><ol><li><blockquote><h2>{WORD}</h2></blockquote></ol></ul>")
    desk.publish(title="Said to be huge", html=f'<img src="{huge}" width="99999" height="60000">')
    desk.publish(title="Huge", html=f'<p>{SENTENCE}<img src="{huge}"></p>')
    desk.publish(title="Tall", html=f'<img src="{tall}" width="300" height="30000"><img src="{tall}">')
    desk.publish(title="Broken", html=f'<img src="{gone}" alt="{WORD}"><img src="{gone}" width="1600" height="900">')
    desk.publish(title="Video", html=f'<video src="{gone}" width="99999" height="10"></video>')
    desk.publish(title="File", enclosure=Enclosure(url=room.url(f"/{WORD[:900]}.mp3"), mime_type="audio/mpeg"))
    desk.publish(html="<p>It has no title.</p>")
    desk.publish(title="Empty")
    dateless = rss(*(f"<guid>{n}</guid><description>Neither title nor date.</description>" for n in range(2)))
    plain = {"url": room.add_file("/b.xml", dateless, "application/rss+xml"), "interval": "1s"}
    process = Livelog(tmp_path_factory.mktemp("battered"))
    await process.start({"blog": [every_second(desk), plain]})
    await listed(process, POSTS)
    yield process
    await process.kill()
    await room.stop()


@dataclass(frozen=True)
class Measured:
    """What of the battered page is where, on a screen of this size. ``whole`` is the width of the page."""

    width: int
    height: int
    whole: int
    posts: list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=SCREENS, ids=NAMES)
async def measured(battered: Livelog, browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Measured]:
    """The battered page once all of its pictures are there that ever will be."""
    visitor = Visitor(browser)
    visitor.expects(MISSING)
    page = await visitor.page(viewport=request.param)
    await page.goto(battered.url("/blog/"))
    await until_live(page)
    await page.evaluate(LOAD)
    found = await posts(page).evaluate_all(MEASURE)
    assert len(found) == POSTS
    yield Measured(**request.param, whole=await page.evaluate(WIDTH), posts=found)
    await visitor.leave()
    assert not visitor.complaints, visitor.complaints


def _svg(width: int, height: int) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"/>'.encode()


def test_nothing_is_wider_than_the_screen(measured: Measured) -> None:
    assert measured.whole == measured.width
    assert max(one["right"] for one in measured.posts) <= measured.width


def test_everything_stands_on_one_axis(measured: Measured) -> None:
    assert len({left for one in measured.posts for left in one["lefts"]}) == 1
    assert len({one["mark"] for one in measured.posts}) == 1


def test_a_headline_is_never_longer_than_half_a_screen(measured: Measured) -> None:
    assert max(one["headline"] for one in measured.posts) < measured.height / 2


def test_no_picture_is_larger_than_the_screen(measured: Measured) -> None:
    pictures = [picture for one in measured.posts for picture in one["pictures"]]
    assert len(pictures) == PICTURES
    assert max(picture["right"] for picture in pictures) <= measured.width
    assert max(picture["height"] for picture in pictures) < measured.height


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
async def test_a_headline_is_whole_on_its_own_page(
    battered: Livelog, visitor: Visitor, screen: dict[str, int]
) -> None:
    page = await visitor.page(viewport=screen)
    for title in (WORD, SENTENCE.strip()):
        (item,) = [item for item in await battered.entries() if item.get("title") == title]
        await page.goto(battered.url(f"/blog/e/{item['id']}"))
        headline = page.locator(f"#e-{item['id']} .headline")
        assert await headline.evaluate("(it) => it.scrollHeight <= it.clientHeight")
        assert await page.evaluate(WIDTH) == screen["width"]


@pytest.mark.parametrize("screen", SCREENS, ids=NAMES)
async def test_the_bar_stays_slim(filled: Livelog, visitor: Visitor, screen: dict[str, int]) -> None:
    """However long the blog's title, and whatever the connection has to say."""
    page = await visitor.page(viewport=screen)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    bar = page.locator(".bar")
    before = await bar.bounding_box()
    await page.locator("#state").evaluate("(it) => { it.textContent = '○ Offline since 23 November 2026, 13:20'; }")
    for text in (WORD, SENTENCE):
        await page.locator(".name a").evaluate("(name, text) => { name.textContent = text; }", text)
        assert await bar.bounding_box() == before
        assert await page.evaluate(WIDTH) == screen["width"]


async def test_one_post_hangs_on_its_line(filled: Livelog, visitor: Visitor) -> None:
    """As on a page of fifty: its mark is on the line."""
    page = await visitor.page(viewport=DESKTOP)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await page.locator("#timeline > article:not(:first-child)").evaluate_all(
        "(all) => all.forEach((a) => a.remove())"
    )
    line, mark, height = await page.evaluate(
        """() => {
          const list = document.getElementById('timeline');
          const { left, height } = getComputedStyle(list, '::before');
          const mark = getComputedStyle(list.querySelector('.clock'), '::after');
          return [parseFloat(left) + 0.5, parseFloat(mark.left) + parseFloat(mark.width) / 2, parseFloat(height)];
        }"""
    )
    assert mark == pytest.approx(line, abs=0.51)
    assert height > 0
