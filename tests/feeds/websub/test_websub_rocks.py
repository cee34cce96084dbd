"""The tests of https://websub.rocks for subscribers, by their numbers, against a hub that does what its hubs do.

Its topics are web pages; Livelog subscribes to feeds. So 100 is a feed with links in its headers, and 101 a page that
names a feed, which names its own hub.
"""

from __future__ import annotations

import pytest

from tests.feeds.documents import atom, rss
from tests.feeds.websub.conftest import Subscriber
from tests.feeds.websub.hub import Hub
from tests.livelog import until

ONE, TWO = "<guid>1</guid><title>One</title>", "<guid>2</guid><title>Two</title>"


def entry(number: int, title: str) -> str:
    return f"<id>urn:{number}</id><title>{title}</title><updated>2026-11-30T12:00:00Z</updated>"


def atom_links(hub: Hub, path: str) -> str:
    """The links of an RSS channel to itself and to its hub."""
    return "".join(
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="{rel}" href="{hub.url(target)}"/>'
        for rel, target in (("self", path), ("hub", "/hub"))
    )


async def subscribes(subscriber: Subscriber, hub: Hub, url: str, topic: str) -> None:
    """Follows a feed, and gets what its hub pushes for a topic."""
    await subscriber.follow(url)
    one = await hub.subscribed()
    assert one.topic == topic
    assert one.callback.startswith(f"{subscriber.public_url}/websub/")
    assert 32 <= len(one.secret.encode()) < 200
    before = await subscriber.titles()
    assert await hub.push(one, rss("<guid>pushed</guid><title>Pushed</title>")) == 202
    await subscriber.shows("Pushed", *filter(None, before))


async def test_100_http_header_discovery(subscriber: Subscriber, hub: Hub) -> None:
    url = hub.publish("/feed", rss(ONE))
    await subscribes(subscriber, hub, url, url)


async def test_101_html_tag_discovery(subscriber: Subscriber, hub: Hub) -> None:
    hub.publish("/feed", rss(ONE, channel=f"<title>News</title>{atom_links(hub, '/feed')}"), hub=None)
    page = (
        '<!DOCTYPE html><html><head><link rel="hub" href="/hub-of-the-page"><link rel="self" href="/page">'
        '<link rel="alternate" type="application/rss+xml" href="/feed"></head><body></body></html>'
    )
    url = hub.publish("/page", page.encode(), hub=None, Content_Type="text/html")
    await subscribes(subscriber, hub, url, hub.url("/feed"))


async def test_102_atom_feed_discovery(subscriber: Subscriber, hub: Hub) -> None:
    links = f'<link rel="self" href="{hub.url("/atom")}"/><link rel="hub" href="{hub.url("/hub")}"/>'
    url = hub.publish("/atom", atom(entry(1, "One"), feed=f"<title>News</title>{links}"), hub=None)
    await subscribes(subscriber, hub, url, url)


async def test_103_rss_feed_discovery(subscriber: Subscriber, hub: Hub) -> None:
    url = hub.publish("/rss", rss(ONE, channel=f"<title>News</title>{atom_links(hub, '/rss')}"), hub=None)
    await subscribes(subscriber, hub, url, url)


async def test_104_discovery_priority(subscriber: Subscriber, hub: Hub) -> None:
    """The links in the headers count, not those in the document."""
    links = '<link rel="self" href="/wrong"/><link rel="hub" href="/wrong-hub"/>'
    url = hub.publish("/feed", atom(entry(1, "One"), feed=f"<title>News</title>{links}"))
    await subscribes(subscriber, hub, url, url)
    assert {path for path, _ in hub.requests} == {"/hub"}


async def test_200_subscribing_to_a_url_that_reports_a_different_self(subscriber: Subscriber, hub: Hub) -> None:
    url = hub.publish("/feed", rss(ONE), self_path="/canonical")
    await subscribes(subscriber, hub, url, hub.url("/canonical"))


@pytest.mark.parametrize("status", [pytest.param(302, id="201"), pytest.param(301, id="202")])
async def test_201_and_202_a_topic_that_redirects(subscriber: Subscriber, hub: Hub, status: int) -> None:
    hub.publish("/target", rss(ONE))
    url = hub.publish("/feed", b"", hub=None, Location="/target")
    hub.topics["/feed"].status = status
    await subscribes(subscriber, hub, url, hub.url("/target"))


@pytest.mark.parametrize("status", [pytest.param(307, id="203"), pytest.param(308, id="204")])
async def test_203_and_204_a_hub_that_redirects(subscriber: Subscriber, hub: Hub, status: int) -> None:
    """The same request is sent to where the redirect leads."""
    hub.answers["/hub"] = (status, {"Location": "/other-hub"})
    url = hub.publish("/feed", rss(ONE))
    await subscribes(subscriber, hub, url, url)
    (first, sent), (second, again) = hub.requests
    assert (first, second, sent) == ("/hub", "/other-hub", again)


async def test_205_rejects_a_verification_of_an_invalid_topic(subscriber: Subscriber, hub: Hub) -> None:
    hub.verifies = False
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    await until(lambda: hub.subscriptions)
    (one,) = hub.subscriptions
    answer = await hub.get(
        one.callback, mode="subscribe", topic=hub.url("/invalid"), challenge="abc", lease_seconds=9
    )
    assert (answer.code, b"abc" in answer.body) == (404, False)
    assert await hub.push(one, rss(TWO)) == 404, "nothing was subscribed"
    assert await hub.verify(one), "the true one is still pending"


async def test_300_returns_2xx_when_the_payload_is_delivered(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    one = await hub.subscribed()
    for number, method in enumerate(("sha1", "sha256", "sha384", "sha512")):
        assert await hub.push(one, rss(f"<guid>{method}</guid><title>{method}</title>"), method=method) == 202
        await subscriber.shows(*("sha512", "sha384", "sha256", "sha1")[3 - number :], "One")


async def test_301_rejects_a_push_with_an_invalid_signature(subscriber: Subscriber, hub: Hub) -> None:
    """It is acknowledged, so that a prober learns nothing, and discarded."""
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    one = await hub.subscribed()
    invalid = "sha256=" + "0" * 64
    for signature in (invalid, "sha1=", "md5=" + "0" * 40, "nonsense", "sha256=é"):
        assert await hub.push(one, rss(TWO), signature=signature) == 202
    assert await hub.push(one, rss("<guid>3</guid><title>Three</title>")) == 202
    await subscriber.shows("Three", "One")


async def test_302_rejects_a_push_without_a_signature(subscriber: Subscriber, hub: Hub) -> None:
    """With the status of an unknown callback: a subscription always has a secret."""
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    one = await hub.subscribed()
    assert await hub.push(one, rss(TWO), signature="") == 404
    assert await hub.push(one, rss("<guid>3</guid><title>Three</title>")) == 202
    await subscriber.shows("Three", "One")
