"""A target: another server that is sent the events of a blog, with the cursor that it has them up to.

`delivery.queue` calls the `Sender` of a target's sort. A target is a cursor instead of a row for each event: one that
is slow, or fails for a day, is only a cursor that is behind.
"""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, Protocol

from entries import Event, dump
from timeline import Timeline
from timeline.jobs import Job, all_jobs

KIND: Final = "delivery"
"""The kind of the jobs that targets are."""

NEVER: Final = math.inf

PAGE_TARGETS: Final = 200
"""Targets that `all_targets` reads before the event loop runs other tasks."""

Sort = Literal["hub", "request", "webhook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server that is sent the events of ``blog``. Times are Unix seconds, 0 for never.

    ``id`` is unique among all targets. ``name`` names it for the operator, without secrets; ``host`` is the key by
    which exchanges at the same time are limited. ``cursor`` is the last event that it has, or needs no more: empty
    before the queue has seen the target, which then begins at the newest event.

    If it waits for a time, as in a back-off, that is ``due_at``, and was decided at ``settled_at``.

    ``failures`` in a row began at ``failing_since``, with ``problem`` as the last reason. ``took`` is the duration of
    the last delivery in seconds. ``undelivered`` counts events that were given up. ``ended`` is the reason why
    nothing more is sent, empty while it is. ``settings`` are the sender's own, in JSON's types.
    """

    id: str
    sort: Sort
    name: str
    blog: str
    host: str
    cursor: str = ""
    failures: int = 0
    failing_since: float = 0
    problem: str = ""
    took: float = 0
    undelivered: int = 0
    delivered_at: float = 0
    ended: str = ""
    due_at: float = 0
    settled_at: float = 0
    settings: dict[str, Any] = field(default_factory=dict, repr=False)

    def to_json(self) -> str:
        """The state of the target's job; fields that have their default are left out."""
        return dump({name: value for name, value in asdict(self).items() if value != _DEFAULTS.get(name)})

    @classmethod
    def from_json(cls, text: str) -> Target:
        """Reads what `to_json` wrote; fields that this version does not know are ignored."""
        return cls(**{name: value for name, value in json.loads(text).items() if name in _FIELDS})

    @property
    def job(self) -> Job:
        """The job that keeps the target."""
        return Job(KIND, self.id, self.blog, self.to_json())


async def all_targets(timeline: Timeline) -> AsyncIterator[tuple[Job, Target]]:
    """Every target with its job, by id. Raises TimelineError."""
    async for job in all_jobs(timeline, KIND, PAGE_TARGETS):
        yield job, Target.from_json(job.state)


_FIELDS: Final = frozenset(one.name for one in fields(Target))
_DEFAULTS: Final = {
    "cursor": "",
    "failures": 0,
    "failing_since": 0,
    "problem": "",
    "took": 0,
    "undelivered": 0,
    "delivered_at": 0,
    "ended": "",
    "due_at": 0,
    "settled_at": 0,
    "settings": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The outcome of a delivery.

    ``through`` is the cursor up to which all is done, the target's own if nothing is; it may be short of the events
    that were passed, and the rest comes again. ``problem`` is a sentence for the operator, without secrets, if the
    server has to be tried again; ``retry_after`` the seconds that it asked for. ``given_up`` are events up to there
    that were not delivered and will not be. ``settings`` replace the target's.
    ``ended`` is the reason why nothing more is to be sent: the target is kept, for the operator to see.
    ``is_removed`` forgets the target instead. ``is_delivery`` is False if nothing was learned about deliveries: the
    target's failures and times stay as they are, and with ``again_after`` it comes again after so many seconds.
    """

    through: str
    problem: str = ""
    retry_after: float | None = None
    settings: dict[str, Any] | None = None
    ended: str = ""
    is_removed: bool = False
    given_up: int = 0
    is_delivery: bool = True
    again_after: float | None = None


Reached = Callable[[str], None]
"""Called with the cursor of each event that is done, so that a delivery that is cut off repeats none."""

Exchange = Callable[[Reached], Awaitable[Sent]]
"""The requests of one delivery. A failure of the server is in the result. Raises TimelineError."""


class Sender(Protocol):
    """Sends events to the targets of one sort."""

    sort: Sort

    def due(self, target: Target) -> float:
        """The Unix time from which `prepare` is called even if there are no events; NEVER for only with events.

        The queue looks at all targets every `delivery.queue.SWEEP_INTERVAL`, and at each when its blog has an event.
        """

    async def prepare(self, target: Target, events: Sequence[Event]) -> Exchange | Sent:
        """The exchange that sends events, oldest first, or does what is `due`; an outcome if it needs no request.

        Work that takes time, and is not the server's, is done here, for a few seconds at most. The exchange is
        cancelled after `delivery.queue.DELIVERY_SECONDS`, and what it has not reached comes again. Raises
        PutBackError and TimelineError.
        """
