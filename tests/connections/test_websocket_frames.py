"""The inbound side of a WebSocket: what may come, however it is cut, and what may not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.websocket import MAX_MESSAGE_BYTES, Control, FrameParser, ViolationError, close_code, control_frame
from tests.connections.bare import BINARY, CLOSE, PING, PONG, TEXT, frame

GOOD = {
    "nothing": b"",
    "a text": frame(TEXT, b"hello"),
    "an empty text": frame(TEXT),
    "a text in another script": frame(TEXT, "見出し".encode()),
    "bytes that are no text": frame(BINARY, b"\xff\xfe"),
    "the largest message": frame(BINARY, bytes(MAX_MESSAGE_BYTES)),
    "a text in fragments": frame(TEXT, b"he", final=False) + frame(0, b"l", final=False) + frame(0, b"lo"),
    "a character over two fragments": frame(TEXT, b"\xe8\xa6", final=False) + frame(0, b"\x8b"),
    "a message after a fragmented one": frame(BINARY, b"\xff", final=False) + frame(0, b"\xff") + frame(TEXT, b"x"),
    "the largest message in fragments": frame(BINARY, bytes(MAX_MESSAGE_BYTES - 1), final=False) + frame(0, b"x"),
}

BAD = {
    "no mask": (frame(TEXT, b"hello", mask=b""), 1002),
    "an extension's bit": (b"\xc1\x80" + bytes(4), 1002),
    "an unknown opcode": (frame(0x3), 1002),
    "an unknown control opcode": (frame(0xB), 1002),
    "a fragmented ping": (frame(PING, b"", final=False), 1002),
    "a long ping": (frame(PING, bytes(126)), 1002),
    "a continuation of nothing": (frame(0, b"x"), 1002),
    "a continuation of what was over": (frame(TEXT, b"x") + frame(0, b"x"), 1002),
    "a message within another": (frame(TEXT, b"x", final=False) + frame(TEXT, b"x"), 1002),
    "a size in more bytes than it takes": (b"\x82\xfe\x00\x05" + bytes(9), 1002),
    "a size in far more bytes than it takes": (b"\x82\xff" + (5).to_bytes(8, "big") + bytes(9), 1002),
    "a text that is none": (frame(TEXT, b"\xff"), 1007),
    "a text that is cut off": (frame(TEXT, b"\xe8\xa6"), 1007),
    "a text that is none over two fragments": (frame(TEXT, b"\xe8\xa6", final=False) + frame(0, b"x"), 1007),
    "a surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "a message that is too big": (frame(BINARY, bytes(MAX_MESSAGE_BYTES + 1))[:4], 1009),
    "a message that is far too big": (b"\x82\xff" + (2**62).to_bytes(8, "big"), 1009),
    "fragments that are too big": (frame(BINARY, bytes(MAX_MESSAGE_BYTES), final=False) + frame(0, b"x"), 1009),
}

pieces = st.lists(st.integers(1, 7), max_size=30)


def feed(inbound: FrameParser, data: bytes, sizes: list[int]) -> list[Control]:
    """Feeds data in pieces of these sizes, and the rest at once."""
    controls: list[Control] = []
    for size in [*sizes, len(data)]:
        controls += inbound.feed(data[:size])
        data = data[size:]
    return controls


@pytest.mark.parametrize("name", GOOD)
@given(pieces)
def test_what_may_come_is_passed_over(name: str, sizes: list[int]) -> None:
    controls = feed(FrameParser(), GOOD[name] + frame(PING, b"!"), sizes)
    assert controls == [Control(PING, b"!")]


@pytest.mark.parametrize("name", BAD)
@given(pieces)
def test_what_may_not_come_has_a_code(name: str, sizes: list[int]) -> None:
    data, code = BAD[name]
    with pytest.raises(ViolationError) as violation:
        feed(FrameParser(), frame(TEXT, b"hello") + data, sizes)
    assert violation.value.code == code


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
@given(st.binary(max_size=125), pieces)
def test_control_frames_are_found_in_the_middle_of_a_message(opcode: int, payload: bytes, sizes: list[int]) -> None:
    data = frame(TEXT, b"he", final=False) + frame(opcode, payload, mask=b"\xa1\x00\xff\x37") + frame(0, b"llo")
    assert feed(FrameParser(), data, sizes) == [Control(opcode, payload)]


@given(st.binary(max_size=200), pieces)
def test_any_bytes_are_taken_or_refused(data: bytes, sizes: list[int]) -> None:
    with contextlib.suppress(ViolationError):
        feed(FrameParser(), data, sizes)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", None),
        (b"\x03\xe8", 1000),
        (b"\x03\xe9going away", 1001),
        (b"\x0b\xb8", 3000),
        (b"\x13\x87", 4999),
    ],
)
def test_a_close_frame_names_a_code(payload: bytes, code: int | None) -> None:
    assert close_code(payload) == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\x03", 1002),
        (b"\x00\x00", 1002),
        (b"\x03\xec", 1002),  # 1004
        (b"\x03\xed", 1002),  # 1005
        (b"\x03\xee", 1002),  # 1006
        (b"\x03\xf7", 1002),  # 1015
        (b"\x07\xd0", 1002),  # 2000
        (b"\x13\x88", 1002),  # 5000
        (b"\x03\xe8\xff", 1007),
    ],
)
def test_a_close_frame_that_names_no_code_is_a_violation(payload: bytes, code: int) -> None:
    with pytest.raises(ViolationError) as violation:
        close_code(payload)
    assert violation.value.code == code


def test_a_control_frame_of_ours_is_not_masked() -> None:
    assert control_frame(PONG, b"abc") == b"\x8a\x03abc"
