"""Detached connections: what they rely on in the installed Tornado, and what the fan-out relies on in them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from tornado.iostream import IOStream, SSLIOStream
from tornado.netutil import bind_sockets
from tornado.tcpserver import TCPServer

from connections.connection import READ_BYTES, UNACKNOWLEDGED_TIMEOUT, DetachedConnection
from fanout.fanout import FanOut
from fanout.frames import Transport
from tests.livelog import PATIENCE, until

CERTIFICATE = Path(__file__).parents[1] / "feeds" / "untrusted.pem"

LARGE = bytes(range(256)) * 64 * 1024
"""16 MiB: more than a kernel takes at once."""


class Ear(DetachedConnection):
    """A connection that keeps what it receives, and is in no fan-out."""

    __slots__ = ("endings", "pieces")

    transport = Transport.WEBSOCKET

    def __init__(self, stream: IOStream) -> None:
        super().__init__(stream, cast("FanOut", None), "blog")
        self.pieces: list[bytes] = []
        self.endings = 0

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)

    def connection_lost(self) -> None:
        self.endings += 1

    def evict(self) -> None:
        raise AssertionError

    close = ping = check_alive = evict


class Exchange(TCPServer):
    """Connects two ends: ours as Tornado hands it over, and a bare socket."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(ssl_options=context)
        self.sockets = bind_sockets(0, "127.0.0.1")
        self.add_sockets(self.sockets)
        self.streams: asyncio.Queue[IOStream] = asyncio.Queue()
        self.ends: list[IOStream | socket.socket] = []

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        self.streams.put_nowait(stream)

    async def connect(self) -> tuple[IOStream, socket.socket]:
        other = socket.socket()
        # A small window, and so a small buffer on our side.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        other.setblocking(False)
        await asyncio.get_running_loop().sock_connect(other, self.sockets[0].getsockname())
        stream = await asyncio.wait_for(self.streams.get(), PATIENCE)
        self.ends += [stream, other]
        return stream, other

    def close(self) -> None:
        self.stop()
        for end in self.ends:
            end.close()


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    opened = Exchange()
    yield opened
    opened.close()


async def take(other: socket.socket, size: int) -> bytes:
    """So many bytes from the other end."""
    loop, taken = asyncio.get_running_loop(), bytearray()
    while len(taken) < size:
        taken += await asyncio.wait_for(loop.sock_recv(other, min(size - len(taken), 1 << 20)), PATIENCE)
    return bytes(taken)


async def test_what_is_sent_arrives_at_once_if_the_kernel_takes_it(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    assert Ear(stream).send(b"hello") is None
    assert not stream.writing()
    assert await take(other, 5) == b"hello"


async def test_what_the_kernel_does_not_take_follows_as_the_connection_drains(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    rest = Ear(stream).send(LARGE)
    assert rest is not None
    assert stream.writing()
    assert await take(other, len(LARGE)) == LARGE
    await asyncio.wait_for(rest, PATIENCE)
    assert not stream.writing()


async def test_what_tornado_was_about_to_write_comes_first(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    written = stream.write(b"1" + LARGE)
    ear = Ear(stream)
    sent = ear.send(b"2")
    assert sent is not None
    assert ear.send(b"3") is not None, "it waits behind what waits"
    everything = b"1" + LARGE + b"23"
    assert await take(other, len(everything)) == everything
    await asyncio.wait_for(asyncio.gather(written, sent), PATIENCE)
    assert ear.send(b"4") is None
    assert await take(other, 1) == b"4"


async def test_what_is_sent_while_something_waits_stays_in_order(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    ear = Ear(stream)
    for piece in (b"1", LARGE, b"2", b"3" * 5_000):
        ear.send(piece)
    everything = b"1" + LARGE + b"2" + b"3" * 5_000
    assert await take(other, len(everything)) == everything


async def test_what_waits_is_not_copied_for_each_connection(exchange: Exchange) -> None:
    ears = [Ear((await exchange.connect())[0]) for _ in range(10)]
    tracemalloc.start()
    rests = [ear.send(LARGE) for ear in ears]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert all(rests)
    assert peak < len(LARGE) // 16


async def test_closing_a_connection_releases_what_waited_on_it(exchange: Exchange) -> None:
    stream, _ = await exchange.connect()
    data = bytes(LARGE)
    before = sys.getrefcount(data)
    rest = Ear(stream).send(data)
    assert rest is not None
    assert sys.getrefcount(data) > before
    stream.close()
    assert sys.getrefcount(data) == before
    with pytest.raises(OSError, match="closed"):
        await rest


async def test_a_connection_that_has_ended_takes_everything(exchange: Exchange) -> None:
    stream, _ = await exchange.connect()
    ear = Ear(stream)
    stream.close()
    assert ear.send(b"hello") is None
    with pytest.raises(OSError, match="ended"):
        Ear(stream)


async def test_a_connection_that_is_reset_is_closed_and_its_end_is_reported_once(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    ear = Ear(stream)
    ear.start_reading()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    other.close()
    while not stream.closed():
        ear.send(b"x" * 10_000)
        await asyncio.sleep(0)
    await until(lambda: ear.endings)
    await asyncio.sleep(0)
    assert ear.endings == 1


async def test_what_the_other_end_sends_is_received_and_that_it_has_gone(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    ear = Ear(stream)
    ear.start_reading()
    other.send(b"hello")
    await until(lambda: ear.pieces)
    other.send(b"again")
    await until(lambda: len(ear.pieces) == 2)
    assert ear.pieces == [b"hello", b"again"]
    other.close()
    await until(lambda: ear.endings)
    assert stream.closed()


async def test_what_was_sent_before_it_reads_does_not_hide_the_end(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    other.send(b"GET / HTTP/1.1\r\n\r\nand more")
    assert await stream.read_until(b"\r\n\r\n")
    ear = Ear(stream)
    ear.start_reading()
    other.close()
    await until(lambda: ear.endings)
    assert ear.pieces == [b"and more"]


async def test_who_sends_much_is_read_a_little_at_a_time(exchange: Exchange) -> None:
    stream, other = await exchange.connect()
    ear = Ear(stream)
    ear.start_reading()
    await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(other, LARGE[: 1 << 20]), PATIENCE)
    await until(lambda: sum(map(len, ear.pieces)) == 1 << 20)
    assert max(map(len, ear.pieces)) <= READ_BYTES


async def test_the_kernel_ends_connections_that_went_silent(exchange: Exchange) -> None:
    stream, _ = await exchange.connect()
    ours = Ear(stream).stream.socket
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 30
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNACKNOWLEDGED_TIMEOUT * 1000


async def test_a_tls_connection_is_sent_everything_through_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    exchange = Exchange(context)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(CERTIFICATE)
    connecting = asyncio.open_connection(
        *exchange.sockets[0].getsockname(), ssl=trusting, server_hostname="localhost"
    )
    opened = asyncio.create_task(connecting)
    stream = await asyncio.wait_for(exchange.streams.get(), PATIENCE)
    assert isinstance(stream, SSLIOStream)
    ear = Ear(stream)
    ear.send(b"hello")
    rest = ear.send(LARGE)
    assert rest is not None
    reader, writer = await asyncio.wait_for(opened, PATIENCE)
    assert await asyncio.wait_for(reader.readexactly(5 + len(LARGE)), PATIENCE) == b"hello" + LARGE
    await asyncio.wait_for(rest, PATIENCE)
    writer.close()
    exchange.close()
    stream.close()
