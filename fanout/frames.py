"""Frames: a message to readers as each transport carries it, ready to be sent as it is.

The JSON text is the same everywhere. A WebSocket has it as a text frame, unmasked, as a server's are (RFC 6455, 5.2);
an event stream as a block (https://html.spec.whatwg.org/multipage/server-sent-events.html), whose ``id`` a browser
comes back with; an answer to who asks now and then as a line.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from entries import Event

SLICE_BYTES: Final = 256 * 1024
"""What is handed to a connection at a time, and so the most that waits on one; more only if a frame is larger."""

WEBSOCKET_PING: Final = b"\x89\x00"
EVENTS_COMMENT: Final = b":\n\n"


class Transport(IntEnum):
    """How a reader is connected."""

    WEBSOCKET = 0
    EVENTS = 1
    LINES = 2
    """Not connected: it asks for what it missed, again and again."""


class Message(NamedTuple):
    """What a reader is told: the type, the cursor that it has from here on (None if it has not), and the JSON text.

    JSON has no raw line ends, so the text is one line of an event stream.
    """

    kind: str
    cursor: str | None
    text: str

    @classmethod
    def of(cls, event: Event) -> Message:
        """The message that tells of an event."""
        return cls(event.kind, str(event.cursor), event.message())

    def frame(self, transport: Transport) -> bytes:
        """The bytes that carry it."""
        return _FORMS[transport](self)


def join(frames: Sequence[bytes], start: int = 0) -> tuple[bytes, int]:
    """Frames from a place on as one piece, of SLICE_BYTES or of one frame at most; and the place after them."""
    end, size = start + 1, len(frames[start])
    while end < len(frames) and size + len(frames[end]) <= SLICE_BYTES:
        size += len(frames[end])
        end += 1
    return b"".join(frames[start:end]), end


def slices(frames: Sequence[bytes]) -> Iterator[bytes]:
    """All frames, joined to as few pieces."""
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


_FORMS: Final = {Transport.WEBSOCKET: _text_frame, Transport.EVENTS: _block, Transport.LINES: _line}
