"""Requests at `/hub`: what is accepted, and what gets an error, in plain text."""

from __future__ import annotations

import asyncio

import pytest
from tornado.httpclient import AsyncHTTPClient

from config import Config
from connections.attempts import Attempts
from delivery import subscribers
from delivery.subscriptions import MAX_LEASE_SECONDS, MIN_LEASE_SECONDS, Pending, Request, Subscription
from delivery.topics import Topic
from tests.delivery.conftest import SITE, Hub
from tests.site import Site

XML = f"{SITE}/blog/feed.xml"
CALLBACK = "https://reader.example/push"
GOOD = {"mode": "subscribe", "callback": CALLBACK, "topic": XML}


@pytest.fixture
async def hub(site: Site, settings: Config) -> Hub:
    """A hub that does not deliver: requests stay pending."""
    return Hub(site, settings)


async def pending(hub: Hub) -> Request:
    (target,) = await hub.targets()
    return Pending.of(target).request


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"mode": ""}, 400, "hub.mode has to be subscribe or unsubscribe."),
        ({"mode": "publish"}, 400, "hub.mode has to be subscribe or unsubscribe."),
        ({"callback": ""}, 400, "hub.callback has to be a URL of at most 2048 characters."),
        ({"callback": f"{CALLBACK}?{'x' * 2_048}"}, 400, "hub.callback has to be a URL of at most 2048 characters."),
        ({"callback": "ftp://reader.example/"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": "reader.example"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": "https:///push"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": "https://[::1"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": "https://reader.example:0/"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": "https://reader.example:99999/"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": "https://a.example/\r\nX: y"}, 400, "hub.callback has to be an http or https URL."),
        ({"callback": f"{CALLBACK}#top"}, 400, "hub.callback must have no fragment, user name or password."),
        ({"callback": f"{CALLBACK}#"}, 400, "hub.callback must have no fragment, user name or password."),
        ({"callback": "https://a:b@c.example/"}, 400, "hub.callback must have no fragment, user name or password."),
        ({"callback": "http://10.0.0.5/push"}, 400, "hub.callback must not lead into a private network."),
        ({"callback": "http://[::ffff:10.0.0.5]/"}, 400, "hub.callback must not lead into a private network."),
        ({"topic": ""}, 400, "hub.topic is missing."),
        ({"topic": "https://elsewhere.example/feed.xml"}, 404, "hub.topic is not the address of a feed here."),
        ({"topic": f"{SITE}/nowhere/feed.xml"}, 404, "hub.topic is not the address of a feed here."),
        ({"topic": f"{SITE}/secret/feed.xml"}, 404, "hub.topic is not the address of a feed here."),
        ({"topic": f"{SITE}/blog/feed.xml?q=tide"}, 404, "hub.topic is not the address of a feed here."),
        ({"topic": f"{SITE}/blog/feed.xml?before=1"}, 404, "hub.topic is not the address of a feed here."),
        ({"topic": f"{SITE}/blog/feed.xml#"}, 404, "hub.topic is not the address of a feed here."),
        ({"topic": f"{SITE}/blog/"}, 404, "hub.topic is not the address of a feed here."),
        ({"secret": "x" * 200}, 400, "hub.secret has to be less than 200 bytes long."),
        ({"secret": "é" * 100}, 400, "hub.secret has to be less than 200 bytes long."),
        ({"lease_seconds": "soon"}, 400, "hub.lease_seconds has to be a number of seconds."),
        ({"lease_seconds": "-1"}, 400, "hub.lease_seconds has to be a number of seconds."),
        ({"mode": "unsubscribe"}, 404, "There is no such subscription."),
    ],
)
async def test_a_request_that_cannot_be_accepted_is_told_why(
    hub: Hub, fields: dict[str, str], status: int, sentence: str
) -> None:
    answer = await hub.post(**{**GOOD, **fields})
    assert (answer.code, answer.body.decode()) == (status, f"{sentence}\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert await hub.targets() == []


async def test_a_form_that_is_not_in_utf_8_is_told_so(hub: Hub) -> None:
    answer = await hub.post_form(b"hub.mode=subscribe&hub.callback=%FF")
    assert (answer.code, answer.body) == (400, b"The form has to be in UTF-8.\n")


async def test_a_get_is_told_the_method(hub: Hub) -> None:
    answer = await hub.site.get("/hub")
    assert (answer.code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("asked", "granted"), [("1", MIN_LEASE_SECONDS), ("9" * 18, MAX_LEASE_SECONDS), ("86400", 86_400), ("", 864_000)]
)
async def test_the_lease_is_kept_between_bounds(hub: Hub, asked: str, granted: int) -> None:
    await hub.subscribe(CALLBACK, lease_seconds=asked)
    assert (await pending(hub)).seconds == granted


async def test_a_later_request_replaces_an_earlier_one(hub: Hub) -> None:
    await hub.subscribe(CALLBACK, secret="first")
    await hub.subscribe(CALLBACK, secret="second")
    assert (await pending(hub)).secret == "second"


async def test_a_callback_may_follow_several_topics(hub: Hub) -> None:
    topics = [f"{SITE}/blog/feed.{form}" for form in ("xml", "json", "txt")] + [f"{SITE}/other/feed.xml"]
    for topic in (*topics, f"{XML}?source=City%20Hall&tag=ferries"):
        await hub.subscribe(CALLBACK, topic)
    assert len(await hub.targets()) == 5


async def test_a_topic_is_one_only_as_it_is_advertised(settings: Config) -> None:
    assert Topic.of(settings, f"{XML}?source=City%20Hall")
    assert Topic.of(settings, f"{XML}?source=City+Hall") is None
    assert Topic.of(settings, f"{XML}?") is None


async def test_too_many_requests_of_an_address_have_to_wait(hub: Hub) -> None:
    hub.site.served.hub_gate.by_address = Attempts(lambda: 0.0, limit=2)
    codes = [(await hub.post(**GOOD)).code for _ in range(2)]
    answer = await hub.post(**GOOD)
    assert (codes, answer.code, answer.headers["Retry-After"]) == ([202, 202], 429, "60")


async def test_too_many_requests_for_a_host_have_to_wait(hub: Hub) -> None:
    hub.site.served.hub_gate.by_host = Attempts(lambda: 0.0, limit=2)
    codes = [(await hub.post(**GOOD | {"callback": f"{CALLBACK}{n}"})).code for n in range(3)]
    codes.append((await hub.post(**GOOD | {"callback": "https://other.example/"})).code)
    assert codes == [202, 202, 429, 202]


@pytest.mark.parametrize("limit", ["MAX_SUBSCRIPTIONS", "MAX_SUBSCRIPTIONS_PER_HOST"])
async def test_there_is_a_bound_of_subscriptions_and_it_does_not_end_those_that_are_there(
    hub: Hub, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribers, limit, 2)
    for n in range(2):
        await hub.subscribe(f"{CALLBACK}{n}")
    answer = await hub.post(**GOOD)
    assert (answer.code, answer.body) == (503, b"There are too many subscriptions.\n")
    assert "Retry-After" in answer.headers
    await hub.subscribe(f"{CALLBACK}1")
    elsewhere = await hub.post(**GOOD | {"callback": "https://other.example/"})
    assert elsewhere.code == (503 if limit == "MAX_SUBSCRIPTIONS" else 202)


async def test_requests_at_the_same_time_do_not_exceed_the_bound(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "MAX_SUBSCRIPTIONS_PER_HOST", 2)
    callbacks = [f"{CALLBACK}{n}" for n in range(6)]
    answers = await asyncio.gather(*(hub.post(**GOOD | {"callback": callback}) for callback in callbacks))
    assert sorted(answer.code for answer in answers) == [202, 202, 503, 503, 503, 503]
    assert len(await hub.targets()) == 2


async def test_without_a_public_url_there_is_no_hub(hub: Hub) -> None:
    served = hub.site.served
    served.apply(
        served.config.model_copy(update={"server": served.config.server.model_copy(update={"public_url": None})})
    )
    assert (await hub.post(**GOOD)).code == 404


@pytest.mark.parametrize("role", ["web", "fetch"])
async def test_web_nodes_accept_requests_and_fetch_nodes_have_no_hub(hub: Hub, role: str) -> None:
    assert (await hub.post(**GOOD)).code == {"web": 202, "fetch": 404}[role]


async def test_a_page_of_another_site_cannot_subscribe_by_a_reader(hub: Hub) -> None:
    answer = await AsyncHTTPClient().fetch(
        hub.site.url("/hub"), method="POST", body="", headers={"Origin": "https://evil.example"}, raise_error=False
    )
    assert answer.code == 403


def test_secrets_and_callbacks_are_in_no_representation() -> None:
    request = Request.of(
        {"hub.mode": "subscribe", "hub.callback": CALLBACK, "hub.topic": XML, "hub.secret": "s3cr"}, ()
    )
    found = f"{request!r} {Subscription(callback=CALLBACK, topic=XML, secret='s3cr')!r} {Pending(request=request)!r}"
    assert "s3cr" not in found
    assert CALLBACK not in found


def test_topics_are_below_the_path_of_the_public_url(settings: Config) -> None:
    server = settings.server.model_copy(update={"public_url": f"{SITE}/live"})
    below = settings.model_copy(update={"server": server})
    topic = Topic.of(below, f"{SITE}/live/blog/feed.xml")
    assert topic
    assert topic.links.hub == f"{SITE}/live/hub"
    assert Topic.of(below, XML) is None
