"""The callback of a subscription, as a hub and as a prober see it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from config import Config
from feed_subscription import KIND, FeedSubscription, Phase, new_token
from handlers.websub import MAX_BODY_BYTES, MAX_CHALLENGE_BYTES
from handlers.websub_limits import MAX_PUSHES, MAX_PUSHES_PER_SUBSCRIPTION, MAX_READ_OF_SUBSCRIPTION, WebSubLimits
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import FEED
from timeline import Job

TOPIC, TOKEN = "https://example.org/topic", new_token()
PARTIAL = ("Content-Length: 100", "X-Hub-Signature: sha256=00")


async def stored(site: Site, phase: Phase = "active", token: str = TOKEN) -> FeedSubscription:
    """A subscription in the store."""
    now = site.timeline.now()
    one = FeedSubscription(feed=FEED, hub="", topic=TOPIC, callback="", secret="secret", phase=phase)
    one = replace(one, since=now - 10_000, until=now + 10_000) if phase in ("active", "leaving") else one
    await site.timeline.put_job(Job(KIND, token, "group", one.to_json()), now + 10_000)
    await site.timeline.follow({FEED: now + 10_000})
    return one


async def phase(site: Site) -> str | None:
    """The phase that is stored."""
    job = await site.timeline.job(KIND, TOKEN)
    return FeedSubscription.from_json(job.state).phase if job else None


def verification(challenge: bytes | str = "abc", mode: str = "subscribe", topic: str = TOPIC) -> str:
    return f"/websub/{TOKEN}?hub.mode={mode}&hub.topic={quote(topic)}&hub.challenge={quote(challenge)}"


async def pushed(site: Site, body: bytes, token: str = TOKEN, secret: bytes = b"secret") -> HTTPResponse:
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature": f"sha256={signature}"}
    url = site.url(f"/websub/{token}")
    return await AsyncHTTPClient().fetch(url, method="POST", body=body, headers=headers, raise_error=False)


async def pushes(site: Site) -> int:
    """The number of pushes that are stored."""
    leases = await site.timeline.claim(site.timeline.now(), 0, 60.0)
    return sum(len(lease.pushes) for lease in leases)


@asynccontextmanager
async def head_sent(
    site: Site, *lines: str, token: str = TOKEN
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which the head of a push was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = "\r\n".join([f"POST /websub/{token} HTTP/1.1", "Host: a", *lines, "", ""])
    writer.write(head.encode())
    try:
        yield reader, writer
    finally:
        writer.close()


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(30):
        return int((await reader.readline()).split()[1])


async def test_a_pending_subscription_is_confirmed_by_its_challenge(site: Site) -> None:
    await stored(site, "pending")
    answer = await site.get(verification("<script>alert(1)</script> &é"))
    assert (answer.code, answer.body.decode()) == (200, "<script>alert(1)</script> &é")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert await phase(site) == "active"
    assert (await site.get(verification())).code == 200, "a hub that lost our answer asks again"


@pytest.mark.parametrize(
    "challenge",
    ["", b"\xff\xfe", "a\nb", "a\x00b", "\u202eabc", "a" * (MAX_CHALLENGE_BYTES + 1), "é" * MAX_CHALLENGE_BYTES],
    ids=["empty", "no text", "lines", "NUL", "turned around", "long", "long in bytes"],
)
async def test_a_challenge_that_is_long_or_no_text_confirms_nothing(site: Site, challenge: bytes | str) -> None:
    await stored(site, "pending")
    answer = await site.get(verification(challenge))
    assert answer.code in (400, 404)
    assert await phase(site) == "pending"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?hub.mode=subscribe&hub.challenge=abc",
        f"?hub.mode=subscribe&hub.topic={quote(TOPIC)}/&hub.challenge=abc",
        f"?hub.mode=subscribe&hub.topic={quote(TOPIC)}&hub.topic={quote(TOPIC)}&hub.challenge=abc",
        f"?hub.mode=subscribe&hub.topic={quote(TOPIC)}&hub.challenge=abc&hub.challenge=abc",
        f"?hub.mode=unsubscribe&hub.topic={quote(TOPIC)}&hub.challenge=abc",
        f"?hub.mode=other&hub.topic={quote(TOPIC)}&hub.challenge=abc",
        "?hub.mode=denied&hub.topic=https://example.org/other",
    ],
)
async def test_what_is_not_pending_is_not_there(site: Site, query: str) -> None:
    await stored(site, "pending")
    unknown = await site.get(f"/websub/{new_token()}{query}")
    known = await site.get(f"/websub/{TOKEN}{query}")
    assert (known.code, known.body) == (unknown.code, unknown.body)
    assert (known.code, await phase(site)) == (404, "pending")


async def test_an_active_subscription_is_confirmed_no_more(site: Site) -> None:
    await stored(site)
    assert (await site.get(verification())).code == 404
    assert (await site.get(verification(mode="unsubscribe"))).code == 404


async def test_the_end_of_a_subscription_is_confirmed(site: Site) -> None:
    await stored(site, "leaving")
    assert (await site.get(verification())).code == 404
    answer = await site.get(verification(mode="unsubscribe"))
    assert (answer.code, answer.body, await phase(site)) == (200, b"abc", None)


async def test_a_denial_ends_it(site: Site) -> None:
    await stored(site)
    assert (await site.get(verification(mode="denied") + "&hub.reason=no")).code == 200
    assert await phase(site) == "denied"
    assert (await pushed(site, b"x")).code == 404


@pytest.mark.parametrize("reason", ["a\x1b[1m", "\u202eabc", b"\xff"])
async def test_a_reason_that_is_no_plain_text_is_left_out(site: Site, reason: str | bytes) -> None:
    await stored(site)
    assert (await site.get(verification(mode="denied") + f"&hub.reason={quote(reason)}")).code in (200, 400)
    job = await site.timeline.job(KIND, TOKEN)
    assert job is not None
    assert FeedSubscription.from_json(job.state).problem in (None, "The hub has denied the subscription.")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_confirm_nothing(site: Site, method: str) -> None:
    await stored(site, "pending")
    client = AsyncHTTPClient()
    answer = await client.fetch(
        site.url(verification()), method=method, raise_error=False, allow_nonstandard_methods=True
    )
    assert (answer.code, await phase(site)) == (405, "pending")


async def test_a_push_is_stored_before_it_is_acknowledged(site: Site) -> None:
    await stored(site)
    answer = await pushed(site, b"x" * MAX_BODY_BYTES)
    assert (answer.code, answer.body, await pushes(site)) == (202, b"", 1)


async def test_an_invalid_signature_stores_nothing(site: Site) -> None:
    await stored(site)
    assert (await pushed(site, b"x", secret=b"other")).code == 202
    assert await pushes(site) == 0


@pytest.mark.parametrize("kind", ["pending", "denied"])
async def test_a_push_without_an_active_subscription_is_unknown(site: Site, kind: Phase) -> None:
    await stored(site, kind)
    answer, unknown = await pushed(site, b"x"), await pushed(site, b"x", new_token())
    assert (answer.code, answer.body) == (unknown.code, unknown.body) == (404, unknown.body)


async def test_a_subscription_that_has_ended_takes_nothing(site: Site) -> None:
    one = await stored(site)
    ended = replace(one, until=site.timeline.now() - 1)
    await site.timeline.put_job(Job(KIND, TOKEN, "group", ended.to_json()), 1e12)
    assert (await pushed(site, b"x")).code == 404


async def test_a_push_of_a_feed_that_is_not_followed_is_unknown(site: Site) -> None:
    await stored(site)
    await site.timeline.follow({})
    assert (await pushed(site, b"x")).code == 404


@pytest.mark.parametrize(
    ("lines", "token"),
    [
        (["Content-Length: 1000000"], TOKEN),
        (["Content-Length: 1000000", "X-Hub-Signature: sha256=00"], new_token()),
        (["Transfer-Encoding: chunked", "X-Hub-Signature: sha256=00"], new_token()),
        (["Content-Length: 1000000", "X-Hub-Signature: sha256=00"], "short"),
    ],
    ids=["unsigned", "unknown", "unknown and chunked", "no token"],
)
async def test_an_unexpected_body_is_not_read(site: Site, lines: list[str], token: str) -> None:
    await stored(site)
    async with head_sent(site, *lines, token=token) as (reader, _):
        assert await status(reader) == 404
        assert (await reader.read()).endswith(b"}}")


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "9" * 30])
async def test_a_body_that_is_too_large_is_not_read(site: Site, length: str) -> None:
    await stored(site)
    async with head_sent(site, f"Content-Length: {length}", "X-Hub-Signature: sha256=00") as (reader, _):
        assert await status(reader) == 413
        await reader.read()
    assert site.served.websub_limits.outcomes["too_large"] == 1


async def test_chunks_that_become_too_large_are_read_no_further(site: Site) -> None:
    await stored(site)
    async with head_sent(site, "Transfer-Encoding: chunked", "X-Hub-Signature: sha256=00") as (reader, writer):
        for _ in range(MAX_BODY_BYTES // 0x8000 + 1):
            writer.write(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
        assert await status(reader) == 413
        await reader.read()
    assert await pushes(site) == 0


async def test_a_body_that_is_shorter_than_its_length_stores_nothing(site: Site) -> None:
    await stored(site)
    async with head_sent(site, "Content-Length: 100", "X-Hub-Signature: sha256=00") as (_, writer):
        writer.write(b"x" * 50)
        await writer.drain()
    assert (await pushed(site, b"y")).code == 202
    assert await pushes(site) == 1


async def test_bodies_that_are_read_at_the_same_time_are_bounded(site: Site) -> None:
    await stored(site)
    async with AsyncExitStack() as stack:
        tokens = [new_token() for _ in range(MAX_PUSHES // MAX_READ_OF_SUBSCRIPTION)]
        for token in tokens:
            await stored(site, token=token)
            for _ in range(MAX_READ_OF_SUBSCRIPTION):
                await stack.enter_async_context(head_sent(site, *PARTIAL, token=token))
            await until(lambda token=token: site.served.websub_limits._reading[token] == MAX_READ_OF_SUBSCRIPTION)
            assert (await pushed(site, b"x", token)).code == 503
        answer = await pushed(site, b"x")
        assert (answer.code, "Retry-After" in answer.headers) == (503, True)
    await until(lambda: not site.served.websub_limits._reading)
    assert (await pushed(site, b"x")).code == 202


async def test_bodies_that_wait_for_the_store_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await stored(site)
    go_on, push = asyncio.Event(), site.timeline.push

    async def slow(*arguments: Any) -> bool:
        await go_on.wait()
        return await push(*arguments)

    monkeypatch.setattr(site.timeline, "push", slow)
    waiting = [asyncio.create_task(pushed(site, b"x")) for _ in range(MAX_READ_OF_SUBSCRIPTION)]
    await until(lambda: site.served.websub_limits._reading[TOKEN] == MAX_READ_OF_SUBSCRIPTION)
    assert (await pushed(site, b"x")).code == 503
    go_on.set()
    assert {answer.code for answer in await asyncio.gather(*waiting)} == {202}
    assert not site.served.websub_limits._reading


async def test_a_hub_that_floods_is_slowed_down(site: Site) -> None:
    site.served.websub_limits = WebSubLimits(clock=lambda: 0.0)
    await stored(site)
    codes = [(await pushed(site, b"x", secret=b"other")).code for _ in range(MAX_PUSHES_PER_SUBSCRIPTION + 1)]
    assert codes == [202] * MAX_PUSHES_PER_SUBSCRIPTION + [429]
    await stored(site, token=(other := new_token()))
    assert (await pushed(site, b"x", other)).code == 202, "another hub is not"


class TestWithoutPublicUrl:
    """There can be no subscription."""

    @pytest.fixture
    def settings(self, settings: Config) -> Config:
        server = settings.server.model_copy(update={"public_url": None})
        return settings.model_copy(update={"server": server})

    async def test_there_is_no_callback(self, site: Site) -> None:
        await stored(site, "pending")
        assert (await site.get(verification())).code == 404
