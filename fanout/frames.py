"""Frames: a message to clients as each transport carries it, encoded once and sent to many.

The JSON text is the same everywhere. A WebSocket carries it as an unmasked text frame (RFC 6455, 5.2), an event
stream as a block (https://html.spec.whatwg.org/multipage/server-sent-events.html) whose ``id`` a browser sends when
it reconnects, and the answer to a client that polls as a line.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from entries import Event

SLICE_BYTES: Final = 256 * 1024
"""Most bytes that are sent on a connection at a time, and so that wait on one; a larger frame is sent alone."""

WEBSOCKET_PING: Final = b"\x89\x00"
EVENT_STREAM_COMMENT: Final = b":\n\n"


class Transport(IntEnum):
    """A transport of messages to a client."""

    WEBSOCKET = 0
    EVENT_STREAM = 1
    LINES = 2
    """Without a connection: the client polls for the messages after its cursor."""


class Message(NamedTuple):
    """A message to clients: its type, its cursor, and its JSON text.

    The cursor is the one that a client has after the message; None if more messages have to follow before. JSON has
    no raw line ends, so the text is one line of an event stream.
    """

    kind: str
    cursor: str | None
    text: str

    @classmethod
    def of(cls, event: Event) -> Message:
        """The message for an event."""
        return cls(event.kind, str(event.cursor), event.message())

    def frame(self, transport: Transport) -> bytes:
        """The message as bytes of a transport."""
        return _ENCODERS[transport](self)


def join(frames: Sequence[bytes], start: int = 0) -> tuple[bytes, int]:
    """Joins frames from an index on, up to SLICE_BYTES but at least one; returns them and the index that follows."""
    end, size = start + 1, len(frames[start])
    while end < len(frames) and size + len(frames[end]) <= SLICE_BYTES:
        size += len(frames[end])
        end += 1
    return b"".join(frames[start:end]), end


def slices(frames: Sequence[bytes]) -> Iterator[bytes]:
    """All frames, joined into as few slices as SLICE_BYTES allows."""
    at = 0
    while at < len(frames):
        piece, at = join(frames, at)
        yield piece


def _text_frame(message: Message) -> bytes:
    payload = message.text.encode()
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 0x10000:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def _block(message: Message) -> bytes:
    named = f"id: {message.cursor}\n" if message.cursor is not None else ""
    return f"{named}event: {message.kind}\ndata: {message.text}\n\n".encode()


def _line(message: Message) -> bytes:
    return f"{message.text}\n".encode()


_ENCODERS: Final = {Transport.WEBSOCKET: _text_frame, Transport.EVENT_STREAM: _block, Transport.LINES: _line}
