"""The history: what it holds, how far it reaches, and what clients are handed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Cursor, Event, Kind, coalesce
from fanout.frames import SLICE_BYTES, Message, Transport
from fanout.history import BEFORE_RESET, MAX_EVENTS, History
from tests.fanout.fake_connection import read

WS, SSE = Transport.WEBSOCKET, Transport.EVENT_STREAM


def event(seq: int, name: str = "", kind: Kind = "entry", text: str = "") -> Event:
    """An event about an entry, or about one of its own."""
    entry_id = name or f"e{seq}"
    item = None if kind == "delete" else json.dumps({"id": entry_id, "title": text or f"version {seq}"})
    return Event("blog", Cursor("e", seq), kind, entry_id, item)


def history(*events: Event, head: int = 0, max_bytes: int = 10**6) -> History:
    """A history that has had these events, one after the other, and whose clients got them."""
    made = History(Cursor("e", head), max_bytes)
    for one in events:
        made.append([one])
    settle(made)
    return made


def settle(made: History) -> None:
    made.settle(made.head.seq, made.appended)


def received(*pieces: bytes, transport: Transport = WS) -> list[tuple[str, str]]:
    """What was sent, in short: the type, and the number of the event."""
    messages = [one.message for piece in pieces for one in read(piece, transport)]
    return [(message["type"], message["cursor"]) for message in messages]


def test_a_new_history_reaches_its_head_and_nothing_before() -> None:
    empty = history(head=7)
    assert [seq for seq in range(-1, 10) if empty.reaches(seq)] == [7]
    assert empty.missed(7, WS) == []


@pytest.mark.parametrize("transport", Transport)
def test_what_is_appended_is_handed_to_who_missed_it(transport: Transport) -> None:
    made = history(event(8), event(9), head=7)
    assert [seq for seq in range(-1, 12) if made.reaches(seq)] == [7, 8, 9]
    assert received(*made.missed(7, transport), transport=transport) == [("entry", "e.8"), ("entry", "e.9")]
    assert received(*made.missed(8, transport), transport=transport) == [("entry", "e.9")]
    assert made.missed(9, transport) == []
    assert str(made.head) == "e.9"


@pytest.mark.parametrize("transport", Transport)
def test_what_is_appended_is_handed_in_one_piece_to_who_was_there(transport: Transport) -> None:
    made = history(head=7)
    made.append([event(8), event(9)])
    piece, leads_to = made.next_slice(7, transport)
    assert received(piece, transport=transport) == [("entry", "e.8"), ("entry", "e.9")]
    assert leads_to == 9
    assert made.next_slice(7, transport)[0] is piece, "the next client gets the same bytes"
    made.append([event(10)])
    assert made.next_slice(7, transport)[1] == 10


def test_what_is_too_much_for_one_piece_is_handed_in_several() -> None:
    made = history(head=0)
    made.append([event(seq, text="x" * (SLICE_BYTES // 2 - 100)) for seq in range(1, 5)])
    made.append([event(5, text="x" * 2 * SLICE_BYTES)])
    at, seqs = 0, []
    while at < made.head.seq:
        at = made.next_slice(at, WS)[1]
        seqs.append(at)
    assert seqs == [2, 4, 5], "a message larger than a piece is one by itself"


def test_an_entry_that_changed_meanwhile_comes_once_in_its_last_form() -> None:
    made = history(event(1, "a"), event(2, "b"), event(3, "a", "update"), event(4, "b", "delete"))
    assert received(*made.missed(0, WS)) == [("entry", "e.3"), ("delete", "e.4")]
    assert received(*made.missed(1, WS)) == [("update", "e.3"), ("delete", "e.4")]
    assert [kind for kind, _ in received(made.next_slice(0, WS)[0])] == ["entry", "entry", "update", "delete"]


def test_a_message_is_encoded_once_for_all_of_a_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[tuple[str | None, Transport]] = []
    frame = Message.frame

    def counted(self: Message, transport: Transport) -> bytes:
        encoded.append((self.cursor, transport))
        return frame(self, transport)

    monkeypatch.setattr(Message, "frame", counted)
    made = history(event(1), event(2))
    assert encoded == [], "nobody is there to read it"
    for seq in (0, 1, 0, 1):
        made.missed(seq, WS)
        made.next_slice(seq, WS)
    assert encoded == [("e.1", WS), ("e.2", WS)]
    made.missed(0, SSE)
    made.next_slice(0, SSE)
    assert encoded[2:] == [("e.1", SSE), ("e.2", SSE)]


def test_no_more_events_are_held_than_may_be() -> None:
    made = history(*(event(seq) for seq in range(1, MAX_EVENTS + 11)))
    assert not made.reaches(9)
    assert made.reaches(10)
    assert len(made.missed(10, WS)) == MAX_EVENTS


def test_no_more_text_is_held_than_may_be() -> None:
    made = history(*(event(seq, text="x" * 1_000) for seq in range(1, 101)), max_bytes=10_500)
    assert not made.reaches(89)
    assert received(*made.missed(90, WS))[0] == ("entry", "e.91")


def test_the_bound_is_one_of_bytes_not_of_characters() -> None:
    made = history(*(event(seq, text="é" * 1_000) for seq in range(1, 11)), max_bytes=10_500)
    assert not made.reaches(0)


def test_one_event_that_is_too_large_is_not_held() -> None:
    made = history(event(1), event(2, text="x" * 1_000), max_bytes=100)
    assert made.reaches(2)
    assert not made.reaches(1)


def test_nothing_goes_before_clients_were_handed_it() -> None:
    made = history(event(1), max_bytes=100)
    made.append([event(2, text="x" * 1_000), event(3)])
    assert made.reaches(0)
    assert made.unsettled > 1_000
    made.settle(2, made.appended - 50)
    assert not made.reaches(1)
    assert made.reaches(2)
    assert made.unsettled == 50
    settle(made)
    assert made.unsettled == 0


def test_how_far_someone_is_behind_is_counted_from_the_batch_that_is_on_its_way() -> None:
    made = history(event(1))
    made.append([event(2, text="x" * 1_000), event(3)])
    assert [made.behind(seq) for seq in (1, 2, 3)] == [0, 0, 0]
    made.append([event(4, text="x" * 5_000)])
    assert 5_000 < made.behind(1) == made.behind(2) < 5_100
    assert [made.behind(seq) for seq in (3, 4, 5)] == [0, 0, 0]


def test_a_history_may_begin_with_a_reset_for_clients_of_another_epoch() -> None:
    made = History(Cursor("f", 7), reset=Message("reset", "f.7", '{"type":"reset","cursor":"f.7"}'))
    assert made.reaches(BEFORE_RESET)
    made.append([event(8)])
    piece, leads_to = made.next_slice(BEFORE_RESET, SSE)
    assert received(piece, transport=SSE) == [("reset", "f.7")]
    assert leads_to == 7
    settle(made)
    assert not made.reaches(BEFORE_RESET), "all who could take it have got it"


def test_older_events_are_taken_as_far_as_they_lead_up_to_those_that_are_there() -> None:
    made = history(event(6), head=5)
    made.prepend([event(1), event(2), event(4), event(5), event(6)])
    assert [seq for seq in range(8) if made.reaches(seq)] == [3, 4, 5, 6]
    assert received(*made.missed(3, WS)) == [("entry", "e.4"), ("entry", "e.5"), ("entry", "e.6")]


def test_older_events_take_no_more_room_than_there_is() -> None:
    made = history(event(11, text="x" * 500), head=10, max_bytes=1_600)
    made.prepend([event(seq, text="x" * 500) for seq in range(1, 11)])
    assert [seq for seq in range(12) if made.reaches(seq)] == [8, 9, 10, 11]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["entry", "update", "delete"])), max_size=30),
    st.lists(st.integers(1, 5), max_size=10),
    st.integers(0, 30),
    st.sampled_from(Transport),
)
def test_whatever_was_appended_and_prepended_what_is_missed_is_what_came_after(
    changes: list[tuple[str, Kind]], sizes: list[int], before: int, transport: Transport
) -> None:
    events = [event(n + 1, name, kind) for n, (name, kind) in enumerate(changes)]
    before = min(before, len(events))
    made = history(head=before)
    at = before
    for size in [*sizes, len(events)]:
        if events[at : at + size]:
            made.append(events[at : at + size])
        at += size
    made.prepend(events[:before])
    for seq in range(len(events) + 1):
        assert made.reaches(seq)
        missed = [Message.of(one).frame(transport) for one in coalesce(events[seq:])]
        assert made.missed(seq, transport) == missed
        if seq < len(events):
            all_of_it = b"".join(Message.of(one).frame(transport) for one in events[seq:])
            assert made.next_slice(seq, transport) == (all_of_it, len(events))
