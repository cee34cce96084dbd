"""All stores return the same after the same history: random commits, retention and feed jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entries import Attachment, Cursor, Entry, Source
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit
from timeline import DAY, Lease, LeaseLostError, Limits, Timeline, open_timeline
from timeline.retention import Retention

# Few names, versions and positions, so that entries collide.
BLOGS = ("one", "two")
NAMES = ("a", "b", "c", "d", "e")
POSITIONS = st.sampled_from([int((NOW + n) * 1_000_000) for n in range(5)])
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
    """An entry as a feed may list it; one text is in any of its fields."""
    text = draw(TEXTS)
    return Entry(
        keys=tuple(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))),
        digest=draw(st.sampled_from(("first", "second", "third"))),
        source=Source(text, None, text),
        blog=draw(st.sampled_from(("one", "one", "two"))),
        position=draw(POSITIONS),
        seen=draw(POSITIONS),
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


async def everything(timeline: Timeline, blog: str) -> list[Any]:
    """All that a store returns of a blog, without its epoch."""
    found: list[Any] = await asyncio.gather(
        *(ask(blog, name) for ask in (timeline.entry, timeline.previous) for name in NAMES)
    )
    found += [(gone.id, gone.at) for gone in await timeline.withdrawn(blog, 0, 9)]
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
async def test_all_stores_return_the_same_after_one_history(shared_redis: RedisServer, history: list[Any]) -> None:
    shared_redis.ask("FLUSHALL")
    with pytest.MonkeyPatch.context() as patched:
        # So small that some of a backfill is behind it.
        patched.setattr("timeline.redis.commit.FRONT_PAGE", 1)
        patched.setattr("timeline.sqlite.commit.FRONT_PAGE", 1)
        async with fresh("sqlite::memory:") as sqlite, fresh(shared_redis.url) as redis:
            for step in history:
                assert await done(redis, step) == await done(sqlite, step)
            for blog in BLOGS:
                assert await everything(redis, blog) == await everything(sqlite, blog)


@settings(max_examples=settings().max_examples // 3)
@given(
    history=st.lists(
        st.tuples(
            st.lists(listed(), max_size=4, unique_by=lambda entry: (entry.blog, entry.keys[0])),
            st.lists(st.tuples(st.sampled_from(BLOGS), st.sampled_from(NAMES)), max_size=3),
        ),
        max_size=6,
    )
)
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
                before = [await everything(timeline, blog) for blog in BLOGS]
                assert await timeline.commit(state, alone, lease, withdrawn) == 0
                assert [await everything(timeline, blog) for blog in BLOGS] == before


FEEDS = [f"https://example.org/{name}" for name in "ab"]
FEED_TIMES = st.integers(0, 9).map(float)
FEED_STEPS = st.one_of(
    st.tuples(st.just("follow"), FEED_TIMES),
    st.tuples(st.just("follow alone"), FEED_TIMES),
    st.tuples(st.just("fail"), FEED_TIMES),
    st.tuples(st.just("retire"), st.just(2.0)),
    st.tuples(st.just("postpone"), FEED_TIMES),
    st.tuples(st.just("commit"), FEED_TIMES),
    st.tuples(st.just("push"), st.sampled_from((0.0, 1.0))),
    st.tuples(st.just("renew"), st.integers(1, 4).map(float)),
    st.tuples(st.just("wait"), st.just(1.0)),
)


@given(history=st.lists(st.tuples(st.sampled_from(FEEDS), FEED_STEPS), max_size=20))
async def test_all_stores_claim_the_same_feeds_at_the_same_times_and_none_before_its_pause_ends(
    shared_redis: RedisServer, history: list[Any]
) -> None:
    shared_redis.ask("FLUSHALL")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("timeline.redis.feed_jobs.MAX_PUSHES", 2)
        patched.setattr("timeline.sqlite.feed_jobs.MAX_PUSHES", 2)
        async with fresh("sqlite::memory:") as sqlite, fresh(shared_redis.url) as redis:
            now = 0.0
            paused = dict.fromkeys(FEEDS, 0.0)  # of the feeds that are known
            leases: dict[Timeline, dict[str, Lease]] = {sqlite: {}, redis: {}}
            for timeline in leases:
                await timeline.follow(dict.fromkeys(FEEDS, 0.0))
            for url, (step, at) in history:
                if step == "wait":
                    now += at
                if step == "postpone" and url in paused:
                    paused[url] = max(paused[url], at)
                if step == "follow alone":
                    paused.setdefault(url, 0.0)
                if step == "follow":
                    paused = dict.fromkeys(FEEDS, 0.0) | paused
                claims = []
                for timeline, held in leases.items():
                    done = await polled(timeline, held, url, step, at, now)
                    new = await timeline.claim(now, 10, 2.0)
                    assert all(
                        paused[lease.url] <= max(now, lease.state.next_at if lease.pushes else 0) for lease in new
                    )
                    held.update((lease.url, lease) for lease in new)
                    states = {state.url: state for state in await timeline.states()}
                    claims.append((done, as_claimed(new, now), states, await timeline.failing_count()))
                assert claims[0] == claims[1]
                if step == "retire" and done:
                    paused = {feed: until for feed, until in paused.items() if feed in states}


def as_claimed(leases: Sequence[Lease], now: float) -> dict[str, object]:
    """The pushes of each lease, and the time from which its feed may be asked."""
    return {
        lease.url: (
            [push.body for push in lease.pushes],
            max(lease.state.next_at, now) if lease.pushes else lease.state,
        )
        for lease in leases
    }


async def polled(timeline: Timeline, held: dict[str, Lease], url: str, step: str, at: float, now: float) -> object:
    """Does one step with a feed; ``at`` is a Unix time, for `renew` a number of seconds."""
    if step == "follow":
        await timeline.follow({feed: at if feed == url else 9.0 for feed in FEEDS})
    if step == "follow alone":
        await timeline.follow({url: at})
    if step == "postpone":
        await timeline.postpone([url], at)
    if step == "push":
        pushed = [await timeline.push(url, bytes([n]), None) for n in range(1 + 2 * int(at))]
        return any(pushed)
    if step == "retire":
        return await timeline.retire(now, Limits(unfollowed_age=at))
    if step == "renew" and url in held:
        return bool(await timeline.renew([held[url]], now + at))
    if step in ("commit", "fail") and url in held:
        lease = held.pop(url)
        state = replace(lease.state, checked_at=now, next_at=at, failures=int(step == "fail"))
        try:
            await timeline.commit(state, [], lease)
        except LeaseLostError:
            return "lost"
    return None


async def done(timeline: Timeline, step: Any) -> int:
    """Does one step of a history; returns how much it led to."""
    if isinstance(step, Limits):
        return await Retention(timeline, step, lambda: NOW).sweep()
    entries, withdrawn, at = step
    return await commit(timeline, *entries, withdrawn=withdrawn, checked_at=at)
