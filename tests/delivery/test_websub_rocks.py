"""The tests of https://websub.rocks/hub, by their numbers."""

from __future__ import annotations

import json

from feeds.parser.document import Reading, parse
from tests.delivery.conftest import SITE, Hub
from tests.delivery.subscriber import Subscriber
from tests.livelog import until
from tests.timeline.drafts import commit, entry

XML = f"{SITE}/blog/feed.xml"
TEN_DAYS = 864_000


async def test_100_typical_subscriber_request(hub: Hub, subscriber: Subscriber) -> None:
    await hub.subscribe(subscriber.callback("/callback?id=7&hub.test=a%20b"))
    asked = await subscriber.verified()
    assert (asked["hub.mode"], asked["hub.topic"], asked["id"], asked["hub.test"]) == ("subscribe", XML, "7", "a b")
    assert asked["hub.lease_seconds"] == str(TEN_DAYS)
    assert len(asked["hub.challenge"]) > 20
    await commit(hub.timeline, entry("a", "Tide & time"))
    push = await subscriber.pushed()
    assert push.path == "/callback?id=7&hub.test=a%20b"
    assert push.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert f'<{SITE}/hub>; rel="hub"' in push.headers["link"]
    assert f'<{XML}>; rel="self"' in push.headers["link"]
    assert "x-hub-signature" not in push.headers
    (read,) = parse(Reading(body=push.body, url=XML, base=XML)).entries
    assert read.title == "Tide & time"


async def test_101_subscription_with_secret(hub: Hub, subscriber: Subscriber) -> None:
    await hub.subscribe(subscriber.callback(), secret="gehéim")
    await subscriber.verified()
    await commit(hub.timeline, entry("a"))
    push = await subscriber.pushed()
    assert push.headers["x-hub-signature"].startswith("sha256=")
    assert push.is_signed("gehéim")
    assert not push.is_signed("another")


async def test_102_subscriber_sends_additional_parameters(hub: Hub, subscriber: Subscriber) -> None:
    await hub.subscribe(subscriber.callback(), foo="bar", verify="sync", verify_token="x")
    asked = await subscriber.verified()
    assert set(asked) == {"hub.mode", "hub.topic", "hub.challenge", "hub.lease_seconds"}
    await commit(hub.timeline, entry("a"))
    await subscriber.pushed()


async def test_103_re_subscribes_before_expiration(hub: Hub, subscriber: Subscriber) -> None:
    await hub.subscribe(subscriber.callback(), secret="first", lease_seconds=600)
    await subscriber.verified()
    await commit(hub.timeline, entry("a"))
    assert (await subscriber.pushed()).is_signed("first")
    await hub.subscribe(subscriber.callback(), secret="second", lease_seconds=1200)
    assert (await subscriber.verified(2))["hub.lease_seconds"] == "1200"

    async def renewed() -> bool:
        return [target.settings["secret"] for target in await hub.targets()] == ["second"]

    await until(renewed)
    await commit(hub.timeline, entry("b"))
    assert (await subscriber.pushed(2)).is_signed("second")
    assert len(await hub.targets()) == len(subscriber.pushes) - 1 == 1, "it has one subscription"


async def test_104_unsubscription(hub: Hub, subscriber: Subscriber) -> None:
    await hub.subscribe(subscriber.callback())
    await subscriber.verified()
    await commit(hub.timeline, entry("a"))
    await subscriber.pushed()
    answer = await hub.post(mode="unsubscribe", callback=subscriber.callback(), topic=XML)
    assert answer.code == 202
    asked = await subscriber.verified(2)
    assert (asked["hub.mode"], asked["hub.topic"]) == ("unsubscribe", XML)

    async def gone() -> bool:
        return not await hub.targets()

    await until(gone)
    await commit(hub.timeline, entry("b"))
    assert len(subscriber.pushes) == 1


async def test_105_plaintext_topic(hub: Hub, subscriber: Subscriber) -> None:
    topic = f"{SITE}/blog/feed.txt"
    await commit(hub.timeline, entry("before"))
    await hub.subscribe(subscriber.callback(), topic)
    await subscriber.verified()
    await commit(hub.timeline, entry("a", "Ferries run again"))
    push = await subscriber.pushed()
    assert push.headers["content-type"] == "text/plain; charset=utf-8"
    assert f'<{topic}>; rel="self"' in push.headers["link"]
    assert "Ferries run again" in push.body.decode()
    assert "before" in push.body.decode(), "text is distributed whole"


async def test_106_json_topic(hub: Hub, subscriber: Subscriber) -> None:
    topic = f"{SITE}/blog/feed.json"
    await commit(hub.timeline, entry("before"))
    await hub.subscribe(subscriber.callback(), topic)
    await subscriber.verified()
    await commit(hub.timeline, entry("a"), withdrawn=[("blog", "before")])
    push = await subscriber.pushed()
    assert push.headers["content-type"] == "application/feed+json; charset=utf-8"
    assert f'<{topic}>; rel="self"' in push.headers["link"]
    feed = json.loads(push.body)
    assert [item["title"] for item in feed["items"]] == ["a"], "only what has changed"
    assert [gone["id"] for gone in feed["_livelog"]["withdrawn"]] == ["before"]
    assert feed["hubs"] == [{"type": "WebSub", "url": f"{SITE}/hub"}]
