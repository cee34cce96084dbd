"""`/<blog>/ws`: the live stream."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from handlers.stream import QUEUE_BYTES
from tests.handlers.conftest import Site
from tests.livelog import until
from tests.timeline.drafts import commit, entry

Connect = Callable[..., Awaitable[WebSocketClientConnection]]


@pytest.fixture
async def connect(site: Site) -> AsyncIterator[Connect]:
    """Opens connections, and closes them after the test."""
    opened = []

    async def open_one(path: str = "/blog/ws", **headers: str) -> WebSocketClientConnection:
        connection = await websocket_connect(HTTPRequest(site.url(path).replace("http:", "ws:"), headers=headers))
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


async def message(connection: WebSocketClientConnection) -> dict[str, Any]:
    text = await asyncio.wait_for(connection.read_message(), 30)
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


async def test_hello_first_then_what_comes(site: Site, connect: Connect) -> None:
    connection = await connect()
    assert (await message(connection))["type"] == "hello"
    await commit(site.timeline, entry("a"))
    assert (await message(connection))["item"]["id"] == "a"


async def test_after_resumes(site: Site, connect: Connect) -> None:
    start = await site.timeline.head("blog")
    await commit(site.timeline, entry("a"))
    # A reader who comes before the fan-out has heard of it gets it as news, not as something missed.
    await until(lambda: site.fanout.events == 1)
    connection = await connect(f"/blog/ws?after={start}")
    hello = await message(connection)
    assert (hello["recovered"], hello["missed"]) == (True, 1)
    assert (await message(connection))["item"]["id"] == "a"


@pytest.mark.parametrize("after", ["", "x", "%ff", "%00", "a" * 3_000, "00000000.5"])
async def test_a_cursor_that_is_none_of_ours_gets_a_reset(connect: Connect, after: str) -> None:
    connection = await connect(f"/blog/ws?after={after}")
    assert (await message(connection))["recovered"] is False
    assert (await message(connection))["type"] == "reset"


async def test_a_foreign_origin_is_refused(connect: Connect) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        await connect(Origin="https://elsewhere.example")


async def test_the_origin_that_the_operator_named_is_welcome(site: Site, connect: Connect) -> None:
    connection = await connect(Origin="https://live.example.org")
    assert (await message(connection))["type"] == "hello"


async def test_an_unknown_blog_is_a_404(site: Site, connect: Connect) -> None:
    with pytest.raises(HTTPClientError, match="404"):
        await connect("/nowhere/ws")


async def test_what_a_reader_says_is_ignored(site: Site, connect: Connect) -> None:
    connection = await connect()
    await message(connection)
    for said in ("", "hello", '{"type":"entry"}', "x" * 4_000):
        await connection.write_message(said)
    await commit(site.timeline, entry("a"))
    assert (await message(connection))["item"]["id"] == "a"


async def test_a_reader_that_says_too_much_is_closed(site: Site, connect: Connect) -> None:
    connection = await connect()
    await message(connection)
    await connection.write_message("x" * 5_000)
    assert await asyncio.wait_for(connection.read_message(), 30) is None
    assert connection.close_code == 1009


async def test_a_reader_that_does_not_read_is_let_go_and_costs_no_one_else(site: Site, connect: Connect) -> None:
    quick = await connect()
    await message(quick)
    # A bare socket that says hello and never reads.
    slow = socket.create_connection(("127.0.0.1", site.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    slow.sendall(
        b"GET /blog/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await until(lambda: site.fanout.readers()["blog"] == 2)
    sent = 0
    while site.fanout.readers()["blog"] == 2:
        assert sent < 40 * QUEUE_BYTES, "the queue of a reader that does not read has no bound"
        await commit(site.timeline, entry(f"e{sent}", content_html="x" * 60_000))
        sent += 60_000
        assert (await message(quick))["type"] == "entry"
    slow.close()


async def test_readers_are_counted_and_forgotten(site: Site, connect: Connect) -> None:
    connection = await connect()
    await message(connection)
    assert site.fanout.readers() == {"blog": 1, "other": 0}
    connection.close()
    await until(lambda: site.fanout.readers() == {"blog": 0, "other": 0})
