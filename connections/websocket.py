"""The WebSocket of one client (RFC 6455): JSON text frames out; pings, pongs and a close in.

Messages that a client sends are checked and discarded. So an idle connection costs some hundred bytes, where
Tornado's protocol takes 10 KiB and a task.
"""

from __future__ import annotations

import asyncio
import codecs
from asyncio import Future
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tornado.iostream import IOStream
from tornado.websocket import WebSocketProtocol13

from connections.connection import DetachedConnection
from fanout.fanout import FanOut
from fanout.frames import WEBSOCKET_PING, Transport

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009
TRY_AGAIN_LATER: Final = 1013

MAX_MESSAGE_BYTES: Final = 4 * 1024
"""Size of a client's message, over all its fragments."""

MESSAGE_TIMEOUT: Final = 10.0
"""Seconds that a client may take for a message or control frame, in however many pieces and fragments."""

MAX_MISSED_PONGS: Final = 2
"""Pings in a row without an answer before a connection is closed. One is tolerated: background tabs answer late."""

CLOSE_TIMEOUT: Final = 5.0
"""Seconds between our close frame and the end of the connection, if the client does not end it before."""

_Utf8 = codecs.getincrementaldecoder("utf-8")


def handshake(key: str) -> bytes:
    """The response that accepts a request with this `Sec-WebSocket-Key` (RFC 6455, 4.2.2)."""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {WebSocketProtocol13.compute_accept_value(key)}\r\n\r\n"
    ).encode()


class WebSocketConnection(DetachedConnection):
    """A client's WebSocket. Messages that it sends are ignored, but have to follow the protocol."""

    __slots__ = ("_is_closing", "_is_ponging", "_missed_pongs", "_parser", "_ping", "_timeout", "is_alive")

    transport = Transport.WEBSOCKET

    def __init__(self, stream: IOStream, fanout: FanOut, slug: str) -> None:
        super().__init__(stream, fanout, slug)
        self._parser = FrameParser()
        self.is_alive = True
        self._missed_pongs = 0
        self._is_closing = False
        self._is_ponging = False
        self._ping: bytes | None = None
        self._timeout: asyncio.TimerHandle | None = None

    def evict(self) -> None:
        """Closes with 1013, after which the client reconnects."""
        self._close(TRY_AGAIN_LATER)

    def close(self) -> None:
        """Closes with 1001."""
        self._close(GOING_AWAY)

    def ping(self) -> None:
        """Sends a ping, and with it a sign of life if one is due."""
        self.is_alive = False
        self.send(WEBSOCKET_PING + self.sign_of_life())

    def check_alive(self) -> None:
        """Ends the connection after MAX_MISSED_PONGS in a row. Anything that was received counts as a pong."""
        self._missed_pongs = 0 if self.is_alive else self._missed_pongs + 1
        if self._missed_pongs == MAX_MISSED_PONGS:
            self.stream.close()

    def data_received(self, data: bytes) -> None:
        """Answers pings and a close, discards messages, and closes the connection on a violation of the protocol."""
        self.is_alive = True
        pings: list[bytes] = []
        try:
            for control in self._parser.feed(data):
                if control.opcode == PING:
                    pings.append(control.payload)
                elif control.opcode == CLOSE:
                    self._pong(pings)
                    self._close_received(close_code(control.payload))
                    return
            self._pong(pings)
            self._limit_message()
        except ViolationError as violation:
            self._close(violation.code)

    def connection_lost(self) -> None:
        """Leaves the fan-out, and waits for no more of a message."""
        super().connection_lost()
        self._stop_timeout()

    def _limit_message(self) -> None:
        """Closes the connection unless a message that has begun ends within MESSAGE_TIMEOUT.

        A client that sends a byte a second is alive, as far as `check_alive` can tell.
        """
        if self._parser.has_ended:
            self._stop_timeout()
        if self._parser.is_within and self._timeout is None:
            loop = asyncio.get_running_loop()
            self._timeout = loop.call_later(MESSAGE_TIMEOUT, self._close, PROTOCOL_ERROR)

    def _stop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _close(self, code: int) -> None:
        """Sends a close frame, and ends the connection CLOSE_TIMEOUT later if the client has not."""
        if not self._is_closing:
            self._send_close(code)
            self._end_later()

    def _close_received(self, code: int | None) -> None:
        """Answers a close frame, unless it is the answer to ours, and ends the connection."""
        if not self._is_closing:
            self._send_close(code)
        if self.stream.writing():
            self._end_later()
        else:
            self.stream.close()

    def _send_close(self, code: int | None) -> None:
        self._is_closing = True
        self.leave()
        self.send(control_frame(CLOSE, code.to_bytes(2, "big") if code else b""))

    def _end_later(self) -> None:
        asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self.stream.close)

    def _pong(self, pings: Sequence[bytes]) -> None:
        """Answers pings. While earlier pongs wait to be sent, only the last ping is kept, and answered after them."""
        if self._is_closing or not pings:
            return
        if self._is_ponging:
            self._ping = pings[-1]
        elif rest := self.send(b"".join(control_frame(PONG, payload) for payload in pings)):
            self._is_ponging = True
            rest.add_done_callback(self._ponged)

    def _ponged(self, rest: Future[None]) -> None:  # noqa: ARG002 - a future's callback
        self._is_ponging = False
        payload, self._ping = self._ping, None
        if payload is not None:
            self._pong([payload])


class ViolationError(Exception):
    """A client violated the protocol; ``code`` is the code to close with (RFC 6455, 7.4.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Control(NamedTuple):
    """A control frame: CLOSE, PING or PONG."""

    opcode: int
    payload: bytes


class FrameParser:
    """Finds the control frames in a client's data, however it is split; checks messages and discards them.

    ``has_ended`` is True if the last data completed a message, or a control frame outside of one.
    """

    __slots__ = ("_decoder", "_message_bytes", "_rest", "has_ended")

    def __init__(self) -> None:
        self.has_ended = False
        self._rest = b""
        self._message_bytes: int | None = None
        self._decoder: codecs.IncrementalDecoder | None = None

    @property
    def is_within(self) -> bool:
        """True if a message or a control frame has begun, and not ended."""
        return bool(self._rest) or self._message_bytes is not None

    def feed(self, data: bytes) -> Iterator[Control]:
        """The control frames that this data completes. Raises ViolationError."""
        self.has_ended = False
        data = self._rest + data
        at = 0
        while header := _header(data, at):
            self._check(header)
            payload_at = header.mask_at + 4
            if len(data) < payload_at + header.size:
                break
            at = payload_at + header.size
            payload = _unmask(data[header.mask_at : payload_at], data[payload_at:at])
            if header.opcode >= CLOSE:
                yield Control(header.opcode, payload)
            else:
                self._discard(header, payload)
            self.has_ended = self.has_ended or self._message_bytes is None
        self._rest = data[at:]

    def _check(self, header: _Header) -> None:
        """Raises ViolationError for a message within a message, and for one that is too big."""
        if header.opcode >= CLOSE:
            return
        if (header.opcode == CONTINUATION) == (self._message_bytes is None):
            raise ViolationError(PROTOCOL_ERROR)
        if (self._message_bytes or 0) + header.size > MAX_MESSAGE_BYTES:
            raise ViolationError(TOO_BIG)

    def _discard(self, header: _Header, payload: bytes) -> None:
        if header.opcode == TEXT:
            self._decoder = _Utf8()
        if self._decoder:
            try:
                self._decoder.decode(payload, header.is_final)
            except UnicodeDecodeError:
                raise ViolationError(INVALID_DATA) from None
        self._message_bytes = (self._message_bytes or 0) + len(payload)
        if header.is_final:
            self._message_bytes = self._decoder = None


def control_frame(opcode: int, payload: bytes) -> bytes:
    """A control frame as a server sends it: unmasked."""
    return bytes((0x80 | opcode, len(payload))) + payload


def close_code(payload: bytes) -> int | None:
    """The code in a close frame, or None if it has none. Raises ViolationError."""
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ViolationError(PROTOCOL_ERROR)
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise ViolationError(INVALID_DATA) from None
    return code


class _Header(NamedTuple):
    """A frame's header, and the index of its mask."""

    is_final: bool
    opcode: int
    size: int
    mask_at: int


def _header(data: bytes, at: int) -> _Header | None:
    """The header of the frame at an index, or None if it is incomplete. Raises ViolationError."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    opcode, size = first & 0x0F, second & 0x7F
    is_final, is_masked = bool(first & 0x80), bool(second & 0x80)
    if first & 0x70 or not is_masked or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise ViolationError(PROTOCOL_ERROR)
    if opcode >= CLOSE and (size > 125 or not is_final):
        raise ViolationError(PROTOCOL_ERROR)
    width = {126: 2, 127: 8}.get(size, 0)
    mask_at = at + 2 + width
    if len(data) < mask_at:
        return None
    if width:
        size = int.from_bytes(data[at + 2 : mask_at], "big")
        # A size has to be written in as few bytes as possible (RFC 6455, 5.2).
        if size < (126 if width == 2 else 0x10000):
            raise ViolationError(PROTOCOL_ERROR)
    return _Header(is_final, opcode, size, mask_at)


def _unmask(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
