"""What every store promises (`timeline.Timeline`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entries import FRONT_PAGE, Attachment, Cursor, Entry, Event, Source
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import DAY, LeaseLostError, Limits, Timeline, before_token, open_timeline, parse_before
from timeline.retention import Retention


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


async def test_a_withdrawn_entry_is_gone_and_does_not_come_back(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    assert await commit(timeline, withdrawn=[("blog", "a"), ("blog", "unknown")]) == 1
    assert await titles(timeline) == []
    assert await commit(timeline, entry("a")) == 0
    assert await commit(timeline, entry("a", "changed")) == 0
    assert await timeline.entry("blog", "a") is None


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


async def test_an_unknown_blog_is_empty(timeline: Timeline) -> None:
    page = await timeline.page("nowhere", None, 10)
    assert (list(page.items), page.older, page.head.seq) == ([], None, 0)


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
    assert await timeline.states() == []
    await timeline.follow({FEED: 0.0})
    (kept,) = await timeline.states()
    assert kept.etag == '"1"'


async def test_following_again_never_delays_a_feed(timeline: Timeline) -> None:
    await timeline.follow({FEED: 5.0})
    await timeline.follow({FEED: NOW * 2})
    assert len(await timeline.claim(NOW, 1, LEASE_SECONDS)) == 1


async def test_the_state_of_a_feed_is_committed_with_its_entries(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), etag='W/"x"', last_modified="Mon, 01 Jan 2024 00:00:00 GMT", listed={"a": "1"})
    (state,) = await timeline.states()
    assert (state.etag, state.last_modified) == ('W/"x"', "Mon, 01 Jan 2024 00:00:00 GMT")
    assert state.listed == {"a": "1"}


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
    await commit(timeline, entry("a"), listed={"a": "1"})
    assert await timeline.failing(10) == []
    await commit(timeline, problem="The answer was 500.", failures=1, listed={"a": "1"})
    (state,) = await timeline.failing(10)
    assert (state.problem, state.listed) == ("The answer was 500.", {})
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
    st.lists(st.tuples(st.sampled_from(BLOGS), st.sampled_from(NAMES)), max_size=1),
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
    found: list[Any] = await asyncio.gather(*(timeline.entry(blog, name) for name in NAMES))
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
        patched.setattr("timeline.redis.FRONT_PAGE", 1)
        patched.setattr("timeline.sqlite.FRONT_PAGE", 1)
        async with fresh("sqlite::memory:") as sqlite, fresh(shared_redis.url) as redis:
            for step in history:
                assert await done(redis, step) == await done(sqlite, step)
            for blog in BLOGS:
                assert await told(redis, blog) == await told(sqlite, blog)


async def done(timeline: Timeline, step: Any) -> int:
    """How much a step of a history led to."""
    if isinstance(step, Limits):
        return await Retention(timeline, step, lambda: NOW).sweep()
    entries, withdrawn, at = step
    return await commit(timeline, *entries, withdrawn=withdrawn, checked_at=at)
