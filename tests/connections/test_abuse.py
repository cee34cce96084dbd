"""Hostile clients over a bare socket: they are closed with the protocol's code, and no other client is affected."""

from __future__ import annotations

import asyncio
import tracemalloc
from contextlib import AsyncExitStack

import pytest

from tests.connections.bare import BINARY, CLOSE, PING, PONG, TEXT, Bare, events, frame, websocket
from tests.livelog import PATIENCE, until
from tests.site import Site
from tests.timeline.drafts import commit, entry

CONTINUATION = 0x0

MOST_MEMORY = 1024 * 1024
"""Of a flood of many times as much; what the test itself sends is a part of it."""

ABUSE = {
    **{f"reserved bit {bit:#x}": (bytes([0x80 | bit | TEXT, 0x80, 0, 0, 0, 0]), 1002) for bit in (0x40, 0x20, 0x10)},
    **{f"opcode {opcode:#x}": (frame(opcode), 1002) for opcode in (0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF)},
    **{f"no mask {opcode:#x}": (frame(opcode, b"x", mask=b""), 1002) for opcode in (TEXT, BINARY, CLOSE, PING, PONG)},
    **{f"long {opcode:#x}": (frame(opcode, bytes(126)), 1002) for opcode in (CLOSE, PING, PONG)},
    **{f"fragmented {opcode:#x}": (frame(opcode, final=False), 1002) for opcode in (CLOSE, PING, PONG)},
    **{
        f"close code {code}": (frame(CLOSE, code.to_bytes(2, "big")), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "a close without half of its code": (frame(CLOSE, b"\x03"), 1002),
    "a close whose reason is no text": (frame(CLOSE, b"\x03\xe8\xff\xfe"), 1007),
    "a text that is none": (frame(TEXT, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80"), 1007),
    "a text that is too long a way to write it": (frame(TEXT, b"\xc0\xaf"), 1007),
    "a text beyond Unicode": (frame(TEXT, b"\xf4\x90\x80\x80"), 1007),
    "a text that becomes none in its second fragment": (
        frame(TEXT, b"\xe8", final=False) + frame(CONTINUATION, b"x", final=False),
        1007,
    ),
    "a frame that is too big": (frame(BINARY, bytes(4_097)), 1009),
    "a frame that says it has 8 EiB": (b"\x82\xff" + (2**63 - 1).to_bytes(8, "big"), 1009),
    "a size with its first bit set": (b"\x82\xff" + bytes([0x80]) + bytes(7), 1009),
    "a request instead of frames": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1002),
    "a TLS handshake": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 1002),
}

FLOODS = {
    "fragments without end": [frame(TEXT, b"", final=False), frame(CONTINUATION, b"", final=False)],
    "fragments with pings between": [
        frame(TEXT, b"x", final=False),
        frame(PING, b"x") + frame(CONTINUATION, b"", final=False),
    ],
    "pings": [frame(PING, bytes(125))],
    "pongs": [frame(PONG, bytes(125))],
    "messages": [frame(TEXT, b"x" * 4_000)],
    "empty messages": [frame(BINARY)],
}


DRIPS = {
    "a text with a longer header": frame(TEXT, b"x" * 200),
    "an empty text and a bit": frame(TEXT) + b"\x81",
    "a text": frame(TEXT, b"x" * 100),
    "a ping": frame(PING, bytes(125)),
    "a close": frame(CLOSE, b"\x03\xe8" + b"x" * 100),
    "fragments": frame(TEXT, b"x", final=False) + frame(CONTINUATION, b"x", final=False) * 20,
    "pings within a text": frame(TEXT, b"x", final=False) + frame(PING) * 20,
    "a text after another": frame(TEXT, b"x") + frame(TEXT, b"x" * 100),
}


async def still_hears(site: Site, other: Bare, name: str) -> None:
    """Another client gets what comes."""
    await commit(site.timeline, entry(name))
    while (await other.message())["type"] != "entry":
        pass


@pytest.mark.parametrize("name", ABUSE)
async def test_whoever_breaks_the_protocol_is_told_with_its_code(site: Site, name: str) -> None:
    said, code = ABUSE[name]
    async with websocket(site.port) as other, websocket(site.port) as bare:
        await bare.message()
        bare.send(said)
        assert await bare.close_code() == code
        await until(lambda: site.fanout.readers()["blog"] == 1)
        await still_hears(site, other, "a")


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_takes_no_memory_and_harms_nobody(site: Site, name: str) -> None:
    first, then = FLOODS[name][0], FLOODS[name][-1]
    # In pieces that end anywhere in a frame.
    flood = then * (200_000 // len(then) + 1)
    async with websocket(site.port) as other, websocket(site.port, buffer=4_096) as bare:
        bare.send(first)
        tracemalloc.start()
        for _ in range(5):
            await bare.send_all(flood)
        await still_hears(site, other, "a")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY
        bare.send(frame(0x5))
        assert await bare.close_code() == 1002


@pytest.mark.parametrize("name", DRIPS)
async def test_whoever_drips_a_message_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("connections.websocket.MESSAGE_TIMEOUT", 0.3)
    monkeypatch.setattr("connections.websocket.CLOSE_TIMEOUT", 0.1)

    async def drip(bare: Bare) -> None:
        for byte in DRIPS[name]:
            bare.send(bytes([byte]))
            await asyncio.sleep(0.05)

    async with websocket(site.port) as other, websocket(site.port) as bare:
        dripping = asyncio.create_task(drip(bare))
        await until(lambda: site.fanout.readers()["blog"] == 2)
        assert await bare.close_code() == 1002
        assert await bare.has_ended()
        dripping.cancel()
        await until(lambda: site.admission.connections == 1)
        await still_hears(site, other, "a")


@pytest.mark.parametrize(
    "said",
    [frame(PING, b"x"), frame(TEXT, b"x"), frame(TEXT, b"x", final=False) + frame(CONTINUATION, b"x")],
    ids=["pings", "texts", "texts in fragments"],
)
async def test_whoever_always_has_begun_the_next_message_stays(
    site: Site, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr("connections.websocket.MESSAGE_TIMEOUT", 0.3)
    async with websocket(site.port) as bare:
        await bare.message()
        bare.send(said[:1])
        for _ in range(12):
            await asyncio.sleep(0.05)
            bare.send(said[1:] + said[:1])
        bare.send(said[1:])
        await asyncio.sleep(0.4)
        assert site.fanout.readers()["blog"] == 1
        bare.send(frame(CLOSE, b"\x03\xe8"))
        assert await bare.close_code() == 1000


async def test_a_thousand_that_drip_are_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.websocket.MESSAGE_TIMEOUT", 0.3)
    monkeypatch.setattr("connections.websocket.CLOSE_TIMEOUT", 0.1)
    async with AsyncExitStack() as stack, websocket(site.port) as other:
        dripping = [await stack.enter_async_context(websocket(site.port)) for _ in range(1_000)]
        for bare in dripping:
            bare.send(frame(TEXT, b"x" * 100)[:3])
        await until(lambda: site.admission.connections == 1)
        await still_hears(site, other, "a")


async def test_an_event_streams_client_that_talks_is_closed(site: Site) -> None:
    async with websocket(site.port) as other, events(site.port) as bare:
        await bare.block()
        await bare.send_all(b"x" * 5_000)
        assert await bare.has_ended()
        await until(lambda: site.fanout.readers()["blog"] == 1)
        await still_hears(site, other, "a")


async def test_a_hundred_at_once_leave_nothing_behind(site: Site) -> None:
    async with websocket(site.port) as other:

        async def break_off(said: bytes) -> None:
            async with websocket(site.port) as bare:
                await bare.send_all(said[: len(said) // 2 + 1])

        said = [said for said, _ in ABUSE.values()] * 3
        await asyncio.wait_for(asyncio.gather(*map(break_off, said)), PATIENCE)
        await until(lambda: site.fanout.readers()["blog"] == 1)
        await until(lambda: site.admission.connections == 1)
        await still_hears(site, other, "a")
