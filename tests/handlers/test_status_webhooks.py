"""Webhooks on `/status` and in `/metrics`: what was not delivered, with the remedy, and no secret."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from config import Blog, Config
from delivery.webhook_targets import reconcile, stored
from tests.site import Site
from tests.timeline.drafts import commit, entry

SECRET = "hunter2hunter2"
WEBHOOKS = [
    {"url": f"https://hooks.slack.com/services/{SECRET}", "template": "slack"},
    {"url": f"https://a.example/{SECRET}", "name": "ours", "headers": {"X-Key": SECRET}},
]


@pytest.fixture
def settings() -> Config:
    """A blog with two webhooks."""
    return Config(blogs=(Blog.model_validate({"slug": "blog", "title": "A blog", "webhooks": WEBHOOKS}),))


async def failing(site: Site) -> None:
    """Stores both webhooks, of which one fails, and an event that waits for it."""
    await reconcile(site.timeline, site.served.config)
    found = {target.name: target for target in (await stored(site.timeline)).values()}
    problem = replace(
        found["hooks.slack.com"],
        problem="The answer was 404 Not Found.",
        failures=4,
        failing_since=1.0,
        undelivered=7,
    )
    await commit(site.timeline, entry("a"))
    await site.timeline.put_job(problem.job, 0.0)


async def test_a_failing_webhook_is_told_with_its_remedy(site: Site) -> None:
    await failing(site)
    text = re.sub(r"\s+", " ", (await site.admin("/status", Accept="text/html")).body.decode())
    assert "<title>▲ Status" in text
    assert "make a new one there" in text
    assert "The answer was 404 Not Found." in text
    assert "<span>1 event waits</span> <span>7 events were not delivered</span>" in text
    assert text.index("hooks.slack.com") < text.index("ours")
    assert SECRET not in text


async def test_programs_get_the_same(site: Site) -> None:
    await failing(site)
    report = await site.admin_json("/status")
    slack, ours = report["webhooks"]
    assert (slack["name"], slack["state"], slack["cause"]) == ("hooks.slack.com", "failing", "missing")
    assert (slack["waiting"], slack["undelivered"], slack["failures"]) == (1, 7, 4)
    assert (ours["name"], ours["host"], ours["state"]) == ("ours", "a.example", "waiting")
    assert SECRET not in json.dumps(report)


async def test_metrics_name_the_webhooks(site: Site) -> None:
    await failing(site)
    text = (await site.admin("/metrics")).body.decode()
    assert 'livelog_webhook_undelivered_total{blog="blog",webhook="hooks.slack.com"} 7.0' in text
    assert 'livelog_webhook_failing_seconds{blog="blog",webhook="ours"} 0.0' in text
    assert SECRET not in text


async def test_before_the_store_has_them_they_wait(site: Site) -> None:
    assert [row["state"] for row in (await site.admin_json("/status"))["webhooks"]] == ["waiting", "waiting"]
