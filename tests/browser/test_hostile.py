"""No script of a publisher's runs, however it comes: with the Content-Security-Policy, and without its help."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route
from tornado.web import RequestHandler

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from tests.browser.hostile import ATTACKS, BREAKING_OUT, ITEMS, MARKUP, RUN, documents, items_of
from tests.browser.visitor import MISSING, Visitor, becomes, ids, listed, posts, until_live
from tests.livelog import Livelog, until

# Elements and attributes that are able to run something, or to lead to what does; none is let in.
INSPECT = """() => {
  const found = [];
  const elements = 'script, style, link, meta, base, iframe, frame, object, embed, form, input, '
    + 'button:not(.byline > .what-changed, .byline > .share), select, textarea, template, marquee, noscript, '
    + 'map, area, [style]:not(.picture-missing), [id], [name], [srcdoc], [ping], [target]';
  // Elements of formulas that link, or contain HTML.
  const unsafe = 'maction, annotation, annotation-xml, mglyph, malignmark, [href], :has(> a, > img)';
  for (const article of document.querySelectorAll('article')) {
    found.push(...[...article.querySelectorAll(elements)].map((element) => element.outerHTML));
    for (const element of article.querySelectorAll('*')) {
      const isFormula = element.namespaceURI === 'http://www.w3.org/1998/Math/MathML' && !element.matches(unsafe);
      if (element.namespaceURI !== 'http://www.w3.org/1999/xhtml' && !isFormula) found.push(element.outerHTML);
      for (const { name, value } of element.attributes) {
        if (name.startsWith('on')) found.push(`${name}=${value}`);
        if (!['href', 'src', 'srcset', 'poster', 'cite', 'action', 'data'].includes(name)) continue;
        if (!['http:', 'https:'].includes(new URL(value, document.baseURI).protocol)) found.push(`${name}=${value}`);
      }
    }
  }
  return found;
}"""

# All that a reader could do to an element, and what could happen to it; but for following what leads elsewhere.
PROVOKE = """(within) => {
  const types = ['mouseover', 'mouseenter', 'pointerenter', 'focusin', 'focus', 'load', 'error', 'toggle'];
  const leadsTo = ({ target, submitter }) => {
    if (submitter?.hasAttribute('formaction')) return submitter.formAction;
    return submitter ? target.action : target.closest?.('a, area')?.href;
  };
  const stay = (event) => {
    if (/^https?:/.test(leadsTo(event))) event.preventDefault();
  };
  const frames = [...document.querySelectorAll('iframe')].map((frame) => frame.contentDocument);
  for (const body of [document, ...frames].map((document) => document?.body)) {
    body?.addEventListener('click', stay, true);
    body?.addEventListener('submit', stay, true);
    for (const element of body?.querySelectorAll(':not(dialog, dialog *)') ?? []) {
      if (within && !element.closest(within)) continue;
      for (const type of types) element.dispatchEvent(new Event(type));
      element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
    }
    body?.removeEventListener('click', stay, true);
    body?.removeEventListener('submit', stay, true);
  }
  for (const article of document.querySelectorAll('article')) article.dataset.provoked = '';
  return new Promise((resolve) => setTimeout(resolve));
}"""

AT_ONCE = 12
"""Attacks that arrive together in each format: of more than 50 posts that wait, a page keeps the newest."""


async def under_both_policies(visitor: Visitor) -> list[Page]:
    """A page that the Content-Security-Policy helps, and one whose browser ignores it."""
    visitor.expects(MISSING)
    return [await visitor.page(), await unprotected(visitor)]


async def unprotected(visitor: Visitor) -> Page:
    """A page whose browser ignores the Content-Security-Policy."""
    visitor.expects(MISSING)
    return await visitor.page(bypass_csp=True)


async def assert_unharmed(page: Page, visitor: Visitor, livelog: Livelog, *, within: str | None = None) -> None:
    """Nothing ran, nothing can, and nothing was asked of anyone else but pictures and sounds.

    All that can be provoked is, ``within`` elements of a selector or on the whole page.
    """
    address = page.url.partition("?")[0]
    assert await page.evaluate(INSPECT) == []
    await page.evaluate(PROVOKE, within)
    assert await page.evaluate("window.pwned") is None
    assert page.url.partition("?")[0] == address, "a page of its history"
    assert page.context.pages == [page]
    assert visitor.dialogs == []
    asked = [request for request in visitor.requests if not request.url.startswith(livelog.url("/"))]
    assert {request.resource_type for request in asked} <= {"image", "media"}, [request.url for request in asked]


def shelve(newsroom: Newsroom, count: int = ATTACKS) -> list[dict[str, str]]:
    """Puts the hostile feeds, with so many attacks, on the newsroom's shelf; returns them for a configuration."""
    return [
        {"url": newsroom.add_file(path, body, content_type), "interval": "1s"}
        for path, (body, content_type) in documents(count).items()
    ]


async def polled_twice(newsroom: Newsroom, paths: Iterable[str]) -> None:
    """Waits until each has been asked for a second time: the answer to the first is stored."""
    await until(lambda: all(count > 1 for count in _counted(newsroom, paths)))


def _counted(newsroom: Newsroom, paths: Iterable[str]) -> list[int]:
    asked = Counter(request.path for request in newsroom.requests)
    return [asked[path] for path in paths]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attacked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Livelog]:
    """A Livelog that follows the hostile feeds and has all of their items. One of the feeds is gone since."""
    room = Newsroom()
    await room.start()
    process = Livelog(tmp_path_factory.mktemp("attacked"))
    await process.start({"blog": shelve(room)}, fetch={"per_host": 16})
    await listed(process, ITEMS)

    async def gone(handler: RequestHandler) -> bool:
        handler.set_status(404)
        handler.finish()
        return True

    async def failing() -> bool:
        return any(feed["failures"] > 1 for feed in (await process.health())["failing"])

    # The feeds of the first title are one source, which other feeds of it still reach.
    room.script("/titled-1", gone)
    await until(failing)
    yield process
    await process.kill()
    await room.stop()


async def test_the_markup_runs_where_it_is_taken_as_it_is(page: Page, visitor: Visitor) -> None:
    """Otherwise the other tests would show nothing. Each is the whole of a frame, and leaves its number behind."""
    visitor.expects("")

    async def serve(route: Route) -> None:
        number = route.request.url.removeprefix("http://raw.example/")
        if number == "":
            body = "".join(f"<iframe src={n}></iframe>" for n in range(len(MARKUP)))
        elif number.isdigit():
            body = MARKUP[int(number)].replace(RUN, f"(top.ran||=[])[{number}]=1")
        else:
            await route.fulfill(status=404)
            return
        await route.fulfill(body=f"<!doctype html><body>{body}", content_type="text/html")

    async def ran() -> object:
        await page.evaluate(PROVOKE)
        return await page.evaluate("Array.from(window.ran ?? [], Boolean)")

    await page.context.route("http://raw.example/**", serve)
    await page.goto("http://raw.example/")
    await becomes(ran, [True] * len(MARKUP))


async def test_nothing_runs_on_the_pages_of_a_blog(attacked: Livelog, visitor: Visitor) -> None:
    for page in await under_both_policies(visitor):
        await page.goto(attacked.url("/blog/"))
        await until_live(page)
        await becomes(page.locator("#problems > p").count, 1)
        await assert_unharmed(page, visitor, attacked)

        async def further(page: Page = page) -> int:
            await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            return await posts(page).count()

        await becomes(further, ITEMS)
        await assert_unharmed(page, visitor, attacked)


async def test_nothing_runs_on_older_pages(attacked: Livelog, visitor: Visitor) -> None:
    page = await unprotected(visitor)
    first = re.search(r'href="([^"]+)" rel="next"', (await attacked.get("/blog/")).body.decode())
    assert first
    await page.goto(attacked.url(first[1]))
    count = FRONT_PAGE + await posts(page).count()
    older = page.get_by_role("link", name="Older posts")
    while await older.is_visible():
        await assert_unharmed(page, visitor, attacked)
        async with page.expect_navigation():
            await older.click()
        count += await posts(page).count()
    await assert_unharmed(page, visitor, attacked)
    assert count == ITEMS


async def test_nothing_runs_on_a_page_of_its_own(attacked: Livelog, visitor: Visitor) -> None:
    # Titles are text: they come through as they are.
    own = {item["title"]: item for item in await attacked.entries() if item.get("title") in BREAKING_OUT}
    assert set(own) == set(BREAKING_OUT)
    page = await unprotected(visitor)
    for item in own.values():
        await page.goto(attacked.url(f"/blog/e/{item['id']}"))
        assert await page.title() == f"{item['title']} · blog"
        await assert_unharmed(page, visitor, attacked)


async def test_nothing_runs_as_it_arrives(livelog: Livelog, newsroom: Newsroom, visitor: Visitor) -> None:
    await livelog.start({"blog": shelve(newsroom, 0)}, fetch={"per_host": 16})
    await polled_twice(newsroom, documents(0))
    page = await unprotected(visitor)
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    known: set[str] = set()
    for count in range(AT_ONCE, ATTACKS + AT_ONCE, AT_ONCE):
        shelve(newsroom, min(count, ATTACKS))
        arrived = {item["id"] for item in await listed(livelog, items_of(min(count, ATTACKS)))} - known
        known |= arrived
        await becomes(partial(has_shown, page, arrived), True)
        # Outside of the posts, the button that holds new ones is pressed, too.
        await assert_unharmed(page, visitor, livelog, within="#timeline > article:not([data-provoked])")
    await assert_unharmed(page, visitor, livelog)


async def has_shown(page: Page, arrived: set[str]) -> bool:
    """Presses Home if posts wait. True if all of these are in the document, which keeps the newest 50."""
    if (await page.title()).startswith("("):
        await page.keyboard.press("Home")
    return arrived <= set(await ids(page))


async def test_nothing_runs_of_what_broke_others(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, corpus: Path
) -> None:
    """The feeds of the corpus that are known for it."""
    files = sorted((corpus / "malformed").glob("xss-*.xml"))
    assert files
    feeds = [newsroom.add_file(f"/{file.name}", file.read_bytes(), "application/xml") for file in files]
    await livelog.start({"blog": [{"url": url, "interval": "1s"} for url in feeds]}, fetch={"per_host": 16})
    await polled_twice(newsroom, [f"/{file.name}" for file in files])
    entries = await livelog.entries()
    assert entries
    for page in await under_both_policies(visitor):
        await page.goto(livelog.url("/blog/"))
        await until_live(page)
        await becomes(posts(page).count, len(entries))
        await assert_unharmed(page, visitor, livelog)
