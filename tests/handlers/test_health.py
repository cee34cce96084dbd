"""`/healthz` and `/readyz`: the public ones, and those of the admin address, which name the problem."""

from __future__ import annotations

import json

import pytest

from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import commit, entry
from timeline import TimelineError


async def test_a_healthy_process_is_ok(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    assert await site.admin_json("/healthz") == {
        "status": "ok",
        "problem": None,
        "readers": {"blog": 0, "other": 0},
        "feeds": {"followed": 1, "failing": 0},
        "failing": [],
        "slow_patterns": [],
    }


async def test_the_public_address_says_no_more_than_ok(site: Site) -> None:
    await commit(site.timeline, problem="Answered 500.", failures=2)
    for path in ("/healthz", "/readyz"):
        answer = await site.get(path)
        assert (answer.code, json.loads(answer.body)) == (200, {"status": "ok"})


async def test_a_process_that_cannot_work_lives(site: Site) -> None:
    site.poller.trouble = "database or disk is full"
    answer = await site.get("/healthz")
    assert (answer.code, json.loads(answer.body)) == (200, {"status": "ok"})
    assert [(await site.admin(path)).code for path in ("/healthz", "/readyz")] == [200, 503]
    assert (await site.admin_json("/readyz"))["problem"] == "database or disk is full"


async def test_a_process_that_has_not_started_is_not_ready(site: Site) -> None:
    site.served.is_starting = True
    assert [(await site.get(path)).code for path in ("/healthz", "/readyz")] == [200, 503]
    assert (await site.admin_json("/readyz"))["problem"] == "This server has not started yet."


async def test_a_process_that_stops_is_not_ready_and_says_why_on_the_admin_address(site: Site) -> None:
    site.listener.shut()
    answer = await site.admin("/readyz")
    assert (answer.code, json.loads(answer.body)["problem"]) == (503, "This server is about to stop.")


async def test_a_pattern_that_takes_too_long_is_listed_without_secrets(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.poller.slow_patterns.add("https://example.org/feed.xml", [("blog", "/(a+)+z/")])
    site.poller.slow_patterns.add("https://example.org/feed.xml", [("other", "https://u:secret@example.org/")])
    health = await site.admin_json("/healthz")
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
    health = await site.admin_json("/healthz")
    assert health["status"] == "ok"
    (failing,) = health["failing"]
    assert failing["feed"] == "example.org/feed.xml"
    assert failing["problem"] == "Answered 500."
    assert failing["failures"] == 2
    assert failing["since"] == "2026-09-21T14:13:20Z"


async def test_a_timeline_that_cannot_be_read_is_a_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down() -> int:
        raise TimelineError("disk I/O error")

    monkeypatch.setattr(site.timeline, "failing_count", down)
    assert (await site.get("/readyz")).code == 503


async def test_a_timeline_that_cannot_be_written_is_a_503(site: Site) -> None:
    site.poller.trouble = "database or disk is full"
    answer = await site.get("/readyz")
    assert answer.code == 503
    assert json.loads(answer.body) == {"status": "failing"}
    assert (await site.admin_json("/healthz"))["problem"] == "database or disk is full"


async def test_a_fan_out_that_crashed_is_a_503(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.fanout._channels.clear()  # a bug, as far as the fan-out can tell
    await commit(site.timeline, entry("a"))
    await until(lambda: site.fanout.trouble is not None)
    assert (await site.get("/readyz")).code == 503
    assert "bug" in (await site.admin_json("/healthz"))["problem"]
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["CRITICAL"]
    caplog.clear()
