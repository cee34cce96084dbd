"""Frames: messages as the transports carry them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Cursor, Event, dump
from fanout.frames import SLICE_BYTES, Message, Transport, join, slices
from tests.fanout.fake_connection import read


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (2, b"\x81\x02"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (0xFFFF, b"\x81\x7e\xff\xff"),
        (0x10000, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_text_frame_says_its_size_in_as_few_bytes_as_it_takes(size: int, header: bytes) -> None:
    text = '"' + "x" * (size - 2) + '"'
    assert Message("entry", "e.1", text).frame(Transport.WEBSOCKET) == header + text.encode()


def test_a_block_names_the_cursor_the_type_and_the_text() -> None:
    event = Event("blog", Cursor("e", 7), "delete", "abc", None)
    block = Message.of(event).frame(Transport.EVENT_STREAM)
    assert block == b'id: e.7\nevent: delete\ndata: {"type":"delete","cursor":"e.7","id":"abc"}\n\n'


def test_a_block_without_a_cursor_leaves_a_browser_where_it_is() -> None:
    assert Message("hello", None, "{}").frame(Transport.EVENT_STREAM) == b"event: hello\ndata: {}\n\n"


def test_a_line_is_the_message_and_its_end() -> None:
    assert Message("hello", None, "{}").frame(Transport.LINES) == b"{}\n"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(Transport))
def test_any_text_arrives_as_it_is(text: str, transport: Transport) -> None:
    message = {"type": "entry", "cursor": "e.1", "item": {"title": text}}
    (received,) = read(Message("entry", "e.1", dump(message)).frame(transport), transport)
    assert received.message == message


@given(st.lists(st.sampled_from([1, 1_000, SLICE_BYTES // 2, SLICE_BYTES, SLICE_BYTES + 1]), max_size=12))
def test_frames_are_joined_to_pieces_that_are_not_too_large(sizes: list[int]) -> None:
    frames = [bytes([number]) * size for number, size in enumerate(sizes)]
    pieces = list(slices(frames))
    assert b"".join(pieces) == b"".join(frames)
    assert all(len(piece) <= SLICE_BYTES or piece in frames for piece in pieces)


def test_many_small_frames_are_one_piece() -> None:
    assert len(list(slices([b"x" * 1_000] * 200))) == 1


def test_a_single_frame_is_not_copied() -> None:
    frame = b"x" * 1_000
    assert join([frame])[0] is frame


def test_a_message_of_an_event_is_its_json() -> None:
    event = Event("blog", Cursor("e", 7), "entry", "abc", '{"id":"abc"}')
    message = Message.of(event)
    assert json.loads(message.text) == {"type": "entry", "cursor": "e.7", "item": {"id": "abc"}}
