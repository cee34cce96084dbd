"""What every store promises of `timeline.EventLog`: commit, replay, head and watch."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import pytest

from entries import FRONT_PAGE, MAX_ALIASES, Cursor, Details, Event, from_micros
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import Limits, Timeline


async def test_a_new_entry_is_stored_and_numbered(timeline: Timeline) -> None:
    assert await commit(timeline, entry("a")) == 1
    assert await titles(timeline) == ["a"]
    assert (await timeline.head("blog")).seq == 1


async def test_an_entry_that_is_listed_again_changes_nothing(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    assert await commit(timeline, entry("a")) == 0
    assert (await timeline.head("blog")).seq == 1


async def test_a_corrected_entry_keeps_its_position_and_counts_its_revisions(timeline: Timeline) -> None:
    await commit(timeline, entry("a", at=NOW - 10), entry("b", at=NOW))
    assert await commit(timeline, entry("a", "corrected", at=NOW + 5)) == 1
    assert await titles(timeline) == ["b", "corrected"]
    item = json.loads((await timeline.entry("blog", "a")) or "{}")
    assert item["_livelog"]["revision"] == 2


async def test_an_item_has_the_time_of_its_last_correction(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    found: list[str | None] = []
    for text, at in (("", NOW), ("first", NOW + 1.25), ("second", NOW + 90)):
        await commit(timeline, entry("a", text), checked_at=at)
        found.append(json.loads((await timeline.entry("blog", "a")) or "{}")["_livelog"].get("corrected"))
    assert found == [None, from_micros(int((NOW + 1.25) * 1_000_000)), from_micros(int((NOW + 90) * 1_000_000))]
    await commit(timeline, withdrawn=[("blog", "a")])
    await commit(timeline, entry("a"))
    back = json.loads((await timeline.entry("blog", "a")) or "{}")["_livelog"]
    assert (back["revision"], back.get("corrected")) == (4, None), "it was listed anew"


async def test_an_entry_is_recognised_by_any_of_its_keys_and_keeps_its_id(timeline: Timeline) -> None:
    await commit(timeline, entry("old", keys=("old", "alias")))
    assert await commit(timeline, entry("new", "moved", keys=("new", "alias"))) == 1
    assert await commit(timeline, entry("new", "moved", keys=("new",))) == 0
    assert json.loads((await timeline.entry("blog", "old")) or "{}")["title"] == "moved"
    assert await titles(timeline) == ["moved"]


async def test_an_entry_that_came_from_here_through_other_livelogs_is_not_stored_again(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("gone"))
    await commit(timeline, withdrawn=[("blog", "gone")])
    back = [entry("x", details=Details(via=("other", "a"))), entry("y", details=Details(via=("gone",)))]
    assert await commit(timeline, *back, entry("z", details=Details(via=("foreign",)))) == 1
    assert await titles(timeline) == ["z", "a"]
    assert await commit(timeline, entry("x", blog="another", details=Details(via=("a",)))) == 1


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


@pytest.mark.parametrize(("after", "limit", "expected"), [(1, 2, [2, 3]), (1, 9, [2, 3, 4]), (4, 2, [])])
async def test_a_part_of_the_events_after_a_cursor_is_the_oldest_of_them(
    timeline: Timeline, after: int, limit: int, expected: list[int]
) -> None:
    await commit(timeline, *(entry(name) for name in "abcd"))
    replay = await timeline.replay("blog", Cursor((await timeline.head("blog")).epoch, after), limit, part=True)
    assert ([event.cursor.seq for event in replay.events], replay.complete) == (expected, True)
    assert replay.head.seq == 4


async def test_an_entry_that_is_back_is_withdrawn_as_any_other(timeline: Timeline) -> None:
    for revision in (1, 2, 3):
        assert await commit(timeline, entry("a")) == 1
        item = json.loads((await timeline.entry("blog", "a")) or "{}")
        assert item["_livelog"]["revision"] == revision
        assert await commit(timeline, withdrawn=[("blog", "a")]) == 1
    assert await titles(timeline) == []


async def test_watchers_receive_a_withdrawal_and_the_entry_again(timeline: Timeline) -> None:
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
async def test_replay_that_cannot_be_complete_has_a_reason(timeline: Timeline, cursor: Cursor, reason: str) -> None:
    await commit(timeline, *(entry(f"e{n}") for n in range(11)))
    epoch = (await timeline.head("blog")).epoch
    replay = await timeline.replay("blog", Cursor(cursor.epoch or epoch, cursor.seq), 10)
    assert (replay.complete, replay.reason, list(replay.events)) == (False, reason, [])


async def test_a_refused_commit_leaves_nothing_behind(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    with pytest.raises(AttributeError):
        await timeline.commit(lease.state, [entry("a"), None], lease)  # type: ignore[list-item]  # a bug, on purpose
    assert await titles(timeline) == []
    assert (await timeline.head("blog")).seq == 0
    assert await timeline.commit(lease.state, [entry("a")], lease) == 1, "the lease is still held"


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


async def test_every_watcher_receives_a_commit_that_it_waits_for(timeline: Timeline) -> None:
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


FIRST, SECOND = "1aaaaaaaaaaaaa", "2aaaaaaaaaaaaa"
"""Digests of two versions of the encoding; OTHER is the second of another content."""

OTHER = "2bbbbbbbbbbbbb"


@pytest.mark.parametrize("before", [FIRST, "rusk5afdd6xey", "2uskafdd6xeya"], ids=["1", "none", "none, a 2 first"])
async def test_a_digest_of_an_earlier_version_is_replaced_without_an_update(timeline: Timeline, before: str) -> None:
    await commit(timeline, entry("a", digest=before))
    stored = await timeline.entry("blog", "a")
    assert await commit(timeline, entry("a", "read in another way", digest=SECOND)) == 0
    assert await timeline.entry("blog", "a") == stored
    assert await timeline.previous("blog", "a") is None
    assert await commit(timeline, entry("a", digest=SECOND)) == 0
    assert await commit(timeline, entry("a", digest=OTHER)) == 1, "the digest was replaced"


async def test_an_entry_that_was_corrected_after_an_earlier_version_read_it_is_an_update(timeline: Timeline) -> None:
    await commit(timeline, entry("a", digest=FIRST))
    right = entry("a", "right", digest=SECOND, is_correction=True)
    assert [await commit(timeline, right), await commit(timeline, right)] == [1, 0]
    assert await titles(timeline) == ["right"]


async def test_the_digest_of_an_entry_that_is_gone_is_replaced_as_any_other(timeline: Timeline) -> None:
    await commit(timeline, entry("a", digest=FIRST, at=NOW - 1), entry("b"))
    await timeline.retire(NOW, Limits(entries=1))
    assert await commit(timeline, entry("a", digest=SECOND)) == 0
    assert await titles(timeline) == ["b"]


async def test_guids_that_are_renewed_again_and_again_repeat_nothing(timeline: Timeline) -> None:
    await commit(timeline, entry("0", "text", digest=SECOND))
    for n in range(1, 5):
        # A document knows an entry by the guid of the document before it.
        assert await commit(timeline, entry(str(n), "text", digest=SECOND, keys=(str(n), str(n - 1)))) == 0
    assert await titles(timeline) == ["text"]
    assert await commit(timeline, entry("4", "right", digest=OTHER)) == 1
    assert await titles(timeline) == ["right"]


async def test_keys_of_guids_that_are_renewed_without_end_are_bounded(timeline: Timeline) -> None:
    await commit(timeline, entry("0", digest=SECOND))
    for n in range(1, MAX_ALIASES + 3):
        assert await commit(timeline, entry(str(n), digest=SECOND, keys=(str(n), str(n - 1)))) == 0
    assert await commit(timeline, entry("7", digest=SECOND)) == 1, "a key of an earlier document is forgotten"
    assert await commit(timeline, entry("0", digest=SECOND)) == 0, "the id is not"


async def test_an_entry_that_is_withdrawn_keeps_the_keys_that_it_got_later(timeline: Timeline) -> None:
    await commit(timeline, entry("a", digest=SECOND))
    await commit(timeline, entry("b", digest=SECOND, keys=("b", "a")))
    assert await commit(timeline, withdrawn=[("blog", "b")]) == 1
    assert await titles(timeline) == []


# A blog gets another name


async def test_a_renamed_blog_keeps_its_entries_and_cursors(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("b"))
    before = await timeline.head("blog")
    assert await timeline.rename("blog", "news")
    assert await timeline.head("news") == before
    assert await titles(timeline, "news") == ["b", "a"]
    replay = await timeline.replay("news", Cursor(before.epoch, 1), 9)
    assert replay.complete
    assert [event.blog for event in replay.events] == ["news"]
    assert await titles(timeline) == []
    assert (await timeline.head("blog")).seq == 0


async def test_entries_of_a_renamed_blog_are_recognised(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("gone"))
    await commit(timeline, withdrawn=[("blog", "gone")])
    await timeline.rename("blog", "news")
    assert await commit(timeline, entry("a", blog="news")) == 0
    assert await timeline.fate("news", "gone") == "withdrawn"
    assert await commit(timeline, entry("b", blog="news")) == 1
    assert (await timeline.head("news")).seq == 4


async def test_events_of_a_renamed_blog_are_watched(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    await timeline.rename("blog", "news")
    async with aclosing(timeline.watch(["news"])) as events:
        await anext(events)
        await commit(timeline, entry("b", blog="news"))
        (event,) = await anext(events)
    assert (event.blog, event.cursor.seq) == ("news", 2)


@pytest.mark.parametrize(("blog", "name"), [("blog", "other"), ("nothing", "news"), ("blog", "blog")])
async def test_no_blog_takes_the_place_of_another(timeline: Timeline, blog: str, name: str) -> None:
    await commit(timeline, entry("a"), entry("b", blog="other"))
    assert not await timeline.rename(blog, name)
    assert (await titles(timeline), await titles(timeline, "other")) == (["a"], ["b"])


async def test_a_name_with_entries_but_without_events_can_be_taken(timeline: Timeline) -> None:
    newest = [entry(f"{number}", at=NOW + number, blog="news") for number in range(FRONT_PAGE)]
    await commit(timeline, *newest, entry("a"))
    assert await timeline.rename("news", "busy")
    assert await timeline.rename("blog", "news")
    assert await titles(timeline, "news") == ["a"]
