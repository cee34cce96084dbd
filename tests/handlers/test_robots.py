"""Search engines: pages that ask to be left out, and `/robots.txt`."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from config import Blog, Config, Server
from tests.site import Site
from tests.timeline.drafts import commit, entry

META = '<meta name="robots" content="noindex">'


async def robots(site: Site, path: str) -> tuple[bool, bool]:
    """True for a page with the header, and for one with the element, that ask to leave it out."""
    answer = await site.get(path, Accept="text/html")
    return "noindex" in answer.headers.get("X-Robots-Tag", ""), META in answer.body.decode()


def of(settings: Config, server: str, blog: str | None = None) -> Config:
    """The configuration with these `robots`."""
    first, *others = settings.blogs
    changed = Blog.model_validate({**dict(first), "robots": blog})
    return settings.model_copy(
        update={"server": Server.model_validate({"robots": server}), "blogs": (changed, *others)}
    )


@pytest.fixture
async def post(site: Site) -> None:
    """A post of the blog."""
    await commit(site.timeline, entry("a"))


@pytest.mark.parametrize("path", ["/blog/", "/blog/e/a", "/blog/?view=wall", "/blog/embed", "/blog/filter"])
async def test_pages_of_a_blog_are_indexed_unless_it_says_otherwise(
    site: Site, settings: Config, post: None, path: str
) -> None:
    site.served.apply(of(settings, "noindex"))
    header, element = await robots(site, path)
    assert header
    assert element
    site.served.apply(of(settings, "index", "noindex"))
    assert all(await robots(site, path))
    site.served.apply(of(settings, "noindex", "index"))
    assert not (await robots(site, path))[0]


@pytest.mark.parametrize("path", ["/", "/blog/entries", "/blog/feeds.opml", "/static/favicon.svg", "/nowhere/"])
async def test_a_server_is_left_out_with_all_it_has(site: Site, settings: Config, path: str) -> None:
    assert not (await robots(site, path))[0]
    site.served.apply(of(settings, "noindex"))
    assert (await robots(site, path))[0]


async def test_filtered_pages_lead_on_to_their_posts(site: Site, post: None) -> None:
    answer = await site.get("/blog/?q=a")
    assert '<meta name="robots" content="noindex, follow">' in answer.body.decode()


async def test_crawlers_are_kept_from_connections_and_lists(site: Site) -> None:
    answer = await site.get("/robots.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.body.decode().splitlines()
    assert lines[0] == "User-agent: *"
    assert "Disallow: /*/ws" in lines
    assert "Disallow: /*/entries" in lines
    assert "Disallow: /" not in lines


async def test_pages_that_ask_to_be_left_out_can_be_crawled(site: Site, settings: Config) -> None:
    """A crawler that is kept from a page does not read that it asks to be left out."""
    site.served.apply(of(settings, "noindex"))
    assert "Disallow: /" not in (await site.get("/robots.txt")).body.decode().splitlines()


async def test_no_private_blog_is_named_to_crawlers(site: Site, settings: Config) -> None:
    tokens = (SecretStr("token-of-the-robots-test"),)
    private = Blog(slug="undisclosed", title="Undisclosed", private=True, tokens=tokens)
    site.served.apply(settings.model_copy(update={"blogs": (*settings.blogs, private)}))
    assert "undisclosed" not in (await site.get("/robots.txt")).body.decode()
    site.served.apply(settings.model_copy(update={"blogs": (private,)}))
    assert "Disallow: /" in (await site.get("/robots.txt")).body.decode().splitlines()
