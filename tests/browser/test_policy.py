"""Every page has the strict policy, and nothing that it forbids."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.visitor import MISSING, Visitor, becomes
from tests.livelog import Livelog

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
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


@pytest.mark.parametrize("path", ["/blog/embed", "/blog/"])
async def test_a_site_frames_the_embed_if_it_is_named_and_nothing_else(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page, path: str
) -> None:
    """Both are on one machine, but an origin is a port as well."""
    named = [newsroom.url("").rstrip("/")]
    config = {"server": {"port": 0}, "store": "sqlite::memory:", "blogs": {"blog": {"frame_ancestors": named}}}
    (livelog.folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    await livelog.run(f"--config={livelog.folder / 'config.yaml'}")
    frame = f'<html xmlns="http://www.w3.org/1999/xhtml"><iframe src="{livelog.url(path)}" title="Live"/></html>'
    visitor.expects(f"Framing '{livelog.url()}|{MISSING}")
    # As XHTML, because what the newsroom says as HTML may frame nothing.
    await page.goto(newsroom.add_file("/site", frame.encode(), "application/xhtml+xml"))
    if path == "/blog/embed":
        await expect(page.frames[1].locator("#state")).to_have_attribute("data-state", "live")
    else:
        await becomes(lambda: refused(page), True)


async def refused(page: Page) -> bool:
    """Whether the browser shows its own page in the frame, as it does in place of one that may not be there."""
    return len(page.frames) == 2 and page.frames[1].url.startswith("chrome-error:")
