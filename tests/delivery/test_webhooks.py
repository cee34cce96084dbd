"""Webhooks over a real store and queue, sent to servers on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from config import Config, signing_key
from delivery.client import DeliveryClient
from delivery.event_choice import Judge
from delivery.outcome import MAX_RETRY_INTERVAL
from delivery.queue import LEASE_SECONDS, DeliveryQueue
from delivery.standard_webhooks import signature
from delivery.target import KIND, Target
from delivery.webhook_targets import MOVED, PREFIX, WebhookTargets, reconcile
from delivery.webhooks import LEAVE_SECONDS, MAX_REFUSALS, Webhooks
from entries import Entry
from feeds.parser.filter import Filter
from tests.delivery import receiver as services
from tests.delivery.events import config
from tests.delivery.receiver import Matrix, Received, Receiver, Reply, receiver
from tests.livelog import until
from tests.redis import RedisServer
from tests.timeline import drafts
from timeline import Timeline, open_timeline

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def judge(include: tuple[str, ...], exclude: tuple[str, ...], posts: Sequence[Entry]) -> frozenset[str]:
    return Filter(include=include, exclude=exclude).judge(posts, 1.0).refused


class Node:
    """A store with a queue and the sender of webhooks. ``ahead`` sets its clock forward."""

    def __init__(self, timeline: Timeline, configuration: Config, judge: Judge = judge) -> None:
        self.timeline = timeline
        self.ahead = 0.0
        self.client = DeliveryClient("Livelog/1", configuration.fetch, self.clock)
        self.webhooks = Webhooks(configuration, self.client, judge, self.clock)
        self.queue = DeliveryQueue(configuration, timeline, [self.webhooks], self.clock, lambda: 0.0)

    def clock(self) -> float:
        return self.timeline.now() + self.ahead

    async def start(self, configuration: Config) -> None:
        await reconcile(self.timeline, configuration)
        self.queue.start()

    async def apply(self, configuration: Config) -> None:
        self.webhooks.apply(configuration)
        # False while one that changes is being delivered to.
        await until(lambda: reconcile(self.timeline, configuration))
        self.queue.apply(configuration)

    async def stop(self) -> None:
        await self.queue.stop()
        self.webhooks.close()
        self.client.close()

    async def targets(self) -> list[Target]:
        """All targets, as they are stored."""
        return [Target.from_json(job.state) for job in await self.timeline.jobs(KIND)]

    async def target(self, name: str = "127.0.0.1") -> Target:
        (found,) = (target for target in await self.targets() if target.name == name)
        return found

    async def publish(self, *names: str, **more: Any) -> None:
        for name in names:
            await drafts.commit(self.timeline, drafts.entry(name, blog="news", **more))

    async def withdraw(self, *names: str) -> None:
        await drafts.commit(self.timeline, withdrawn=[("news", name) for name in names])


class Nodes:
    """Starts nodes, and stops them at the end."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._cleanup = AsyncExitStack()

    async def start(self, *webhooks: Any, judge: Judge = judge, **keys: Any) -> Node:
        configuration = config(*webhooks, **keys)
        timeline = await open_timeline(self._url)
        self._cleanup.push_async_callback(timeline.close)
        node = Node(timeline, configuration, judge)
        self._cleanup.push_async_callback(node.stop)
        await node.start(configuration)
        return node

    async def stop(self) -> None:
        await self._cleanup.aclose()


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Nodes]:
    found = Nodes(f"sqlite:{tmp_path / 'livelog.db'}")
    yield found
    await found.stop()


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


def titles(requests: Sequence[Received]) -> list[str]:
    return [one.json()["data"]["item"]["title"] for one in requests]


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Webhooks that fail are logged: with their name, and without what may be secret."""
    yield
    records = caplog.get_records("call")
    lines = [record.getMessage() for record in records if record.levelno >= logging.WARNING]
    assert all(
        re.match(r"Webhook \S+ of blog \w+ (fails|is gone|refuses a post|is well again)\.( |$)", line)
        for line in lines
    )
    assert "/hook" not in "".join(lines)
    records.clear()


# Requests


async def test_each_event_is_a_signed_request_of_its_own_in_order(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start({"url": server.url(), "secret": SECRET, "headers": {"X-Key": "of-ours"}})
    await node.publish("a", "b")
    await until(lambda: len(server.received) == 2)
    await drafts.commit(node.timeline, drafts.entry("a", "corrected", blog="news"))
    await until(lambda: len(server.received) == 3)
    await node.withdraw("b")
    await until(lambda: len(server.received) == 4)
    assert [one.json()["type"] for one in server.received] == ["entry", "entry", "update", "delete"]
    epoch = (await node.timeline.head("news")).epoch
    assert server.ids() == [f"msg_news_{epoch}_{number}" for number in (1, 2, 3, 4)]
    for one in server.received:
        named = one.headers
        timestamp = int(named["webhook-timestamp"])
        assert abs(timestamp - node.clock()) < 60
        signed = signature(signing_key(SECRET), named["webhook-id"], timestamp, one.body)
        assert named["webhook-signature"] == signed
        assert (one.method, named["X-Key"], named["Content-Type"]) == ("POST", "of-ours", "application/json")
        assert named["User-Agent"] == "Livelog/1"


async def test_the_body_is_the_message_of_the_event_in_an_envelope(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url())
    await node.publish("a")
    await until(lambda: len(server.received) == 1)
    await node.withdraw("a")
    await until(lambda: len(server.received) == 2)
    epoch = (await node.timeline.head("news")).epoch
    entry, delete = (one.json() for one in server.received)
    data = {"blog": {"name": "news", "title": "The News"}, "cursor": f"{epoch}.1"}
    assert entry == {
        "type": "entry",
        "timestamp": entry["data"]["item"]["_livelog"]["seen"],
        "data": {**data, "item": entry["data"]["item"]},
    }
    assert entry["data"]["item"]["title"] == "a"
    assert delete == {"type": "delete", "data": {**data, "cursor": f"{epoch}.2", "id": "a"}}


async def test_a_post_that_is_too_long_comes_without_its_content(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url())
    await node.publish("a", content_html="é" * 200_000)
    await until(lambda: server.received)
    item = server.received[0].json()["data"]["item"]
    assert (item["content_html"], item["_livelog"]["truncated"], item["title"]) == ("", True, "a")


async def test_a_template_of_the_operator_is_sent_with_the_facts_of_the_post(nodes: Nodes, server: Receiver) -> None:
    template = '{"text": "{{title}} — {{source}} in {{blog}}", "link": "{{permalink}}", "n": 1}'
    node = await nodes.start({"url": server.url(), "template": template})
    await node.publish('"a" \\ b')
    await until(lambda: server.received)
    assert server.received[0].json() == {
        "text": '"a" \\ b — Example in The News',
        "link": 'https://live.example/news/e/"a" \\ b',
        "n": 1,
    }
    assert server.ids()[0].startswith("msg_news_")


@pytest.mark.parametrize(
    ("service", "path", "secret", "check"),
    [
        ("slack", "/services/T0/B0/token", None, services.slack),
        ("discord", "/api/webhooks/1/token", None, services.discord),
        ("matrix", "/_matrix/client/v3/rooms/!room:example.org/send/m.room.message", "hunter2", Matrix()),
        ("ntfy", "/topic", "tk_hunter2", services.ntfy),
        ("gotify", "/message", "hunter2", services.gotify),
    ],
)
async def test_each_service_accepts_what_it_is_sent(
    nodes: Nodes, server: Receiver, service: str, path: str, secret: str | None, check: Any
) -> None:
    server.reply = check
    node = await nodes.start({"url": server.url(path), "template": service, "secret": secret, "events": "all"})
    await node.publish("<a> & *b* @all")
    await until(lambda: len(server.received) == 1)
    await node.withdraw("<a> & *b* @all")
    await until(lambda: len(server.received) == 2)
    await until(lambda: len(server.accepted) == 2)


async def test_a_service_that_redirects_is_not_followed(nodes: Nodes, server: Receiver) -> None:
    server.reply = lambda _: Reply(307, {"Location": server.url("/elsewhere")})
    node = await nodes.start(server.url())
    await node.publish("a")
    await until(lambda: problem(node))
    assert await problem(node) == "The answer was 307 Temporary Redirect: a redirect, which is not followed."
    assert [one.path for one in server.received] == ["/hook"]


async def test_a_name_that_leads_to_a_private_address_is_refused(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(f"http://localhost:{server.port}/hook")
    await node.publish("a")

    async def told() -> bool:
        return "private address" in (await node.target("localhost")).problem

    await until(told)
    assert not server.received


# Failures


async def problem(node: Node, name: str = "127.0.0.1") -> str:
    return (await node.target(name)).problem


async def test_an_hour_of_failures_delays_nobody_else_and_loses_nothing(
    nodes: Nodes, server: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    async with receiver(lambda _: Reply(500)) as failing:
        node = await nodes.start({"url": failing.url(), "name": "failing"}, {"url": server.url(), "name": "good"})
        for number in range(12):
            await node.publish(f"post {number}")
            await until(lambda number=number: len(server.accepted) == number + 1)
            before = len(failing.received)
            node.ahead += 300
            await until(lambda before=before: len(failing.received) > before or node.ahead > 1_500)
            # The back-off counts from the time at which the answer was read.
            await until(lambda: node.queue.under_way == 0)
        assert node.ahead == 3_600
        assert set(failing.ids()) == {failing.ids()[0]}
        failing.reply = services.accept
        node.ahead += MAX_RETRY_INTERVAL
        await until(lambda: len(failing.accepted) == 12)
        assert titles(failing.accepted) == titles(server.accepted) == [f"post {number}" for number in range(12)]
        assert [one.headers["webhook-id"] for one in failing.accepted] == server.ids()
        assert failing.accepted[0].headers["webhook-id"] == failing.ids()[0]
        await until(lambda: "Webhook failing of blog news is well again." in caplog.messages)


async def test_after_410_nothing_is_sent_until_the_webhook_is_changed(nodes: Nodes, server: Receiver) -> None:
    server.reply = lambda _: Reply(410)
    node = await nodes.start({"url": server.url()})
    await node.publish("a")

    async def ended() -> bool:
        return (await node.target()).ended == "gone"

    await until(ended)
    server.reply = services.accept
    await node.publish("b")
    node.ahead += 86_400
    await node.apply(config({"url": server.url()}))
    await asyncio.sleep(0.6)
    assert len(server.received) == 1
    await node.apply(config({"url": server.url(), "headers": {"X-Key": "new"}}))
    await until(lambda: len(server.accepted) == 2)
    assert titles(server.accepted) == ["a", "b"]


async def test_a_pause_that_the_server_asks_for_is_kept(nodes: Nodes, server: Receiver) -> None:
    server.reply = lambda _: Reply(429, {"Retry-After": "900"})
    node = await nodes.start(server.url())
    await node.publish("a")
    await until(lambda: problem(node))
    server.reply = services.accept
    node.ahead += 880
    await asyncio.sleep(0.6)
    assert len(server.received) == 1
    node.ahead += 25
    await until(lambda: len(server.accepted) == 1)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_an_event_that_the_server_refuses_does_not_block_the_next(
    nodes: Nodes, server: Receiver, status: int
) -> None:
    server.reply = lambda one: Reply(status) if b'"title":"bad"' in one.body else Reply()
    node = await nodes.start(server.url())
    await node.publish("bad", "good")
    for _ in range(MAX_REFUSALS):
        asked = len(server.received)
        node.ahead += 60
        await until(lambda asked=asked: len(server.received) > asked)
    node.ahead += 60
    await until(lambda: len(server.accepted) == 1)
    assert titles(server.received) == ["bad"] * MAX_REFUSALS + ["good"]
    assert (await node.target()).undelivered == 1


async def test_posts_that_were_accepted_before_a_delivery_was_cut_off_are_not_repeated(
    nodes: Nodes, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.queue.DELIVERY_SECONDS", 0.5)
    first = await nodes.start(server.url())
    await first.queue.stop()
    await first.publish("a", "b", "c")
    await first.timeline.wake_jobs(KIND, "news", first.clock())

    def deaf_from_b(one: Received) -> Reply:
        server.is_deaf = titles([one]) == ["a"]
        return Reply()

    server.reply = deaf_from_b
    node = Node(first.timeline, config(server.url()))
    node.queue.start()
    await until(lambda: problem(node))
    server.is_deaf, server.reply = False, services.accept
    node.ahead += 60
    await until(lambda: len(server.accepted) == 3)
    assert titles(server.received) == ["a", "b", "b", "c"], "only the one without an answer comes again"
    await node.stop()


async def test_a_filter_that_waits_for_the_parser_is_no_failure_of_the_webhook(
    nodes: Nodes, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.choosing.WAIT_SECONDS", 0.05)
    monkeypatch.setattr("delivery.queue.DELIVERY_SECONDS", 0.1)
    judged, is_free = 0, asyncio.Event()

    async def busy(*arguments: Any) -> frozenset[str]:
        nonlocal judged
        judged += 1
        await is_free.wait()
        return await judge(*arguments)

    node = await nodes.start({"url": server.url(), "exclude": ["draft"]}, judge=busy)
    await node.publish("draft", "a")
    await until(lambda: judged)
    await asyncio.sleep(0.5)
    assert (await problem(node), (await node.target()).failures, judged) == ("", 0, 1)
    is_free.set()
    await until(lambda: server.accepted)
    assert titles(server.received) == ["a"]


async def test_a_server_that_does_not_answer_is_told_as_such(
    nodes: Nodes, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.is_deaf = True
    monkeypatch.setattr("delivery.client.REQUEST_TIMEOUT", 0.3)
    node = await nodes.start(server.url())
    await node.publish("a")
    await until(lambda: problem(node))
    assert await problem(node) == "No answer within 0.3 seconds."


# The configuration


async def test_a_new_webhook_begins_with_the_next_event(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start()
    await node.publish("before")
    await node.apply(config(server.url()))
    await node.publish("after")
    await until(lambda: server.received)
    assert titles(server.received) == ["after"]


async def test_a_webhook_that_was_removed_is_forgotten(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url(), server.url("/other"))
    await node.publish("a")
    await until(lambda: len(server.received) == 2)
    await node.apply(config(server.url("/other")))
    assert [target.id.startswith(PREFIX) for target in await node.targets()] == [True]
    await node.publish("b")
    await until(lambda: len(server.received) == 3)
    assert server.received[2].path == "/other"


async def test_a_webhook_with_a_name_goes_on_at_another_url(nodes: Nodes, server: Receiver) -> None:
    server.reply = lambda _: Reply(503)
    node = await nodes.start({"url": server.url("/old"), "name": "ours"})
    await node.publish("a")
    await until(lambda: problem(node, "ours"))
    server.reply = services.accept
    await node.apply(config({"url": server.url("/new"), "name": "ours"}))
    await until(lambda: server.accepted)
    assert ([one.path for one in server.accepted], titles(server.accepted)) == (["/new"], ["a"])


async def test_a_webhook_that_is_changed_during_a_delivery_repeats_no_post(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url())
    before = (await node.target()).settings
    server.is_deaf = True
    await node.publish("a")
    await until(lambda: server.received)
    changed = config({"url": server.url(), "headers": {"X-Key": "new"}})
    assert not await reconcile(node.timeline, changed), "it is to be called again"
    assert (await node.target()).settings == before
    await node.queue.stop()
    assert await reconcile(node.timeline, changed)
    assert (await node.target()).settings != before


async def test_a_webhook_that_is_given_a_name_goes_on(nodes: Nodes, server: Receiver) -> None:
    server.reply = lambda _: Reply(503)
    node = await nodes.start(server.url())
    await node.publish("a")
    await until(lambda: problem(node))
    server.reply = services.accept
    await node.apply(config({"url": server.url(), "name": "ours"}))
    await until(lambda: server.accepted)
    assert [target.name for target in await node.targets()] == ["ours"]


async def test_a_webhook_that_is_given_a_name_during_a_delivery_repeats_no_post(
    nodes: Nodes, server: Receiver
) -> None:
    node = await nodes.start(server.url())
    server.is_deaf = True
    await node.publish("a")
    await until(lambda: server.received)
    named = config({"url": server.url(), "name": "ours"})
    assert not await reconcile(node.timeline, named, removes=False), "it is to be called again"
    assert [target.name for target in await node.targets()] == ["127.0.0.1"]
    await node.queue.stop()
    assert await reconcile(node.timeline, named, removes=False)
    assert {target.name: target.ended for target in await node.targets()} == {"127.0.0.1": MOVED, "ours": ""}


async def test_webhooks_of_one_host_without_names_are_numbered(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url("/a"), server.url("/b"))
    assert {target.name for target in await node.targets()} == {"127.0.0.1", "127.0.0.1 (2)"}


async def test_a_webhook_of_a_blog_with_another_name_goes_on(nodes: Nodes, server: Receiver) -> None:
    server.reply = lambda _: Reply(503)
    node = await nodes.start(server.url())
    await node.publish("a")
    await until(lambda: problem(node))
    server.reply = services.accept
    renamed = {"slug": "daily", "title": "Daily", "aliases": ["news"], "webhooks": [server.url()]}
    await node.timeline.rename("news", "daily")
    await node.apply(Config.model_validate({"blogs": [renamed]}))
    await until(lambda: server.accepted)
    assert titles(server.accepted) == ["a"]
    assert [target.blog for target in await node.targets()] == ["daily"]


async def test_the_store_has_no_url_and_no_secret_of_a_webhook(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start({"url": server.url("/hush"), "secret": SECRET, "headers": {"X-Key": "hush"}})
    (job,) = await node.timeline.jobs(KIND)
    assert "hush" not in repr(job)
    assert SECRET not in repr(job)
    assert json.loads(job.state)["name"] == "127.0.0.1"


async def test_a_node_without_the_webhook_leaves_it_to_one_that_has_it(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url())
    node.webhooks.apply(config())
    await node.publish("a")
    await until(lambda: problem(node))
    target = await node.target()
    assert (target.problem, target.failures) == ("The configuration of this node does not have it.", 0)
    assert not server.received
    await until(lambda: node.queue.under_way == 0)
    other = Node(node.timeline, config(server.url()))
    await node.queue.stop()
    other.queue.start()
    other.ahead += LEAVE_SECONDS
    await until(lambda: server.accepted)
    await until(lambda: other.queue.under_way == 0)
    target = await node.target()
    assert (target.problem, target.failing_since) == ("", 0)
    await other.stop()


async def test_targets_that_the_store_lost_are_stored_again(
    nodes: Nodes, server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.webhook_targets.KEEP_INTERVAL", 0.05)
    node = await nodes.start()
    targets = WebhookTargets(config(server.url()), node.timeline)
    targets.start()
    await until(node.targets)
    (target,) = await node.targets()
    await node.timeline.remove_job(KIND, target.id)
    await until(node.targets)
    targets.apply(config())

    async def is_removed() -> bool:
        return not await node.targets()

    await until(is_removed)
    await targets.stop()


# Several nodes


async def test_another_node_goes_on_for_one_that_died_in_a_delivery(nodes: Nodes, server: Receiver) -> None:
    node = await nodes.start(server.url())
    await node.queue.stop()
    await node.publish("a", "b")
    await node.timeline.wake_jobs(KIND, "news", node.clock())
    assert await node.timeline.claim_jobs(KIND, node.clock(), 1, LEASE_SECONDS), "the node that dies has the lease"
    other = Node(node.timeline, config(server.url()))
    other.queue.start()
    await asyncio.sleep(0.6)
    assert not server.received
    other.ahead += LEASE_SECONDS + 1
    await until(lambda: len(server.accepted) == 2)
    assert titles(server.accepted) == ["a", "b"]
    await other.stop()


async def test_two_nodes_send_each_event_once(redis: RedisServer, server: Receiver) -> None:
    nodes = Nodes(redis.url)
    try:
        first = await nodes.start(server.url(), {"url": server.url("/other"), "events": "posts"})
        await nodes.start(server.url(), {"url": server.url("/other"), "events": "posts"})
        await first.publish(*(f"post {number}" for number in range(20)))
        await until(lambda: len(server.received) >= 40)
        await asyncio.sleep(0.3)
        for path in ("/hook", "/other"):
            sent = [one for one in server.received if one.path == path]
            assert titles(sent) == [f"post {number}" for number in range(20)]
            assert len({one.headers["webhook-id"] for one in sent}) == 20
    finally:
        await nodes.stop()
