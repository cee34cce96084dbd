"""entries.py: who an entry is, what counts as a correction, where it stands, and how all of it is written down."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from entries import Attachment, Cursor, Entry, Event, Kind, Source, coalesce, dump, from_micros, timestamp
from feeds.parser.identity import _base32, aliases, digest, identity
from feeds.positions import LATE_AFTER, positioned
from feedstate import FeedState, Mark, Marks

FEED = "https://example.org/feed.xml"
NOW = 1_800_000_000.0
LISTED = Marks({"a": Mark("1")})
SOURCE = Source("Example", "https://example.org/", FEED)


def entry(name: str = "a", **fields: Any) -> Entry:
    """An entry with only what matters."""
    return Entry(keys=(name,), digest=name, source=SOURCE, **fields)


def at(seconds: float) -> datetime:
    """A date so many seconds from now."""
    return datetime.fromtimestamp(NOW + seconds, UTC)


# Identity


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("https://example.org/1", None), ("http://example.org/1", None), True),
        (("https://example.org/1", "/a"), ("https://example.org/1", "/b", "text"), True),
        (("https://example.org/1", None), ("https://example.org/2", None), False),
        (("https://example.org/1", None), ("https://EXAMPLE.org/1", None), False),
        (("1", None), ("2", None), False),
        ((None, "/a", "title"), (None, "/a", "another"), True),
        ((None, "/a"), (None, "/b"), False),
        (("", "/a"), (None, "/a"), True),
        (("/a", None), (None, "/a"), False),
        ((None, None, "title", "text"), (None, "", "title", "text"), True),
        ((None, None, "title", "text"), (None, None, "title", "other"), False),
        ((None, None, "ab", "c"), (None, None, "a", "bc"), False),
        ((None, None, None, "text"), (None, None, "", "text"), True),
        ((None, None, "\ud800"), (None, None, "\ud801"), False),
    ],
)
def test_an_entry_is_its_guid_else_its_link_else_its_text(one: Any, other: Any, *, same: bool) -> None:
    assert (identity(FEED, *one) == identity(FEED, *other)) is same


def test_entries_of_different_feeds_are_different() -> None:
    assert identity(FEED, "1", None) != identity("https://example.org/other.xml", "1", None)


@given(st.text(), st.text(), st.text())
def test_an_identity_can_stand_in_a_url(guid: str, link: str, text: str) -> None:
    key = identity(FEED, guid, link, text)
    assert key.isascii()
    assert key.isalnum()
    assert len(key) == 16


# Aliases


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://old.example/posts/1", "https://new.example/posts/1"),
        ("http://old.example/?p=1", "https://new.example/?p=1"),
        ("https://old.example:8080/a#b", "https://new.example/a#b"),
    ],
)
def test_an_entry_keeps_its_alias_when_its_site_moves_to_another_host(before: str, after: str) -> None:
    assert aliases(FEED, [before]) == aliases(FEED, [after]) != [None]


@pytest.mark.parametrize(
    ("guids", "have"),
    [
        ([], []),
        (["https://a.example/1", "https://a.example/2"], [True, True]),
        (["https://a.example/?p=1", "https://b.example/?p=1"], [False, False]),
        (["https://a.example/1", "tag:a.example,2026:2", None, ""], [True, False, False, False]),
        (["tag:a.example,2026:1", "12"], [False, False]),
        (["https://a.example/", "https://a.example"], [False, False]),
        (["http://[", "https://a.example/1"], [False, True]),
        (["https://[::1]/1"], [False]),
        (["https://a.example/1", "http://a.example/2"], [True, True]),
    ],
    ids=repr,
)
def test_only_guids_of_one_host_have_aliases(guids: list[str | None], have: list[bool]) -> None:
    assert [alias is not None for alias in aliases(FEED, guids)] == have


def test_an_alias_is_no_key_of_another_kind() -> None:
    (alias,) = aliases(FEED, ["https://a.example/1"])
    assert alias not in (identity(FEED, "/1", None), identity(FEED, None, "/1"), identity(FEED, None, None, "/1"))


# Keys


@given(st.binary(max_size=40))
def test_a_key_is_written_in_base_32(data: bytes) -> None:
    assert _base32(data) == base64.b32encode(data).decode().rstrip("=").lower()


# Digest


@pytest.mark.parametrize(
    "change",
    ["other title", None, "", ("a", "b"), ("a, b",), (Attachment("https://example.org/a.mp3", "audio/mpeg"),)],
    ids=repr,
)
def test_any_other_content_is_a_correction(change: object) -> None:
    assert digest("link", "title", "text", ()) != digest("link", change, "text", ())


def test_another_size_or_length_of_a_file_is_no_correction() -> None:
    file = Attachment("https://example.org/a.mp3", "audio/mpeg")
    assert digest((replace(file, size_in_bytes=1_000, duration_in_seconds=1),)) == digest((file,))


def test_equal_content_has_one_digest_in_every_process() -> None:
    # A written constant: a digest that differed between two runs would make every entry a correction.
    assert digest("link", "title", None, ("tag",)) == "lkj5ygyqepqf6"


# Place


def test_an_entry_stands_where_it_was_first_seen() -> None:
    (placed,) = positioned([entry(published=at(-3600))], "blog", NOW, backfill=False)
    assert (placed.blog, placed.seen, placed.position, placed.backfilled) == ("blog", NOW * 1e6, NOW * 1e6, False)


@pytest.mark.parametrize(
    ("dates", "backfill", "seconds"),
    [
        ({"published": at(-3600)}, True, -3600),
        ({"modified": at(-3600)}, True, -3600),
        ({"published": at(-7200), "modified": at(-3600)}, True, -7200),
        ({}, True, 0),
        ({"published": at(9e8)}, True, 0),
        ({"published": at(9e8)}, False, 0),
        ({"published": at(-LATE_AFTER.total_seconds() - 1)}, False, -LATE_AFTER.total_seconds() - 1),
        ({"published": at(-LATE_AFTER.total_seconds())}, False, 0),
        ({"published": datetime(1990, 1, 1, tzinfo=UTC)}, False, datetime(1990, 1, 1, tzinfo=UTC).timestamp() - NOW),
    ],
    ids=str,
)
def test_an_old_entry_stands_at_its_own_date_and_none_in_the_future(
    dates: dict[str, Any], seconds: float, *, backfill: bool
) -> None:
    (placed,) = positioned([entry(**dates)], "blog", NOW, backfill=backfill)
    assert placed.position == int((NOW + seconds) * 1e6)
    assert placed.backfilled is (backfill or seconds < 0)


def test_entries_seen_together_keep_the_order_of_their_document() -> None:
    placed = positioned([entry(name) for name in ["newest", "middle", "oldest"]], "blog", NOW, backfill=False)
    assert [one.id for one in placed] == ["oldest", "middle", "newest"]


def test_entries_dated_in_the_future_keep_the_order_of_their_document() -> None:
    placed = positioned(
        [entry("newest", published=at(60)), entry("oldest", published=at(90))], "blog", NOW, backfill=True
    )
    assert [one.id for one in placed] == ["oldest", "newest"]


def dated() -> st.SearchStrategy[datetime | None]:
    """Dates around now, many of them the same or a microsecond apart."""
    near = st.integers(-3, 3).map(lambda micros: at(0) + timedelta(microseconds=micros))
    return st.none() | near | near.map(lambda date: date - timedelta(days=2)) | st.datetimes(timezones=st.just(UTC))


@given(dates=st.lists(dated(), max_size=20), backfill=st.booleans())
def test_places_are_in_order_of_their_own_and_not_in_the_future(
    dates: Sequence[datetime | None], *, backfill: bool
) -> None:
    assume(all(date is None or date.year >= 1990 for date in dates))
    listed = [entry(str(n), published=date) for n, date in enumerate(dates)]
    placed = positioned(listed, "blog", NOW, backfill=backfill)
    positions = [one.position for one in placed]
    assert positions == sorted(set(positions)), "each has a place of its own"
    assert all(position <= NOW * 1e6 for position in positions)
    assert {one.id for one in placed} == {one.id for one in listed}
    for one in placed:
        own = (one.published or at(0)).timestamp() * 1e6 if one.backfilled else NOW * 1e6
        assert abs(one.position - min(own, NOW * 1e6)) <= 2 * len(dates), "no more is changed than order asks for"


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


# Feed states


def marks() -> st.SearchStrategy[Marks]:
    """Any marks."""
    return st.dictionaries(st.text(), st.builds(Mark, st.text(), st.integers(), st.text(), st.booleans())).map(Marks)


@given(marks())
def test_marks_survive_their_json_in_their_order(listed: Marks) -> None:
    read = Marks(text=listed.to_json())
    assert read == listed
    assert list(read) == list(listed)
    assert len(read) == len(listed)
    assert all(isinstance(mark, Mark) for mark in read.values())


@given(marks())
def test_marks_survive_the_way_to_another_process(listed: Marks) -> None:
    assert pickle.loads(pickle.dumps(listed)) == listed
    assert pickle.loads(pickle.dumps(Marks(text=listed.to_json()))) == listed


def test_marks_are_read_when_they_are_looked_at_and_not_before() -> None:
    broken = Marks(text="broken")
    assert broken.to_json() == "broken"
    assert pickle.loads(pickle.dumps(broken)).to_json() == "broken"
    with pytest.raises(ValueError, match="Expecting value"):
        broken.get("a")


def test_marks_of_an_earlier_version_are_read_as_far_as_they_go() -> None:
    earlier = Marks(text='{"a":["1"],"b":["2",1800000000]}')
    assert earlier == {"a": Mark("1"), "b": Mark("2", 1_800_000_000)}


def test_there_may_be_no_marks() -> None:
    assert Marks() == Marks(text="{}") == Marks(text=None) == {}
    assert Marks().to_json() == "{}"


def feed_states() -> st.SearchStrategy[FeedState]:
    """Any state."""
    times = st.floats(0, 1e11)
    words = st.none() | st.text()
    return st.builds(
        FeedState,
        url=st.text(),
        next_at=times,
        checked_at=times,
        ok_at=times,
        validated_url=words,
        etag=words,
        last_modified=words,
        body_digest=words,
        found_url=words,
        moved_to=words,
        moved_since=times,
        max_age=times,
        ttl=times,
        took=times,
        title=words,
        site_url=words,
        status=st.none() | st.integers(),
        problem=words,
        failures=st.integers(0),
        failing_since=times,
        newest=st.lists(times).map(tuple),
        blogs=st.lists(st.text()).map(tuple),
        skip_hours=st.lists(st.integers(0, 23)).map(tuple),
        skip_days=st.lists(st.integers(0, 6)).map(tuple),
        listed=marks(),
    )


@given(feed_states())
def test_a_feed_state_survives_its_json(state: FeedState) -> None:
    assert FeedState.from_json(state.to_json(), state.listed.to_json()) == state
    assert FeedState.from_json(state.to_json()) == replace(state, listed=Marks())


def test_a_feed_states_json_has_only_what_is_set() -> None:
    assert FeedState(url=FEED, etag='"1"', listed=Marks({"a": Mark("1")})).to_json() == dump(
        {"url": FEED, "etag": '"1"'}
    )


def test_a_feed_state_of_another_version_is_read_as_far_as_it_is_known() -> None:
    text = json.dumps({"url": FEED, "etag": '"1"', "listed": {"a": "1"}, "invented_later": [1]})
    assert FeedState.from_json(text) == FeedState(url=FEED, etag='"1"')


def test_a_failure_keeps_what_is_known_and_counts_from_the_first_one() -> None:
    good = FeedState(url=FEED, etag='"1"', listed=LISTED, title="Example").succeeded(200, NOW, NOW + 60)
    once = good.failed("Gone.", 404, NOW + 60, NOW + 120)
    twice = once.failed("Slow.", None, NOW + 120, NOW + 240)
    assert twice == replace(
        good,
        status=None,
        problem="Slow.",
        failures=2,
        failing_since=NOW + 60,
        checked_at=NOW + 120,
        next_at=NOW + 240,
    )
    assert (twice.ok_at, twice.etag, twice.listed) == (NOW, '"1"', LISTED)


def test_a_success_ends_a_failure() -> None:
    failing = FeedState(url=FEED).failed("Gone.", 404, NOW, NOW + 60)
    well = failing.succeeded(304, NOW + 60, NOW + 120)
    assert well == FeedState(url=FEED, status=304, checked_at=NOW + 60, ok_at=NOW + 60, next_at=NOW + 120)


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
