"""A Livelog that follows another: its corrections, withdrawals, and what comes back through a circle."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from entries import FRONT_PAGE
from pages.feeds_out.links import Form
from tests.feeds.documents import atom
from tests.feeds.serving import Change, ServedFeed
from tests.pages.feeds_out.documents import document
from timeline import Timeline, open_timeline

FORMS: list[Form] = ["json", "xml"]
TOMBSTONES = 'xmlns:at="http://purl.org/atompub/tombstones/1.0"'


@pytest.fixture
async def timeline() -> AsyncIterator[Timeline]:
    opened = await open_timeline("sqlite::memory:")
    yield opened
    await opened.close()


def origin(*titles: str, gone: str = "") -> bytes:
    """A feed of these posts, of which the first letter is the id, and a tombstone."""
    posts = (f"<id>{title[0]}</id><title>{title}</title>" for title in titles)
    tombstone = f"<at:deleted-entry ref='{gone}' when='2030-01-01T00:00:00Z'/>" if gone else ""
    return atom(*posts, feed=f"<title>Origin</title>{tombstone}", attributes=TOMBSTONES)


async def published(timeline: Timeline, form: Form, blog: str) -> bytes:
    """The feed of a blog."""
    page = await timeline.page(blog, None, FRONT_PAGE)
    return document(form, *page.items, withdrawn=await timeline.withdrawn(blog, 0, 10)).encode()


@pytest.mark.parametrize("form", FORMS)
async def test_corrections_and_withdrawals_are_followed(timeline: Timeline, form: Form) -> None:
    first, second = ServedFeed(timeline, "first"), ServedFeed(timeline, "second")

    async def follow(body: bytes) -> list[Change]:
        await first.serve(body)
        return sorted(await second.serve(await published(timeline, form, "first")))

    assert await follow(origin("A post", "B post")) == [("entry", "A post"), ("entry", "B post")]
    assert await follow(origin("A correction", "B post")) == [("update", "A correction")]
    assert await follow(origin("A correction", gone="B")) == [("delete", None)]
    assert await follow(origin("A correction", "B again")) == [("entry", "B again")]
    assert await follow(origin("A correction", "B again")) == []


@pytest.mark.parametrize("form", FORMS)
async def test_posts_do_not_come_back_through_a_circle(timeline: Timeline, form: Form) -> None:
    blogs = ("one", "two", "three")
    around = [ServedFeed(timeline, blog) for blog in blogs]
    await ServedFeed(timeline, "one").serve(origin("A post"))
    for feed in around:
        feed.url = f"https://livelog.example/{feed.blog}"
    changes = []
    for turn in range(2 * len(blogs)):
        reader = around[(turn + 1) % len(blogs)]
        changes += await reader.serve(await published(timeline, form, blogs[turn % len(blogs)]))
    assert changes == [("entry", "A post")] * 2
