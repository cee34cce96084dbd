"""Pushes in every store: documents that are kept with a feed until they are committed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import Lease, LeaseLostError, Timeline
from timeline.feed_jobs import MAX_PUSH_BYTES, MAX_PUSHED_FEEDS, MAX_PUSHES

BODY = bytes(range(256)) + "Zürich".encode()


async def claim(timeline: Timeline, now: float = NOW, limit: int = 10) -> Lease:
    (lease,) = await timeline.claim(now, limit, LEASE_SECONDS)
    return lease


def bodies(lease: Lease) -> list[bytes]:
    return [push.body for push in lease.pushes]


async def test_a_feed_that_is_not_followed_takes_no_push(timeline: Timeline) -> None:
    assert not await timeline.push(FEED, BODY, None)
    await timeline.follow({FEED: 0.0})
    await timeline.follow({})
    assert not await timeline.push(FEED, BODY, None)


@pytest.mark.parametrize("state", [{}, {"failures": 9, "problem": "Gone."}], ids=["waits", "backs-off"])
async def test_a_feed_that_is_pushed_is_claimed_at_once_and_not_due(
    timeline: Timeline, state: dict[str, Any]
) -> None:
    await commit(timeline, next_at=NOW + 900, **state)
    assert await timeline.claim(NOW, 10, LEASE_SECONDS) == []
    assert await timeline.push(FEED, BODY, "application/atom+xml")
    assert await timeline.push(FEED, b"", None)
    lease = await claim(timeline, limit=0)
    assert [(push.body, push.content_type) for push in lease.pushes] == [(BODY, "application/atom+xml"), (b"", None)]
    assert lease.pushes[0].number < lease.pushes[1].number
    assert lease.state.next_at == NOW + 900
    assert await timeline.claim(NOW, 10, LEASE_SECONDS) == []
    await timeline.commit(replace(lease.state, checked_at=NOW), [entry("a")], lease)
    assert await timeline.claim(NOW + 899, 10, LEASE_SECONDS) == []
    assert (await claim(timeline, NOW + 900)).pushes == ()


async def test_a_push_ends_no_pause_and_does_not_wait_for_its_end(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 10)
    await timeline.postpone([FEED], NOW + 90)
    await timeline.push(FEED, BODY, None)
    await timeline.postpone([FEED], NOW + 91)
    lease = await claim(timeline, NOW + 20)
    assert (bodies(lease), lease.state.next_at) == ([BODY], NOW + 91)
    await timeline.commit(replace(lease.state, checked_at=NOW + 20), [], lease)
    assert await timeline.claim(NOW + 90, 10, LEASE_SECONDS) == []
    assert (await claim(timeline, NOW + 91)).pushes == ()


async def test_a_feed_that_is_pushed_and_due_may_be_asked(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 900)
    await timeline.push(FEED, BODY, None)
    await timeline.make_due(FEED)
    lease = await claim(timeline)
    assert (bodies(lease), lease.state.next_at) == ([BODY], 0)


async def test_a_push_during_a_poll_makes_the_feed_claimable_after_it(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    lease = await claim(timeline)
    await timeline.push(FEED, b"1", None)
    assert await timeline.claim(NOW, 10, LEASE_SECONDS) == []
    await timeline.renew([lease], NOW + 2 * LEASE_SECONDS)
    assert await timeline.claim(NOW + LEASE_SECONDS, 10, LEASE_SECONDS) == []
    await timeline.commit(replace(lease.state, next_at=NOW + 900), [], lease)
    lease = await claim(timeline)
    assert (bodies(lease), lease.state.next_at) == ([b"1"], NOW + 900)
    await timeline.push(FEED, b"2", None)
    await timeline.commit(lease.state, [], lease)
    lease = await claim(timeline)
    assert (bodies(lease), lease.state.next_at) == ([b"2"], NOW + 900)


async def test_pushes_outlive_a_node_that_died_and_come_with_the_next_claim(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 900)
    await timeline.postpone([FEED], NOW + 800)
    await timeline.push(FEED, b"1", None)
    lost = await claim(timeline)
    await timeline.push(FEED, b"2", None)
    await timeline.postpone([FEED], NOW + 901)
    lease = await claim(timeline, NOW + LEASE_SECONDS)
    assert (bodies(lease), lease.state.next_at) == ([b"1", b"2"], NOW + 901)
    with pytest.raises(LeaseLostError):
        await timeline.commit(lost.state, [entry("late")], lost)
    assert await titles(timeline) == []
    await timeline.commit(lease.state, [entry("a")], lease)
    assert await timeline.claim(NOW + 900, 10, LEASE_SECONDS) == []


async def test_a_commit_that_is_done_twice_removes_no_later_push(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 900)
    await timeline.push(FEED, b"1", None)
    lease = await claim(timeline)
    await timeline.commit(lease.state, [], lease)
    await timeline.push(FEED, b"2", None)
    await timeline.commit(lease.state, [], lease)
    assert bodies(await claim(timeline)) == [b"2"]


@pytest.mark.parametrize(
    ("size", "kept"),
    [(1, MAX_PUSHES), (MAX_PUSH_BYTES // 3, 3), (MAX_PUSH_BYTES + 1, 0)],
    ids=["many", "large", "one"],
)
async def test_beyond_the_limits_a_push_is_dropped_and_the_feed_is_due(
    timeline: Timeline, size: int, kept: int
) -> None:
    await commit(timeline, next_at=NOW + 900)
    for _ in range(kept):
        await timeline.push(FEED, bytes(size), None)
    lease = await claim(timeline) if kept else None
    assert await timeline.push(FEED, bytes(size), None)
    if lease is not None:
        assert len(lease.pushes) == kept
        await timeline.commit(lease.state, [], lease)
    lease = await claim(timeline)
    assert (lease.pushes, await timeline.claim(NOW, 10, LEASE_SECONDS)) == ((), [])
    await timeline.commit(replace(lease.state, next_at=NOW + 900), [], lease)
    assert await timeline.claim(NOW + 899, 10, LEASE_SECONDS) == []


async def test_a_dropped_push_is_made_up_for_after_the_pause(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 900)
    await timeline.postpone([FEED], NOW + 90)
    for _ in range(MAX_PUSHES + 1):
        await timeline.push(FEED, b"", None)
    lease = await claim(timeline)
    assert (len(lease.pushes), lease.state.next_at) == (MAX_PUSHES, NOW + 90)
    await timeline.commit(lease.state, [], lease)
    assert await timeline.claim(NOW + 89, 10, LEASE_SECONDS) == []
    assert (await claim(timeline, NOW + 90)).pushes == ()


async def test_many_feeds_that_are_pushed_are_claimed_in_order_of_arrival(timeline: Timeline) -> None:
    urls = [f"https://example.org/{n:02}" for n in range(20)]
    await timeline.follow(dict.fromkeys(urls, NOW * 2))
    for url in reversed(urls):
        await timeline.push(url, b"", None)
    assert await timeline.claim(NOW, 0, LEASE_SECONDS, pushed=0) == []
    first = {lease.url for lease in await timeline.claim(NOW, 0, LEASE_SECONDS)}
    assert first == set(urls[-MAX_PUSHED_FEEDS:])
    assert {lease.url for lease in await timeline.claim(NOW, 9, LEASE_SECONDS)} == set(urls) - first


async def test_a_feed_that_is_forgotten_or_no_longer_followed_has_no_pushes(timeline: Timeline) -> None:
    await commit(timeline, next_at=NOW + 900)
    await timeline.push(FEED, BODY, None)
    await timeline.follow({})
    await timeline.follow({FEED: NOW})
    assert (await claim(timeline)).pushes == ()
    await timeline.push(FEED, BODY, None)
    await timeline.purge(FEED, NOW)
    await timeline.follow({FEED: 0.0})
    assert (await claim(timeline)).pushes == ()
