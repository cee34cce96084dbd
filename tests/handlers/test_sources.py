"""`/<blog>/sources`: how fresh each source is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from config import Blog, Config, Feed
from feedstate import FeedState
from pages.freshness import Freshness
from tests.pages.sources import FEEDS, SETTINGS, filled, poll
from tests.site import Site
from tests.timeline.drafts import NOW
from timeline import TimelineError


@pytest.fixture
def settings() -> Config:
    return SETTINGS


@pytest.fixture(autouse=True)
def now(site: Site) -> None:
    """Sets the clock of the page to the time of the polls, so that no failure began later than now."""
    site.served.sources = Freshness(site.timeline, lambda: NOW)


async def test_it_is_json_that_can_be_cached_for_5_seconds(site: Site) -> None:
    await filled(site.timeline)
    answer = await site.get("/blog/sources")
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert "secret" not in answer.body.decode()
    assert "No answer" not in answer.body.decode(), "reasons are the operator's"
    found = {source["title"]: source for source in (await site.json("/blog/sources"))["sources"]}
    assert found["late.example"] == {
        "title": "late.example",
        "mark": "L",
        "hue": 9,
        "state": "unreachable",
        "last": None,
        "since": "2027-01-15T07:00:00Z",
    }
    assert found["Harbour"]["last"] == "2027-01-15T07:55:00Z"


async def test_the_page_lists_the_same_sources_without_a_script(site: Site) -> None:
    await filled(site.timeline)
    text = (await site.get("/blog/")).body.decode()
    assert 'name="source" value="Town Hall"' in text
    assert 'data-state="unreachable" data-last="" data-since="2027-01-15T07:00:00Z">unreachable since ' in text
    assert ">not fetched yet<" in text


async def test_a_timeline_that_cannot_be_read_is_a_503_without_a_log_line_per_request(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down() -> Sequence[FeedState]:
        raise TimelineError("disk I/O error")

    monkeypatch.setattr(site.timeline, "states", down)
    for _ in range(2):
        answer = await site.get("/blog/sources", Accept="text/html")
        assert answer.code == 503
        assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")
        assert b"disk" not in answer.body


async def test_a_fan_out_that_crashed_is_a_503(site: Site) -> None:
    site.fanout.trouble = "The fan-out met a bug and ended; the log has the details."
    assert (await site.get("/blog/sources")).code == 503


class TestUnreachable:
    @pytest.fixture
    def settings(self) -> Config:
        feeds = (Feed(url=FEEDS["harbour"]), Feed(url=FEEDS["town"]))
        return Config(store="sqlite::memory:", blogs=(Blog(slug="blog", title="Blog", feeds=feeds),))

    async def test_a_blog_whose_sources_are_all_unreachable_shows_advice(self, site: Site) -> None:
        failing = {"checked_at": NOW, "problem": "The connection was refused.", "failing_since": NOW, "failures": 1}
        await poll(site.timeline, {FEEDS["harbour"]: failing, FEEDS["town"]: failing}, posts={})
        text = (await site.get("/blog/")).body.decode()
        assert "check this server’s network" in text
        assert re.search(
            r'<div id="problems" class="problems" data-since="[^"]+">.*No source can be reached since', text
        )
        assert "refused" not in text
        assert "town.example/" not in text
