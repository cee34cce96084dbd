"""One HTTP/1.1 exchange on a connection of its own, read as browsers read it.

    request    Request.to_bytes()
    response   interim ones (1xx) are skipped; headers, then the body by its chunks, its length, or to the end

Each connection carries one response, so no leniency lets a response pass for two. Framing stays strict: a malformed
Content-Length or chunk size is an error. Where a response is unusable, `MalformedResponseError` has the reason.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final

from tornado.httputil import HTTPHeaders

from outbound.body import ResponseBody
from outbound.coding import CodingError, Decoder, decoder

MAX_HEADER_BYTES: Final = 64 * 1024
MAX_CHUNK_LINE_BYTES: Final = 4_096
"""The size of a chunk with its extensions, or one line of trailers."""

MAX_INTERIM: Final = 20
"""Responses of a status below 200 before the one that counts."""

MAX_TRAILERS: Final = 100
READ_BYTES: Final = 64 * 1024
YIELD_BYTES: Final = 256 * 1024
CHUNK_COST_BYTES: Final = 1_024
"""Work of a chunk beside its bytes: after YIELD_BYTES of work other tasks run."""

_STATUS: Final = re.compile(rb"HTTP/1\.[0-9][ \t]+([0-9]{3})(?:[ \t]+[^\r\n]*)?")
_LINE_END: Final = re.compile(r"[\r\n\0]")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_HEADER: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:([^\x00-\x08\x0a-\x1f\x7f]*)\r?")
_FRAMING: Final = re.compile(rb"\s*(?:content-length|transfer-encoding)\b", re.IGNORECASE)
_LENGTH: Final = re.compile(r"([0-9]+)(?:,[ \t]*\1)*", re.ASCII)
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")

NOT_HTTP: Final = "The answer is not HTTP."
BAD_HEADER: Final = "A header of the answer is malformed."
BAD_LENGTH: Final = "The headers of the answer do not tell its length."
BAD_CHUNK: Final = "The answer is damaged: a chunk of it is malformed."
BROKE_OFF: Final = "The answer broke off before its end, or is damaged."
NO_ANSWER: Final = "The connection was closed without a proper answer."
LARGE_HEAD: Final = f"The head of the answer is larger than {MAX_HEADER_BYTES} bytes, or not HTTP."


class MalformedResponseError(Exception):
    """A response that cannot be read. The message is a sentence for operators."""


class TooLargeError(Exception):
    """The body of a response is larger than it may be."""


@dataclass(slots=True)
class Request:
    """A request. ``url`` is one of `wire_url`."""

    url: str
    method: str
    headers: HTTPHeaders
    body: bytes | None

    def to_bytes(self, *, absolute: bool = False) -> bytes:
        """The request as it is sent; to a proxy with an ``absolute`` target (RFC 9112 §3.2.2).

        Raises ValueError for a header that would end its line.
        """
        _, _, host, target = self.url.split("/", 3)
        named = self.url if absolute else f"/{target}"
        lines = [f"{self.method} {named} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.get_all()]
        if self.body is not None:
            lines.append(f"Content-Length: {len(self.body)}")
        if any(_LINE_END.search(line) for line in lines):
            raise ValueError("a header with a line end")
        return "\r\n".join((*lines, "", "")).encode("latin-1") + (self.body or b"")


@dataclass(frozen=True, slots=True)
class Head:
    """The status and the headers of a response."""

    status: int
    headers: HTTPHeaders


class ResponseReader:
    """Reads the response to a request of ``method`` from ``stream`` into ``body``.

    The stream's limit is MAX_HEADER_BYTES. ``max_bytes`` counts the body as it is sent, perhaps compressed.
    """

    def __init__(self, stream: asyncio.StreamReader, method: str, body: ResponseBody, max_bytes: int) -> None:
        self._stream = stream
        self._method = method
        self._body = body
        self._max_bytes = max_bytes
        self._received = 0
        self._decoder: Decoder | None = None

    async def read(self) -> Head:
        """Reads the response. Raises OSError, MalformedResponseError or TooLargeError."""
        for _ in range(MAX_INTERIM):
            head = await self._head()
            if head.status >= 200:
                break
        else:
            raise MalformedResponseError(BROKE_OFF)
        if self._method != "HEAD" and head.status not in (204, 304):
            await self._read_body(head.headers)
        return head

    async def _head(self) -> Head:
        lines: list[bytes] = []
        size = 0
        # Empty lines before a response are skipped (RFC 9112 §2.2).
        while not lines or lines[-1].strip(b"\r\n"):
            try:
                line = await self._stream.readuntil(b"\n")
            except asyncio.LimitOverrunError:
                raise MalformedResponseError(LARGE_HEAD) from None
            except asyncio.IncompleteReadError:
                raise MalformedResponseError(NO_ANSWER) from None
            size += len(line)
            if size > MAX_HEADER_BYTES:
                raise MalformedResponseError(LARGE_HEAD)
            if lines or line.strip(b"\r\n"):
                lines.append(line)
        status = _STATUS.fullmatch(lines[0].rstrip(b"\r\n"))
        if not status:
            raise MalformedResponseError(NOT_HTTP)
        return Head(int(status[1]), _headers(b"\n" + b"".join(lines[1:])))

    async def _read_body(self, headers: HTTPHeaders) -> None:
        length = _length(headers)
        if length is not None:
            self._body.expect(length)
        if self._body.too_large:
            raise TooLargeError
        try:
            self._decoder = decoder(headers.get("Content-Encoding", ""))
            if "Transfer-Encoding" in headers:
                await self._read_chunks()
            else:
                await self._read_plain(length)
            if self._decoder:
                self._decoder.finish()
        except CodingError as error:
            raise MalformedResponseError(str(error)) from None

    async def _read_plain(self, length: int | None) -> None:
        """Reads a body of ``length`` bytes; with None, to the end of the connection."""
        while length is None or self._received < length:
            data = await self._stream.read(READ_BYTES if length is None else min(READ_BYTES, length - self._received))
            if data:
                self._count(data)
                await self._deliver(data)
            elif length is None:
                return
            else:
                raise MalformedResponseError(BROKE_OFF)

    async def _read_chunks(self) -> None:
        """Reads chunks, without their extensions, and skips trailers (RFC 9112 §7.1)."""
        work = 0
        pending = bytearray()
        while size := await self._chunk_size():
            work += size + CHUNK_COST_BYTES
            while size:
                part = await self._stream.read(min(size, READ_BYTES))
                if not part:
                    raise MalformedResponseError(BROKE_OFF)
                size -= len(part)
                self._count(part)
                pending += part
                if len(pending) >= READ_BYTES:
                    await self._deliver(bytes(pending))
                    pending.clear()
            if (await self._line()).strip():
                raise MalformedResponseError(BAD_CHUNK)
            if work >= YIELD_BYTES:
                work = 0
                await asyncio.sleep(0)
        if pending:
            await self._deliver(bytes(pending))
        await self._skip_trailers()

    async def _chunk_size(self) -> int:
        size = _CHUNK_SIZE.fullmatch(await self._line())
        if not size:
            raise MalformedResponseError(BAD_CHUNK)
        return int(size[1], 16)

    async def _skip_trailers(self) -> None:
        for _ in range(MAX_TRAILERS):
            if not (await self._line()).strip():
                return
        raise MalformedResponseError(BAD_CHUNK)

    async def _line(self) -> bytes:
        try:
            line = await self._stream.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            raise MalformedResponseError(BAD_CHUNK) from None
        except asyncio.IncompleteReadError as error:
            is_long = len(error.partial) > MAX_CHUNK_LINE_BYTES
            raise MalformedResponseError(BAD_CHUNK if is_long else BROKE_OFF) from None
        if len(line) > MAX_CHUNK_LINE_BYTES:
            raise MalformedResponseError(BAD_CHUNK)
        return line

    def _count(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self._max_bytes:
            raise TooLargeError

    async def _deliver(self, data: bytes) -> None:
        """Decodes a part of the body, piece by piece."""
        for piece in self._decoder.decode(data) if self._decoder else (data,):
            received = self._body.chunk(piece)
            if self._body.too_large:
                raise TooLargeError
            if received is not None:
                await received


def _headers(block: bytes) -> HTTPHeaders:
    """Header lines, also folded or with a space before the colon (RFC 9112 §5). Lines that are none are skipped.

    A NUL, or a framing header that is none, is an error.
    """
    if b"\0" in block:
        raise MalformedResponseError(BAD_HEADER)
    headers = HTTPHeaders()
    for line in _FOLD.sub(b" ", block).split(b"\n"):
        if header := _HEADER.fullmatch(line):
            headers.add(header[1].decode(), header[2].strip(b" \t").decode("latin-1"))
        elif _FRAMING.match(line):
            raise MalformedResponseError(BAD_LENGTH)
    return headers


def _length(headers: HTTPHeaders) -> int | None:
    """The announced length of the body; None for chunks, and for a body that ends with the connection.

    Transfer-Encoding comes first (RFC 9112 §6.3). HTTP/1.1 of 1999 had the name `identity` for no coding.
    """
    coding = headers.get("Transfer-Encoding", "").lower()
    if coding == "identity":
        del headers["Transfer-Encoding"]
    elif coding == "chunked":
        return None
    elif coding:
        raise MalformedResponseError(BAD_LENGTH)
    if "Content-Length" not in headers:
        return None
    # Some servers repeat the header: HTTPHeaders joins the values.
    length = _LENGTH.fullmatch(headers["Content-Length"])
    if not length:
        raise MalformedResponseError(BAD_LENGTH)
    # Python converts no number of thousands of digits; any of twenty is too large.
    return int(length[1].lstrip("0")[:20] or "0")
