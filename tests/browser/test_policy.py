"""Every page has the strict policy, and nothing that it forbids."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from tests.browser.visitor import MISSING, Visitor
from tests.livelog import Livelog

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
}


DATA = ("application/json", "application/ld+json")


class Inline(HTMLParser):
    """Collects what a page carries inline: scripts, styles, handlers, addresses that run. Data does not run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if tag == "style" or (tag == "script" and "src" not in names and dict(attrs).get("type") not in DATA):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        self.found += [value for _, value in attrs if value and value.strip().lower().startswith("javascript:")]


STATUS = {"no blog": 404, "no page": 404, "no post": 404, "no place": 400}
PLACES = ("blog", "older", "filtered", "permalink", "wall", "embed", "index", *STATUS)


async def address(filled: Livelog, place: str) -> str:
    """The path of each kind of page."""
    newest = await filled.json("/blog/entries")
    return {
        "blog": "/blog/",
        "older": f"/blog/?{urlsplit(newest['next_url']).query}",
        "filtered": "/blog/?source=Harbour%20Log&tag=Tide&lang=zh",
        "wall": "/blog/?view=wall",
        "embed": "/blog/embed",
        "permalink": f"/blog/e/{newest['items'][0]['id']}",
        "index": "/",
        "no blog": "/nowhere",
        "no page": "/no/where",
        "no post": "/blog/e/zzzz",
        "no place": "/blog/?before=x",
    }[place]


@pytest.mark.parametrize("place", PLACES)
async def test_a_page_has_the_policy_and_keeps_it(filled: Livelog, visitor: Visitor, page: Page, place: str) -> None:
    visitor.expects(MISSING + "the server responded with a status of 40[04] ")
    answer = await page.goto(filled.url(await address(filled, place)))
    assert answer is not None
    assert answer.status == STATUS.get(place, 200)
    assert set(answer.headers["content-security-policy"].split("; ")) >= POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    inline = Inline()
    inline.feed(await answer.text())
    assert inline.found == []
