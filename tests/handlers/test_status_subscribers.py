"""Subscribers of the hub on `/status` and in `/metrics`: those that fail, by the hosts of their callbacks alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.subscriptions import Request, Subscription, new_target
from tests.site import Site

TOPIC = "https://live.example.org/blog/feed.xml"
SECRET = "hunter2hunter2"


@pytest.fixture
async def subscribed(site: Site) -> Site:
    """Three subscriptions; two of one host fail."""
    hosts = {"a": "reader.example", "b": "broken.example", "c": "broken.example"}
    for name, host in hosts.items():
        callback = f"https://{host}/{SECRET}/{name}"
        request = Request(mode="subscribe", callback=callback, topic=TOPIC, secret=SECRET)
        settings = Subscription(callback=callback, topic=TOPIC, until=9e9, secret=SECRET).settings
        target = replace(new_target(request, "blog", ""), settings=settings)
        if host == "broken.example":
            target = replace(
                target,
                problem="The answer was 500 Internal Server Error.",
                failing_since=1.0,
                failures=9,
                undelivered=2,
            )
        await site.timeline.put_job(target.job, 9e9)
    return site


async def test_failing_hosts_are_told_with_a_remedy_and_without_callbacks(subscribed: Site) -> None:
    report = await subscribed.admin_json("/status")
    assert report["subscribers"] == {
        "subscriptions": 3,
        "failing": 2,
        "undelivered": 4,
        "hosts": [
            {
                "host": "broken.example",
                "subscriptions": 2,
                "problem": "The answer was 500 Internal Server Error.",
                "cause": "server_fault",
                "what": "Its server has a fault.",
                "remedy": "Those who run it have to mend that. Livelog keeps trying until the subscription ends.",
                "since": "1970-01-01T00:00:01Z",
                "undelivered": 4,
            }
        ],
    }
    page = (await subscribed.admin("/status", Accept="text/html")).body.decode()
    assert "3 WebSub subscriptions to feeds of this server · 4 events were not delivered" in page
    assert "broken.example" in page
    assert SECRET not in f"{report} {page}"


async def test_metrics_count_subscriptions_and_name_no_host(subscribed: Site) -> None:
    text = (await subscribed.admin("/metrics")).body.decode()
    assert 'livelog_subscriptions{state="all"} 3.0' in text
    assert 'livelog_subscriptions{state="failing"} 2.0' in text
    assert "livelog_subscriptions_undelivered 4.0" in text
    assert "broken.example" not in text
    assert SECRET not in text
