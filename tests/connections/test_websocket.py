"""`/<blog>/ws`: the live stream as WebSocket."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import AsyncExitStack

import pytest

from connections.connection import READ_BYTES, DetachedConnection
from connections.websocket import WebSocketConnection
from fanout.channel import MAX_BEHIND_BYTES
from tests.connections.bare import BINARY, CLOSE, PING, PONG, TEXT, frame, websocket
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import commit, entry
from tests.websockets import Connect, message

SMALL = 4_096


def clients(site: Site) -> list[DetachedConnection]:
    """The connections of the blog, as the server has them."""
    return [
        client for client in site.fanout._channels["blog"].connections() if isinstance(client, DetachedConnection)
    ]


async def test_hello_first_then_what_comes(site: Site, connect: Connect) -> None:
    connection = await connect()
    assert (await message(connection))["type"] == "hello"
    await commit(site.timeline, entry("a"))
    assert (await message(connection))["item"]["id"] == "a"


async def test_after_resumes(site: Site, connect: Connect) -> None:
    start = await site.timeline.head("blog")
    await commit(site.timeline, entry("a"))
    # A client that joins before the fan-out has received the event gets it as news, not as something missed.
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


async def test_a_handshake_is_answered_as_the_key_asks(site: Site) -> None:
    async with websocket(site.port) as bare:
        # The example of RFC 6455, 1.3.
        assert bare.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


async def test_no_compression_is_agreed_on(site: Site) -> None:
    async with websocket(site.port, "/blog/ws", "Sec-WebSocket-Extensions: permessage-deflate") as bare:
        assert "Sec-WebSocket-Extensions" not in bare.headers
        assert (await bare.message())["type"] == "hello"


async def test_what_a_client_says_is_ignored(site: Site, connect: Connect) -> None:
    connection = await connect()
    await message(connection)
    for said in ("", "hello", '{"type":"entry"}', "x" * 4_000):
        await connection.write_message(said)
    await commit(site.timeline, entry("a"))
    assert (await message(connection))["item"]["id"] == "a"


async def test_a_client_that_says_too_much_is_closed(site: Site, connect: Connect) -> None:
    connection = await connect()
    await message(connection)
    await connection.write_message("x" * 5_000)
    assert await asyncio.wait_for(connection.read_message(), 30) is None
    assert connection.close_code == 1009


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (frame(TEXT, b"hello", mask=b""), 1002),
        (frame(0x5), 1002),
        (frame(PING, bytes(126)), 1002),
        (frame(0, b"nothing to continue"), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(BINARY, bytes(4_097)), 1009),
        (frame(BINARY, bytes(4_000), final=False) + frame(0, bytes(97)), 1009),
        (frame(CLOSE, b"\x03\xe9"), 1001),
        (frame(PING, b"x") * 1_000 + frame(CLOSE, b"\x03\xe8"), 1000),
        (frame(TEXT, b"", final=False) + frame(0, final=False) * 10_000 + frame(0x5), 1002),
    ],
)
async def test_whatever_a_client_says_it_is_told_why_it_is_closed(site: Site, said: bytes, code: int) -> None:
    async with websocket(site.port) as bare:
        bare.send(said)
        assert await bare.close_code() == code
        await until(lambda: site.fanout.readers()["blog"] == 0)


async def test_a_close_is_answered_and_ends_the_connection(site: Site) -> None:
    async with websocket(site.port) as bare:
        await bare.message()
        bare.send(frame(CLOSE))
        assert await bare.frame() == (CLOSE, b"")
        assert await bare.has_ended()


async def test_a_ping_is_answered_with_what_it_said(site: Site) -> None:
    async with websocket(site.port) as bare:
        await bare.message()
        bare.send(frame(PING, b"are you there"))
        assert await bare.frame() == (PONG, b"are you there")


async def test_who_pings_without_end_and_does_not_read_takes_no_memory(site: Site) -> None:
    async with websocket(site.port, buffer=SMALL) as bare:
        await until(lambda: clients(site))
        (client,) = clients(site)
        while not client.stream.writing():
            await bare.send_all(frame(PING, bytes(125)) * 1_000)
        await bare.send_all(frame(PING, bytes(125)) * 10_000 + frame(PING, b"last"))
        await bare.send_all(frame(TEXT, b"x" * 4_000) * 100)
        assert len(client.stream._write_buffer) < READ_BYTES
        while (await bare.frame())[1] != b"last":
            pass


async def test_a_batch_larger_than_a_slow_client_is_allowed_closes_no_one_who_reads(
    site: Site, connect: Connect
) -> None:
    connection = await connect()
    await message(connection)
    async with websocket(site.port, buffer=SMALL) as narrow:
        await narrow.message()
        await commit(site.timeline, *(entry(f"e{n:02}", content_html="x" * 60_000) for n in range(40)))
        expected = [f"e{n:02}" for n in range(40)]
        assert [(await message(connection))["item"]["id"] for _ in range(40)] == expected
        assert [(await narrow.message())["item"]["id"] for _ in range(40)] == expected


async def test_a_client_that_does_not_read_is_evicted_and_costs_no_one_else(
    site: Site, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    quick = await connect()
    await message(quick)
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(websocket(site.port, buffer=SMALL)) for _ in range(10)]
        await until(lambda: site.fanout.readers()["blog"] == 11)
        sent = 0
        while site.fanout.readers()["blog"] > 1:
            assert sent < 40 * MAX_BEHIND_BYTES, "there is no bound"
            await commit(site.timeline, entry(f"e{sent}", content_html="x" * 60_000))
            sent += 60_000
            assert (await message(quick))["type"] == "entry"
        # It hears why, if it reads after all, and it was sent whole messages only.
        assert await slow[0].close_code() == 1013
    await until(lambda: "clients were too slow" in caplog.text)
    told = [record.getMessage() for record in caplog.records if "too slow" in record.getMessage()]
    assert told == ["10 clients were too slow and were evicted; they reconnect with their cursor."]


async def test_a_client_that_is_evicted_and_never_reads_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.websocket.CLOSE_TIMEOUT", 0.05)
    async with websocket(site.port, buffer=SMALL):
        await until(lambda: clients(site))
        (client,) = clients(site)
        sent = 0
        while clients(site):
            await commit(site.timeline, entry(f"e{sent}", content_html="x" * 60_000))
            sent += 1
            await asyncio.sleep(0.01)
        await until(client.stream.closed)


async def test_many_that_never_read_take_no_memory_of_their_own(site: Site, connect: Connect) -> None:
    quick = await connect()
    await message(quick)
    async with AsyncExitStack() as stack:
        for _ in range(50):
            await stack.enter_async_context(websocket(site.port, buffer=SMALL))
        await until(lambda: site.fanout.readers()["blog"] == 51)
        sent = 0
        tracemalloc.start()
        while site.fanout.readers()["blog"] > 1:
            await commit(site.timeline, entry(f"e{sent}", content_html="x" * 60_000))
            sent += 1
            assert (await message(quick))["type"] == "entry"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 50 * MAX_BEHIND_BYTES + 3 * sent * 60_000


async def test_a_client_that_does_not_answer_pings_is_cut_off(site: Site) -> None:
    async with websocket(site.port) as bare, websocket(site.port) as other:
        await bare.message()
        await other.message()
        answered = next(client for client in clients(site) if client.stream.socket.getpeername() == bare.name)
        for left in (2, 1):
            for client in clients(site):
                client.ping()
            assert await bare.frame() == (PING, b"")
            assert (await bare.message())["type"] == "alive"
            bare.send(frame(PONG))
            await until(lambda: isinstance(answered, WebSocketConnection) and answered.is_alive)
            for client in clients(site):
                client.check_alive()
            await until(lambda count=left: len(clients(site)) == count)
        assert clients(site) == [answered]
        assert await other.close_code() is None


async def test_clients_are_counted_and_forgotten(site: Site, connect: Connect) -> None:
    connection = await connect()
    await message(connection)
    assert site.fanout.readers() == {"blog": 1, "other": 0}
    connection.close()
    await until(lambda: site.fanout.readers() == {"blog": 0, "other": 0})
