"""The delivery queue: sends the events of blogs to the targets that are due, in rooms, with back-off.

    for blog in timeline.watch(blogs): timeline.wake_jobs(blog)         # wakeups.py
    for lease in timeline.claim_jobs():                                 # due: woken, or the end of a back-off
        events = timeline.replay(blog, target.cursor)                   # backlogs.py   read once for all
        exchange = sender.prepare(target, events)                       # the sender of the target's sort
        sent = exchange()                                               # in a slot of its host and its room
        timeline.settle_job(lease, outcome.after(target, sent))         # outcome.py, settlements.py

Nothing is kept for an event: a target has a cursor. After a crash, a delivery that was not settled is made again. One
that is cut off otherwise keeps what it has reached.

Targets that answered well and quickly, slow ones, all others, and webhooks have rooms of their own
(`outbound.rooms`); a host has few exchanges at a time, in all rooms. A target without room is put back, until there
is likely to be some.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final, Literal

from clock import MIN_JUMP_SECONDS
from config import Config
from delivery import outcome
from delivery.backlogs import Backlogs
from delivery.report import Report
from delivery.settlements import Delivery, Settlements
from delivery.target import KIND, NEVER, Sender, Sent, Target, all_targets
from delivery.wakeups import TARGETS_PER_SECOND, Wakeups
from entries import Cursor, Event
from outbound.deadlines import deadline
from outbound.host_limits import HostLimits
from outbound.put_backs import PutBacks
from outbound.rooms import LOOK_SECONDS, PARK_SECONDS, PutBackError, Room
from timeline import IDLE, Timeline, TimelineError

logger = logging.getLogger("livelog.delivery")

DELIVERY_SECONDS: Final = 10.0
"""Longest time of one delivery."""

LEASE_SECONDS: Final = 30.0
"""More than a delivery and its waiting take: a target of a node that died is served by another one after that."""

WAIT_SECONDS: Final = 5.0
"""Longest time that a claimed target waits for its host and its room."""

TICK_INTERVAL: Final = 0.5
BUSY_INTERVAL: Final = 0.02
"""Seconds between claims: while nothing is due, and while something was."""

SWEEP_INTERVAL: Final = 300.0

MAX_CLAIMED: Final = 64
MAX_UNDER_WAY: Final = 1_000
PER_HOST: Final = 4
MAX_WAITING_PER_HOST: Final = 8

MAX_EVENTS: Final = 50
MAX_EVENTS_UNPROVEN: Final = 8
"""Events of one delivery; few for targets that are likely to hold them for long."""

STOP_TIMEOUT: Final = 1.5

RoomName = Literal["proven", "other", "slow", "proven webhooks", "other webhooks"]

SLOTS: Final[dict[RoomName, int]] = {
    "proven": 24,
    "other": 8,
    "slow": 8,
    "proven webhooks": 16,
    "other webhooks": 8,
}
PUTS_BACK: Final = ("proven", "other")
"""Rooms whose exchanges are put back if they take long while others wait. Those with webhooks never are: a chat would
show a post twice."""


class DeliveryQueue:
    """Delivers to all targets of a timeline. ``clock`` gives Unix seconds: the timeline's, if there is none.

    ``counts`` has the deliveries that were made, those that failed, and the events that were given up.
    """

    def __init__(
        self,
        config: Config,
        timeline: Timeline,
        senders: Iterable[Sender],
        clock: Callable[[], float] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.counts = Counter(delivered=0, failed=0, given_up=0)
        self._blogs: Collection[str] = [blog.slug for blog in config.blogs]
        self._timeline = timeline
        self._senders = {sender.sort: sender for sender in senders}
        self._clock = clock or timeline.now
        self._jitter = jitter
        self._report = Report()
        self._settlements = Settlements(timeline, self._report, self._clock)
        self._backlogs = Backlogs(timeline)
        self._hosts = HostLimits(PER_HOST)
        self._by_host: Counter[str] = Counter()
        self._put_backs = PutBacks(PER_HOST)
        self._rooms: dict[RoomName, Room] = {
            name: Room(PARK_SECONDS, LOOK_SECONDS if name in PUTS_BACK else None) for name in SLOTS
        }
        for name, room in self._rooms.items():
            room.resize(SLOTS[name])
        self._due = asyncio.Event()
        self._wakeups = Wakeups(timeline, self._backlogs.changed, self._due.set, self._report.ended)
        self._sweep_wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._under_way: dict[asyncio.Task[None], Delivery] = {}

    @property
    def under_way(self) -> int:
        """The number of targets that are claimed."""
        return len(self._under_way)

    @property
    def trouble(self) -> str | None:
        """The reason why the queue has ended, or None."""
        return self._report.trouble

    def start(self) -> None:
        """Begins to deliver: first what was not delivered before the last stop."""
        self._wakeups.watch(self._blogs)
        self._tasks = [asyncio.create_task(work()) for work in (self._claim_forever, self._sweep_forever)]
        for working in self._tasks:
            working.add_done_callback(self._report.ended)

    def apply(self, config: Config) -> None:
        """Delivers the events of other blogs from now on, and has the senders see the targets that are due by it."""
        self._blogs = [blog.slug for blog in config.blogs]
        if self._tasks:
            self._wakeups.watch(self._blogs)
        self._sweep_wanted.set()

    async def stop(self) -> None:
        """Claims no more, and waits up to STOP_TIMEOUT for deliveries under way; others are made after a restart."""
        await self._wakeups.stop()
        for working in self._tasks:
            working.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._under_way:
            await asyncio.wait(tuple(self._under_way), timeout=STOP_TIMEOUT)
        cut = dict(self._under_way)
        for task in cut:
            task.cancel()
        if cut:
            await asyncio.wait(cut)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_TIMEOUT):
                await asyncio.gather(*map(self._settlements.give_back, cut.values()))
        self._report.close()

    async def _claim_forever(self) -> None:
        while True:
            self._due.clear()
            try:
                claimed = await self._claim()
            except TimelineError as error:
                self._report.failed(error)
                claimed = False
            if claimed:
                await asyncio.sleep(BUSY_INTERVAL)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), TICK_INTERVAL)

    async def _sweep_forever(self) -> None:
        """Sweeps every SWEEP_INTERVAL, and after another configuration was applied."""
        while True:
            self._sweep_wanted.clear()
            with suppress(TimelineError):
                await self._sweep()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._sweep_wanted.wait(), SWEEP_INTERVAL)

    async def _sweep(self) -> None:
        """Makes the targets due that senders have something to do for without an event, such as the end of a lease.

        Makes targets due earlier that wait for a time of a clock that was set back since. Raises TimelineError.
        """
        count = 0
        async for job, target in all_targets(self._timeline):
            now = self._clock()
            if target.settled_at > now + MIN_JUMP_SECONDS:
                set_back = replace(target, settled_at=now, due_at=now + target.due_at - target.settled_at)
                await self._timeline.amend_job(job, set_back.to_json(), set_back.due_at)
            elif not target.due_at and self._is_due(target):
                await self._timeline.amend_job(job, job.state, now + count / TARGETS_PER_SECOND)
                count += 1
        if count:
            self._due.set()

    def _is_due(self, target: Target) -> bool:
        sender = self._senders.get(target.sort)
        return sender is not None and not target.ended and sender.due(target) <= self._clock()

    async def _claim(self) -> bool:
        """Claims targets, as many as there is room for, and begins to deliver; False if none is due."""
        room = min(self._rooms["proven"].free, MAX_CLAIMED, MAX_UNDER_WAY - len(self._under_way))
        if room <= 0:
            return True
        leases = await self._timeline.claim_jobs(KIND, self._clock(), room, LEASE_SECONDS)
        if leases:
            self._report.worked()
        under_way = {delivery.lease.job.id: delivery for delivery in self._under_way.values()} if leases else {}
        for lease in leases:
            former = under_way.get(lease.job.id)
            if former and not former.is_settled and former.lease.job.state == lease.job.state:
                # Its lease ran out, as the store was down, or this process was stopped for a while.
                former.renew(lease)
                continue
            delivery = Delivery(lease, self._clock())
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way[task] = delivery
            task.add_done_callback(self._ended)
        return bool(leases)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and (error := task.exception()):
            logger.error("A delivery met a bug.", exc_info=error)

    async def _deliver(self, delivery: Delivery) -> None:
        target = delivery.target
        sender = self._senders.get(target.sort)
        if sender is None or target.ended:
            await self._settlements.settle(delivery, target, IDLE)
            return
        limit = MAX_EVENTS if outcome.is_proven(target) else MAX_EVENTS_UNPROVEN
        try:
            delivery.target, events, head = await self._waiting(target, limit)
        except TimelineError:
            # The lease runs out.
            return
        if not events and sender.due(delivery.target) > self._clock():
            # Not its due time: only idle jobs are woken by events.
            await self._settlements.settle(delivery, delivery.target, IDLE)
            return
        await self._send(delivery, sender, events, head)

    async def _waiting(self, target: Target, limit: int) -> tuple[Target, Sequence[Event], Cursor]:
        """The target at a cursor of this epoch, the events after it, and the newest cursor of its blog.

        Events that are gone count as given up. Raises TimelineError.
        """
        if not target.cursor:
            head = await self._timeline.head(target.blog)
            return outcome.beginning(target, head), [], head
        replay = await self._backlogs.after(target.blog, Cursor.parse(target.cursor), limit)
        if replay.complete:
            return target, replay.events, replay.head
        lost = outcome.given_up(target, replay.head, replay.reason)
        self.counts["given_up"] += lost.undelivered - target.undelivered
        self._report.missed(target.name)
        return lost, [], replay.head

    async def _send(self, delivery: Delivery, sender: Sender, events: Sequence[Event], head: Cursor) -> None:
        target = delivery.target
        try:
            sent, took = await self._sent(delivery, sender, events)
        except PutBackError as put_back:
            slow = outcome.slowed(delivery.target) if put_back.slow else delivery.target
            crowded = target.host if self._by_host[target.host] >= PER_HOST else room_of(target)
            await self._settlements.settle(delivery, slow, self._put_backs.later(crowded, self._clock()))
            return
        except TimelineError:
            # The lease runs out.
            return
        now = self._clock()
        changed, due = outcome.after(target, sent, head, now=now, took=took, jitter=self._jitter())
        self.counts["failed"] += bool(sent.problem) and sent.is_delivery
        self.counts["delivered"] += sent.is_delivery and sent.through != target.cursor
        self.counts["given_up"] += changed.undelivered - target.undelivered
        if sent.is_removed:
            # Not one that was replaced meanwhile.
            with suppress(TimelineError):
                await self._timeline.remove_job(KIND, target.id, delivery.lease.job.state)
            delivery.is_settled = True
            return
        if due == NEVER and not changed.ended and sender.due(changed) <= now:
            due = now
        await self._settlements.settle(delivery, changed, due)

    async def _sent(self, delivery: Delivery, sender: Sender, events: Sequence[Event]) -> tuple[Sent, float]:
        """The outcome, and the duration of the exchange in seconds. Raises PutBackError and TimelineError."""
        target, loop = delivery.target, asyncio.get_running_loop()
        began = loop.time()
        try:
            prepared = await sender.prepare(target, events)
            if isinstance(prepared, Sent):
                return prepared, 0.0
            async with self._slot(target.host, room_of(target)):
                began = loop.time()
                async with deadline(began + DELIVERY_SECONDS):
                    sent = await prepared(delivery.reached)
        except TimeoutError:
            problem = f"No answer within {DELIVERY_SECONDS:g} seconds."
            sent = Sent(through=delivery.target.cursor, problem=problem)
        except (PutBackError, TimelineError):
            raise
        except Exception:
            logger.exception("A delivery to %s met a bug.", target.name)
            sent = Sent(through=delivery.target.cursor, problem="Livelog met a bug; the log has the details.")
        took = loop.time() - began
        self._put_backs.took(target.host, took)
        return sent, took

    @asynccontextmanager
    async def _slot(self, host: str, name: RoomName) -> AsyncIterator[None]:
        """Waits for a slot of the host and of the room. Raises PutBackError, also within the block."""
        room = self._rooms[name]
        if self._by_host[host] >= PER_HOST + MAX_WAITING_PER_HOST or (name != "proven" and room.free <= 0):
            raise PutBackError
        self._by_host[host] += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS) as waiting, self._hosts.slot(host), room.slot():
                waiting.reschedule(None)
                yield
        except TimeoutError:
            if waiting.expired():
                raise PutBackError from None
            raise
        finally:
            self._by_host[host] -= 1
            if not self._by_host[host]:
                del self._by_host[host]


def room_of(target: Target) -> RoomName:
    """The room that a target is served in."""
    if target.sort == "webhook":
        return "proven webhooks" if outcome.is_proven(target) else "other webhooks"
    if target.took >= outcome.QUICK_SECONDS:
        return "slow"
    return "proven" if outcome.is_proven(target) else "other"
