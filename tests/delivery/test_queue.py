"""The delivery queue over real stores, with senders that do what a test wants."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import Blog, Config
from delivery import queue as queue_module
from delivery import settlements
from delivery.outcome import MAX_RETRY_SECONDS, MIN_FAILURES
from delivery.queue import LEASE_SECONDS, DeliveryQueue
from delivery.target import KIND, NEVER, Exchange, Reached, Sent, Sort, Target
from entries import Cursor, Event
from outbound import rooms
from outbound.rooms import PutBackError
from tests.livelog import until
from tests.redis import RedisServer
from tests.timeline.drafts import commit, entry
from timeline import JobLease, Timeline, TimelineError, open_timeline

TARGET = Target(id="t", sort="webhook", name="chat", blog="blog", host="hooks.test")


class Recorder:
    """A sender that keeps what it is sent: ``got`` has the ids of entries by target.

    With ``stops_after`` it reaches so many events before it hangs, or raises one of ``raises``.
    """

    sort: Sort = "webhook"

    def __init__(self) -> None:
        self.got: dict[str, list[str]] = {}
        self.calls = 0
        self.batches: list[int] = []
        self.answer: Callable[[Target, Sequence[Event]], Sent] | None = None
        self.hung: set[str] = set()
        self.due_at = NEVER
        self.stops_after = 0
        self.raises: list[Exception] = []

    def due(self, target: Target) -> float:
        return self.due_at

    async def prepare(self, target: Target, events: Sequence[Event]) -> Exchange:
        return lambda reached: self.send(target, events, reached)

    async def send(self, target: Target, events: Sequence[Event], reached: Reached) -> Sent:
        self.calls += 1
        if self.stops_after:
            for event in events[: self.stops_after]:
                self.got.setdefault(target.id, []).append(event.id)
                reached(str(event.cursor))
        if self.raises:
            raise self.raises.pop()
        if target.id in self.hung:
            await asyncio.Event().wait()
        sent = self.answer(target, events) if self.answer else Sent(through=str(events[-1].cursor))
        done = [event for event in events if event.cursor.seq <= Cursor.parse(sent.through).seq]
        self.got.setdefault(target.id, []).extend(event.id for event in done)
        self.batches.append(len(done))
        return sent


class Clock:
    """A clock that a test sets forward."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._timeline.now() + self.ahead


class Desk:
    """A store, and queues that a test starts over it."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.sender = Recorder()
        self.clock = Clock(timeline)
        self.queues: list[DeliveryQueue] = []

    def queue(self, sender: Recorder | None = None, *blogs: str) -> DeliveryQueue:
        """A queue that delivers the events of blogs, `blog` if none is named."""
        config = Config(blogs=tuple(Blog(slug=slug, title=slug) for slug in blogs or ("blog",)))
        made = DeliveryQueue(config, self.timeline, [sender or self.sender], self.clock, lambda: 0.0)
        self.queues.append(made)
        made.start()
        return made

    async def follow(self, *targets: Target) -> None:
        """Puts targets at the newest event of their blogs."""
        for target in targets:
            cursor = str(await self.timeline.head(target.blog))
            await self.timeline.put_job(replace(target, cursor=cursor).job, self.clock())

    async def target(self, target_id: str = "t") -> Target:
        """A target as it is stored."""
        job = await self.timeline.job(KIND, target_id)
        assert job is not None
        return Target.from_json(job.state)

    async def has(self, target_id: str, cursor_seq: int) -> None:
        """Waits until a target is stored with a cursor."""

        async def reached() -> bool:
            return (await self.target(target_id)).cursor.endswith(f".{cursor_seq}")

        await until(reached)


@pytest.fixture
async def timeline(tmp_path: Path) -> AsyncIterator[Timeline]:
    opened = await open_timeline(f"sqlite:{tmp_path / 'livelog.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def desk(timeline: Timeline) -> AsyncIterator[Desk]:
    made = Desk(timeline)
    yield made
    for one in made.queues:
        await one.stop()


async def test_each_event_is_sent_in_order_and_once(desk: Desk) -> None:
    await commit(desk.timeline, entry("before"))
    await desk.follow(TARGET)
    desk.queue()
    for name in "abc":
        await commit(desk.timeline, entry(name))
    await commit(desk.timeline, withdrawn=[("blog", "a")])
    await desk.has("t", 5)
    assert desk.sender.got == {"t": ["a", "b", "c", "a"]}


async def test_a_target_without_a_cursor_begins_at_the_newest_event(desk: Desk) -> None:
    await commit(desk.timeline, entry("before"))
    await desk.timeline.put_job(TARGET.job, 0.0)
    desk.queue()
    await desk.has("t", 1)
    await commit(desk.timeline, entry("after"))
    await desk.has("t", 2)
    assert desk.sender.got == {"t": ["after"]}


async def test_events_that_were_committed_before_the_start_are_sent(desk: Desk) -> None:
    await desk.follow(TARGET)
    job = await desk.timeline.job(KIND, "t")
    assert job
    assert await desk.timeline.replace_job(job, job.state, NEVER)
    await commit(desk.timeline, entry("a"))
    desk.queue()
    await desk.has("t", 1)


async def test_events_that_come_during_a_delivery_are_sent_together(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.follow(TARGET)
    going, go = asyncio.Event(), asyncio.Event()
    send = desk.sender.send

    async def late(target: Target, events: Sequence[Event], reached: Reached) -> Sent:
        going.set()
        await go.wait()
        return await send(target, events, reached)

    monkeypatch.setattr(desk.sender, "send", late)
    desk.queue()
    await commit(desk.timeline, entry("a"))
    await going.wait()
    for name in "bcd":
        await commit(desk.timeline, entry(name))
    go.set()
    await desk.has("t", 4)
    assert desk.sender.batches == [1, 3]


async def test_a_sender_that_sends_a_part_is_called_again_with_the_rest(desk: Desk) -> None:
    desk.sender.answer = lambda _, events: Sent(through=str(events[0].cursor))
    await desk.follow(TARGET)
    await commit(desk.timeline, *(entry(name) for name in "abc"))
    desk.queue()
    await desk.has("t", 3)
    assert desk.sender.batches == [1, 1, 1]


async def test_a_target_that_is_far_behind_is_sent_a_bounded_number_of_events_at_a_time(desk: Desk) -> None:
    await desk.follow(TARGET)
    await commit(desk.timeline, *(entry(f"e{n}") for n in range(120)))
    desk.queue()
    await desk.has("t", 120)
    assert desk.sender.batches == [8, 50, 50, 12]


async def test_what_failed_is_sent_again_after_a_back_off_and_other_events_do_not_shorten_it(desk: Desk) -> None:
    desk.sender.answer = lambda target, _: Sent(through=target.cursor, problem="It answered 500.")
    await desk.follow(TARGET)
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: queue.counts["failed"] == 1)
    await commit(desk.timeline, entry("b"))
    await asyncio.sleep(0.7)
    assert desk.sender.calls == 1
    assert (await desk.target()).problem == "It answered 500."
    desk.sender.answer = None
    desk.clock.ahead = 5.0
    await desk.has("t", 2)
    assert desk.sender.got == {"t": ["a", "b"]}
    assert (await desk.target()).failures == 0


async def test_after_a_day_of_failures_events_are_given_up_and_later_ones_sent(desk: Desk) -> None:
    desk.sender.answer = lambda target, _: Sent(through=target.cursor, problem="It answered 500.")
    await desk.follow(replace(TARGET, failures=MIN_FAILURES, failing_since=desk.clock()))
    queue = desk.queue()
    await commit(desk.timeline, entry("a"), entry("b"))
    await until(lambda: queue.counts["failed"] == 1)
    await until(lambda: queue.under_way == 0)
    desk.clock.ahead = MAX_RETRY_SECONDS + 1
    await desk.has("t", 2)
    assert (await desk.target()).undelivered == queue.counts["given_up"] == 2
    desk.sender.answer = None
    await commit(desk.timeline, entry("c"))
    desk.clock.ahead += 3600.0
    await desk.has("t", 3)
    assert desk.sender.got["t"] == ["c"]


async def test_a_cursor_that_cannot_be_replayed_counts_and_goes_on_from_the_newest_event(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await commit(desk.timeline, entry("a"))
    await desk.timeline.put_job(replace(TARGET, cursor="former.7").job, 0.0)
    queue = desk.queue()
    await desk.has("t", 1)
    assert (await desk.target()).undelivered == queue.counts["given_up"] == 1
    await queue.stop()
    assert [record.getMessage() for record in caplog.records] == [
        "1 target missed events that are no longer stored: chat."
    ]
    caplog.clear()


async def test_a_target_that_ended_is_kept_and_sent_no_more(desk: Desk) -> None:
    desk.sender.answer = lambda target, _: Sent(through=target.cursor, ended="gone")
    await desk.follow(TARGET)
    desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: desk.sender.calls == 1)
    await commit(desk.timeline, entry("b"))
    await asyncio.sleep(0.2)
    assert desk.sender.calls == 1
    assert (await desk.target()).ended == "gone"


async def test_a_target_that_is_removed_is_forgotten(desk: Desk) -> None:
    desk.sender.answer = lambda target, _: Sent(through=target.cursor, is_removed=True)
    await desk.follow(TARGET)
    desk.queue()
    await commit(desk.timeline, entry("a"))

    async def gone() -> bool:
        return not await desk.timeline.count_jobs(KIND)

    await until(gone)


async def test_a_sender_is_called_without_events_when_it_is_due(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "SWEEP_INTERVAL", 0.05)
    desk.sender.due_at = desk.clock() + 100
    desk.sender.answer = lambda target, events: Sent(through=target.cursor, is_removed=not events)
    await desk.follow(TARGET)
    desk.queue()
    await asyncio.sleep(0.2)
    assert desk.sender.calls == 0
    desk.clock.ahead = 101
    await until(lambda: desk.sender.calls == 1)


async def test_a_sweep_calls_a_sender_for_the_targets_that_are_due_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = str(await desk.timeline.head("blog"))
    for name in ("t", "a", "b"):
        await desk.timeline.put_job(replace(TARGET, id=name, cursor=cursor).job, NEVER)
    claimed: list[str] = []
    claim = desk.timeline.claim_jobs

    async def noted(*arguments: Any) -> Sequence[JobLease]:
        leases = await claim(*arguments)
        claimed.extend(lease.job.id for lease in leases)
        return leases

    monkeypatch.setattr(desk.timeline, "claim_jobs", noted)
    queue = desk.queue()
    await until(lambda: len(claimed) == 3)
    await until(lambda: queue.under_way == 0)
    claimed.clear()
    monkeypatch.setattr(desk.sender, "due", lambda target: 0.0 if target.id == "t" else NEVER)
    desk.sender.answer = lambda target, _: Sent(through=target.cursor, is_removed=True)
    queue.apply(Config(blogs=()))
    await until(lambda: desk.sender.calls)
    assert claimed == ["t"]


async def test_a_clock_that_is_set_back_lengthens_no_back_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "SWEEP_INTERVAL", 0.05)
    desk.sender.answer = lambda target, _: Sent(through=target.cursor, problem="It answered 500.")
    desk.clock.ahead = 1_000_000
    await desk.follow(TARGET)
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: queue.counts["failed"] == 1)
    await until(lambda: queue.under_way == 0)
    desk.clock.ahead = 0
    await until(lambda: desk.sender.calls > 1)


async def test_a_bug_of_a_sender_is_a_failure(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def bug(*_: object) -> Sent:
        raise KeyError("bug")

    desk.sender.answer = bug
    await desk.follow(TARGET)
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: queue.counts["failed"] == 1)
    await until(lambda: queue.under_way == 0)
    assert "met a bug" in (await desk.target()).problem
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    caplog.clear()


async def test_a_bug_that_ends_the_queue_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def bug(*_: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(desk.timeline, "claim_jobs", bug)
    queue = desk.queue()
    await until(lambda: queue.trouble)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]
    caplog.clear()


async def test_a_delivery_that_takes_too_long_is_a_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "DELIVERY_SECONDS", 0.2)
    desk.sender.hung.add("t")
    await desk.follow(TARGET)
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: queue.counts["failed"] == 1)
    await until(lambda: queue.under_way == 0)
    assert (await desk.target()).problem == "No answer within 0.2 seconds."


async def goes_on_after_the_second(desk: Desk, queue: DeliveryQueue) -> None:
    """Waits until what the sender has reached is stored, and the rest is sent."""

    async def has_two() -> bool:
        return (await desk.target()).cursor.endswith(".2")

    await until(has_two)
    desk.sender.stops_after = 0
    desk.sender.hung.clear()
    desk.clock.ahead += LEASE_SECONDS
    await desk.has("t", 4)
    assert desk.sender.got == {"t": ["a", "b", "c", "d"]}
    await queue.stop()


async def reaches_two(desk: Desk) -> DeliveryQueue:
    desk.sender.stops_after = 2
    await desk.follow(TARGET)
    await commit(desk.timeline, *(entry(name) for name in "abcd"))
    return desk.queue()


async def test_a_delivery_that_takes_too_long_keeps_what_it_has_reached(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "DELIVERY_SECONDS", 0.2)
    desk.sender.hung.add("t")
    await goes_on_after_the_second(desk, await reaches_two(desk))


async def test_a_delivery_that_is_put_back_keeps_what_it_has_reached(desk: Desk) -> None:
    desk.sender.raises = [PutBackError(slow=True)]
    await goes_on_after_the_second(desk, await reaches_two(desk))


async def test_a_delivery_that_meets_a_bug_keeps_what_it_has_reached(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.sender.raises = [KeyError("bug")]
    await goes_on_after_the_second(desk, await reaches_two(desk))
    caplog.clear()


async def test_a_stop_keeps_what_a_delivery_has_reached(desk: Desk) -> None:
    desk.sender.hung.add("t")
    queue = await reaches_two(desk)
    await until(lambda: len(desk.sender.got.get("t", ())) == 2)
    await queue.stop()
    await goes_on_after_the_second(desk, desk.queue())


async def test_a_delivery_whose_lease_runs_out_under_way_is_not_made_again_by_its_node(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.follow(TARGET)
    desk.sender.hung.add("t")
    desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: desk.sender.calls == 1)
    claims = 0
    claim = desk.timeline.claim_jobs

    async def counted(*arguments: Any) -> Sequence[JobLease]:
        nonlocal claims
        leases = await claim(*arguments)
        claims += len(leases)
        return leases

    monkeypatch.setattr(desk.timeline, "claim_jobs", counted)
    desk.clock.ahead += LEASE_SECONDS + 1
    await until(lambda: claims)
    assert desk.sender.calls == 1


async def test_a_store_that_is_down_for_longer_than_a_lease_repeats_and_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settlements, "RETRY_INTERVAL", 0.02)
    settle, is_down = desk.timeline.settle_job, True

    async def settled(lease: JobLease, state: str, due: float) -> None:
        if is_down:
            raise TimelineError("the disk is full")
        await settle(lease, state, due)

    monkeypatch.setattr(desk.timeline, "settle_job", settled)
    await desk.follow(TARGET)
    await commit(desk.timeline, entry("a"))
    desk.queue()
    await until(lambda: desk.sender.calls == 1)
    # The claims that follow forget that it has woken the job.
    await commit(desk.timeline, entry("b"))
    for _ in range(2):
        desk.clock.ahead += LEASE_SECONDS + 1
        await asyncio.sleep(queue_module.TICK_INTERVAL * 2)
    is_down = False
    await desk.has("t", 2)
    assert desk.sender.got == {"t": ["a", "b"]}
    caplog.clear()


async def test_targets_that_never_answer_do_not_delay_another(desk: Desk) -> None:
    """Two hundred of them, of fifty hosts."""
    hanging = [replace(TARGET, id=f"h{n:03}", host=f"host{n % 50}") for n in range(200)]
    desk.sender.hung = {target.id for target in hanging}
    await desk.follow(*hanging, replace(TARGET, id="z", delivered_at=1.0))
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await desk.has("z", 1)
    assert queue.counts["failed"] == 0, "none of the others has had its time yet"


@pytest.mark.parametrize("delivered_at", [0.0, 1.0])
async def test_a_request_to_a_webhook_is_not_cut_off_for_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, delivered_at: float
) -> None:
    """It would be sent again: a chat would show the post twice."""
    monkeypatch.setattr(queue_module, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(queue_module, "SLOTS", dict.fromkeys(queue_module.SLOTS, 1))
    monkeypatch.setattr(rooms, "PARKED_PER_SLOT", 1)
    targets = [replace(TARGET, id=f"t{n}", host=f"h{n}", delivered_at=delivered_at) for n in range(3)]
    desk.sender.hung = {target.id for target in targets}
    await desk.follow(*targets)
    await commit(desk.timeline, entry("a"))
    queue = desk.queue()
    await until(lambda: desk.sender.calls == 2)
    await asyncio.sleep(1)
    assert desk.sender.calls == 2, "one is parked, one has the slot, and one waits"
    await queue.stop()


async def test_ten_targets_of_one_host_have_four_deliveries_at_a_time(desk: Desk) -> None:
    targets = [replace(TARGET, id=f"t{n}", delivered_at=1.0) for n in range(10)]
    desk.sender.hung = {target.id for target in targets}
    await desk.follow(*targets)
    desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: desk.sender.calls == queue_module.PER_HOST)
    await asyncio.sleep(0.3)
    assert desk.sender.calls == queue_module.PER_HOST


async def test_a_target_that_is_replaced_during_a_delivery_keeps_what_it_was_given(desk: Desk) -> None:
    await desk.follow(TARGET)
    desk.sender.hung.add("t")
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: desk.sender.calls == 1)
    desk.sender.hung.clear()
    await desk.timeline.put_job(replace(TARGET, name="new", cursor=str(await desk.timeline.head("blog"))).job, NEVER)
    for task in tuple(queue._under_way):
        task.cancel()
    await until(lambda: queue.under_way == 0)
    assert (await desk.target()).name == "new"


async def test_a_stop_gives_targets_back_that_are_being_delivered_to(desk: Desk) -> None:
    await desk.follow(TARGET)
    desk.sender.hung.add("t")
    queue = desk.queue()
    await commit(desk.timeline, entry("a"))
    await until(lambda: desk.sender.calls == 1)
    await queue.stop()
    (lease,) = await desk.timeline.claim_jobs(KIND, desk.clock(), 9, LEASE_SECONDS)
    assert lease.job.id == "t"


async def test_another_configuration_delivers_the_events_of_its_blogs(desk: Desk) -> None:
    await desk.follow(TARGET, replace(TARGET, id="u", blog="new"))
    queue = desk.queue()
    queue.apply(Config(blogs=(Blog(slug="new", title="New"),)))
    await commit(desk.timeline, entry("a", blog="new"))
    await desk.has("u", 1)


async def test_two_nodes_on_redis_send_each_event_once(shared_redis: RedisServer) -> None:
    shared_redis.ask("FLUSHALL")
    timelines = [await open_timeline(shared_redis.url) for _ in range(2)]
    desks = [Desk(timeline) for timeline in timelines]
    targets = [replace(TARGET, id=f"t{n}", host=f"h{n}") for n in range(20)]
    await desks[0].follow(*targets)
    for desk in desks:
        desk.queue()
    names = [f"e{n}" for n in range(30)]
    for name in names:
        await commit(timelines[0], entry(name))
    for target in targets:
        await desks[0].has(target.id, 30)
    for desk in desks:
        await desk.queues[0].stop()
    got = {target.id: [name for desk in desks for name in desk.sender.got.get(target.id, ())] for target in targets}
    assert all(sorted(found) == sorted(names) for found in got.values())
    assert all(desk.sender.got for desk in desks), "both had work"
    for timeline in timelines:
        await timeline.close()


async def test_a_store_that_is_down_is_logged_once_and_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settlements, "RETRY_INTERVAL", 0.02)
    settle, failures = desk.timeline.settle_job, iter(range(5))

    async def down(lease: JobLease, state: str, due: float) -> None:
        for _ in failures:
            raise TimelineError("the disk is full")
        await settle(lease, state, due)

    monkeypatch.setattr(desk.timeline, "settle_job", down)
    targets = [replace(TARGET, id=f"t{n}", host=f"h{n}") for n in range(3)]
    await desk.follow(*targets)
    desk.queue()
    await commit(desk.timeline, entry("a"))
    for target in targets:
        await desk.has(target.id, 1)
    await until(lambda: len(caplog.records) == 2)
    assert [record.getMessage() for record in caplog.records] == [
        "Deliveries wait for the store: the disk is full",
        "Deliveries go on.",
    ]
    caplog.clear()
