"""`/<blog>/e/<id>`: an entry among the entries next to it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from entries import FRONT_PAGE
from handlers.permalink import NEWER_NEIGHBOURS, OLDER_NEIGHBOURS
from tests.pages.test_filter import page, shown
from tests.site import Site
from tests.timeline.drafts import NOW, commit, entry
from timeline import Limits
from timeline.retention import Retention


def name(number: int) -> str:
    """A name of the alphabet that ids have."""
    return "e" + "".join("abcdefghij"[int(digit)] for digit in f"{number:03}")


async def filled(site: Site, count: int) -> list[str]:
    """So many posts; returns their ids, newest first."""
    await commit(site.timeline, *(entry(name(n), f"Post {n}", at=NOW + n) for n in range(count)))
    return [name(n) for n in reversed(range(count))]


def leading(text: str, kind: str) -> str | None:
    found = re.search(rf'<nav class="{kind}"[^>]*><a href="([^"]+)"', text)
    return found and found[1]


async def test_a_post_is_marked_among_newer_and_older_ones(site: Site) -> None:
    ids = await filled(site, 30)
    text = await page(site, f"/blog/e/{ids[15]}")
    assert shown(text) == ids[15 - NEWER_NEIGHBOURS : 16 + OLDER_NEIGHBOURS]
    assert re.findall(r'<article[^>]* aria-current="true" id="e-(\w+)"', text) == [ids[15]]
    assert "archive.js" in text
    assert "data-cursor" not in text, "it is not live"


async def test_the_newest_and_the_oldest_have_neighbours_on_one_side(site: Site) -> None:
    ids = await filled(site, 30)
    newest, oldest = await page(site, f"/blog/e/{ids[0]}"), await page(site, f"/blog/e/{ids[-1]}")
    assert shown(newest) == ids[: OLDER_NEIGHBOURS + 1]
    assert shown(oldest) == ids[-NEWER_NEIGHBOURS - 1 :]
    assert (leading(newest, "newer"), leading(oldest, "older")) == (None, None)


async def test_its_link_to_older_posts_skips_none(site: Site) -> None:
    ids = await filled(site, 30)
    older = leading(await page(site, f"/blog/e/{ids[15]}"), "older")
    assert older
    assert shown(await page(site, older)) == ids[16 + OLDER_NEIGHBOURS :]


@pytest.mark.parametrize("index", [NEWER_NEIGHBOURS + 1, FRONT_PAGE, FRONT_PAGE + 30, 2 * FRONT_PAGE + 5])
async def test_its_link_to_newer_posts_skips_none(site: Site, index: int) -> None:
    ids = await filled(site, 2 * FRONT_PAGE + 20)
    newer = leading(await page(site, f"/blog/e/{ids[index]}"), "newer")
    assert newer
    assert ids[index - NEWER_NEIGHBOURS - 1] in shown(await page(site, newer))


async def test_posts_link_to_their_position_on_that_page(site: Site) -> None:
    (only,) = await filled(site, 1)
    assert f'href="/blog/e/{only}#e-{only}"' in await page(site, "/blog/")


async def test_it_shows_when_the_post_was_published_and_seen(site: Site) -> None:
    published = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)
    await commit(site.timeline, entry("a", published=published), entry("b", published=published))
    text = await page(site, "/blog/e/a")
    assert text.count('class="provenance"') == 1
    assert "23 November 2026, 14:07" in text


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
async def test_a_withdrawn_or_retired_entry_is_a_410_and_an_unknown_one_a_404(site: Site, accept: str) -> None:
    await commit(site.timeline, entry("taken"), entry("old", at=NOW - 9), entry("here", at=NOW + 9))
    await commit(site.timeline, withdrawn=[("blog", "taken")])
    await Retention(site.timeline, Limits(entries=1), lambda: NOW).sweep()
    answers = {name: await site.get(f"/blog/e/{name}", Accept=accept) for name in ("taken", "old", "never", "here")}
    assert {name: answer.code for name, answer in answers.items()} == {
        "taken": 410,
        "old": 410,
        "never": 404,
        "here": 200,
    }
    assert "This post was withdrawn by its source." in answers["taken"].body.decode()
    assert "This post is too old to be kept here." in answers["old"].body.decode()
    assert "There is no such post here." in answers["never"].body.decode()


async def test_the_410_page_links_to_the_other_posts(site: Site) -> None:
    text = (await site.get("/blog/e/never", Accept="text/html")).body.decode()
    assert '<a href="/blog/">All posts of \u2068A &lt;b&gt;lively&lt;/b&gt; blog\u2069</a>' in text
    assert '<a href="/">To the start page</a>' in (await site.get("/x/y/z", Accept="text/html")).body.decode()


async def test_programs_that_ask_for_json_get_the_item(site: Site) -> None:
    await commit(site.timeline, entry("abcd", content_html="<p>漢字</p>"))
    (listed,) = (await site.json("/blog/entries"))["items"]
    answer = await site.get("/blog/e/abcd", Accept="application/json")
    assert json.loads(answer.body) == listed
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache", "it may be corrected"
    assert "Accept" in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize("accept", ["text/html,application/json;q=0.9", "*/*", ""])
async def test_all_others_get_the_page(site: Site, accept: str) -> None:
    await commit(site.timeline, entry("abcd"))
    answer = await site.get("/blog/e/abcd", Accept=accept)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Accept" in answer.headers["Vary"].split(", ")


async def test_an_item_that_is_missing_is_an_error_in_json(site: Site) -> None:
    answer = await site.get("/blog/e/never", Accept="application/json")
    assert answer.code == 404
    assert json.loads(answer.body) == {"error": {"status": 404, "message": "There is no such post here."}}
