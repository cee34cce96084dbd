"""Long posts, which a page shows in brief."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Locator, Page

from demo.newsroom import Newsroom
from tests.browser.visitor import every_second, listed, post
from tests.livelog import Livelog

COUNT: Final = 12

_SENTENCE: Final = "The tide came in over the quay while the council was still counting its votes. "
_PICTURE: Final = '<p><img src="/none.png" alt="A chart" width="600" height="400"></p>'


def long_text(first: str, paragraphs: int = 30) -> str:
    """HTML of several windows' height. Its first paragraph is ``first``, its last "The end."."""
    return f"<p>{first}</p>{_PICTURE}{f'<p>{4 * _SENTENCE}</p>' * paragraphs}<p>The end.</p>"


@asynccontextmanager
async def long_posts(folder: Path, images: str = "lazy") -> AsyncIterator[Livelog]:
    """A Livelog with COUNT long posts, "Long 0" to "Long 11" from the oldest to the newest."""
    room = Newsroom()
    await room.start()
    desk = room.open_desk("/a.xml", title="Harbour Log")
    for number in range(COUNT):
        desk.publish(title=f"Long {number}", html=long_text(f"Beginning {number}."))
    process = Livelog(folder)
    try:
        await process.start({"blog": {"feeds": [every_second(desk)], "images": images}})
        await listed(process, COUNT)
        yield process
    finally:
        await process.kill()
        await room.stop()


def read_on(article: Locator) -> Locator:
    """The link that opens a post and folds it."""
    return article.locator(".read-on")


async def open_post(page: Page, title: str) -> Locator:
    """Opens a post by its link, and returns it."""
    article = post(page, title)
    await read_on(article).click()
    await article.locator(".content").wait_for()
    return article


async def top_of(article: Locator) -> float:
    """The distance of a post from the window's top, in pixels."""
    top: float = await article.evaluate("(article) => article.getBoundingClientRect().top")
    return top
