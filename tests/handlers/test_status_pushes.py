"""Sources with a hub on `/status` and in `/metrics`: subscriptions, trust, and remedies."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from config import Config
from feed_subscription import KIND, FeedSubscription, Phase, group_of, new_token
from handlers import status_pushes
from handlers.status_pushes import COST_FACTOR, Pushes
from tests.site import Site
from tests.timeline.drafts import FEED, commit, entry
from timeline import Job

SECRET = "hunter2hunter2"
HUB = f"https://hub.example.org/?token={SECRET}"


async def known(site: Site, phase: Phase | None = "active", problem: str | None = None, **state: Any) -> None:
    """A feed with a hub, and its subscription."""
    now = site.timeline.now()
    await commit(site.timeline, entry("a"), title="Example", hub=HUB, topic=FEED, **state)
    if phase:
        one = FeedSubscription(
            feed=FEED,
            hub=HUB,
            topic=FEED,
            callback="",
            secret=SECRET,
            phase=phase,
            until=now + 90_000,
            problem=problem,
        )
        await site.timeline.put_job(Job(KIND, new_token(), group_of(FEED), one.to_json()), now + 1_000)
    site.served.sources.clear()


async def section(site: Site) -> str:
    """The part of the page about hubs, without tags."""
    text = (await site.admin("/status", Accept="text/html")).body.decode()
    found = re.search(r'<section aria-labelledby="pushes">.*?</section>', text, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", found[0])) if found else ""


async def told(site: Site) -> dict[str, Any]:
    """The only row, for programs."""
    report = (await site.admin_json("/status"))["pushes"]
    assert SECRET not in json.dumps(report)
    (row,) = report["sources"]
    found: dict[str, Any] = row
    return found


async def test_a_trusted_hub_is_told_with_the_end_of_the_subscription(site: Site) -> None:
    await known(site, pushes=12, pushed_at=site.timeline.now() - 60, push_trusted=True)
    text = await section(site)
    assert "hub.example.org" in text
    assert "pushed first in 25 h 12 60 s ago" in text
    assert SECRET not in text
    row = await told(site)
    assert (row["subscription"], row["trusted"], row["pushes"], row["cause"]) == ("active", True, 12, None)


async def test_a_dead_hub_is_told_with_the_posts_that_polls_found_and_the_remedy(site: Site) -> None:
    await known(site, missed=3, distrusted_at=site.timeline.now() - 7_200, pushed_until=1)
    text = await section(site)
    assert "Its hub is dead or late" in text
    assert "Posts that polls found first: 3, since 2 h ago." in text
    row = await told(site)
    assert (row["cause"], row["missed"], row["trusted"]) == ("hub_dead", 3, False)


@pytest.mark.parametrize(
    ("phase", "problem", "cause"),
    [
        ("denied", "The hub has denied the subscription: no", "hub_denied"),
        ("pending", "The hub has accepted the subscription, and has not confirmed it.", "hub_unconfirmed"),
        ("pending", "The hub gave no answer. The connection was refused.", "hub_away"),
        ("pending", "The hub answered 503 Service Unavailable.", "hub_away"),
        ("pending", "The hub answered 404 Not Found.", "hub_refuses"),
        ("pending", "The hub answered 404 Not Found: it has denied it, answered 500", "hub_refuses"),
        ("pending", "The hub answered 400 Bad Request: hub.callback must not lead …", "hub_callback"),
    ],
)
async def test_a_subscription_that_fails_is_told_with_its_remedy(
    site: Site, phase: Phase, problem: str, cause: str
) -> None:
    await known(site, phase, problem)
    row = await told(site)
    assert (row["cause"], row["problem"]) == (cause, problem)
    assert row["remedy"] in await section(site)


async def test_subscriptions_and_requests_are_counted(site: Site) -> None:
    await known(site)
    assert (await site.get(f"/websub/{new_token()}")).code == 404
    metrics = (await site.admin("/metrics")).body.decode()
    assert "livelog_hub_subscriptions 1.0" in metrics
    assert 'livelog_hub_requests_total{outcome="unknown"} 1.0' in metrics
    assert 'livelog_pushes_total{outcome="new"} 0.0' in metrics


async def test_a_site_without_hubs_says_nothing_of_them(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    assert await section(site) == ""


class TestWithoutPublicUrl:
    """No hub can reach this server."""

    @pytest.fixture
    def settings(self, settings: Config) -> Config:
        server = settings.server.model_copy(update={"public_url": None})
        return settings.model_copy(update={"server": server})

    async def test_the_setting_that_lacks_is_named(self, site: Site) -> None:
        await known(site, None)
        assert "1 source names a hub. Set server.public_url" in await section(site)


async def test_many_subscriptions_are_read_once_in_a_while(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_pushes, "MAX_CHEAP", 0)
    await known(site)
    now = 100.0
    pushes = Pushes(site.timeline, lambda: now)
    read, jobs = 0, site.timeline.jobs

    async def slow(*arguments: Any, **named: Any) -> Any:
        nonlocal now, read
        now, read = now + 0.5, read + 1
        return await jobs(*arguments, **named)

    monkeypatch.setattr(site.timeline, "jobs", slow)
    states = await site.served.sources.states()
    config = site.served.config
    rows = [await pushes.rows(config, states) for _ in range(3)]
    assert (read, [one.subscribed for one in rows]) == (2, [1, 1, 1]), "a page of jobs, and an empty one"
    now += COST_FACTOR * 1.0
    await pushes.rows(config, states)
    await pushes.rows(config.model_copy(), states)
    assert read == 6
