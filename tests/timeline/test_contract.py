"""What every store promises (`timeline.Timeline`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entries import FRONT_PAGE, Attachment, Cursor, Entry, Event, Source, from_micros
from feedstate import FeedState, Mark, Marks
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import DAY, Lease, LeaseLostError, Limits, Timeline, before_token, open_timeline, parse_before
from timeline.retention import Retention

LISTED = Marks({"b": Mark("1", 1_800_000_000, "link", absent=True), "ä": Mark('"')})


async def test_a_new_entry_is_stored_and_numbered(timeline: Timeline) -> None:
    assert await commit(timeline, entry("a")) == 1
    assert await titles(timeline) == ["a"]
    assert (await timeline.head("blog")).seq == 1


async def test_an_entry_that_is_listed_again_changes_nothing(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    assert await commit(timeline, entry("a")) == 0
    assert (await timeline.head("blog")).seq == 1


async def test_a_corrected_entry_keeps_its_place_and_counts_its_revisions(timeline: Timeline) -> None:
    await commit(timeline, entry("a", at=NOW - 10), entry("b", at=NOW))
    assert await commit(timeline, entry("a", "corrected", at=NOW + 5)) == 1
    assert await titles(timeline) == ["b", "corrected"]
    item = json.loads((await timeline.entry("blog", "a")) or "{}")
    assert item["_livelog"]["revision"] == 2


async def test_an_item_says_when_its_last_correction_was_seen(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    told: list[str | None] = []
    for text, at in (("", NOW), ("first", NOW + 1.25), ("second", NOW + 90)):
        await commit(timeline, entry("a", text), checked_at=at)
        told.append(json.loads((await timeline.entry("blog", "a")) or "{}")["_livelog"].get("corrected"))
    assert told == [None, from_micros(int((NOW + 1.25) * 1_000_000)), from_micros(int((NOW + 90) * 1_000_000))]
    await commit(timeline, withdrawn=[("blog", "a")])
    await commit(timeline, entry("a"))
    back = json.loads((await timeline.entry("blog", "a")) or "{}")["_livelog"]
    assert (back["revision"], back.get("corrected")) == (4, None), "it was listed anew"


async def previous_title(timeline: Timeline, entry_id: str, blog: str = "blog") -> str | None:
    """The title that an entry had before its last correction."""
    former = await timeline.previous(blog, entry_id)
    return json.loads(former)["title"] if former else None


async def test_an_entry_that_was_never_corrected_has_no_previous_form(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    await commit(timeline, entry("a"))
    assert await timeline.previous("blog", "a") is None
    assert await timeline.previous("blog", "unknown") is None
    assert await timeline.previous("nowhere", "a") is None


async def test_the_form_that_a_corrected_entry_had_before_is_kept_as_it_was(timeline: Timeline) -> None:
    await commit(timeline, entry("a", "wrong", content_html="<p>Zürich 漢字</p>", keys=("a", "alias")), entry("b"))
    shown = await timeline.entry("blog", "a")
    await commit(timeline, entry("other", "right", keys=("other", "alias")))
    assert await timeline.previous("blog", "a") == shown
    assert await timeline.previous("blog", "b") is None


async def test_of_several_corrections_the_last_previous_form_is_kept(timeline: Timeline) -> None:
    for text in ("first", "second", "third"):
        await commit(timeline, entry("a", text), entry("a", text, blog="two"))
    await commit(timeline, entry("a", "third"))
    assert await previous_title(timeline, "a") == "second"
    await commit(timeline, entry("a", "fourth"), entry("a", "fifth"))
    assert await previous_title(timeline, "a") == "fourth"
    assert await previous_title(timeline, "a", "two") == "second"


async def test_a_previous_form_goes_with_the_withdrawn_entry_and_does_not_come_back(timeline: Timeline) -> None:
    await commit(timeline, entry("a", "wrong"), entry("b", "wrong"))
    await commit(timeline, entry("a", "right"), entry("b", "right"))
    await commit(timeline, withdrawn=[("blog", "a")])
    assert await timeline.previous("blog", "a") is None
    await commit(timeline, entry("a", "right again"))
    assert await timeline.previous("blog", "a") is None
    assert await previous_title(timeline, "b") == "wrong"


async def test_a_refused_correction_leaves_the_previous_form_alone(timeline: Timeline) -> None:
    await commit(timeline, entry("a", "first"))
    await commit(timeline, entry("a", "second"))
    await timeline.follow({FEED: 0.0})
    (late,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert await timeline.claim(NOW + LEASE_SECONDS, 1, LEASE_SECONDS)
    with pytest.raises(LeaseLostError):
        await timeline.commit(late.state, [entry("a", "third")], late)
    assert await previous_title(timeline, "a") == "first"


async def test_an_entry_is_recognised_by_any_of_its_keys_and_keeps_its_id(timeline: Timeline) -> None:
    await commit(timeline, entry("old", keys=("old", "alias")))
    assert await commit(timeline, entry("new", "moved", keys=("new", "alias"))) == 1
    assert await commit(timeline, entry("new", "moved", keys=("new",))) == 0
    assert json.loads((await timeline.entry("blog", "old")) or "{}")["title"] == "moved"
    assert await titles(timeline) == ["moved"]


async def test_blogs_are_numbered_apart(timeline: Timeline) -> None:
    await commit(timeline, entry("a", blog="one"), entry("a", blog="two"), entry("b", blog="two"))
    assert (await timeline.head("one")).seq == 1
    assert (await timeline.head("two")).seq == 2


async def test_a_withdrawn_entry_is_gone_and_withdrawing_it_again_changes_nothing(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("b"))
    assert (
        await commit(timeline, withdrawn=[("blog", "a"), ("blog", "unknown"), ("blog", "a"), ("nowhere", "b")]) == 1
    )
    assert await titles(timeline) == ["b"]
    assert await timeline.entry("blog", "a") is None
    assert await commit(timeline, withdrawn=[("blog", "a")]) == 0
    assert await titles(timeline) == ["b"]


@pytest.mark.parametrize("key", ["old", "alias", "new"])
async def test_an_entry_is_withdrawn_by_any_of_its_keys(timeline: Timeline, key: str) -> None:
    await commit(timeline, entry("old", keys=("old", "alias")))
    await commit(timeline, entry("new", "moved", keys=("new", "alias")))
    await commit(timeline, withdrawn=[("blog", key)])
    assert await titles(timeline) == []
    replay = await timeline.replay("blog", Cursor((await timeline.head("blog")).epoch, 2), 9)
    assert [(event.kind, event.id) for event in replay.events] == [("delete", "old")]


@pytest.mark.parametrize("text", ["", "corrected"])
async def test_an_entry_that_was_withdrawn_and_is_listed_again_is_an_entry_again(
    timeline: Timeline, text: str
) -> None:
    await commit(timeline, entry("a", keys=("a", "alias")), entry("b", at=NOW + 1))
    await commit(timeline, entry("a", "first correction"))
    await commit(timeline, withdrawn=[("blog", "a")])
    assert await commit(timeline, entry("other", text, keys=("other", "alias"), at=NOW + 2)) == 1
    assert await titles(timeline) == [text or "other", "b"]
    item = json.loads((await timeline.entry("blog", "a")) or "{}")
    assert (item["id"], item["_livelog"]["revision"]) == ("a", 3), "revisions count on"
    assert item["_livelog"]["position"] == from_micros(int((NOW + 2) * 1_000_000))
    assert await commit(timeline, entry("other", text, keys=("other", "alias"), at=NOW + 3)) == 0
    assert await commit(timeline, entry("a", "last correction")) == 1
    replay = await timeline.replay("blog", Cursor((await timeline.head("blog")).epoch, 0), 9)
    assert [(event.kind, event.id, event.item is None) for event in replay.events] == [
        ("entry", "a", False),
        ("entry", "b", False),
        ("update", "a", False),
        ("delete", "a", True),
        ("entry", "a", False),
        ("update", "a", False),
    ]


async def test_an_entry_that_is_back_is_withdrawn_as_any_other(timeline: Timeline) -> None:
    for revision in (1, 2, 3):
        assert await commit(timeline, entry("a")) == 1
        item = json.loads((await timeline.entry("blog", "a")) or "{}")
        assert item["_livelog"]["revision"] == revision
        assert await commit(timeline, withdrawn=[("blog", "a")]) == 1
    assert await titles(timeline) == []


async def test_watchers_hear_that_an_entry_went_and_that_it_is_back(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    async with aclosing(timeline.watch(["blog"])) as events:
        assert await anext(events) == []
        await commit(timeline, withdrawn=[("blog", "a")])
        await commit(timeline, entry("a"))
        got: list[Event] = []
        while len(got) < 2:
            got += await asyncio.wait_for(anext(events), 30)
    assert [(event.kind, event.item is None) for event in got] == [("delete", True), ("entry", False)]


async def test_an_old_entry_that_is_back_behind_the_front_page_is_silent(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), *(entry(f"n{n}", at=NOW + n) for n in range(FRONT_PAGE)))
    await commit(timeline, withdrawn=[("blog", "a")])
    assert await commit(timeline, entry("a", at=NOW - 9, backfilled=True)) == 0
    assert await timeline.entry("blog", "a") is not None


async def test_what_a_commit_lists_and_withdraws_is_gone_after_it(timeline: Timeline) -> None:
    await commit(timeline, entry("known"))
    listed = [entry("known", "corrected"), entry("new")]
    await commit(timeline, *listed, withdrawn=[("blog", "new"), ("blog", "known")])
    assert await titles(timeline) == []
    assert await commit(timeline, *listed, withdrawn=[("blog", "new"), ("blog", "known")]) == 0
    assert await titles(timeline) == []
    assert await commit(timeline, *listed) == 2


async def test_a_backfill_is_announced_as_far_as_the_front_page_shows_it(timeline: Timeline) -> None:
    old = [entry(f"e{n:03}", at=NOW - n, backfilled=True) for n in range(500)]
    assert await commit(timeline, *reversed(old)) == FRONT_PAGE
    page = await timeline.page("blog", None, 200)
    assert len(page.items) == 200
    assert page.head.seq == FRONT_PAGE


async def test_a_backfill_behind_the_front_page_is_silent(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"n{n}", at=NOW + n) for n in range(FRONT_PAGE)))
    assert await commit(timeline, entry("old", at=NOW - 9, backfilled=True)) == 0
    assert (await timeline.entry("blog", "old")) is not None


async def test_replay_gives_the_events_after_a_cursor_in_order(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("b"), entry("c"))
    await commit(timeline, entry("b", "corrected"), withdrawn=[("blog", "c")])
    epoch = (await timeline.head("blog")).epoch
    replay = await timeline.replay("blog", Cursor(epoch, 1), 100)
    assert replay.complete
    assert replay.head == Cursor(epoch, 5)
    assert [(event.cursor.seq, event.kind, event.id) for event in replay.events] == [
        (2, "entry", "b"),
        (3, "delete", "c"),
        (4, "update", "b"),
        (5, "delete", "c"),
    ]
    assert json.loads(replay.events[0].item or "")["title"] == "corrected", "an event carries the last form"


async def test_replay_up_to_date_is_complete_and_empty(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    replay = await timeline.replay("blog", await timeline.head("blog"), 100)
    assert replay.complete
    assert not replay.events


@pytest.mark.parametrize(
    ("cursor", "reason"), [(Cursor("another", 1), "epoch"), (Cursor("", 999), "epoch"), (Cursor("", 0), "expired")]
)
async def test_replay_that_can_not_be_complete_says_why(timeline: Timeline, cursor: Cursor, reason: str) -> None:
    await commit(timeline, *(entry(f"e{n}") for n in range(11)))
    epoch = (await timeline.head("blog")).epoch
    replay = await timeline.replay("blog", Cursor(cursor.epoch or epoch, cursor.seq), 10)
    assert (replay.complete, replay.reason, list(replay.events)) == (False, reason, [])


async def test_pages_lead_through_all_entries_once_newest_first(timeline: Timeline) -> None:
    # Many at the same moment: a place is more than a time.
    await commit(timeline, *(entry(f"e{n:02}", at=NOW + n // 7) for n in range(40)))
    seen: list[str] = []
    before = None
    while True:
        page = await timeline.page("blog", before, 9)
        seen += [json.loads(item)["id"] for item in page.items]
        before = page.older
        if before is None:
            break
    assert seen == [f"e{n:02}" for n in reversed(range(40))]


async def test_what_stands_right_above_a_place_is_found_from_there(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n:02}", at=NOW + n // 7) for n in range(40)), entry("other", blog="other"))
    positions = {n: int(NOW + n // 7) * 1_000_000 for n in range(40)}
    for n in (0, 6, 7, 20, 38, 39):
        newer = await timeline.newer("blog", before_token(positions[n], f"e{n:02}"), 9)
        assert [json.loads(item)["id"] for item in newer] == [
            f"e{m:02}" for m in reversed(range(n + 1, n + 10)) if m < 40
        ]
    (oldest,) = await timeline.newer("blog", before_token(-(10**16), "0"), 1)
    assert json.loads(oldest)["id"] == "e00"
    with pytest.raises(ValueError, match="token"):
        await timeline.newer("blog", "x", 1)


async def test_what_became_of_an_entry_is_known(timeline: Timeline) -> None:
    await commit(timeline, entry("here"), entry("back", keys=("back", "alias")), entry("old", at=NOW - 9 * DAY))
    await commit(timeline, withdrawn=[("blog", "back")])
    await Retention(timeline, Limits(entries=1), lambda: NOW).sweep()
    fates = {name: await timeline.fate("blog", name) for name in ("here", "back", "alias", "old", "never")}
    assert fates == {"here": None, "back": "withdrawn", "alias": "withdrawn", "old": "retired", "never": None}
    assert await timeline.fate("other", "back") is None
    await commit(timeline, entry("back", "again"))
    assert await timeline.fate("blog", "back") is None


async def test_an_unknown_blog_is_empty(timeline: Timeline) -> None:
    page = await timeline.page("nowhere", None, 10)
    assert (list(page.items), page.older, page.head.seq) == ([], None, 0)
    assert list(await timeline.newer("nowhere", "0-a", 10)) == []


@pytest.mark.parametrize("token", ["", "-", "x", "1", "1-", "-a", "1-a b", "1-ä", "9" * 30 + "-a", "1.5-a", "¹-a"])
def test_a_foreign_place_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        parse_before(token)


def test_a_place_survives_its_token() -> None:
    assert parse_before(before_token(-5, "abc")) == (-5, "abc")


async def test_a_feed_is_claimed_once_and_again_when_its_lease_has_run_out(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (first,) = await timeline.claim(NOW, 10, LEASE_SECONDS)
    assert await timeline.claim(NOW + 1, 10, LEASE_SECONDS) == []
    (second,) = await timeline.claim(NOW + LEASE_SECONDS, 10, LEASE_SECONDS)
    assert second.fence > first.fence
    with pytest.raises(LeaseLostError):
        await timeline.commit(first.state, [entry("late")], first)
    assert await titles(timeline) == []
    assert await timeline.commit(second.state, [entry("good")], second) == 1


async def test_a_lease_that_is_renewed_is_kept_for_longer(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert await timeline.renew([lease], NOW + 2 * LEASE_SECONDS) == [lease]
    assert await timeline.claim(NOW + 2 * LEASE_SECONDS - 1, 1, LEASE_SECONDS) == []
    assert await timeline.commit(replace(lease.state, next_at=NOW), [entry("a")], lease) == 1
    assert len(await timeline.claim(NOW, 1, LEASE_SECONDS)) == 1


async def test_a_lease_that_ran_out_is_held_until_another_claim(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    late = NOW + 2 * LEASE_SECONDS
    assert await timeline.renew([lease], late + LEASE_SECONDS) == [lease]
    assert await timeline.claim(late, 1, LEASE_SECONDS) == []


async def test_only_leases_that_are_still_held_are_renewed(timeline: Timeline) -> None:
    held, taken, done = (f"https://example.org/{name}" for name in ("held", "taken", "done"))
    await timeline.follow(dict.fromkeys((held, taken, done), 0.0))
    leases = {lease.url: lease for lease in await timeline.claim(NOW, 3, LEASE_SECONDS)}
    await timeline.renew([leases[held], leases[done]], NOW + 9 * LEASE_SECONDS)
    (anew,) = await timeline.claim(NOW + LEASE_SECONDS, 3, LEASE_SECONDS)
    assert anew.url == taken
    await timeline.commit(replace(leases[done].state, next_at=NOW), [], leases[done])
    assert await timeline.renew([leases[url] for url in (taken, done, held)], NOW * 2) == [leases[held]]
    assert [lease.url for lease in await timeline.claim(NOW + LEASE_SECONDS, 3, LEASE_SECONDS)] == [done]
    assert {lease.url for lease in await timeline.claim(NOW + 2 * LEASE_SECONDS, 3, LEASE_SECONDS)} == {taken, done}
    assert await timeline.renew([], NOW * 2) == []


async def test_a_feed_is_not_claimed_before_it_is_due(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.commit(replace(lease.state, next_at=NOW + 30), [], lease)
    assert await timeline.claim(NOW + 29, 1, LEASE_SECONDS) == []
    assert len(await timeline.claim(NOW + 30, 1, LEASE_SECONDS)) == 1


async def test_what_is_due_longest_is_claimed_first_and_no_more_than_asked(timeline: Timeline) -> None:
    await timeline.follow({"https://example.org/b": 2.0, "https://example.org/a": 3.0, "https://example.org/c": 1.0})
    leases = await timeline.claim(NOW, 2, LEASE_SECONDS)
    assert {lease.url[-1] for lease in leases} == {"b", "c"}
    assert await timeline.claim(NOW, 0, LEASE_SECONDS) == []


async def test_only_followed_feeds_are_claimed_and_what_is_known_of_others_is_kept(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), etag='"1"')
    await timeline.follow({})
    assert await timeline.claim(NOW, 10, LEASE_SECONDS) == []
    assert not await timeline.states()
    await timeline.follow({FEED: 0.0})
    (kept,) = await timeline.states()
    assert kept.etag == '"1"'


async def test_following_again_never_delays_a_feed(timeline: Timeline) -> None:
    await timeline.follow({FEED: 5.0})
    await timeline.follow({FEED: NOW * 2})
    assert len(await timeline.claim(NOW, 1, LEASE_SECONDS)) == 1


async def claimed(timeline: Timeline, now: float) -> list[str]:
    """The URLs of the feeds that are claimed at a time."""
    return sorted(lease.url for lease in await timeline.claim(now, 10_000, LEASE_SECONDS))


async def test_a_feed_that_is_postponed_is_not_claimed_before_its_time(timeline: Timeline) -> None:
    other = "https://example.org/other.xml"
    await timeline.follow({FEED: 0.0, other: 0.0})
    await timeline.postpone([FEED], NOW + 90)
    assert await claimed(timeline, NOW + 89) == [other]
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_a_feed_that_is_due_later_than_it_is_postponed_is_not_due_earlier(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 90)
    await timeline.postpone([FEED], NOW + 30)
    assert await claimed(timeline, NOW + 89) == []
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_following_a_feed_again_does_not_end_its_pause(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    await timeline.postpone([FEED], NOW + 90)
    await timeline.follow({FEED: 0.0})
    assert await claimed(timeline, NOW + 89) == []
    await timeline.follow({})
    await timeline.follow({FEED: 0.0})
    assert await claimed(timeline, NOW + 89) == []
    assert await claimed(timeline, NOW + 90) == [FEED]


async def test_a_pause_outlives_polls_that_would_come_again_earlier(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.postpone([FEED], NOW + 90)
    assert await timeline.renew([lease], NOW + 30) == [lease], "a poll under way may end"
    await timeline.commit(replace(lease.state, checked_at=NOW, next_at=NOW + 10), [], lease)
    await timeline.follow({FEED: 0.0})
    assert await claimed(timeline, NOW + 89) == []
    (lease,) = await timeline.claim(NOW + 90, 1, LEASE_SECONDS)
    await timeline.commit(replace(lease.state, checked_at=NOW + 90, next_at=NOW + 100), [], lease)
    assert await claimed(timeline, NOW + 99) == []
    await timeline.follow({FEED: NOW + 95})
    assert await claimed(timeline, NOW + 95) == [FEED], "it is over"


async def test_a_pause_outlives_a_poll_that_came_to_nothing(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.postpone([FEED], NOW + 9 * LEASE_SECONDS)
    await timeline.renew([lease], NOW + 2 * LEASE_SECONDS)
    assert await claimed(timeline, NOW + 9 * LEASE_SECONDS - 1) == []
    assert await claimed(timeline, NOW + 9 * LEASE_SECONDS) == [FEED]


async def test_a_pause_is_never_made_shorter(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    await timeline.postpone([FEED], NOW + 90)
    await timeline.postpone([FEED], NOW + 10)
    assert await claimed(timeline, NOW + 89) == []


async def test_a_feed_that_is_not_followed_may_be_postponed_if_it_is_known(timeline: Timeline) -> None:
    await commit(timeline)
    await timeline.follow({})
    await timeline.postpone([FEED, "https://example.org/unknown.xml"], NOW + 90)
    await timeline.follow({FEED: 0.0, "https://example.org/unknown.xml": 0.0})
    assert await claimed(timeline, NOW + 89) == ["https://example.org/unknown.xml"]
    await timeline.postpone([], NOW)


async def test_many_feeds_may_be_postponed_at_once(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n}" for n in range(2_500)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    await timeline.postpone(urls[1:], NOW + 90)
    assert await claimed(timeline, NOW + 89) == urls[:1]
    assert len(await claimed(timeline, NOW + 90)) == 2_499


async def test_the_state_of_a_feed_is_committed_with_its_entries(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), etag='W/"x"', last_modified="Mon, 01 Jan 2024 00:00:00 GMT", listed=LISTED)
    (state,) = await timeline.states()
    assert (state.etag, state.last_modified) == ('W/"x"', "Mon, 01 Jan 2024 00:00:00 GMT")
    assert state.listed == {}, "it is not told with every feed at once"
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.state == replace(state, listed=LISTED)


async def test_a_feed_that_was_never_polled_has_a_state_that_says_so(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    assert list(await timeline.states()) == [FeedState(url=FEED)]
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.state == FeedState(url=FEED)


async def test_states_of_many_feeds_are_told_once_each(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n:04}" for n in range(2_500)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    await timeline.follow(dict.fromkeys(urls[500:], 0.0))
    states = await timeline.states()
    assert len(states) == 2_000
    assert sorted(state.url for state in states) == urls[500:]
    assert [state.url for state in states[-2:]] == [states[1_998].url, states[-1].url]
    assert len(await claimed(timeline, NOW)) == 2_000


@pytest.mark.parametrize("listed", [Marks(), Marks({"b": Mark("2")})], ids=["nothing", "another"])
async def test_what_a_feed_lists_takes_the_place_of_what_it_listed(timeline: Timeline, listed: Marks) -> None:
    await commit(timeline, listed=LISTED)
    await commit(timeline, listed=listed)
    await timeline.follow({})
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert lease.state.listed == listed


async def test_what_a_feed_listed_stays_through_polls_that_do_not_look_at_it_and_is_never_read(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await commit(timeline, listed=LISTED)
    with monkeypatch.context() as patched:
        patched.delattr(Marks, "_read")
        await commit(timeline, listed=Marks(text=LISTED.to_json()))
        patched.delattr(Marks, "to_json")
        await commit(timeline, etag='"2"')
        await commit(timeline, problem="The answer was 500.", failures=1)
        await timeline.states()
        await timeline.failing(1)
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert (lease.state.etag, lease.state.listed) == ('"2"', LISTED)


async def test_a_refused_commit_leaves_nothing_behind(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    with pytest.raises(AttributeError):
        await timeline.commit(lease.state, [entry("a"), None], lease)  # type: ignore[list-item]  # a bug, on purpose
    assert await titles(timeline) == []
    assert (await timeline.head("blog")).seq == 0
    assert await timeline.commit(lease.state, [entry("a")], lease) == 1, "the lease still stands"


async def test_watch_brings_every_event_in_order(timeline: Timeline) -> None:
    await commit(timeline, entry("before"))
    events = timeline.watch(["blog", "other"])
    assert await anext(events) == []
    await commit(timeline, entry("a"), entry("b", blog="other"), entry("c", blog="unwatched"))
    await commit(timeline, entry("a", "corrected"))
    got: list[Event] = []
    while len(got) < 3:
        got += await asyncio.wait_for(anext(events), 30)
    # Each blog's events are in order; between blogs there is none.
    assert sorted((event.blog, event.cursor.seq, event.kind) for event in got) == [
        ("blog", 2, "entry"),
        ("blog", 3, "update"),
        ("other", 1, "entry"),
    ]
    assert [event.cursor.seq for event in got if event.blog == "blog"] == [2, 3]


async def test_every_watcher_hears_of_a_commit_that_it_waits_for(timeline: Timeline) -> None:
    async def first_event() -> str:
        async for batch in timeline.watch(["blog"]):
            for event in batch:
                return event.id
        return ""

    waiting = [asyncio.create_task(first_event()) for _ in range(3)]
    await asyncio.sleep(0.1)
    await commit(timeline, entry("a"))
    assert await asyncio.wait_for(asyncio.gather(*waiting), 30) == ["a", "a", "a"]


async def test_commits_that_race_make_one_entry_and_one_event(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n}" for n in range(20)]
    await timeline.follow(dict.fromkeys(urls, 0.0))
    leases = await timeline.claim(NOW, 20, LEASE_SECONDS)
    counts = await asyncio.gather(*(timeline.commit(lease.state, [entry("same")], lease) for lease in leases))
    assert sum(counts) == 1
    assert await titles(timeline) == ["same"]


async def test_failing_feeds_are_told_without_what_they_listed(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), listed=LISTED)
    assert await timeline.failing(10) == []
    await commit(timeline, problem="The answer was 500.", failures=1)
    (state,) = await timeline.failing(10)
    assert (state.problem, state.listed) == ("The answer was 500.", Marks())
    assert await timeline.failing(0) == []
    await timeline.follow({})
    assert await timeline.failing(10) == []


async def test_a_feed_that_is_no_longer_followed_is_not_failing(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.follow({})
    await timeline.commit(lease.state.failed("The answer was 500.", 500, NOW, NOW), [], lease)
    assert await timeline.failing(10) == []


# Few names, versions and places, so that entries meet.
BLOGS = ("one", "two")
NAMES = ("a", "b", "c", "d", "e")
PLACES = st.sampled_from([int((NOW + n) * 1_000_000) for n in range(5)])
TEXTS = st.text(max_size=9) | st.sampled_from(
    ['"', "\\", '\\"', "}}", "%d", "\x00", "\u2028", "Zürich 漢字 🗞️", '","position":"x","seen":"y","revision":7}}']
)
FEW = st.integers(1, 4)
FIELDS: dict[str, Callable[[str], Any]] = {
    "url": str,
    "title": str,
    "content_html": str,
    "summary": str,
    "image": str,
    "published": lambda _: datetime(1990, 1, 1, tzinfo=UTC),
    "modified": lambda _: datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "authors": lambda text: (text,),
    "tags": lambda text: (text, text),
    "attachments": lambda text: (Attachment(text, text),),
    "truncated": lambda _: True,
}


@st.composite
def listed(draw: st.DrawFn) -> Entry:
    """An entry as a feed may list it; one text stands in any of its fields."""
    text = draw(TEXTS)
    return Entry(
        keys=tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))),
        digest=draw(st.sampled_from(("first", "second", "third"))),
        source=Source(text, None, text),
        blog=draw(st.sampled_from(("one", "one", "two"))),
        position=draw(PLACES),
        seen=draw(PLACES),
        backfilled=draw(st.booleans()),
        **{name: FIELDS[name](text) for name in draw(st.sets(st.sampled_from(sorted(FIELDS))))},
    )


COMMITS = st.tuples(
    st.lists(listed(), min_size=1, max_size=4),
    st.lists(st.tuples(st.sampled_from(BLOGS), st.sampled_from(NAMES)), max_size=2),
    st.sampled_from((NOW - 3 * DAY, NOW - DAY, NOW)),
)
LIMITS = st.builds(
    Limits,
    entries=FEW,
    old_entries=FEW,
    entries_age=st.sampled_from((-2.5, DAY)),
    events=FEW | st.just(100),
    events_age=st.sampled_from((DAY / 2, 2 * DAY, 9 * DAY)),
    memory=FEW | st.just(100),
    memory_age=st.sampled_from((DAY / 2, 2 * DAY, 9 * DAY)),
)


@asynccontextmanager
async def fresh(url: str) -> AsyncIterator[Timeline]:
    """An empty timeline."""
    opened = await open_timeline(url)
    try:
        yield opened
    finally:
        await opened.close()


async def told(timeline: Timeline, blog: str) -> list[Any]:
    """All that a store tells of a blog, but for its epoch."""
    found: list[Any] = await asyncio.gather(
        *(ask(blog, name) for ask in (timeline.entry, timeline.previous) for name in NAMES)
    )
    before = None
    while True:
        page = await timeline.page(blog, before, 2)
        found.append((page.items, page.head.seq, page.older))
        before = page.older
        if before is None:
            break
    cursors = [Cursor(page.head.epoch, seq) for seq in range(page.head.seq + 2)]
    for replay in await asyncio.gather(*(timeline.replay(blog, cursor, 1_000) for cursor in cursors)):
        events = [(event.cursor.seq, event.kind, event.id, event.item) for event in replay.events]
        found.append((replay.complete, replay.reason, replay.head.seq, events))
    return found


@given(history=st.lists(COMMITS | COMMITS | LIMITS, min_size=3, max_size=8))
@settings(max_examples=50)
async def test_all_stores_tell_the_same_of_the_same_history(shared_redis: RedisServer, history: list[Any]) -> None:
    shared_redis.ask("FLUSHALL")
    with pytest.MonkeyPatch.context() as patched:
        # So small that some of a backfill is behind it.
        patched.setattr("timeline.redis.commit.FRONT_PAGE", 1)
        patched.setattr("timeline.sqlite.commit.FRONT_PAGE", 1)
        async with fresh("sqlite::memory:") as sqlite, fresh(shared_redis.url) as redis:
            for step in history:
                assert await done(redis, step) == await done(sqlite, step)
            for blog in BLOGS:
                assert await told(redis, blog) == await told(sqlite, blog)


@given(
    history=st.lists(
        st.tuples(
            st.lists(listed(), max_size=4, unique_by=lambda entry: (entry.blog, entry.keys[0])),
            st.lists(st.tuples(st.sampled_from(BLOGS), st.sampled_from(NAMES)), max_size=3),
        ),
        max_size=6,
    )
)
@settings(max_examples=50)
async def test_a_commit_that_is_made_twice_does_nothing_the_second_time(
    shared_redis: RedisServer, history: list[Any]
) -> None:
    shared_redis.ask("FLUSHALL")
    async with fresh("sqlite::memory:") as sqlite, fresh(shared_redis.url) as redis:
        for entries, withdrawn in history:
            alone = [replace(entry, keys=entry.keys[:1]) for entry in entries]
            for timeline in (sqlite, redis):
                await timeline.follow({FEED: 0.0})
                (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
                state = replace(lease.state, checked_at=NOW)
                await timeline.commit(state, alone, lease, withdrawn)
                before = [await told(timeline, blog) for blog in BLOGS]
                assert await timeline.commit(state, alone, lease, withdrawn) == 0
                assert [await told(timeline, blog) for blog in BLOGS] == before


FEEDS = [f"https://example.org/{name}" for name in "ab"]
FEED_TIMES = st.integers(0, 9).map(float)
FEED_STEPS = st.one_of(
    st.tuples(st.just("follow"), FEED_TIMES),
    st.tuples(st.just("postpone"), FEED_TIMES),
    st.tuples(st.just("commit"), FEED_TIMES),
    st.tuples(st.just("renew"), st.integers(1, 4).map(float)),
    st.tuples(st.just("wait"), st.just(1.0)),
)


@given(history=st.lists(st.tuples(st.sampled_from(FEEDS), FEED_STEPS), max_size=20))
@settings(max_examples=100)
async def test_all_stores_claim_the_same_feeds_at_the_same_times_and_none_before_its_pause_ends(
    shared_redis: RedisServer, history: list[Any]
) -> None:
    shared_redis.ask("FLUSHALL")
    async with fresh("sqlite::memory:") as sqlite, fresh(shared_redis.url) as redis:
        now = 0.0
        paused = dict.fromkeys(FEEDS, 0.0)
        leases: dict[Timeline, dict[str, Lease]] = {sqlite: {}, redis: {}}
        for timeline in leases:
            await timeline.follow(dict.fromkeys(FEEDS, 0.0))
        for url, (step, at) in history:
            if step == "wait":
                now += at
            if step == "postpone":
                paused[url] = max(paused[url], at)
            claims = []
            for timeline, held in leases.items():
                await polled(timeline, held, url, step, at, now)
                new = await timeline.claim(now, 10, 2.0)
                assert all(paused[lease.url] <= now for lease in new)
                held.update((lease.url, lease) for lease in new)
                claims.append({lease.url for lease in new})
            assert claims[0] == claims[1]


async def polled(timeline: Timeline, held: dict[str, Lease], url: str, step: str, at: float, now: float) -> None:
    """Does one step of what is done with a feed; a time is of an hour, or for how long."""
    if step == "follow":
        await timeline.follow({feed: at if feed == url else 9.0 for feed in FEEDS})
    if step == "postpone":
        await timeline.postpone([url], at)
    if step == "renew" and url in held:
        await timeline.renew([held[url]], now + at)
    if step == "commit" and url in held:
        lease = held.pop(url)
        await timeline.commit(replace(lease.state, checked_at=now, next_at=at), [], lease)


async def done(timeline: Timeline, step: Any) -> int:
    """How much a step of a history led to."""
    if isinstance(step, Limits):
        return await Retention(timeline, step, lambda: NOW).sweep()
    entries, withdrawn, at = step
    return await commit(timeline, *entries, withdrawn=withdrawn, checked_at=at)
