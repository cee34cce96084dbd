"""The headlines of each source: the newest ones, by one bounded scan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from config import Blog
from entries import Entry, Source
from pages import source_headlines
from pages.filter import Filter
from pages.source_headlines import MAX_HEADLINES, SourceHeadlines
from tests.timeline.drafts import FEED, NOW, commit, entry
from timeline import Page, Timeline
from timeline.sqlite import SqliteTimeline

BLOG = Blog(slug="blog", title="Blog")
ALL = Filter()


@pytest.fixture
async def timeline() -> AsyncIterator[Timeline]:
    """A store in memory."""
    store = await SqliteTimeline.open(":memory:")
    yield store
    await store.close()


@pytest.fixture
def pages(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The limits of the pages that are read from the timeline."""
    read: list[int] = []
    page = timeline.page

    async def counted(blog: str, before: str | None, limit: int) -> Page:
        read.append(limit)
        return await page(blog, before, limit)

    monkeypatch.setattr(timeline, "page", counted)
    return read


def of(source: str, number: int) -> Entry:
    name = f"{source.lower()}{number:04}"
    return replace(entry(name, at=NOW + number), source=Source(source, None, FEED))


async def test_each_source_has_its_newest_headlines(timeline: Timeline) -> None:
    await commit(timeline, *(of("Harbour", n) for n in range(12)), of("Town", 20), of("Elsewhere", 30))
    found = await SourceHeadlines(timeline).of(BLOG, ALL, ["Harbour", "Town", "Quiet"])
    assert [card.headline for card in found.by_source["Harbour"]] == [f"harbour{n:04}" for n in range(11, 3, -1)]
    assert [card.headline for card in found.by_source["Town"]] == ["town0020"]
    assert list(found.by_source["Quiet"]) == []
    assert found.head == (await timeline.page("blog", None, 1)).head
    assert len(found.by_source["Harbour"]) == MAX_HEADLINES


async def test_a_source_of_few_old_posts_is_found_below_many_of_another(timeline: Timeline, pages: list[int]) -> None:
    await commit(timeline, of("Quiet", 0), *(of("Busy", n) for n in range(1, 500)))
    found = await SourceHeadlines(timeline).of(BLOG, ALL, ["Busy", "Quiet"])
    assert [card.headline for card in found.by_source["Quiet"]] == ["quiet0000"]
    assert len(pages) == 3


async def test_the_scan_is_bounded_and_ends_when_all_are_found(
    timeline: Timeline, pages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_headlines, "CHUNK_POSTS", 20)
    monkeypatch.setattr(source_headlines, "MAX_SCANNED_POSTS", 60)
    await commit(timeline, *(of("Busy", n) for n in range(100)))
    await SourceHeadlines(timeline).of(BLOG, ALL, ["Busy", "Never"])
    assert pages == [20, 20, 20]
    pages.clear()
    await SourceHeadlines(timeline).of(BLOG, ALL, ["Busy"])
    assert pages == [20]


async def test_an_answer_is_kept_for_seconds(timeline: Timeline, pages: list[int]) -> None:
    now = 1_000.0
    headlines = SourceHeadlines(timeline, clock=lambda: now)
    await commit(timeline, of("Harbour", 1))
    first = await headlines.of(BLOG, ALL, ["Harbour"])
    assert await headlines.of(BLOG, ALL, ["Harbour"]) is first
    assert len(pages) == 1
    now += source_headlines.CACHE_SECONDS
    assert await headlines.of(BLOG, ALL, ["Harbour"]) is not first
    assert await headlines.of(BLOG.model_copy(), ALL, ["Harbour"]) is not first, "another configuration"
