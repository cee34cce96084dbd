"""The hub with subscribers that do not do what they should, and what each is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from clock import steady
from config import Blog, Config, Fetch
from delivery import documents, queue
from delivery.client import DeliveryClient
from delivery.subscriptions import Request, Subscription, new_target
from delivery.target import KIND, Target
from delivery.websub_hub import WebSubHub
from entries import Source
from tests.delivery.conftest import SITE, Hub, private
from tests.delivery.subscriber import Subscriber
from tests.livelog import until
from tests.timeline.drafts import commit, entry

XML, JSON = f"{SITE}/blog/feed.xml", f"{SITE}/blog/feed.json"


async def no_targets(hub: Hub) -> bool:
    return not await hub.targets()


async def follow(hub: Hub, callback: str, topic: str = JSON, **fields: Any) -> Target:
    """Stores a subscription that was confirmed a moment ago; returns its target."""
    form = {"hub.mode": "subscribe", "hub.callback": callback, "hub.topic": topic}
    request = Request.of(form, hub.site.served.config.fetch.private_networks)
    subscription = Subscription(**{"callback": callback, "topic": topic, "until": hub.timeline.now() + 900, **fields})
    blog = topic.removeprefix(f"{SITE}/").partition("/")[0]
    made = new_target(request, blog, str(await hub.timeline.head(blog)))
    target = replace(made, settings=subscription.settings, delivered_at=hub.timeline.now())
    await hub.timeline.put_job(target.job, hub.timeline.now())
    return target


def titles(body: bytes) -> list[str]:
    return [item["title"] for item in json.loads(body)["items"]]


@pytest.mark.parametrize("answer", [None, "", "something else", "x" * 100_000])
async def test_a_callback_that_does_not_confirm_gets_nothing(
    hub: Hub, subscriber: Subscriber, answer: str | None
) -> None:
    subscriber.confirm = lambda _: answer
    await hub.subscribe(subscriber.callback())
    await subscriber.verified()
    await until(lambda: no_targets(hub))
    await commit(hub.timeline, entry("a"))
    assert subscriber.pushes == []


async def test_a_request_that_is_not_confirmed_leaves_the_subscription_as_it_was(
    hub: Hub, subscriber: Subscriber
) -> None:
    await follow(hub, subscriber.callback(), secret="mine")
    subscriber.confirm = lambda _: None
    await hub.subscribe(subscriber.callback(), JSON, secret="a stranger's")
    assert (await hub.post(mode="unsubscribe", callback=subscriber.callback(), topic=JSON)).code == 202
    await subscriber.verified()
    await commit(hub.timeline, entry("a"))
    assert (await subscriber.pushed()).is_signed("mine")


async def test_a_request_that_is_repeated_during_a_push_repeats_no_document_and_takes_effect(
    hub: Hub, subscriber: Subscriber
) -> None:
    await follow(hub, subscriber.callback(), secret="first")
    subscriber.going.clear()
    await commit(hub.timeline, entry("a"))
    await until(lambda: subscriber.hung == 1)
    await hub.subscribe(subscriber.callback(), JSON, secret="second")
    await subscriber.verified()
    subscriber.going.set()
    await until(lambda: has_secret(hub, "second"))
    assert await is_alone(hub)
    await commit(hub.timeline, entry("b"))
    assert (await subscriber.pushed(2)).is_signed("second")
    assert [titles(push.body) for push in subscriber.pushes] == [["a"], ["b"]]
    assert len(subscriber.verifications) == 1


async def test_a_request_that_is_repeated_shortens_no_back_off_and_takes_effect(
    hub: Hub, subscriber: Subscriber
) -> None:
    await follow(hub, subscriber.callback())
    subscriber.answer = "503 Service Unavailable\r\nRetry-After: 600"
    await commit(hub.timeline, entry("a"))
    await until(lambda: hub.deliveries.counts["failed"] == 1)
    await until(lambda: hub.deliveries.idle)
    for secret in ("a stranger's", "mine"):
        await hub.subscribe(subscriber.callback(), JSON, secret=secret)
        await until(lambda secret=secret: has_secret(hub, secret))
        await until(lambda: is_alone(hub))
    (target,) = await hub.targets()
    assert (target.failures, len(subscriber.pushes)) == (1, 1)
    assert Subscription.of(target).until > hub.timeline.now() + 900
    assert await hub.timeline.claim_jobs(KIND, hub.timeline.now() + 500, 9, 1.0) == []


async def has_secret(hub: Hub, secret: str) -> bool:
    found = [Subscription.of(target) for target in await hub.targets() if target.sort == "hub"]
    return [one.secret for one in found] == [secret]


async def is_alone(hub: Hub) -> bool:
    """True once the subscription is there alone, without a request."""
    await until(lambda: hub.deliveries.idle)
    return [target.sort for target in await hub.targets()] == ["hub"]


async def test_a_subscription_that_begins_anew_while_it_ends_is_kept(hub: Hub, subscriber: Subscriber) -> None:
    await follow(hub, subscriber.callback())
    subscriber.answer = "410 Gone"
    subscriber.going.clear()
    await commit(hub.timeline, entry("a"))
    await until(lambda: subscriber.hung == 1)
    await hub.subscribe(subscriber.callback(), JSON)
    subscriber.answer = "204 No Content"
    subscriber.going.set()
    await subscriber.verified()
    await commit(hub.timeline, entry("b"))
    await until(lambda: "b" in titles(subscriber.pushes[-1].body))


async def test_redirects_are_not_followed(hub: Hub, subscriber: Subscriber) -> None:
    await follow(hub, subscriber.callback())
    subscriber.answer = f"307 Temporary Redirect\r\nLocation: {subscriber.callback('/other')}"
    await commit(hub.timeline, entry("a"))
    await subscriber.pushed()
    await until(lambda: hub.deliveries.counts["failed"] == 1)
    assert [push.path for push in subscriber.pushes] == ["/callback"]


async def test_a_callback_that_is_gone_ends_its_subscription(hub: Hub, subscriber: Subscriber) -> None:
    await follow(hub, subscriber.callback())
    subscriber.answer = "410 Gone"
    await commit(hub.timeline, entry("a"))
    await until(lambda: no_targets(hub))


async def test_a_push_that_failed_is_kept_with_its_reason_and_a_retry_after(hub: Hub, subscriber: Subscriber) -> None:
    await follow(hub, subscriber.callback())
    subscriber.answer = "503 Service Unavailable\r\nRetry-After: 600"
    await commit(hub.timeline, entry("a"))
    await until(lambda: hub.deliveries.counts["failed"] == 1)

    async def problem() -> bool:
        (target,) = await hub.targets()
        return (target.problem, target.failures) == ("The answer was 503 Service Unavailable.", 1)

    await until(problem)


async def test_a_name_that_leads_into_a_private_network_is_not_asked(
    hub: Hub, subscriber: Subscriber, settings: Config
) -> None:
    hub.deliveries.apply(settings.model_copy(update={"fetch": Fetch()}))
    await hub.subscribe(subscriber.callback().replace("127.0.0.1", "localhost"))
    await until(lambda: no_targets(hub))
    assert subscriber.verifications == []


async def test_a_lease_that_has_ended_is_forgotten(
    hub: Hub, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(hub, subscriber.callback(), until=hub.timeline.now() - 1)
    await until(lambda: no_targets(hub))
    assert not subscriber.pushes
    assert not subscriber.denials


async def test_a_clock_that_is_set_forward_ends_no_lease(hub: Hub, settings: Config) -> None:
    target = await follow(hub, "https://reader.example/push")
    client = DeliveryClient("Livelog/test", settings.fetch, hub.timeline.now)
    ahead = passed = 0.0
    sender = WebSubHub(
        settings, hub.timeline, client, lambda: hub.timeline.now() + ahead + passed, lambda: steady() + passed
    )
    ahead = 1e7
    exchange = await sender.prepare(target, ())
    assert not (await exchange(lambda _: None)).is_removed
    assert sender.due(target) > hub.timeline.now() + ahead
    passed = 901.0
    assert (await exchange(lambda _: None)).is_removed
    assert sender.due(target) <= hub.timeline.now() + ahead + passed
    client.close()


@pytest.mark.parametrize("blogs", [(), (private("blog"),)])
async def test_subscribers_of_a_blog_that_goes_or_turns_private_are_denied(
    hub: Hub, subscriber: Subscriber, settings: Config, blogs: tuple[Blog, ...]
) -> None:
    await follow(hub, subscriber.callback("/a?x=y"))
    await follow(hub, subscriber.callback("/other"), f"{SITE}/other/feed.xml")
    await until(lambda: hub.deliveries.idle)
    other = settings.by_slug["other"]
    hub.deliveries.apply(settings.model_copy(update={"blogs": (*blogs, other)}))
    await until(lambda: subscriber.denials)
    assert subscriber.denials == [
        {"hub.mode": "denied", "hub.topic": JSON, "hub.reason": "This feed is not distributed any more.", "x": "y"}
    ]

    async def one_is_left() -> bool:
        return [target.blog for target in await hub.targets()] == ["other"]

    await until(one_is_left)


async def test_changes_that_come_during_a_push_are_pushed_together_as_they_are_in_the_end(
    hub: Hub, subscriber: Subscriber
) -> None:
    await follow(hub, subscriber.callback())
    subscriber.going.clear()
    await commit(hub.timeline, entry("first"))
    await until(lambda: subscriber.hung == 1)
    await commit(hub.timeline, entry("a"), entry("b"), entry("c"))
    await commit(hub.timeline, entry("b", "corrected"), withdrawn=[("blog", "c")])
    subscriber.going.set()
    push = await subscriber.pushed(2)
    assert titles(push.body) == ["corrected", "a"]
    assert [gone["id"] for gone in json.loads(push.body)["_livelog"]["withdrawn"]] == ["c"]


async def test_a_topic_with_a_filter_has_the_entries_that_match(hub: Hub, subscriber: Subscriber) -> None:
    by_source, by_tag = f"{JSON}?source=City%20Hall", f"{JSON}?tag=ferries"
    await follow(hub, subscriber.callback("/source"), by_source)
    await follow(hub, subscriber.callback("/tag"), by_tag)
    council = replace(entry("council"), source=Source("City Hall", None, "https://city.example/feed"))
    await commit(hub.timeline, entry("ferry", tags=("ferries",)), council, entry("neither"))
    await subscriber.pushed(2)
    assert {push.path: titles(push.body) for push in subscriber.pushes} == {"/source": ["council"], "/tag": ["ferry"]}
    await commit(hub.timeline, entry("neither", "again"))
    await until(lambda: hub.deliveries.idle)
    assert len(subscriber.pushes) == 2, "nothing for them"


async def test_a_document_is_bounded_and_the_rest_comes_in_the_next(
    hub: Hub, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 10_000)
    await follow(hub, subscriber.callback())
    sizes = {"a": 4_000, "b": 4_000, "c": 30_000, "d": 4_000}
    await commit(hub.timeline, *(entry(name, content_html="x" * size) for name, size in sizes.items()))
    await subscriber.pushed(3)
    assert [titles(push.body) for push in subscriber.pushes] == [["b", "a"], ["c"], ["d"]]


async def test_a_document_is_made_once_for_all_subscribers(hub: Hub, subscriber: Subscriber) -> None:
    for n in range(50):
        await follow(hub, subscriber.callback().replace("127.0.0.1", f"127.0.1.{n + 1}"))
    await until(lambda: hub.deliveries.idle)
    await commit(hub.timeline, entry("a"))
    await subscriber.pushed(50)
    assert hub.deliveries.documents_made == 1


async def test_callbacks_that_never_answer_do_not_delay_another_subscriber(
    hub: Hub, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred of the same blog, on forty hosts, that answered well before."""
    monkeypatch.setattr(queue, "DELIVERY_SECONDS", 60.0)
    for n in range(200):
        await follow(hub, subscriber.callback(f"/hang{n}").replace("127.0.0.1", f"127.0.1.{n % 40 + 1}"))
    good: list[str] = []
    answer = subscriber._pushed

    async def some(push: Any) -> bytes:
        if push.path.startswith("/good"):
            good.append(push.path)
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        return await answer(push)

    monkeypatch.setattr(subscriber, "_pushed", some)
    subscriber.going.clear()
    await follow(hub, subscriber.callback("/good"))
    await until(lambda: hub.deliveries.idle)
    await commit(hub.timeline, entry("a"))
    await until(lambda: good)
    assert hub.deliveries.counts["failed"] == 0, "none of the others has had its time yet"
