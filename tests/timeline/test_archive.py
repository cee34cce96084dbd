"""What every store promises of `timeline.Archive`: pages, one entry, its previous form, and why one is gone."""

from __future__ import annotations

import json

import pytest

from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry
from timeline import DAY, LeaseLostError, Limits, Timeline, before_token, parse_before
from timeline.retention import Retention


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


async def test_the_entries_right_above_a_position_are_found(timeline: Timeline) -> None:
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


async def test_the_fate_of_an_entry_is_known(timeline: Timeline) -> None:
    await commit(timeline, entry("here"), entry("back", keys=("back", "alias")), entry("old", at=NOW - 9 * DAY))
    await commit(timeline, withdrawn=[("blog", "back")])
    await Retention(timeline, Limits(entries=1), lambda: NOW).sweep()
    fates = {name: await timeline.fate("blog", name) for name in ("here", "back", "alias", "old", "never")}
    assert fates == {"here": None, "back": "withdrawn", "alias": "withdrawn", "old": "retired", "never": None}
    assert await timeline.fate("other", "back") is None
    await commit(timeline, entry("back", "again"))
    assert await timeline.fate("blog", "back") is None


async def test_what_was_withdrawn_since_a_moment_is_listed_newest_first(timeline: Timeline) -> None:
    names = ["a", "b", "c", "d", "old"]
    await commit(timeline, *(entry(name, keys=(name, f"{name}2")) for name in names), entry("x", blog="other"))
    for second, gone in enumerate([["a2"], ["b", "c"], ["d"]]):
        withdrawn = [("blog", key) for key in gone]
        await commit(timeline, withdrawn=withdrawn, checked_at=NOW + second)
    found = [("d", NOW + 2), ("c", NOW + 1), ("b", NOW + 1), ("a", NOW)]
    for since, limit, expected in ((0, 9, found), (0, 2, found[:2]), (NOW + 1, 9, found[:3]), (NOW + 3, 9, [])):
        withdrawals = await timeline.withdrawn("blog", since, limit)
        assert [(withdrawal.id, withdrawal.at) for withdrawal in withdrawals] == expected
    assert not await timeline.withdrawn("other", 0, 9)
    await commit(timeline, entry("c2", "again", keys=("c2",)), checked_at=NOW + 4)
    await timeline.purge(FEED, NOW + 5)
    listed = [withdrawal.id for withdrawal in await timeline.withdrawn("blog", 0, 9)]
    assert listed == ["old", "c", "d", "b", "a"], "listed again, and purged"


async def test_a_withdrawal_stays_at_its_time_while_a_feed_lists_the_entry_and_goes_when_it_is_forgotten(
    timeline: Timeline,
) -> None:
    await commit(timeline, entry("a"), entry("b"))
    await commit(timeline, withdrawn=[("blog", "a")], checked_at=NOW)
    await commit(timeline, entry("a"), withdrawn=[("blog", "a")], checked_at=NOW + 9)
    await timeline.retire(NOW, Limits(entries=0))
    (withdrawal,) = await timeline.withdrawn("blog", 0, 9)
    assert (withdrawal.id, withdrawal.at) == ("a", NOW)
    await Retention(timeline, Limits(memory=0), lambda: NOW + 9).sweep()
    assert not await timeline.withdrawn("blog", 0, 9)


async def test_an_unknown_blog_is_empty(timeline: Timeline) -> None:
    page = await timeline.page("nowhere", None, 10)
    assert (list(page.items), page.older, page.head.seq) == ([], None, 0)
    assert list(await timeline.newer("nowhere", "0-a", 10)) == []


@pytest.mark.parametrize("token", ["", "-", "x", "1", "1-", "-a", "1-a b", "1-ä", "9" * 30 + "-a", "1.5-a", "¹-a"])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        parse_before(token)


def test_a_position_survives_its_token() -> None:
    assert parse_before(before_token(-5, "abc")) == (-5, "abc")


async def previous_title(timeline: Timeline, entry_id: str, blog: str = "blog") -> str | None:
    """The title of an entry before its last correction."""
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
