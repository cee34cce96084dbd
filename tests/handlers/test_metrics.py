"""`/metrics`: numbers for Prometheus, without secrets and names of readers."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config import Config, Feed
from feedstate import FeedState
from handlers import metrics
from handlers.site import Notices
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import FEED, commit, entry
from timeline import TimelineError


async def numbers(site: Site) -> dict[tuple[str, str], float]:
    """Every number by its name and the value of its label."""
    text = (await site.admin("/metrics")).body.decode()
    families = text_string_to_metric_families(text)
    return {(s.name, next(iter(s.labels.values()), "")): s.value for family in families for s in family.samples}


async def test_no_two_metrics_have_one_name(site: Site) -> None:
    lines = (await site.admin("/metrics")).body.decode().splitlines()
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))


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


async def samples(site: Site) -> dict[tuple[str, ...], float]:
    """Every number by its name and the values of all its labels."""
    families = text_string_to_metric_families((await site.admin("/metrics")).body.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


async def test_a_failing_feed_is_named_without_its_secrets(site: Site, settings: Config) -> None:
    url = "https://ann:hunter2hunter2@a.example/feed?token=hunter2hunter2"
    blog = settings.blogs[0].model_copy(update={"feeds": (Feed(url=url),)})
    site.served.apply(settings.model_copy(update={"blogs": (blog,)}))
    now = site.timeline.now()
    identity = blog.feeds[0].identity
    await site.timeline.follow({identity: 0.0})
    (lease,) = await site.timeline.claim(now, 1, 15.0)
    state = FeedState(url=identity, problem="No.", failures=1, failing_since=now - 100, newest=(now - 500,))
    await site.timeline.commit(state, [], lease)
    found = await samples(site)
    feed = blog.feeds[0].public_url
    assert 100 <= found["livelog_feed_failing_seconds", feed] < 200
    assert found["livelog_feed_newest_entry_timestamp_seconds", feed] == pytest.approx(now - 500)
    assert 100 <= found["livelog_blog_failing_seconds", "blog"] < 200
    assert "hunter2" not in repr(found)


async def test_feeds_that_differ_in_a_secret_alone_are_one_series(site: Site, settings: Config) -> None:
    urls = [f"https://a.example/feed?token=hunter2hunter{n}" for n in range(2)]
    blog = settings.blogs[0].model_copy(update={"feeds": tuple(Feed(url=url) for url in urls)})
    site.served.apply(settings.model_copy(update={"blogs": (blog,)}))
    await site.timeline.follow({feed.identity: 0.0 for feed in blog.feeds})
    text = (await site.admin("/metrics")).body.decode()
    assert text.count("livelog_feed_failing_seconds{") == 1


async def test_with_many_feeds_only_failing_ones_are_named(
    site: Site, settings: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MAX_LABELLED", 1)
    feeds = (*settings.blogs[0].feeds, Feed(url="https://b.example/"))
    blog = settings.blogs[0].model_copy(update={"feeds": feeds})
    site.served.apply(settings.model_copy(update={"blogs": (blog,)}))
    await commit(site.timeline, problem="No.", failures=1, failing_since=1.0)
    found = await samples(site)
    assert ("livelog_feed_failing_seconds", FEED) in found
    assert ("livelog_feed_failing_seconds", "https://b.example/") not in found


async def test_the_process_the_store_and_what_it_refused_are_told(site: Site) -> None:
    site.served.version = "1.2.3"
    site.served.notices = lambda: Notices(("a", "b"), ("server.port",))
    site.admission.refused["address"] += 1
    await commit(site.timeline, entry("a"))
    found = await samples(site)
    assert found["livelog_build_info", "all", "1.2.3"] == 1
    assert (found["livelog_config_problems",], found["livelog_restart_needed",]) == (2, 1)
    assert found["livelog_store_bytes",] > 1_000
    assert found["livelog_refusals_total", "address"] == 1
    assert found["livelog_evictions_total", "blog", "slow"] == 0
    assert found["livelog_readers", "blog", "event_stream"] == 0
    assert found["livelog_delivery_seconds_count", "blog"] == 0
    assert found["livelog_blog_newest_entry_timestamp_seconds", "blog"] > 1e9


async def test_histograms_are_cumulative(site: Site) -> None:
    for seconds in (0.5, 2.0, 1e9):
        site.poller.delays.observe(seconds)
    found = await samples(site)
    assert [found["livelog_seen_seconds_bucket", le] for le in ("1.0", "2.5", "86400.0", "+Inf")] == [1, 2, 2, 3]
    assert found["livelog_seen_seconds_count",] == 3
