"""`/healthz`: the problems of this process, for monitoring."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from feedstate import FeedState
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import commit, entry
from timeline import TimelineError


async def test_a_healthy_process_is_ok(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    assert await site.json("/healthz") == {
        "status": "ok",
        "problem": None,
        "readers": {"blog": 0, "other": 0},
        "feeds": {"followed": 1, "failing": 0},
        "failing": [],
        "slow_patterns": [],
    }


async def test_a_pattern_that_takes_too_long_is_listed_without_secrets(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.poller.slow_patterns.add("https://example.org/feed.xml", [("blog", "/(a+)+z/")])
    site.poller.slow_patterns.add("https://example.org/feed.xml", [("other", "https://u:secret@example.org/")])
    health = await site.json("/healthz")
    assert health["status"] == "ok"
    first, second = health["slow_patterns"]
    assert first == {"feed": "example.org/feed.xml", "blog": "blog", "pattern": "/(a+)+z/"}
    assert "secret" not in second["pattern"] + caplog.text
    caplog.clear()


async def test_a_failing_feed_is_listed_with_its_history_and_next_try(site: Site) -> None:
    await commit(
        site.timeline,
        entry("a"),
        problem="Answered 500.",
        failures=2,
        failing_since=1_790_000_000.0,
        status=500,
    )
    health = await site.json("/healthz")
    assert health["status"] == "ok"
    (failing,) = health["failing"]
    assert failing["feed"] == "example.org/feed.xml"
    assert failing["problem"] == "Answered 500."
    assert failing["failures"] == 2
    assert failing["since"] == "2026-09-21T14:13:20Z"


async def test_a_timeline_that_cannot_be_read_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(_: int) -> Sequence[FeedState]:
        raise TimelineError("disk I/O error")

    monkeypatch.setattr(site.timeline, "failing", down)
    assert (await site.get("/healthz")).code == 503


async def test_a_timeline_that_cannot_be_written_is_a_503(site: Site) -> None:
    site.poller.trouble = "database or disk is full"
    answer = await site.get("/healthz")
    assert answer.code == 503
    assert (await site.json("/healthz"))["problem"] == "database or disk is full"


async def test_a_fan_out_that_crashed_is_a_503(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.fanout._channels.clear()  # a bug, as far as the fan-out can tell
    await commit(site.timeline, entry("a"))
    await until(lambda: site.fanout.trouble is not None)
    assert (await site.get("/healthz")).code == 503
    assert "bug" in (await site.json("/healthz"))["problem"]
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["CRITICAL"]
    caplog.clear()
