"""Requests with the headers, cookie, user agent, proxy and password of a feed: for its own origin alone."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config import Blog, Feed
from feeds.fetch import Fetcher, FetchError
from feeds.followed_feeds import FollowedFeed, FollowedFeeds
from outbound import connect
from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, moved, raw_origin, whole
from tests.feeds.polling import DAY, Desk, Log
from tests.feeds.proxy import ForwardProxy, forward_proxy
from tests.feeds.test_fetch import LOOPBACK, fetching, sent
from tests.feeds.test_poll import post

SECRETS = {"x-api-key": "k3y-of-the-feed", "cookie": "session=s3cret", "user-agent": "Reader of the city"}
PASSWORD = f"Basic {b64encode(b'ada:pa55').decode()}"
CERTIFICATE = Path(__file__).with_name("untrusted.pem")


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with fetching() as one:
        yield one


@pytest.fixture
async def proxy() -> AsyncIterator[ForwardProxy]:
    async with forward_proxy() as one:
        yield one


def followed(url: str, **keys: object) -> FollowedFeed:
    """A feed with these keys of config.yaml."""
    feed = Feed.model_validate({"url": url, **keys})
    return FollowedFeeds([Blog(slug="blog", title="Blog", feeds=(feed,))])[feed.identity]


def secretive(url: str) -> FollowedFeed:
    return followed(
        url,
        headers={"X-Api-Key": SECRETS["x-api-key"]},
        cookie=SECRETS["cookie"],
        user_agent=SECRETS["user-agent"],
        username="ada",
        password="pa55",
    )


async def get(fetcher: Fetcher, feed: FollowedFeed) -> bytes:
    answer = await fetcher.get(feed.url, own=feed.own, named=feed.url)
    answer.close()
    return answer.body


async def failure(fetcher: Fetcher, feed: FollowedFeed) -> str:
    with pytest.raises(FetchError) as caught:
        await get(fetcher, feed)
    return str(caught.value)


async def test_a_feed_is_requested_as_its_keys_say(fetcher: Fetcher, origin: RawOrigin) -> None:
    feed = secretive(origin.serve("/feed", moved("/moved")))
    origin.serve("/moved", whole(b"x"))
    assert await get(fetcher, feed) == b"x"
    for head in origin.heads:
        headers = sent(head)
        assert headers | SECRETS == headers
        assert headers["authorization"] == PASSWORD
    assert "s3cret" not in repr(feed.own)
    assert "pa55" not in repr(feed)


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
async def test_another_origin_is_sent_nothing_of_it(origin: RawOrigin, status: str) -> None:
    async with raw_origin() as other, fetching(private_networks=LOOPBACK) as fetcher:
        back = origin.serve("/back", whole(b"x"))
        other.serve("/feed", moved(back))
        feed = secretive(origin.serve("/feed", moved(other.url("/feed"), status)))
        assert await get(fetcher, feed) == b"x"
        (head,) = other.heads
        headers = sent(head)
        assert headers["user-agent"] == "Livelog/test (+https://example.org/)"
        assert not {"x-api-key", "cookie", "authorization"} & headers.keys()
        assert "x-api-key" in sent(origin.heads[-1])


async def test_another_url_of_the_state_is_sent_nothing_of_it(origin: RawOrigin) -> None:
    async with raw_origin() as other, fetching(private_networks=LOOPBACK) as fetcher:
        feed = secretive(origin.url("/feed"))
        answer = await fetcher.get(other.serve("/feed", whole(b"x")), own=feed.own, named=feed.url)
        answer.close()
        assert "x-api-key" not in sent(other.heads[0])


async def test_a_header_replaces_one_of_ours(fetcher: Fetcher, origin: RawOrigin) -> None:
    feed = followed(origin.serve("/feed", whole(b"x")), headers={"accept": "text/plain"})
    await get(fetcher, feed)
    assert sent(origin.heads[0])["accept"] == "text/plain"
    assert origin.heads[0].lower().count("accept:") == 1


# Proxies


async def test_a_proxy_is_asked_for_an_http_url(fetcher: Fetcher, origin: RawOrigin, proxy: ForwardProxy) -> None:
    feed = followed(origin.serve("/feed?a=1", whole(b"x")), proxy=proxy.url("me:pa%3As@"), cookie="a=b")
    assert await get(fetcher, feed) == b"x"
    (head,) = proxy.heads
    assert head.startswith(f"GET {origin.url('/feed?a=1')} HTTP/1.1\r\n")
    assert sent(head)["proxy-authorization"] == f"Basic {b64encode(b'me:pa:s').decode()}"
    assert sent(head)["cookie"] == "a=b"


async def test_a_proxy_makes_a_tunnel_for_an_https_url(
    fetcher: Fetcher, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    trusting.check_hostname = False
    monkeypatch.setattr(connect, "_tls", lambda: trusting)
    async with raw_origin(context) as origin:
        url = origin.serve("/feed", whole(b"x" * 90_000)).replace("http:", "https:")
        feed = followed(url, proxy=proxy.url("me:pass@"), cookie="a=b")
        assert await get(fetcher, feed) == b"x" * 90_000
        (head,) = proxy.heads
        assert head.startswith(f"CONNECT 127.0.0.1:{origin.port} HTTP/1.1\r\nHost: 127.0.0.1:{origin.port}\r\n")
        assert "a=b" not in head
        assert "proxy-authorization" in sent(head)
        assert "proxy-authorization" not in sent(origin.heads[0])
        assert sent(origin.heads[0])["cookie"] == "a=b"


async def test_a_certificate_behind_a_proxy_has_to_be_valid(fetcher: Fetcher, proxy: ForwardProxy) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    async with raw_origin(context) as origin:
        feed = followed(origin.url("/feed").replace("http:", "https:"), proxy=proxy.url())
        assert "certificate is not valid" in await failure(fetcher, feed)


async def test_another_origin_is_requested_without_the_proxy(origin: RawOrigin, proxy: ForwardProxy) -> None:
    async with raw_origin() as other, fetching(private_networks=LOOPBACK) as fetcher:
        other.serve("/feed", whole(b"x"))
        feed = followed(origin.serve("/feed", moved(other.url("/feed"))), proxy=proxy.url("me:pass@"))
        assert await get(fetcher, feed) == b"x"
        assert len(proxy.heads) == 1
        assert "proxy-authorization" not in sent(other.heads[0])


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "The proxy's answer was 407."),
        (b"HTTP/1.1 503 No\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", "The proxy's answer is not HTTP."),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "The proxy's answer is not HTTP."),
        (b"HTTP/1.1 2", "The proxy closed the connection."),
    ],
)
async def test_a_proxy_that_makes_no_tunnel_is_named(
    fetcher: Fetcher, proxy: ForwardProxy, refusal: bytes, sentence: str
) -> None:
    proxy.refusal = refusal
    feed = followed("https://127.0.0.1:9/feed", proxy=proxy.url("me:s3cret@"))
    assert await failure(fetcher, feed) == sentence


async def test_a_proxy_that_is_away_is_named(fetcher: Fetcher, origin: RawOrigin) -> None:
    async with forward_proxy() as gone:
        url = gone.url("me:s3cret@")
    assert await failure(fetcher, followed(origin.url("/feed"), proxy=url)) == "The proxy refused the connection."
    unknown = followed(origin.url("/feed"), proxy="http://me:s3cret@proxy.invalid:3128")
    assert await failure(fetcher, unknown) == "The host name of the proxy cannot be resolved."


async def test_a_name_that_leads_into_a_private_network_is_refused_behind_a_proxy(
    fetcher: Fetcher, origin: RawOrigin, proxy: ForwardProxy
) -> None:
    feed = followed(origin.url("/feed").replace("127.0.0.1", "localhost"), proxy=proxy.url())
    assert "leads to the private address" in await failure(fetcher, feed)
    assert proxy.heads == []


async def test_a_name_that_only_the_proxy_knows_is_left_to_it(
    fetcher: Fetcher, origin: RawOrigin, proxy: ForwardProxy
) -> None:
    proxy.target = origin.port
    origin.serve("/feed", whole(b"x"))
    assert await get(fetcher, followed("http://feeds.invalid/feed", proxy=proxy.url())) == b"x"


# Changes


async def test_a_changed_request_has_no_validators_of_the_one_before(origin: RawOrigin) -> None:
    url = origin.url("/feed")
    requests = [
        followed(url, **keys).own.digest
        for keys in (
            {},
            {"cookie": "a=b"},
            {"cookie": "a=c"},
            {"headers": {"X": "y"}},
            {"user_agent": "x"},
            {"username": "a"},
            {"username": "a", "password": "b"},
            {"proxy": "http://127.0.0.1:1"},
        )
    ]
    assert len(set(requests)) == len(requests)
    assert requests[0] == ""
    assert followed(url, cookie="a=b").own.digest == requests[1]


async def test_a_feed_whose_request_changes_is_read_anew_and_nothing_is_repeated(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    url = origin.serve("/a", whole(rss(post("a")), 'ETag: "public"'))
    await desk.follow(url)
    await desk.later()
    assert sent(origin.heads[-1])["if-none-match"] == '"public"'
    origin.serve("/a", whole(b"", status="401 x"))
    await desk.follow({"url": url, "cookie": "a=b"})
    await desk.later()
    assert "if-none-match" not in sent(origin.heads[-1])
    # A failure does not bring the validators of the other request back.
    origin.serve("/a", whole(rss(post("b"), post("a")), 'ETag: "private"'))
    await desk.later(DAY)
    assert "if-none-match" not in sent(origin.heads[-1])
    assert await desk.titles() == ["b", "a"]
    await desk.later()
    assert sent(origin.heads[-1])["if-none-match"] == '"private"'
    assert sent(origin.heads[-1])["cookie"] == "a=b"
    assert "a=b" not in str(log.heard())
