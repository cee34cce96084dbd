"""entries.py: cursors, events and items, and how each is written down."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Attachment, Cursor, Event, Kind, Source, coalesce, dump, from_micros, timestamp
from tests.bare_entries import FEED, entry

# Coalesce


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """A blog's events, with each entry's present form, as the timeline gives them after some cursor."""
    there, kinds = set(draw(st.sets(st.sampled_from("abcd")))), list[tuple[Kind, str]]()
    for name in draw(st.lists(st.sampled_from("abcd"), max_size=12)):
        kind: Kind = draw(st.sampled_from(["update", "delete"])) if name in there else "entry"
        there ^= {name} if kind != "update" else set()
        kinds.append((kind, name))
    start = draw(st.integers(0, len(kinds)))
    return [
        Event("blog", Cursor("e", seq), *((kind, name, name) if is_there else ("delete", name, None)))
        for seq, (kind, name) in enumerate(kinds, 1)
        if seq > start
        for is_there in [kind != "delete" and name in there]
    ]


@given(histories())
def test_coalesced_events_lead_where_all_events_lead(events: list[Event]) -> None:
    coalesced = coalesce(events)
    by_entry = {event.id: [one for one in events if one.id == event.id] for event in events}
    assert sorted(event.id for event in coalesced) == sorted(by_entry), "each entry once"
    for event in coalesced:
        of_entry = by_entry[event.id]
        assert event.cursor == of_entry[-1].cursor
        assert event.item == of_entry[-1].item
        if event.item is None:
            assert event.kind == "delete"
        else:
            kinds = {one.kind for one in of_entry}
            assert event.kind == ("update" if kinds == {"update"} else "entry"), "an entry is new, or it is back"
    assert [event.cursor.seq for event in coalesced] == sorted(event.cursor.seq for event in coalesced)
    assert not events or coalesced[-1].cursor == events[-1].cursor


def test_coalescing_few_of_many_corrections_leaves_one() -> None:
    updates = [Event("blog", Cursor("e", seq), "update", "a", "{}") for seq in range(5, 500)]
    assert coalesce(updates) == [updates[-1]]


# Cursors


@given(st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True), st.integers(0, 10**18 - 1))
def test_a_cursor_survives_its_text(epoch: str, seq: int) -> None:
    assert Cursor.parse(str(Cursor(epoch, seq))) == Cursor(epoch, seq)


@given(st.text() | st.from_regex(r"[a-z0-9]+\.[0-9]+"))
def test_what_is_read_as_a_cursor_is_written_the_same(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except ValueError:
        return
    assert str(cursor) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "e.",
        ".1",
        "e.-1",
        "e.01",
        "e.1.2",
        "E.1",
        " e.1",
        "e.1\n",
        "e.٣",
        "é.1",
        f"e.{10**18}",
        "e" * 17 + ".1",
    ],
)
def test_a_cursor_that_was_never_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.parse(text)


# Events


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            Event("blog", Cursor("e", 7), "update", "a", '{"id":"a","title":"\\"1\\""}'),
            {"type": "update", "cursor": "e.7", "item": {"id": "a", "title": '"1"'}},
        ),
        (Event("blog", Cursor("e", 8), "delete", "a", None), {"type": "delete", "cursor": "e.8", "id": "a"}),
    ],
)
def test_a_message_is_the_event_as_json(event: Event, message: dict[str, Any]) -> None:
    assert json.loads(event.message()) == message


# Items


def test_a_full_item_is_a_json_feed_item() -> None:
    full = entry(
        url="https://example.org/1",
        title="A <title>",
        content_html="<p>Text</p>",
        summary="Summary",
        image="https://example.org/1.png",
        published=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=2))),
        modified=datetime(2026, 1, 3, tzinfo=UTC),
        authors=("Ada", "Bob"),
        tags=("x", "y"),
        attachments=(
            Attachment(
                "https://example.org/1.mp3", "audio/mpeg", size_in_bytes=48_123_456, duration_in_seconds=2_467
            ),
            Attachment("https://example.org/2", ""),
        ),
        truncated=True,
    )
    assert full.item(id="other", position=1_700_000_000_000_001, seen=1_700_000_000_500_000, revision=3) == {
        "id": "other",
        "url": "https://example.org/1",
        "title": "A <title>",
        "content_html": "<p>Text</p>",
        "summary": "Summary",
        "image": "https://example.org/1.png",
        "date_published": "2026-01-02T01:04:05Z",
        "date_modified": "2026-01-03T00:00:00Z",
        "authors": [{"name": "Ada"}, {"name": "Bob"}],
        "tags": ["x", "y"],
        "attachments": [
            {
                "url": "https://example.org/1.mp3",
                "mime_type": "audio/mpeg",
                "size_in_bytes": 48_123_456,
                "duration_in_seconds": 2_467,
            },
            {"url": "https://example.org/2", "mime_type": ""},
        ],
        "_livelog": {
            "source": {"title": "Example", "url": "https://example.org/", "feed_url": FEED},
            "position": "2023-11-14T22:13:20.000001Z",
            "seen": "2023-11-14T22:13:20.500000Z",
            "revision": 3,
            "truncated": True,
        },
    }


def test_an_item_has_no_blanks_but_content_which_json_feed_asks_for() -> None:
    bare = replace(entry(title="", summary=""), source=Source("Example", None, FEED))
    assert bare.item(id="a", position=0, seen=0, revision=1) == {
        "id": "a",
        "content_html": "",
        "_livelog": {
            "source": {"title": "Example", "feed_url": FEED},
            "position": "1970-01-01T00:00:00.000000Z",
            "seen": "1970-01-01T00:00:00.000000Z",
            "revision": 1,
        },
    }


@pytest.mark.parametrize("corrected", [None, 5])
def test_an_item_is_its_id_its_body_and_what_the_timeline_adds(corrected: int | None) -> None:
    """The Redis store writes items as text, around the body (timeline/redis/scripts/commit.lua)."""
    full = entry(title='}}","T', truncated=True)
    head = '{"id":"a",'
    correction = '"corrected":"1970-01-01T00:00:00.000005Z",' if corrected else ""
    tail = '"position":"1970-01-01T00:00:00.000000Z","seen":"1970-01-01T00:00:00.000000Z","revision":12}}'
    text = dump(full.item(id="a", position=0, seen=0, revision=12, corrected=corrected))
    assert text == head + full.item_body() + correction + tail


def test_an_items_json_is_compact_and_keeps_every_script() -> None:
    assert dump({"title": "快讯 👩‍👩‍👧", "tags": []}) == '{"title":"快讯 👩‍👩‍👧","tags":[]}'


# Times


def test_no_date_is_no_timestamp() -> None:
    assert timestamp(None) is None


MICROS = st.integers(-(10**15), 10**17)


@given(MICROS, MICROS)
def test_times_in_items_sort_as_text_as_they_do_as_numbers(one: int, other: int) -> None:
    assert (from_micros(one) < from_micros(other)) == (one < other)


@given(MICROS)
def test_a_time_in_an_item_is_exact(micros: int) -> None:
    since = datetime.fromisoformat(from_micros(micros)) - datetime(1970, 1, 1, tzinfo=UTC)
    assert since == timedelta(microseconds=micros)
