"""The ring: what it holds, how far it reaches, and what a reader who comes back is handed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Cursor, Event, Kind, coalesce
from ring import MOST_EVENTS, Ring


def event(seq: int, name: str = "", kind: Kind = "entry", text: str = "") -> Event:
    """An event about an entry, or about one of its own."""
    entry_id = name or f"e{seq}"
    item = None if kind == "delete" else json.dumps({"id": entry_id, "title": text or f"version {seq}"})
    return Event("blog", Cursor("e", seq), kind, entry_id, item)


def ring(*events: Event, head: int = 0, most_bytes: int = 10**6) -> Ring:
    """A ring that has had these events."""
    made = Ring(Cursor("e", head), most_bytes)
    if events:
        made.append(events)
    return made


def told(frames: list[str]) -> list[tuple[str, str]]:
    """Frames in short: the type, and the number of the event."""
    return [(message["type"], message["cursor"]) for message in map(json.loads, frames)]


def test_a_new_ring_reaches_its_head_and_nothing_before() -> None:
    empty = ring(head=7)
    assert [seq for seq in range(10) if empty.reaches(seq)] == [7]
    assert empty.missed(7) == []


def test_what_is_appended_is_handed_to_who_missed_it() -> None:
    made = ring(event(8), event(9), head=7)
    assert [seq for seq in range(12) if made.reaches(seq)] == [7, 8, 9]
    assert told(made.missed(7)) == [("entry", "e.8"), ("entry", "e.9")]
    assert told(made.missed(8)) == [("entry", "e.9")]
    assert made.missed(9) == []
    assert str(made.head) == "e.9"


def test_an_entry_that_changed_meanwhile_comes_once_in_its_last_form() -> None:
    made = ring(event(1, "a"), event(2, "b"), event(3, "a", "update"), event(4, "b", "delete"))
    assert told(made.missed(0)) == [("entry", "e.3"), ("delete", "e.4")]
    assert told(made.missed(1)) == [("update", "e.3"), ("delete", "e.4")]


def test_what_is_missed_follows_what_is_appended() -> None:
    made = ring(event(1))
    assert told(made.missed(0)) == [("entry", "e.1")]
    made.append([event(2)])
    assert told(made.missed(0)) == [("entry", "e.1"), ("entry", "e.2")]


def test_a_frame_is_encoded_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []
    message = Event.message

    def counted(self: Event) -> str:
        encoded.append(self.cursor.seq)
        return message(self)

    monkeypatch.setattr(Event, "message", counted)
    made = ring(event(1), event(2), event(3))
    frames = [made.missed(seq) for seq in (0, 1, 2, 0, 1, 2)]
    assert encoded == [1, 2, 3]
    assert frames[0] is frames[3], "a storm is handed one list"


def test_no_more_events_are_held_than_may_be() -> None:
    made = ring(*(event(seq) for seq in range(1, MOST_EVENTS + 11)))
    assert not made.reaches(9)
    assert made.reaches(10)
    assert len(made.missed(10)) == MOST_EVENTS


def test_no_more_text_is_held_than_may_be() -> None:
    made = ring(*(event(seq, text="x" * 1_000) for seq in range(1, 101)), most_bytes=10_500)
    assert not made.reaches(89)
    assert told(made.missed(90))[0] == ("entry", "e.91")


def test_one_event_that_is_too_large_is_not_held() -> None:
    made = ring(event(1), event(2, text="x" * 1_000), most_bytes=100)
    assert made.reaches(2)
    assert not made.reaches(1)


def test_older_events_are_taken_as_far_as_they_lead_up_to_those_that_are_there() -> None:
    made = ring(event(6), head=5)
    made.prepend([event(1), event(2), event(4), event(5), event(6)])
    assert [seq for seq in range(8) if made.reaches(seq)] == [3, 4, 5, 6]
    assert told(made.missed(3)) == [("entry", "e.4"), ("entry", "e.5"), ("entry", "e.6")]


def test_older_events_take_no_more_room_than_there_is() -> None:
    made = ring(event(11, text="x" * 500), head=10, most_bytes=1_600)
    made.prepend([event(seq, text="x" * 500) for seq in range(1, 11)])
    assert [seq for seq in range(12) if made.reaches(seq)] == [8, 9, 10, 11]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["entry", "update", "delete"])), max_size=30),
    st.lists(st.integers(1, 5), max_size=10),
    st.integers(0, 30),
)
def test_whatever_was_appended_and_prepended_what_is_missed_is_what_came_after(
    changes: list[tuple[str, Kind]], sizes: list[int], before: int
) -> None:
    events = [event(n + 1, name, kind) for n, (name, kind) in enumerate(changes)]
    before = min(before, len(events))
    made = ring(head=before)
    at = before
    for size in [*sizes, len(events)]:
        if events[at : at + size]:
            made.append(events[at : at + size])
        at += size
    made.prepend(events[:before])
    for seq in range(len(events) + 1):
        assert made.reaches(seq)
        assert made.missed(seq) == [one.message() for one in coalesce(events[seq:])]
