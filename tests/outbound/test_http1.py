"""Responses that every browser takes are taken; of others the reason is given."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import closing

import brotli
import pytest

from outbound.client import Client, ClientSettings, RequestError, Response
from outbound.host_limits import HostLimits
from outbound.http1 import BAD_CHUNK, BAD_HEADER, BAD_LENGTH, MAX_CHUNK_LINE_BYTES, MAX_TRAILERS, NOT_HTTP
from tests.feeds.documents import zipped
from tests.feeds.origins import RawOrigin, answer, repeats, whole

CHUNKED = "Transfer-Encoding: chunked"
MAX_BYTES = 100_000
BROKE_OFF = "The answer broke off before its end, or is damaged."
TOO_LARGE = f"The answer is larger than {MAX_BYTES} bytes."


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client."""
    made = Client(ClientSettings(user_agent="x", timeout=30.0, max_bytes=MAX_BYTES, connections=8), HostLimits(2))
    yield made
    made.close()


async def get(client: Client, url: str) -> Response:
    """A response that need not be closed any more."""
    with closing(await client.request(url)) as response:
        return response


def raw_deflate(body: bytes) -> bytes:
    """Deflate without the header of zlib."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    "raw",
    [
        answer(CHUNKED, body=b"4;ext=1\r\nbody\r\n0\r\n\r\n"),
        answer(CHUNKED, body=b'2 ; a="b;c";d\r\nbo\r\n02\r\ndy\r\n000;e\r\n\r\n'),
        answer(CHUNKED, "Trailer: X", body=b"4\r\nbody\r\n0\r\nServer-Timing: total;dur=1\r\nX: y\r\n\r\n"),
        answer(CHUNKED, body=b"4   \r\nbody\r\n0\r\n\r\n"),
        answer(CHUNKED, body=b"4\nbody\n0\n\n"),
        answer(CHUNKED, body=b"4;" + b"x" * 1_000 + b"\r\nbody\r\n0\r\n\r\n"),
        answer(CHUNKED, "Content-Length: 9", body=b"4\r\nbody\r\n0\r\n\r\n"),
        answer("Transfer-Encoding: identity", "Content-Length: 4", body=b"body"),
        whole(b"body", "Content-Security-Policy: default-src 'self';\r\n  img-src *"),
        whole(b"body", "X: a\r\n\tb\r\n c", "Y: z"),
        answer("Content-Length:\r\n 4", body=b"body and more"),
        whole(b"body", "X: a\n b"),
        answer("X-Powered-By : PHP/5.6", "Content-Length\t : 4", body=b"body and more"),
        whole(b"body", "no colon", "sp ace: x", ": no name", "(x): y"),
        whole(b"body", "X: a\x01b", "Y: a\x7fb", "Z: \xe9\x81"),
        whole(b"body", status="200"),
        whole(b"body", status="200 Tr\x01\xe8s bien"),
        answer("Content-Length: 4", "Content-Length: 4", body=b"body"),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole(b"body"),
        b"\r\n\r\n" + whole(b"body"),
        b"HTTP/1.1  200 OK\nContent-Length: 4\n\nbody",
        whole(brotli.compress(b"body"), "Content-Encoding: br"),
        whole(zlib.compress(b"body"), "Content-Encoding: deflate"),
        whole(raw_deflate(b"body"), "Content-Encoding: Deflate"),
        whole(zipped(b"bo") + zipped(b"dy") + b"\0\0", "Content-Encoding: x-gzip"),
        whole(b"body", "Content-Encoding: utf-8"),
        whole(b"body", "Content-Encoding: identity"),
    ],
)
async def test_a_response_that_browsers_take_is_taken(client: Client, origin: RawOrigin, raw: bytes) -> None:
    response = await get(client, origin.serve("/", raw))
    assert (response.status, response.body) == (200, b"body")


async def test_headers_are_read_as_they_are_meant(client: Client, origin: RawOrigin) -> None:
    lines = ("A: one\r\n  two\r\n\tthree", "B : b", "Caf\xe9: x", "D: \xfc")
    headers = (await get(client, origin.serve("/", whole(b"x", *lines)))).headers
    assert dict(headers.get_all()) == {"Content-Length": "1", "A": "one two three", "B": "b", "D": "\xfc"}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
async def test_a_compressed_body_may_come_byte_by_byte(client: Client, origin: RawOrigin, coding: str) -> None:
    text = b"".join(b"%d %d\n" % (n, n * n) for n in range(200))
    body = {"gzip": zipped, "deflate": zlib.compress, "br": brotli.compress}[coding](text)

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(CHUNKED, f"Content-Encoding: {coding}"))
        for byte in body:
            writer.write(b"1\r\n%c\r\n" % byte)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")

    assert (await get(client, origin.serve("/", script))).body == text


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "raw"])
async def test_a_bomb_is_not_taken(client: Client, origin: RawOrigin, coding: str) -> None:
    packed = {"gzip": zipped, "deflate": zlib.compress, "br": brotli.compress, "raw": raw_deflate}[coding]
    name = "deflate" if coding == "raw" else coding
    bomb = origin.serve("/bomb", whole(packed(b" " * 50_000_000), f"Content-Encoding: {name}"))
    largest = origin.serve("/largest", whole(packed(b" " * MAX_BYTES), f"Content-Encoding: {name}"))
    with pytest.raises(RequestError, match=TOO_LARGE):
        await get(client, bomb)
    assert len((await get(client, largest)).body) == MAX_BYTES


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
async def test_a_response_to_head_has_no_body_to_decode(client: Client, origin: RawOrigin, coding: str) -> None:
    url = origin.serve("/", answer("Content-Length: 50", f"Content-Encoding: {coding}"))
    with closing(await client.request(url, method="HEAD")) as response:
        assert response.body == b""


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", NOT_HTTP),
        (b"HTTP/2 200 OK\r\n\r\n", NOT_HTTP),
        (whole(b"x", "X: a\0b"), BAD_HEADER),
        (answer("Content-Length: 1", "Content-Length: 2", body=b"xy"), BAD_LENGTH),
        (answer("Content-Length: ten", body=b"x"), BAD_LENGTH),
        (answer("Content-Length 1", body=b"x"), BAD_LENGTH),
        (answer("Content-Length: 1\x01", body=b"x"), BAD_LENGTH),
        (answer("Transfer-Encoding: gzip, chunked", body=b"x"), BAD_LENGTH),
        (answer(CHUNKED, body=b"what?\r\nx\r\n0\r\n\r\n"), BAD_CHUNK),
        (answer(CHUNKED, body=b"-1\r\nx\r\n0\r\n\r\n"), BAD_CHUNK),
        (answer(CHUNKED, body=b"1\r\nxyz\r\n0\r\n\r\n"), BAD_CHUNK),
        (answer(CHUNKED, body=b"1;" + b"x" * 2 * MAX_CHUNK_LINE_BYTES), BAD_CHUNK),
        (answer(CHUNKED, body=b"0\r\n" + b"X: y\r\n" * 2 * MAX_TRAILERS), BAD_CHUNK),
        (answer(CHUNKED, body=b"1\r\nx\r\n0\r\nX: y\r\n"), BROKE_OFF),
        (answer(CHUNKED, body=b"FFFFFFFFFFFF\r\nx"), BROKE_OFF),
        (whole(b"not Brotli", "Content-Encoding: br"), "not valid Brotli"),
        (whole(b"not gzip", "Content-Encoding: gzip"), "not valid gzip"),
        (whole(b"\xff not deflate", "Content-Encoding: deflate"), "not valid deflate"),
        (whole(brotli.compress(b"body" * 100)[:-1], "Content-Encoding: br"), BROKE_OFF),
        (whole(zlib.compress(b"body")[:-1], "Content-Encoding: deflate"), BROKE_OFF),
        (whole(zipped(b"body")[:-1], "Content-Encoding: gzip"), BROKE_OFF),
        (whole(b"x", "Content-Encoding: zstd"), "compressed with zstd, which was not asked for"),
    ],
    ids=lambda value: repr(value)[:70] if isinstance(value, bytes) else "",
)
async def test_the_reason_of_an_unusable_response_is_given(
    client: Client, origin: RawOrigin, raw: bytes, reason: str
) -> None:
    with pytest.raises(RequestError, match=reason):
        await get(client, origin.serve("/", raw))


async def test_an_announced_chunk_takes_no_memory_before_it_comes(client: Client, origin: RawOrigin) -> None:
    url = origin.serve("/", repeats(answer(CHUNKED, body=b"FFFFFFFFFF\r\n"), b"x" * 1_000))
    with pytest.raises(RequestError, match=TOO_LARGE):
        await get(client, url)
