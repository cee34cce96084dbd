"""One exchange of any method: what is sent at each hop, and what of it another origin gets.

What a GET does is in tests/feeds/test_fetch.py: limits, broken responses, redirects, private networks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from ipaddress import ip_network
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from outbound.client import STRANGERS, Client, ClientSettings, RequestError, Response
from outbound.host_limits import HostLimits, HostPausedError, host_key
from tests.feeds.origins import RawOrigin, answer, moved, raw_origin, repeats, whole
from tests.livelog import until

SETTINGS: dict[str, Any] = {"user_agent": "Livelog/test", "timeout": 30.0, "max_bytes": 1_000, "connections": 8}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client."""
    made = Client(ClientSettings(**SETTINGS), HostLimits(2))
    yield made
    made.close()


def descriptors() -> int:
    """The number of open descriptors of this process."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def send(client: Client, url: str, **options: Any) -> Response:
    """A response that need not be closed any more."""
    with closing(await client.request(url, **options)) as response:
        return response


def request_line(head: str) -> str:
    """Method and path."""
    return head.partition(" HTTP/")[0]


async def test_a_form_is_posted_and_any_status_is_returned(client: Client, origin: RawOrigin) -> None:
    url = origin.serve("/hub", whole(b"no", "X: y", status="409 Conflict"))
    response = await send(
        client,
        url,
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"hub.mode=subscribe",
    )
    assert (response.status, response.headers["X"], response.body, response.url) == (409, "y", b"no", url)
    assert request_line(origin.heads[0]) == "POST /hub"
    assert "Content-Length: 18\r\n" in origin.heads[0]
    assert "Content-Type: application/x-www-form-urlencoded\r\n" in origin.heads[0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
async def test_every_method_can_do_without_a_body(client: Client, origin: RawOrigin, method: str) -> None:
    assert (await send(client, origin.serve("/a", whole(b"", status="202 x")), method=method)).status == 202
    assert request_line(origin.heads[0]) == f"{method} /a"


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("301 x", "GET /there"),
        ("302 x", "GET /there"),
        ("303 x", "GET /there"),
        ("307 x", "POST /there"),
        ("308 x", "POST /there"),
    ],
)
async def test_a_redirect_of_a_post_is_followed_as_its_status_says(
    client: Client, origin: RawOrigin, status: str, line: str
) -> None:
    origin.serve("/there", whole(b"there"))
    url = origin.serve("/here", moved("/there", status))
    headers = {"Content-Type": "application/json"}
    assert (await send(client, url, method="POST", headers=headers, body=b"{}")).body == b"there"
    assert request_line(origin.heads[1]) == line
    assert ("Content-Type: application/json" in origin.heads[1]) is line.startswith("POST")


async def test_a_redirect_can_be_left_unfollowed(client: Client, origin: RawOrigin) -> None:
    response = await send(client, origin.serve("/a", moved("/b")), max_redirects=0)
    assert (response.status, response.headers["Location"], len(origin.heads)) == (302, "/b", 1)


async def test_a_redirect_of_a_post_into_a_private_network_is_refused(client: Client, origin: RawOrigin) -> None:
    async with raw_origin() as other:
        url = origin.serve("/a", moved(other.url("/b"), "307 x"))
        with pytest.raises(RequestError, match="private address"):
            await send(client, url, method="POST", body=b"secret")
        assert not other.heads


async def test_headers_with_credentials_are_dropped_at_another_origin_and_others_are_not(
    origin: RawOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbound.private_networks.allowed", lambda *_: True)
    async with raw_origin() as other:
        client = Client(ClientSettings(**SETTINGS), HostLimits(2))
        other.serve("/b", whole(b"b"))
        url = origin.serve("/a", moved(other.url("/b"), "307 x"))
        headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Hub": "1"}
        await send(client, url.replace("//", "//user:pw@"), method="POST", headers=headers, body=b"1")
        client.close()
    assert "Authorization" in origin.heads[0]
    assert "Authorization" not in other.heads[0]
    assert "Cookie" not in other.heads[0]
    assert "X-Hub: 1" in other.heads[0]


async def test_headers_for_a_url_are_sent_to_that_url_alone(client: Client, origin: RawOrigin) -> None:
    there = origin.serve("/there", whole(b"there"))
    here = origin.serve("/here", moved("/there"))
    await send(client, here, headers_at={there: {"If-None-Match": '"1"'}})
    assert ["If-None-Match" in head for head in origin.heads] == [False, True]


async def test_nothing_is_sent_to_a_host_that_is_paused(client: Client, origin: RawOrigin) -> None:
    url = origin.serve("/a", whole(b"a"))
    client.hosts.pause(host_key(url), 1e12)
    with pytest.raises(HostPausedError):
        await send(client, url, method="POST")
    assert not origin.heads


async def test_other_settings_count_from_the_next_request(client: Client, origin: RawOrigin) -> None:
    url = origin.serve("/a", whole(b"x" * 2_000))
    with pytest.raises(RequestError, match="larger than 1000 bytes"):
        await send(client, url)
    client.apply(ClientSettings(**{**SETTINGS, "max_bytes": 2_000, "user_agent": "Other"}))
    assert len((await send(client, url)).body) == 2_000
    assert "User-Agent: Other\r\n" in origin.heads[-1]


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX-", answer("Content-Length: 999")])
async def test_an_exchange_that_is_cancelled_closes_its_connection(
    client: Client, origin: RawOrigin, caplog: pytest.LogCaptureFixture, start: bytes
) -> None:
    closed = asyncio.Event()

    async def script(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await repeats(start, b"a", 0.01)(writer)
        closed.set()

    sending = asyncio.create_task(client.request(origin.serve("/hang", script)))
    await until(lambda: origin.heads)
    await asyncio.sleep(0.05)
    sending.cancel()
    await asyncio.wait_for(closed.wait(), 10)
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert not caplog.records


async def test_an_exchange_that_is_cancelled_while_it_connects_closes_its_socket(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, ExitStack() as stack:
        address = listening.getsockname()
        # Linux answers no more connections than fit the backlog.
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        before = descriptors()
        sending = asyncio.create_task(client.request(f"http://127.0.0.1:{address[1]}/"))
        await until(lambda: descriptors() > before)
        sending.cancel()
        await until(lambda: descriptors() == before)


async def test_a_header_that_would_end_its_line_is_not_sent(client: Client, origin: RawOrigin) -> None:
    with pytest.raises(RequestError):
        await client.request(origin.serve("/", whole(b"")), headers={"X": "a\r\nHost: b"})
    assert not origin.heads


async def test_more_exchanges_than_the_client_is_made_for_wait(origin: RawOrigin) -> None:
    settings = ClientSettings(user_agent="x", timeout=30.0, max_bytes=100, connections=1)
    client = Client(settings, HostLimits(2))
    go_on = asyncio.Event()

    async def script(writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(whole(b"body"))

    urls = [origin.serve(path, script) for path in ("/1", "/2")]
    both = [asyncio.create_task(client.request(url)) for url in urls]
    await until(lambda: origin.heads)
    go_on.set()
    assert [response.body for response in await asyncio.gather(*both)] == [b"body"] * 2
    client.close()


async def test_a_literal_private_address_that_a_stranger_gave_is_refused(client: Client, origin: RawOrigin) -> None:
    with pytest.raises(RequestError, match="private address"):
        await send(client, origin.serve("/", whole(b"no")), named=STRANGERS)
    assert not origin.heads


async def test_a_private_address_of_a_stranger_is_asked_if_its_network_is_listed(origin: RawOrigin) -> None:
    settings = ClientSettings(**SETTINGS, private_networks=[ip_network("127.0.0.0/8")])
    response = await send(Client(settings, HostLimits(2)), origin.serve("/", whole(b"yes")), named=STRANGERS)
    assert response.body == b"yes"


async def test_a_password_in_the_url_of_a_stranger_is_not_sent(origin: RawOrigin) -> None:
    settings = ClientSettings(**SETTINGS, private_networks=[ip_network("127.0.0.0/8")])
    url = origin.serve("/", whole(b"yes")).replace("127.0.0.1", "me:pass@127.0.0.1")
    await send(Client(settings, HostLimits(2)), url, named=STRANGERS)
    assert "Authorization" not in origin.heads[0]


async def test_names_are_resolved_in_the_threads_of_the_client(origin: RawOrigin) -> None:
    networks = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    settings = ClientSettings(**SETTINGS, private_networks=networks)
    with ThreadPoolExecutor(1) as threads:
        client = Client(settings, HostLimits(2), threads)
        busy = threads.submit(Event().wait, 0.2)
        url = origin.serve("/", whole(b"yes")).replace("127.0.0.1", "localhost")
        assert (await send(client, url)).body == b"yes"
        assert busy.done()
