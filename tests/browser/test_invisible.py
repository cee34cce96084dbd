"""Characters that are not seen, or that turn the text around them, on every view of a blog."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page

from demo.newsroom import Newsroom
from invisible import is_visible, tame_text
from tests.browser.visitor import Visitor, becomes
from tests.livelog import Livelog

TURNS = "\u202eturned\u2067 round"
UNSEEN = "\u200b\u2060\u3164"
TURNED = "\u2067" + "word " * 200 + "\u2069"

ITEMS = [
    {"id": "1", "title": TURNS, "content_text": TURNS, "authors": [{"name": TURNS}], "tags": [TURNS]},
    {"id": "2", "title": UNSEEN, "content_text": f"Seen {TURNS}", "authors": [{"name": UNSEEN}], "tags": [UNSEEN]},
    {"id": "3", "content_text": TURNED},
    {"id": "4", "title": UNSEEN, "content_text": UNSEEN, "summary": "A summary"},
    {"id": "5", "title": "Files", "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "title": TURNS}]},
]

NAMES = """() => [
  document.title,
  ...[...document.querySelectorAll('[aria-label], [title], [alt], [content]')].flatMap((element) =>
    ['aria-label', 'title', 'alt', 'content'].map((name) => element.getAttribute(name) ?? '')),
]"""

CARDS = """() => [...document.querySelectorAll('article, .card')]
  .filter((card) => card.checkVisibility())
  .map((card) => {
    const copy = card.cloneNode(true);
    copy.querySelectorAll('.byline, time, .source, .when').forEach((part) => part.remove());
    return copy.textContent.trim();
  })"""

OVERRIDES = "\u202d\u202e"


async def served(livelog: Livelog, newsroom: Newsroom) -> None:
    document = {"version": "https://jsonfeed.org/version/1.1", "title": f"Desk {TURNS}", "items": ITEMS}
    feed = newsroom.add_file("/a.json", json.dumps(document).encode(), "application/feed+json")
    await livelog.start({"blog": [{"url": feed, "interval": "1s"}]})

    async def count() -> int:
        return len(await livelog.entries())

    await becomes(count, len(ITEMS))


async def faults(page: Page) -> list[str]:
    """Names and texts that turn the text around them."""
    names = await page.evaluate(NAMES)
    text = await page.evaluate("document.body.innerText")
    return [name for name in names if tame_text(name) != name.strip()] + [char for char in OVERRIDES if char in text]


@pytest.mark.parametrize("java_script", [True, False])
async def test_no_view_has_a_text_that_turns_others_or_a_blank_card(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, *, java_script: bool
) -> None:
    await served(livelog, newsroom)
    page = await visitor.page(java_script_enabled=java_script)
    entries = await livelog.entries()
    paths = ["/blog/", "/blog/?view=list", "/blog/?view=wall", "/blog/?view=wall&by=source", "/blog/embed"]
    for path in (*paths, *(f"/blog/e/{entry['id']}" for entry in entries)):
        await page.goto(livelog.url(path))
        assert await faults(page) == [], path
        cards = await page.evaluate(CARDS)
        assert cards or "by=source" in path, path
        assert all(map(is_visible, cards)), (path, cards)
