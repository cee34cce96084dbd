"""The subscribers of our hub: how many there are, in all and by host of their callbacks, and those that fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Final

from delivery.subscriptions import subscription_id
from delivery.target import Target, all_targets
from timeline import Timeline

MAX_SUBSCRIPTIONS: Final = 10_000
MAX_SUBSCRIPTIONS_PER_HOST: Final = 500

SURVEY_INTERVAL: Final = 60.0
"""Seconds between two surveys: meanwhile the accepted requests of this process are added."""

COST_FACTOR: Final = 100
"""A survey is kept for so many times the time that it took, up to SURVEY_INTERVAL, whoever wants a newer one."""

MAX_FAILING: Final = 100
"""Failing hosts that a survey names."""


@dataclass(frozen=True, slots=True)
class FailingHost:
    """A host of callbacks whose last pushes failed, since a Unix time, with the reason of one of them.

    ``subscriptions`` of it fail; ``undelivered`` events were given up.
    """

    host: str
    subscriptions: int
    since: float
    problem: str
    undelivered: int


@dataclass(frozen=True, slots=True)
class Survey:
    """All subscriptions at a moment. ``failing`` are hosts, latest failure first, at most MAX_FAILING.

    ``failing_count`` is the number of subscriptions that fail, ``undelivered`` that of events that were given up.
    """

    by_host: Mapping[str, int] = field(default_factory=dict)
    failing: Sequence[FailingHost] = ()
    failing_count: int = 0
    undelivered: int = 0

    @property
    def count(self) -> int:
        return sum(self.by_host.values())


class Subscribers:
    """Surveys the subscriptions of a timeline. ``steady`` gives seconds of a clock that is never set."""

    def __init__(self, timeline: Timeline, steady: Callable[[], float] = monotonic) -> None:
        self._timeline = timeline
        self._steady = steady
        self._survey = Survey()
        self._surveyed_at: float | None = None
        self._took = 0.0
        self._added: Counter[str] = Counter()
        self._being_added: Counter[str] = Counter()
        self._surveying = asyncio.Lock()

    async def survey(self, max_age: float = SURVEY_INTERVAL) -> Survey:
        """A survey that is at most ``max_age`` seconds old, or older if it takes long. Raises TimelineError."""
        async with self._surveying:
            began = self._steady()
            age = max(max_age, min(COST_FACTOR * self._took, SURVEY_INTERVAL))
            if self._surveyed_at is None or began - self._surveyed_at >= age:
                self._added.clear()
                self._survey = await _survey(self._timeline)
                self._surveyed_at = self._steady()
                self._took = self._surveyed_at - began
        return self._survey

    @asynccontextmanager
    async def room(self, host: str) -> AsyncIterator[bool]:
        """True if a subscription of a host may be stored within the block. Raises TimelineError."""
        survey = await self.survey()
        # Nothing is awaited from here on: requests at the same time count each other.
        new = self._added + self._being_added
        of_host = survey.by_host.get(host, 0) + new[host]
        if survey.count + new.total() >= MAX_SUBSCRIPTIONS or of_host >= MAX_SUBSCRIPTIONS_PER_HOST:
            yield False
            return
        self._being_added[host] += 1
        try:
            yield True
            self._added[host] += 1
        finally:
            self._being_added[host] -= 1
            if not self._being_added[host]:
                del self._being_added[host]


async def _survey(timeline: Timeline) -> Survey:
    by_host: Counter[str] = Counter()
    failing: dict[str, FailingHost] = {}
    undelivered = 0
    before = ""
    async for _, target in all_targets(timeline):
        # Requests count, too, in case that they are confirmed. Those of a subscription come after it.
        if target.sort != "webhook" and subscription_id(target) != before:
            before = subscription_id(target)
            by_host[target.host] += 1
        if target.sort == "hub":
            undelivered += target.undelivered
            if target.problem:
                failing[target.host] = _with(failing.get(target.host), target)
    hosts = sorted(failing.values(), key=lambda host: (-host.since, host.host))
    return Survey(by_host, hosts[:MAX_FAILING], sum(host.subscriptions for host in hosts), undelivered)


def _with(host: FailingHost | None, target: Target) -> FailingHost:
    if host is None:
        return FailingHost(target.host, 1, target.failing_since, target.problem, target.undelivered)
    return replace(
        host,
        subscriptions=host.subscriptions + 1,
        since=min(host.since, target.failing_since),
        undelivered=host.undelivered + target.undelivered,
    )
