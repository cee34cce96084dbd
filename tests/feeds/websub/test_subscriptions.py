"""The life of a subscription: asked for, renewed under another callback, denied, ended, and hubs that fail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from feed_subscription import DENIED_SECONDS, MAX_LEASE_SECONDS, MIN_LEASE_SECONDS, FeedSubscription
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeeds
from feeds.websub import hub_requests
from feeds.websub.hub_requests import HubAnswer
from feeds.websub.hubs import MAX_PER_HOST
from feeds.websub.subscriptions import (
    CONFIRM_SECONDS,
    MAX_BACKOFF_SECONDS,
    NOT_CONFIRMED,
    REFETCH_SECONDS,
)
from feedstate import FeedState
from tests.feeds.documents import rss
from tests.feeds.polling import DAY, HOUR, MINUTE
from tests.feeds.websub.conftest import Subscriber
from tests.feeds.websub.hub import Hub
from tests.livelog import until
from timeline.jobs import Job

ONE, TWO = "<guid>1</guid><title>One</title>", "<guid>2</guid><title>Two</title>"


def holds(subscriber: Subscriber, *phases: str) -> Callable[[], Awaitable[bool]]:
    """A condition: the stored subscriptions have just these phases."""

    async def found() -> bool:
        return sorted(one.phase for one in await subscriber.held()) == sorted(phases)

    return found


async def test_a_feed_is_subscribed_once_for_a_lease_of_its_hub(subscriber: Subscriber, hub: Hub) -> None:
    url = hub.publish("/feed", rss(ONE))
    await subscriber.follow(url)
    one = await subscriber.active()
    assert (one.since, one.until) == (subscriber.clock.now, subscriber.clock.now + hub.lease)
    await subscriber.later(HOUR)
    assert [form["hub.mode"] for _, form in hub.requests] == ["subscribe"]
    assert hub.requests[0][1]["hub.lease_seconds"] == "864000"


async def test_a_subscription_that_a_poll_makes_during_a_sweep_is_kept(
    subscriber: Subscriber, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE), hub=None), "interval": HOUR})
    read, has_read, go_on = subscriber.timeline.states, asyncio.Event(), asyncio.Event()

    async def late() -> Sequence[FeedState]:
        states = await read()
        has_read.set()
        await go_on.wait()
        return states

    monkeypatch.setattr(subscriber.timeline, "states", late)
    subscriber.subscriptions.apply(FollowedFeeds(subscriber.config(hub.url("/feed")).blogs))
    await has_read.wait()
    hub.publish("/feed", rss(ONE, TWO))
    await subscriber.later(2 * HOUR)
    assert await subscriber.held()
    go_on.set()
    await hub.subscribed()


async def test_without_a_public_url_nothing_is_subscribed(subscriber: Subscriber, hub: Hub) -> None:
    subscriber.has_public_url = False
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    await subscriber.later(HOUR)
    assert (hub.requests, await subscriber.held()) == ([], [])


@pytest.mark.parametrize(("granted", "kept"), [(10**9, MAX_LEASE_SECONDS), (1, MIN_LEASE_SECONDS)])
async def test_a_lease_is_bounded(subscriber: Subscriber, hub: Hub, granted: int, kept: float) -> None:
    hub.lease = granted
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    one = await subscriber.active()
    assert one.until == subscriber.clock.now + kept


async def test_it_is_renewed_under_another_callback_after_a_poll(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE)), "interval": 30 * DAY})
    old = await hub.subscribed()
    polls = hub.topics["/feed"].requests
    hub.topics["/feed"].headers["Link"] = f'<{hub.url("/hub")}>; rel="hub", <{hub.url("/new")}>; rel="self"'
    subscriber.clock.now = (await subscriber.active()).renew_at
    await until(lambda: subscriber.timeline.tries["make_due"])
    await subscriber.later(0)
    assert hub.topics["/feed"].requests == polls + 1, "the topic is fetched again first"
    new = await hub.subscribed(2)
    assert (new.topic, new.callback != old.callback, new.secret != old.secret) == (hub.url("/new"), True, True)
    await until(holds(subscriber, "active"))
    await until(lambda: [one.callback for one in hub.left if one.verified] == [old.callback])


async def test_one_that_is_settled_as_a_poll_ends_it_is_ended(
    subscriber: Subscriber, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    old = await hub.subscribed()
    await subscriber.active()
    replace_job = subscriber.timeline.replace_job

    async def late(job: Job, state: str, due: float) -> bool:
        monkeypatch.setattr(subscriber.timeline, "replace_job", replace_job)
        settled = replace(FeedSubscription.from_json(job.state), refetches=1)
        assert await replace_job(job, settled.to_json(), settled.until)
        return await replace_job(job, state, due)

    monkeypatch.setattr(subscriber.timeline, "replace_job", late)
    hub.topics["/feed"].headers["Link"] = f'<{hub.url("/hub")}>; rel="hub", <{hub.url("/new")}>; rel="self"'
    await subscriber.later(HOUR)
    assert (await hub.subscribed(2)).topic == hub.url("/new")
    await until(lambda: [one.callback for one in hub.left if one.verified] == [old.callback])
    await until(holds(subscriber, "active"))


async def test_one_that_its_hub_confirms_as_a_poll_ends_it_is_ended_there_too(
    subscriber: Subscriber, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.verifies = False
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    await until(lambda: hub.subscriptions)
    remove_job = subscriber.timeline.remove_job

    async def late(kind: str, id: str, state: str | None = None) -> bool:  # noqa: A002 - as in `Archive`
        monkeypatch.setattr(subscriber.timeline, "remove_job", remove_job)
        assert await hub.verify(hub.subscriptions[0])
        hub.verifies = True
        return await remove_job(kind, id, state)

    monkeypatch.setattr(subscriber.timeline, "remove_job", late)
    hub.topics["/feed"].headers["Link"] = f'<{hub.url("/hub")}>; rel="hub", <{hub.url("/new")}>; rel="self"'
    await subscriber.later(HOUR)
    await until(lambda: [one.callback for one in hub.left if one.verified] == [hub.subscriptions[0].callback])
    await until(holds(subscriber, "active"))


async def test_the_old_one_is_kept_until_the_new_one_is_confirmed(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE)), "interval": 30 * DAY})
    old = await hub.subscribed()
    hub.verifies = False
    subscriber.clock.now = (await subscriber.active()).renew_at
    await until(lambda: subscriber.timeline.tries["make_due"])
    await subscriber.later(0)
    await until(lambda: len(hub.subscriptions) == 2)
    assert await hub.push(old, rss(TWO)) == 202
    await subscriber.shows("Two", "One")
    hub.verifies = True
    assert await hub.verify(hub.subscriptions[1])
    await until(holds(subscriber, "active"))
    assert await hub.push(old, rss("<guid>3</guid>")) == 404
    assert await hub.push(hub.subscriptions[1], rss("<guid>4</guid><title>Four</title>")) == 202


async def test_a_feed_that_cannot_be_polled_is_renewed_in_time(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE)), "interval": 30 * DAY})
    await hub.subscribed()
    subscriber.clock.now = (await subscriber.active()).renew_at
    for asked in range(1, 6):
        await until(lambda asked=asked: subscriber.timeline.tries["make_due"] == asked)
        subscriber.clock.now += REFETCH_SECONDS
    assert (await hub.subscribed(2)).topic == hub.url("/feed")


async def test_a_lease_that_has_ended_leads_to_a_poll_and_another_subscription(
    subscriber: Subscriber, hub: Hub
) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE)), "interval": 30 * DAY})
    old = await hub.subscribed()
    polls = hub.topics["/feed"].requests
    subscriber.clock.now = (await subscriber.active()).until
    new = await hub.subscribed(2)
    assert await hub.push(old, rss(TWO)) == 404
    await subscriber.later(0)
    assert hub.topics["/feed"].requests == polls + 1
    assert await hub.push(new, rss(TWO)) == 202


async def test_a_denial_is_told_polled_for_and_tried_again_a_day_later(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow({"url": hub.publish("/feed", rss(ONE)), "interval": 30 * DAY})
    one = await hub.subscribed()
    polls = hub.topics["/feed"].requests
    answer = await hub.get(one.callback, mode="denied", topic=one.topic, reason="Too many\n subscribers")
    assert answer.code == 200
    (denied,) = await subscriber.held()
    assert denied.problem == "The hub has denied the subscription: Too many subscribers"
    again = await hub.get(one.callback, mode="denied", topic=one.topic)
    assert (again.code, subscriber.timeline.tries["make_due"]) == (404, 1), "a hub has no feed polled at its pace"
    await subscriber.later(0)
    assert hub.topics["/feed"].requests == polls + 1, "it is polled at once"
    assert await hub.push(one, rss(TWO)) == 404
    subscriber.clock.now += DENIED_SECONDS
    assert (await hub.subscribed(2)).callback != one.callback


async def test_a_feed_that_leaves_the_configuration_is_unsubscribed(subscriber: Subscriber, hub: Hub) -> None:
    subscriber.fetch = {"private_networks": ["127.0.0.0/8"]}
    await subscriber.follow(hub.publish("/feed", rss(ONE)), hub.publish("/other", rss(TWO)))
    await hub.subscribed(2)
    await subscriber.apply(hub.url("/other"))
    await until(holds(subscriber, "active"))
    await until(lambda: [(one.topic, one.verified) for one in hub.left] == [(hub.url("/feed"), True)])


async def test_a_feed_that_is_followed_again_without_its_subscription_is_polled(
    subscriber: Subscriber, hub: Hub
) -> None:
    subscriber.fetch = {"private_networks": ["127.0.0.0/8"]}
    feed, other = (
        {"url": hub.publish(path, rss(ONE), hub=named), "interval": HOUR}
        for path, named in (("/feed", "/hub"), ("/other", None))
    )
    await subscriber.follow(feed, other)
    assert await hub.push(await hub.subscribed(), rss(TWO)) == 202
    await subscriber.shows("One", "One", "Two")
    await subscriber.later(2 * HOUR)
    await subscriber.apply(other)
    await until(holds(subscriber))
    requests = hub.topics["/feed"].requests
    await subscriber.apply(feed, other)

    async def is_polled() -> bool:
        await subscriber.later(0)
        return hub.topics["/feed"].requests > requests

    await until(is_polled)


async def test_another_hub_or_topic_ends_a_subscription(subscriber: Subscriber, hub: Hub) -> None:
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    old = await hub.subscribed()
    hub.publish("/feed", rss(TWO), hub="/hub-2")
    await subscriber.later(HOUR)
    new = await hub.subscribed(2)
    assert (old.path, new.path) == ("/hub", "/hub-2")
    hub.publish("/feed", rss(ONE, TWO), hub=None)
    await subscriber.later(HOUR)
    await until(holds(subscriber))
    assert [one.path for one in hub.left] == ["/hub", "/hub-2"]


async def test_what_is_left_is_ended_after_a_restart(subscriber: Subscriber, hub: Hub) -> None:
    subscriber.fetch = {"private_networks": ["127.0.0.0/8"]}
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    await hub.subscribed()
    await subscriber.follow()
    await until(holds(subscriber))
    await until(lambda: [one.verified for one in hub.left] == [True])


async def test_a_hub_that_does_not_confirm_is_asked_again_later(subscriber: Subscriber, hub: Hub) -> None:
    hub.verifies = False
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    for requests in range(1, 5):
        await until(lambda requests=requests: len(hub.requests) == requests)
        await until(lambda: not subscriber.subscriptions._tasks)
        subscriber.clock.now += max(CONFIRM_SECONDS, MINUTE * 2**requests)
    (one,) = await subscriber.held()
    assert (one.phase, one.problem) == ("pending", NOT_CONFIRMED)
    assert {form["hub.callback"] for _, form in hub.requests} == {one.callback}


@pytest.mark.parametrize("status", [301, 302, 303, 400, 404, 500])
async def test_a_refusal_is_told_and_asked_again_with_a_back_off(
    subscriber: Subscriber, hub: Hub, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "livelog.http")
    hub.answers["/hub"] = (status, {"Location": "/other"} if status < 400 else {})
    await subscriber.follow(hub.publish("/feed", rss(ONE)))

    async def told() -> FeedSubscription | None:
        return next((one for one in await subscriber.held() if one.failures == 1), None)

    await until(told)
    (one,) = await subscriber.held()
    assert str(status) in (one.problem or "")
    del hub.answers["/hub"]
    subscriber.clock.now += 2 * MINUTE
    await hub.subscribed()
    assert f"{hub.url('/feed')} is subscribed at {hub.url('/hub')}." in caplog.messages
    assert {path for path, _ in hub.requests} == {"/hub"}, "no other redirect than 307 and 308 is followed"


@pytest.mark.parametrize(
    ("kind", "words", "told"),
    [
        ("text/plain; charset=utf-8", "The callback\n is private.\n", ": The callback is private."),
        ("text/plain", "{hub.callback} {hub.secret}", ": http://127.0.0.1/live/websub/… …"),
        ("text/plain", "\x1b[31m", "."),
        ("text/html", "<h1>Bad Request</h1>", "."),
    ],
)
async def test_a_refusal_is_told_in_the_words_of_the_hub(
    subscriber: Subscriber, hub: Hub, kind: str, words: str, told: str
) -> None:
    hub.answers["/hub"], hub.reason = (400, {"Content-Type": kind}), words
    await subscriber.follow(hub.publish("/feed", rss(ONE)))

    async def problem() -> str | None:
        return next((one.problem for one in await subscriber.held()), None)

    await until(problem)
    text = re.sub(r":\d+/", "/", await problem() or "")
    assert text == f"The hub answered 400 Bad Request{told}"


async def test_a_hub_that_asks_for_a_pause_gets_it_for_all_feeds(subscriber: Subscriber, hub: Hub) -> None:
    """As Google's hub did: 503 with Retry-After."""
    hub.answers["/hub"] = (503, {"Retry-After": "7200"})
    await subscriber.follow(hub.publish("/feed", rss(ONE)))
    await until(lambda: hub.requests)
    del hub.answers["/hub"]
    subscriber.clock.now += HOUR
    await subscriber.apply(hub.url("/feed"), hub.publish("/other", rss(TWO)))
    await until(lambda: not subscriber.subscriptions._tasks)
    assert len(hub.requests) == 1
    subscriber.clock.now += HOUR + MAX_BACKOFF_SECONDS
    await subscriber.later(0)
    await hub.subscribed(2)


async def test_a_hub_that_hangs_delays_no_other_and_is_left_alone(
    subscriber: Subscriber, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, go, asked = Hub(), asyncio.Event(), 0
    await other.start()
    ask = hub_requests.ask

    async def hangs(fetcher: Fetcher, one: FeedSubscription, *more: Any) -> HubAnswer:
        nonlocal asked
        if one.hub != hub.url("/hub"):
            return await ask(fetcher, one, *more)
        asked += 1
        await go.wait()
        return HubAnswer("The hub gave no answer.", is_down=True)

    monkeypatch.setattr(hub_requests, "ask", hangs)
    try:
        feeds = [hub.publish(f"/{n}", rss(ONE)) for n in range(20)]
        await subscriber.follow(*feeds)
        await until(lambda: asked)
        await subscriber.apply(*feeds, other.publish("/feed", rss(TWO)))
        await until(lambda: other.requests)
        assert asked == MAX_PER_HOST
        go.set()
        subscriber.clock.now += MINUTE

        async def all_told() -> bool:
            return all(one.failures for one in await subscriber.held() if one.hub == hub.url("/hub"))

        await until(all_told)
        assert asked == MAX_PER_HOST
    finally:
        await other.stop()


async def test_a_hub_in_a_private_network_is_not_asked(subscriber: Subscriber, hub: Hub) -> None:
    """The operator's word is for the origin of the feed alone: another port of the machine is not."""
    other = Hub()
    await other.start()
    try:
        await subscriber.follow(hub.publish("/feed", rss(ONE), Link=f'<{other.url("/hub")}>; rel="hub"'))

        async def told() -> bool:
            return any("private address" in (one.problem or "") for one in await subscriber.held())

        await until(told)
        assert other.requests == []
    finally:
        await other.stop()


async def test_a_feed_that_was_pushed_is_polled_if_its_subscription_is_lost(subscriber: Subscriber, hub: Hub) -> None:
    feed = {"url": hub.publish("/feed", rss(ONE)), "interval": HOUR}
    await subscriber.follow(feed)
    assert await hub.push(await hub.subscribed(), rss(TWO)) == 202
    await subscriber.shows("One", "Two")
    await subscriber.later(2 * HOUR)
    polls = hub.topics["/feed"].requests
    subscriber.has_public_url = False
    await subscriber.follow(feed)
    await until(lambda: subscriber.timeline.tries["make_due"])
    await subscriber.later(0)
    assert (hub.topics["/feed"].requests, await subscriber.held()) == (polls + 1, [])
