"""What every store keeps and what it retires (`timeline.Limits`), and the task that retires it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from entries import Cursor, Event
from feedstate import FeedState, Mark, Marks
from tests.livelog import PATIENCE, until
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW, commit, entry, titles
from timeline import DAY, LeaseLostError, Limits, Timeline
from timeline.retention import Retention


async def retire(timeline: Timeline, limits: Limits, now: float = NOW) -> int:
    """Retires until nothing is left to do; returns how much it was."""
    return await Retention(timeline, limits, lambda: now).sweep()


async def begin(timeline: Timeline) -> Cursor:
    """The cursor before the first event."""
    return Cursor((await timeline.head("blog")).epoch, 0)


async def test_nothing_is_retired_that_is_within_the_limits(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n}", at=NOW - n * DAY) for n in range(5)), withdrawn=[("blog", "e4")])
    assert await retire(timeline, Limits()) == 0
    assert await titles(timeline) == ["e0", "e1", "e2", "e3"]
    assert (await timeline.replay("blog", await begin(timeline), 100)).complete


async def test_the_oldest_entries_go_when_there_are_too_many(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n}", at=NOW - n) for n in range(9)), entry("e0", blog="other"))
    assert await retire(timeline, Limits(entries=4)) == 5
    assert await titles(timeline) == ["e0", "e1", "e2", "e3"]
    assert await timeline.entry("blog", "e4") is None
    assert await titles(timeline, "other") == ["e0"]


async def test_what_an_entry_was_before_it_was_corrected_goes_with_it(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n}", "wrong", at=NOW - n) for n in range(4)))
    await commit(timeline, *(entry(f"e{n}", "right") for n in range(4)))
    assert await retire(timeline, Limits(entries=2)) == 2
    kept = [await timeline.previous("blog", f"e{n}") is not None for n in range(4)]
    assert kept == [True, True, False, False]


async def test_entries_of_the_same_moment_go_in_the_order_of_the_pages(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n}") for n in range(9)))
    assert await retire(timeline, Limits(entries=4)) == 5
    assert await titles(timeline) == ["e8", "e7", "e6", "e5"]


async def test_old_entries_go_but_for_the_newest_ones(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n}", at=NOW - n * DAY) for n in range(9)))
    assert await retire(timeline, Limits(old_entries=7, entries_age=5.5 * DAY)) == 2
    assert await titles(timeline) == [f"e{n}" for n in range(7)], "seven, though the last is older"
    assert await retire(timeline, Limits(old_entries=2, entries_age=3.5 * DAY)) == 3
    assert await titles(timeline) == [f"e{n}" for n in range(4)], "those that are not old stay"


async def test_the_oldest_events_go_when_there_are_too_many(timeline: Timeline) -> None:
    await commit(timeline, *(entry(f"e{n}") for n in range(9)))
    start = await begin(timeline)
    assert await retire(timeline, Limits(events=3)) == 6
    expired = await timeline.replay("blog", Cursor(start.epoch, 5), 100)
    assert (expired.complete, expired.reason, list(expired.events)) == (False, "expired", [])
    kept = await timeline.replay("blog", Cursor(start.epoch, 6), 100)
    assert kept.complete
    assert [event.cursor.seq for event in kept.events] == [7, 8, 9]
    assert len(await titles(timeline)) == 9, "entries outlive their events"


async def test_old_events_go_even_if_it_is_all_of_them_and_numbers_go_on(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), checked_at=NOW - 3 * DAY)
    await commit(timeline, entry("b"), checked_at=NOW - DAY)
    head = await timeline.head("blog")
    assert await retire(timeline, Limits(events_age=2 * DAY)) == 1
    assert await retire(timeline, Limits(events_age=DAY / 2)) == 1
    assert await timeline.head("blog") == head
    assert (await timeline.replay("blog", head, 100)).complete
    assert (await timeline.replay("blog", Cursor(head.epoch, 1), 100)).reason == "expired"
    await commit(timeline, entry("c"))
    assert [event.cursor.seq for event in (await timeline.replay("blog", head, 100)).events] == [3]


async def test_an_event_never_goes_before_the_one_before_it(timeline: Timeline) -> None:
    # A poll that began earlier may end later: events are not in the order of their times.
    for name, days in (("a", 3), ("b", 1), ("c", 3), ("d", 1)):
        await commit(timeline, entry(name), checked_at=NOW - days * DAY)
    start = await begin(timeline)
    assert await retire(timeline, Limits(events_age=2 * DAY)) == 1
    replay = await timeline.replay("blog", Cursor(start.epoch, 1), 100)
    assert [event.id for event in replay.events] == ["b", "c", "d"]


@pytest.mark.parametrize("withdrawn", [False, True])
async def test_an_entry_that_was_retired_does_not_come_back(timeline: Timeline, withdrawn: bool) -> None:
    await commit(timeline, entry("old", keys=("old", "alias"), at=NOW - 1), entry("new"))
    assert await retire(timeline, Limits(entries=1)) == 1
    if withdrawn:
        assert await commit(timeline, withdrawn=[("blog", "old")]) == 0, "it was not there any more"
    assert await retire(timeline, Limits()) == 0
    head = await timeline.head("blog")
    for listed in (
        entry("old", keys=("old", "alias")),
        entry("old", "corrected", keys=("old", "alias")),
        entry("moved", "moved", keys=("moved", "alias")),
        entry("moved", "moved once more", keys=("moved",)),
    ):
        assert await commit(timeline, listed) == 0
    assert await titles(timeline) == ["new"]
    assert await timeline.head("blog") == head


@pytest.mark.parametrize("how", ["retired", "withdrawn"])
async def test_an_entry_that_is_gone_is_forgotten_in_time_with_all_its_names(timeline: Timeline, how: str) -> None:
    await commit(timeline, entry("old", keys=("old", "alias"), at=NOW - 1), entry("new"))
    if how == "retired":
        await retire(timeline, Limits(entries=1))
    else:
        await commit(timeline, withdrawn=[("blog", "old")])
    limits = Limits(memory_age=10 * DAY)
    assert await retire(timeline, limits, NOW + 9 * DAY) == 0
    assert await commit(timeline, entry("new")) == 0
    assert await retire(timeline, limits, NOW + 11 * DAY) == 1
    assert await commit(timeline, entry("other", keys=("alias", "old"))) == 1
    assert await titles(timeline) == ["new", "other"]
    assert await commit(timeline, entry("new")) == 0, "what is there is never forgotten"


async def test_an_entry_that_is_back_is_not_forgotten(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    await commit(timeline, withdrawn=[("blog", "a")])
    await commit(timeline, entry("a"))
    assert await retire(timeline, Limits(memory=0, memory_age=0), NOW + 9 * DAY) == 0
    assert await commit(timeline, entry("a")) == 0


async def test_an_entry_that_is_back_is_retired_as_any_other(timeline: Timeline) -> None:
    await commit(timeline, entry("a"))
    await commit(timeline, withdrawn=[("blog", "a")])
    await commit(timeline, entry("a", at=NOW - 1), entry("b"))
    assert await retire(timeline, Limits(entries=1)) == 1
    assert await titles(timeline) == ["b"]
    assert await commit(timeline, entry("a"), entry("a", "corrected")) == 0


async def test_an_entry_that_is_still_listed_is_remembered_for_longer(timeline: Timeline) -> None:
    await commit(
        timeline, *(entry(name, at=NOW - 1) for name in ("same", "changed", "alias", "unlisted")), entry("new")
    )
    await retire(timeline, Limits(entries=1))
    listed = [entry("same"), entry("changed", "changed"), entry("moved", keys=("moved", "alias"))]
    await commit(timeline, *listed, checked_at=NOW + 9 * DAY)
    limits = Limits(memory_age=10 * DAY)
    assert await retire(timeline, limits, NOW + 18 * DAY) == 1
    assert await commit(timeline, *listed, entry("unlisted"), checked_at=NOW + 9 * DAY) == 1
    assert sorted(await titles(timeline)) == ["new", "unlisted"]
    assert await retire(timeline, limits, NOW + 20 * DAY) == 3


async def test_no_more_is_remembered_than_the_limit_and_what_was_listed_last_stays(timeline: Timeline) -> None:
    gone = [entry(f"e{n}", at=NOW - 9 + n) for n in range(9)]
    await commit(timeline, *gone, entry("new"))
    await retire(timeline, Limits(entries=1))
    await commit(timeline, *(entry(f"e{n}") for n in (2, 4, 6)), checked_at=NOW + 1)
    assert await retire(timeline, Limits(memory=3)) == 6
    assert await commit(timeline, *gone) == 6
    assert sorted(await titles(timeline)) == ["e0", "e1", "e3", "e5", "e7", "e8", "new"]


async def test_work_is_done_in_short_steps_until_none_is_left(
    timeline: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.redis.retention.MAX_RETIRED_PER_STEP", 10)
    monkeypatch.setattr("timeline.sqlite.retention.MAX_RETIRED_PER_STEP", 10)
    await commit(timeline, *(entry(f"e{n:02}", at=NOW + n) for n in range(60)))
    limits = Limits(entries=5, events=5, memory=5)
    steps = []
    while step := await timeline.retire(NOW, limits):
        steps.append(step)
    # Entries, events and memories, each of them in tens.
    assert max(steps) <= 30
    assert sum(steps) == 55 + 55 + 50
    assert await timeline.retire(NOW, limits) == 0
    assert await titles(timeline) == [f"e{n}" for n in reversed(range(55, 60))]


async def test_a_watcher_reads_on_while_what_is_old_is_retired(timeline: Timeline) -> None:
    numbers: list[int] = []

    async def read(events: AsyncIterator[Sequence[Event]], last: int) -> None:
        while not numbers or numbers[-1] < last:
            numbers.extend(event.cursor.seq for event in await asyncio.wait_for(anext(events), PATIENCE))

    async with aclosing(timeline.watch(["blog"])) as events:
        assert await anext(events) == []
        for n in range(10):
            reading = asyncio.create_task(read(events, 10 * n + 10))
            await retire(timeline, Limits(entries=3, events=n % 3, memory=4))
            await commit(timeline, *(entry(f"e{n}-{m}") for m in range(10)))
            await reading
    assert numbers == list(range(1, 101))


async def test_events_that_were_retired_before_they_were_watched_are_no_loss(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("b"))
    await retire(timeline, Limits(events=0))
    async with aclosing(timeline.watch(["blog"])) as events:
        assert await anext(events) == []
        await commit(timeline, entry("c"))
        (event,) = await asyncio.wait_for(anext(events), PATIENCE)
    assert (event.cursor.seq, event.id) == (3, "c")


async def test_an_event_whose_entry_was_retired_is_a_delete(timeline: Timeline) -> None:
    await commit(timeline, entry("old", at=NOW - 1), entry("new"))
    await retire(timeline, Limits(entries=1))
    replay = await timeline.replay("blog", await begin(timeline), 100)
    assert [(event.kind, event.id) for event in replay.events] == [("delete", "old"), ("entry", "new")]


async def test_a_sweep_leaves_what_is_too_much_for_once(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "redis.retention.MAX_RETIRED_PER_STEP",
        "sqlite.retention.MAX_RETIRED_PER_STEP",
        "retention.MAX_STEPS",
    ):
        monkeypatch.setattr(f"timeline.{name}", 3)
    await commit(timeline, *(entry(f"e{n:02}", at=NOW + n) for n in range(20)))
    assert await retire(timeline, Limits(entries=2)) == 9
    assert await retire(timeline, Limits(entries=2)) == 9
    assert await retire(timeline, Limits(entries=2)) == 0


OTHER = "https://example.org/other.xml"


async def test_a_feed_is_forgotten_in_time_once_it_is_no_longer_followed(timeline: Timeline) -> None:
    listed = Marks({"a": Mark("1")})
    await commit(timeline, entry("a"), etag='"1"', listed=listed, problem="500", failures=1)
    await timeline.follow({OTHER: 0.0})
    limits = Limits(unfollowed_age=10 * DAY)
    assert await retire(timeline, limits) == 0
    assert await retire(timeline, limits, NOW + 9 * DAY) == 0
    assert await retire(timeline, limits, NOW + 11 * DAY) == 1
    await timeline.follow({FEED: 0.0})
    (lease,) = await timeline.claim(NOW, 9, LEASE_SECONDS)
    assert (lease.state, dict(lease.state.listed)) == (FeedState(url=FEED), {})
    assert await timeline.failing_count() == 0
    assert await titles(timeline) == ["a"], "its entries stay"
    assert await timeline.commit(lease.state, [entry("a")], lease) == 0, "and are recognised"


async def test_a_feed_that_is_followed_again_in_time_keeps_its_state(timeline: Timeline) -> None:
    listed = Marks({"a": Mark("1")})
    await commit(timeline, etag='"1"', listed=listed)
    limits = Limits(unfollowed_age=10 * DAY)
    for days in (0, 9, 18):
        await timeline.follow({})
        assert await retire(timeline, limits, NOW + days * DAY) == 0
        await timeline.follow({FEED: 0.0})
        assert await retire(timeline, limits, NOW + days * DAY + 99 * DAY) == 0, "it is followed"
    (lease,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    assert (lease.state.etag, lease.state.listed) == ('"1"', listed)


async def test_a_lease_from_before_a_feed_was_forgotten_is_lost_for_ever(timeline: Timeline) -> None:
    await timeline.follow({FEED: 0.0})
    (before,) = await timeline.claim(NOW, 1, LEASE_SECONDS)
    await timeline.follow({})
    limits = Limits(unfollowed_age=0)
    assert await retire(timeline, limits) == 0
    assert await retire(timeline, limits, NOW + 1) == 1
    with pytest.raises(LeaseLostError):
        await timeline.commit(before.state, [entry("late")], before)
    await timeline.follow({FEED: 0.0})
    (after,) = await timeline.claim(NOW + 1, 1, LEASE_SECONDS)
    with pytest.raises(LeaseLostError):
        await timeline.commit(before.state, [entry("late")], before)
    assert await timeline.commit(after.state, [entry("good")], after) == 1


async def test_many_feeds_are_forgotten_in_short_steps(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.redis.retention.MAX_RETIRED_PER_STEP", 10)
    monkeypatch.setattr("timeline.sqlite.retention.MAX_RETIRED_PER_STEP", 10)
    await timeline.follow({f"https://example.org/{n}": 0.0 for n in range(35)})
    await timeline.follow({})
    limits = Limits(unfollowed_age=10 * DAY)
    for _ in range(4):
        assert await timeline.retire(NOW, limits) == 0
    later = NOW + 11 * DAY
    assert [await timeline.retire(later, limits) for _ in range(5)] == [10, 10, 10, 5, 0]


async def test_a_blog_without_feeds_keeps_its_entries_and_its_events_age_out(timeline: Timeline) -> None:
    await commit(timeline, entry("a"), entry("b"))
    await timeline.follow({})
    await retire(timeline, Limits())
    assert await retire(timeline, Limits(), NOW + 31 * DAY) == 2 + 1, "two events and the feed"
    assert await titles(timeline) == ["b", "a"]


class Clock:
    """A clock that is put forward by hand, and counts how often it was read."""

    def __init__(self) -> None:
        self.now = NOW
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        return self.now

    async def is_read(self) -> None:
        """Waits until a sweep has begun and ended since: the next but one has begun."""
        reads = self.reads
        await until(lambda: self.reads >= reads + 2)


@pytest.fixture
async def sweeping(
    timeline: Timeline, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Clock]:
    """Retention sweeps every moment instead of every minute, by this clock."""
    monkeypatch.setattr("timeline.retention.SWEEP_INTERVAL", 0.01)
    clock = Clock()
    retention = Retention(timeline, Limits(events_age=DAY), clock)
    retention.start()
    yield clock
    await retention.stop()


async def has_retired(caplog: pytest.LogCaptureFixture, count: int) -> None:
    """Waits until retention logs that it has retired so much."""
    said = ("INFO", f"Retired {count} old entries, events, keys and feeds.")
    await until(lambda: said in [(record.levelname, record.getMessage()) for record in caplog.records])


async def test_retention_sweeps_by_itself_and_by_its_clock(
    timeline: Timeline, sweeping: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await commit(timeline, entry("a"), entry("b"))
    start = await begin(timeline)
    await sweeping.is_read()
    assert (await timeline.replay("blog", start, 10)).complete
    sweeping.now += 2 * DAY
    await has_retired(caplog, 2)
    assert (await timeline.replay("blog", start, 10)).reason == "expired"


@pytest.mark.parametrize("timeline", ["own-redis"], indirect=True)
async def test_retention_outlives_a_store_that_is_down(
    timeline: Timeline, redis: RedisServer, sweeping: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await commit(timeline, entry("a"), entry("b"))
    redis.stop()
    await sweeping.is_read()
    await asyncio.to_thread(redis.start)
    sweeping.now += 2 * DAY
    await has_retired(caplog, 2)


@pytest.mark.parametrize("timeline", ["redis"], indirect=True)
async def test_retention_outlives_a_bug_and_logs_it(
    timeline: Timeline, shared_redis: RedisServer, sweeping: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await commit(timeline, entry("a"), entry("b"))
    shared_redis.ask("SET", "{livelog}:blog:retired", "not what it should be")
    await until(lambda: "Retention failed: this is a bug." in caplog.text)
    shared_redis.ask("DEL", "{livelog}:blog:retired")
    sweeping.now += 2 * DAY
    await has_retired(caplog, 2)
    caplog.clear()
