"""`/metrics`: numbers for Prometheus, without names of feeds or readers."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import FEED, commit, entry
from timeline import TimelineError


async def numbers(site: Site) -> dict[tuple[str, str], float]:
    """Every number by its name and the value of its label."""
    text = (await site.admin("/metrics")).body.decode()
    families = text_string_to_metric_families(text)
    return {(s.name, next(iter(s.labels.values()), "")): s.value for family in families for s in family.samples}


async def test_events_readers_and_polls_are_counted(site: Site) -> None:
    await commit(site.timeline, entry("a"), entry("b"))
    await until(lambda: site.fanout.events == 2)
    found = await numbers(site)
    assert found["livelog_timeline_up", ""] == 1
    assert found["livelog_feeds", "followed"] == 1
    assert found["livelog_feeds", "failing"] == 0
    assert found["livelog_readers", "blog"] == 0
    assert found["livelog_events_total", ""] == 2
    assert found["livelog_polls_total", "failed"] == 0
    assert found["process_resident_memory_bytes", ""] > 0


async def test_answers_that_were_made_and_found_are_counted(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    for _ in range(3):
        await site.get("/blog/")
    found = await numbers(site)
    assert found["livelog_answers_total", "made"] == 1
    assert found["livelog_answers_total", "found"] == 2
    assert found["livelog_cache_answers", ""] == 1
    assert found["livelog_cache_bytes", ""] > 1_000


async def test_livelog_timeline_up_is_0_while_the_timeline_is_down(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down() -> None:
        raise TimelineError("away")

    monkeypatch.setattr(site.timeline, "failing_count", down)
    found = await numbers(site)
    assert found["livelog_timeline_up", ""] == 0
    assert ("livelog_feeds", "failing") not in found


async def test_no_feed_is_named(site: Site) -> None:
    await commit(site.timeline, problem="The answer was 500.", failures=1)
    assert FEED not in (await site.admin("/metrics")).body.decode()
