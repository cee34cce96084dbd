"""Reads the HTTP/1 responses that browsers read: Tornado's client is as strict as a server has to be.

Each connection carries one response, so no leniency lets a response pass for two. Framing stays strict: a malformed
Content-Length or chunk size is an error. Where a response is unusable, `MalformedResponseError` has the reason.
Overrides private methods of Tornado, whose version requirements.txt fixes: tests/outbound/test_http1.py would fail.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import Future
from collections.abc import Awaitable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httpclient import HTTPRequest
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError, UnsatisfiableReadError
from tornado.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient, _HTTPConnection
from tornado.tcpclient import TCPClient

from outbound.coding import CodingError, Decoder, decoder

MAX_CHUNK_LINE_BYTES: Final = 4_096
"""The size of a chunk with its extensions, or one line of trailers."""

MAX_TRAILERS: Final = 100
YIELD_BYTES: Final = 256 * 1024
CHUNK_COST_BYTES: Final = 1_024
"""Work of a chunk beside its bytes: after YIELD_BYTES of work other tasks run."""

_STATUS: Final = re.compile(rb"(HTTP/1\.[0-9])[ \t]+([0-9]{3})(?:[ \t]+([^\r\n]*))?")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_HEADER: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:([^\x00-\x08\x0a-\x1f\x7f]*)\r?")
_FRAMING: Final = re.compile(rb"\s*(?:content-length|transfer-encoding)\b", re.IGNORECASE)
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")

NOT_HTTP: Final = "The answer is not HTTP."
BAD_HEADER: Final = "A header of the answer is malformed."
BAD_LENGTH: Final = "The headers of the answer do not tell its length."
BAD_CHUNK: Final = "The answer is damaged: a chunk of it is malformed."


class MalformedResponseError(HTTPStreamClosedError):
    """A response that cannot be read. The message is a sentence for operators."""


class Request(HTTPRequest):
    """A request of a `LenientHTTPClient`, which can be ended."""

    connection: _Connection | None = None

    def abort(self) -> None:
        """Closes the request's connection, also one that is being made. To be called when its fetch was cancelled."""
        if self.connection:
            self.connection.abort()


class LenientHTTPClient(SimpleAsyncHTTPClient):
    """Tornado's client, with `_Connection` for each request."""

    def initialize(self, **options: Any) -> None:  # type: ignore[override]  # the options are Tornado's
        super().initialize(**options)
        self.tcp_client.close()
        self.tcp_client = _TCPClient(resolver=self.resolver)

    def _connection_class(self) -> type:
        return _Connection


_streams: ContextVar[list[IOStream] | None] = ContextVar("streams", default=None)
"""The streams of the request under way."""


class _TCPClient(TCPClient):
    """Tornado's, which lists the streams that a request opens: it closes none of them if the request is ended."""

    def _create_stream(self, *arguments: Any, **options: Any) -> tuple[IOStream, Future[IOStream]]:
        stream, connected = super()._create_stream(*arguments, **options)
        if (streams := _streams.get()) is not None:
            streams.append(stream)
        return stream, connected


class _Connection(_HTTPConnection):
    """One request. A response that could not be read ends with the reason."""

    reader: _Reader | None = None
    aborted = False

    def __init__(self, client: SimpleAsyncHTTPClient, request: Any, *arguments: Any) -> None:
        super().__init__(client, request, *arguments)
        self._opened: list[IOStream] = []
        # Tornado hands over a proxy of the request.
        if isinstance(request.request, Request):
            request.request.connection = self

    async def run(self) -> None:
        _streams.set(self._opened)
        if not self.aborted:
            await super().run()

    def abort(self) -> None:
        """Closes the connection, without an answer to the request."""
        self.aborted = True
        self._remove_timeout()
        self._release()
        self.final_callback = None  # type: ignore[assignment]  # as Tornado does
        for stream in self._opened:
            stream.close()

    def _create_connection(self, stream: IOStream) -> HTTP1Connection:
        stream.set_nodelay(True)
        parameters = HTTP1ConnectionParameters(
            no_keep_alive=True, max_header_size=self.max_header_size, max_body_size=self.max_body_size
        )
        self.reader = _Reader(stream, True, parameters)
        return self.reader

    def on_connection_close(self) -> None:
        if self.aborted:
            return
        if self.final_callback is not None and self.reader and self.reader.flaw:
            # Tornado's method raises the error of a stream that has one, and the request would time out.
            self._handle_exception(None, HTTPStreamClosedError("Connection closed"), None)
            return
        super().on_connection_close()

    def _handle_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> bool:
        if self.aborted:
            return True
        flaw = self.reader and self.reader.flaw
        if flaw and isinstance(value, (HTTPStreamClosedError, StreamClosedError, UnsatisfiableReadError)):
            value = MalformedResponseError(flaw)
        return super()._handle_exception(typ, value, tb)


class _Reader(HTTP1Connection):
    """Reads one response. ``flaw`` is the reason why it is unusable, if it is."""

    flaw: str | None = None

    def read_response(self, delegate: HTTPMessageDelegate) -> Awaitable[bool]:
        return self._read_message(_DecodingDelegate(delegate, self))

    def malformed(self, reason: str) -> HTTPInputError:
        """The error that ends the response; its reason is kept."""
        self.flaw = reason
        return HTTPInputError(reason)

    def _parse_headers(self, data: bytes) -> tuple[str, HTTPHeaders]:
        start, _, rest = data.lstrip(b"\r\n").partition(b"\n")
        status = _STATUS.fullmatch(start.rstrip(b"\r"))
        if not status:
            raise self.malformed(NOT_HTTP)
        version, code, reason = status.groups(b"")
        reason = re.sub(rb"[\x00-\x1f\x7f]", b" ", reason)
        headers = self._headers(b"\n" + rest)
        return b" ".join((version, code, reason)).decode("latin-1"), headers

    def _headers(self, block: bytes) -> HTTPHeaders:
        """Header lines, also folded or with a space before the colon (RFC 9112 §5). Lines that are none are skipped.

        A NUL, or a framing header that is none, is an error.
        """
        if b"\0" in block:
            raise self.malformed(BAD_HEADER)
        headers = HTTPHeaders()
        for line in _FOLD.sub(b" ", block).split(b"\n"):
            if header := _HEADER.fullmatch(line):
                headers.add(header[1].decode(), header[2].strip(b" \t").decode("latin-1"))
            elif _FRAMING.match(line):
                raise self.malformed(BAD_LENGTH)
        return _framed(headers)

    def _read_body(self, code: int, headers: HTTPHeaders, delegate: HTTPMessageDelegate) -> Awaitable[None] | None:
        try:
            return super()._read_body(code, headers, delegate)
        except HTTPInputError:
            self.flaw = BAD_LENGTH
            raise

    async def _read_chunked_body(self, delegate: HTTPMessageDelegate) -> None:
        """Reads chunks, without their extensions, and skips trailers (RFC 9112 §7.1)."""
        total = work = 0
        pending = bytearray()
        while size := await self._chunk_size():
            while size:
                part = await self.stream.read_bytes(min(size, self.params.chunk_size), partial=True)
                size -= len(part)
                total += len(part)
                if total > self._max_body_size:
                    raise HTTPInputError("chunked body too large")
                pending += part
                if len(pending) >= self.params.chunk_size:
                    await self._deliver_body(delegate, bytes(pending))
                    pending.clear()
                work += len(part)
            if (await self._line()).strip():
                raise self.malformed(BAD_CHUNK)
            work += CHUNK_COST_BYTES
            if work >= YIELD_BYTES:
                work = 0
                await asyncio.sleep(0)
        if pending:
            await self._deliver_body(delegate, bytes(pending))
        await self._skip_trailers()

    async def _chunk_size(self) -> int:
        size = _CHUNK_SIZE.fullmatch(await self._line())
        if not size:
            raise self.malformed(BAD_CHUNK)
        return int(size[1], 16)

    async def _skip_trailers(self) -> None:
        for _ in range(MAX_TRAILERS):
            if not (await self._line()).strip():
                return
        raise self.malformed(BAD_CHUNK)

    async def _line(self) -> bytes:
        try:
            return await self.stream.read_until(b"\n", max_bytes=MAX_CHUNK_LINE_BYTES)
        except StreamClosedError as error:
            if isinstance(error.real_error, UnsatisfiableReadError):
                raise self.malformed(BAD_CHUNK) from None
            raise


def _framed(headers: HTTPHeaders) -> HTTPHeaders:
    """The headers with one that tells the body's length: Transfer-Encoding comes first (RFC 9112 §6.3)."""
    if headers.get("Transfer-Encoding", "").lower() == "identity":
        # HTTP/1.1 of 1999 had this name for no coding.
        del headers["Transfer-Encoding"]
    if "Transfer-Encoding" in headers and "Content-Length" in headers:
        del headers["Content-Length"]
    return headers


class _DecodingDelegate(HTTPMessageDelegate):
    """Decodes the body for another delegate, piece by piece."""

    def __init__(self, delegate: HTTPMessageDelegate, reader: _Reader) -> None:
        self._delegate = delegate
        self._reader = reader
        self._decoder: Decoder | None = None
        self._size = 0

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        try:
            self._decoder = decoder(headers.get("Content-Encoding", ""))
        except CodingError as error:
            raise self._reader.malformed(str(error)) from None
        return self._delegate.headers_received(start_line, headers)

    async def data_received(self, chunk: bytes) -> None:
        if self._decoder is None:
            await self._pass_on(chunk)
            return
        try:
            for piece in self._decoder.decode(chunk):
                self._size += len(piece)
                await self._pass_on(piece)
                if self._size > self._reader._max_body_size:
                    raise HTTPInputError("decoded body too large")
        except CodingError as error:
            raise self._reader.malformed(str(error)) from None

    async def _pass_on(self, data: bytes) -> None:
        received = self._delegate.data_received(data)
        if received is not None:
            await received

    def finish(self) -> None:
        try:
            if self._decoder:
                self._decoder.finish()
        except CodingError as error:
            self._reader.flaw = str(error)
            # HTTP1Connection closes no delegate that was told to finish.
            self._delegate.on_connection_close()
            raise HTTPInputError("incomplete body") from None
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
