"""A Livelog below a path: links, redirects, cookies and addresses have it; requests may have it or not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from config import Blog, Config, Feed, Server
from entries import FRONT_PAGE
from tests.site import Site
from tests.timeline.drafts import FEED, commit, entry

LINK = re.compile(r'(?:href|src|action|formaction|data-stream|data-counts)="([^"]*)"')
PRIVATE = "token-of-the-prefix-test"


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    """A blog with a theme, key events and a pin, and a private one, below /live."""
    (tmp_path / "own.css").write_text("body {}", encoding="utf-8")
    (tmp_path / "logo.svg").write_text("<svg/>", encoding="utf-8")
    blog = Blog(
        slug="blog",
        title="Blog",
        css=tmp_path / "own.css",
        logo=tmp_path / "logo.svg",
        key_events="key",
        pin="pin",
        frame_ancestors=("https://elsewhere.example",),
        feeds=(Feed(url=FEED, title="Example"),),
    )
    private = Blog(slug="desk", title="Desk", private=True, tokens=(SecretStr(PRIVATE),))
    return Config(
        server=Server(public_url="https://live.example.org/live"), store="sqlite::memory:", blogs=(blog, private)
    )


@pytest.fixture
async def posts(site: Site) -> None:
    """More posts than a page has, with key events and a pinned post."""
    await commit(
        site.timeline,
        *(entry(f"a{'bcdefgh'[n % 7]}{'bcdefgh'[n // 7 % 7]}{'bc'[n // 49]}") for n in range(FRONT_PAGE + 20)),
    )
    await commit(site.timeline, entry("key", tags=("key",)), entry("pin", tags=("pin",)))


PAGES = [
    "/",
    "/blog/",
    "/blog/?view=list",
    "/blog/?view=wall",
    "/blog/?view=wall&by=source",
    "/blog/?q=a",
    "/blog/?tag=key",
    "/blog/filter",
    "/blog/embed",
    "/blog/e/key",
    "/nowhere/",
    "/blog/e/zzz",
    "/desk/",
]


@pytest.mark.parametrize("prefix", ["/live", ""])
@pytest.mark.parametrize("path", PAGES)
async def test_every_link_of_a_page_is_below_the_path_and_leads_somewhere(
    site: Site, posts: None, path: str, prefix: str
) -> None:
    answer = await site.get(f"{prefix}{path}", Accept="text/html")
    if answer.code == 302:
        assert answer.headers["Location"].startswith("/live/")
        return
    links = [link.replace("&amp;", "&") for link in LINK.findall(answer.body.decode())]
    own = {link for link in links if link and link[0] not in "#?" and "//" not in link}
    assert own
    for link in own:
        assert link.startswith("/live/"), link
        if not link.startswith(("/live/blog/ws", "/live/icon/", "/live/blog/e/#e-")):
            assert (await site.get(link.partition("#")[0])).code in (200, 302), link
    absolute = [link for link in links if link.startswith("https://live.example.org")]
    assert all(link.startswith("https://live.example.org/live/") for link in absolute)


async def test_redirects_have_the_path(site: Site) -> None:
    for prefix in ("/live", ""):
        assert (await site.get(f"{prefix}/blog?q=a")).headers["Location"] == "/live/blog/?q=a"
        answer = await site.get(f"{prefix}/desk/?token={PRIVATE}")
        assert (answer.code, answer.headers["Location"]) == (303, "/live/desk/")
        assert "Path=/live/desk/" in answer.headers["Set-Cookie"]


async def test_cookies_are_for_the_path_alone(site: Site) -> None:
    assert "Path=/live/;" in f"{(await site.get('/live/blog/?lang=zh')).headers['Set-Cookie']};"


async def test_documents_for_programs_have_the_path(site: Site, posts: None) -> None:
    for prefix in ("/live", ""):
        document = await site.json(f"{prefix}/blog/entries?limit=2")
        assert document["next_url"].startswith("https://live.example.org/live/blog/entries?")
        assert document["home_page_url"] == "https://live.example.org/live/blog/"
        assert document["feed_url"] == "https://live.example.org/live/blog/entries?limit=2"
        found = json.loads((await site.get(f"{prefix}/blog/e/key", Accept="application/json")).body)
        assert found["id"] == "key"
    assert "Disallow: /live/*/ws" in (await site.get("/robots.txt")).body.decode()


async def test_the_path_itself_is_the_start_page(site: Site) -> None:
    for path in ("/live", "/live/", "/"):
        assert (await site.get(path)).headers["Location"] == "/live/blog/"


async def test_a_path_that_only_begins_like_it_is_another(site: Site) -> None:
    for path in ("/livelog/", "/live.css", "/live/live/blog/"):
        assert (await site.get(path)).code == 404
