"""The inbound side of a WebSocket: what a reader may say (RFC 6455), and the code that ends it if it says more.

Nothing that readers say is of interest but pings, pongs and a close: messages are checked, and forgotten. So this
costs an idle connection some hundred bytes, where a full protocol takes ten thousand.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final, NamedTuple

MOST_BYTES: Final = 4 * 1024
"""Of a message, over all its fragments."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

PROTOCOL_ERROR: Final = 1002
NOT_TEXT: Final = 1007
TOO_BIG: Final = 1009

_Utf8 = codecs.getincrementaldecoder("utf-8")


class ViolationError(Exception):
    """What came may not come; ``code`` says why the connection ends."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Control(NamedTuple):
    """A control frame: CLOSE, PING or PONG."""

    opcode: int
    payload: bytes


class _Header(NamedTuple):
    """A frame's header, and where its mask begins."""

    is_final: bool
    opcode: int
    size: int
    mask_at: int


class Inbound:
    """Takes what comes, however it is cut into pieces, and finds the control frames in it."""

    __slots__ = ("_decoder", "_rest", "_said")

    def __init__(self) -> None:
        self._rest = b""
        self._said: int | None = None
        self._decoder: codecs.IncrementalDecoder | None = None

    def feed(self, data: bytes) -> Iterator[Control]:
        """The control frames that are complete now. Raises ViolationError."""
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
                self._take(header, payload)
        self._rest = data[at:]

    def _check(self, header: _Header) -> None:
        """Messages come one after the other, and are not too big."""
        if header.opcode >= CLOSE:
            return
        if (header.opcode == CONTINUATION) == (self._said is None):
            raise ViolationError(PROTOCOL_ERROR)
        if (self._said or 0) + header.size > MOST_BYTES:
            raise ViolationError(TOO_BIG)

    def _take(self, header: _Header, payload: bytes) -> None:
        if header.opcode == TEXT:
            self._decoder = _Utf8()
        if self._decoder:
            try:
                self._decoder.decode(payload, header.is_final)
            except UnicodeDecodeError:
                raise ViolationError(NOT_TEXT) from None
        self._said = (self._said or 0) + len(payload)
        if header.is_final:
            self._said = self._decoder = None


def control_frame(opcode: int, payload: bytes) -> bytes:
    """A control frame of ours."""
    return bytes((0x80 | opcode, len(payload))) + payload


def close_code(payload: bytes) -> int | None:
    """The code that a close frame names, if any. Raises ViolationError."""
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise ViolationError(PROTOCOL_ERROR)
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise ViolationError(NOT_TEXT) from None
    return code


def _header(data: bytes, at: int) -> _Header | None:
    """The header of the frame at a place, if it is complete. Raises ViolationError."""
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
        # A size is written in as few bytes as it takes.
        if size < (126 if width == 2 else 0x10000):
            raise ViolationError(PROTOCOL_ERROR)
    return _Header(is_final, opcode, size, mask_at)


def _unmask(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
