"""Durable work that is not a poll: deliveries to other servers, subscriptions at hubs, lists of feeds.

A node claims a job, does it, and settles it under the lease that the claim gave it: with its new state, and when it
is due again. Jobs of a group can wait until they are woken, as deliveries wait for the next event of their blog. A
lease that runs out makes the job due again; its fence stops a late settlement.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

IDLE: Final = math.inf
"""The due time of a job that waits until it is woken."""

MAX_LISTED_JOBS: Final = 1_000

MAX_JOB_LEASE_SECONDS: Final = 300.0
"""Longest lease that a claim may ask for: one that ends later was given by a clock that was ahead."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job, named by ``kind`` and ``id``. ``group`` is what wakes it, ``state`` the JSON text of its user."""

    kind: str
    id: str
    group: str
    state: str


@dataclass(frozen=True, slots=True)
class JobLease:
    """The right to do a job and settle it, until another claim gets another ``fence``, or the job is replaced."""

    job: Job
    fence: int


class Jobs(Protocol):
    """Times are Unix seconds. Every method may raise TimelineError.

    A store that lost data has lost jobs, too, and no method notices: after a HistoryLostError of `EventLog.watch` or
    `FeedJobs.claim`, put those that the configuration names again.
    """

    async def put_job(self, job: Job, due: float) -> None:
        """Creates or replaces a job, and ends its lease: `settle_job` then raises LeaseLostError."""

    async def replace_job(self, job: Job, state: str, due: float) -> bool:
        """Gives a job another state, unless its state is no longer ``job.state``: then returns False.

        Ends its lease. IDLE for a job that was woken while it was leased makes it due at once.
        """

    async def amend_job(self, job: Job, state: str, due: float | None = None) -> bool:
        """Gives a job another state, unless it is leased or its state is no longer ``job.state``: then returns False.

        It is due as before without ``due``: no back-off is shortened, and no work under way is done again.
        """

    async def settle_job(self, lease: JobLease, state: str, due: float) -> None:
        """Ends a lease, and stores the job's state. IDLE for a job that was woken meanwhile makes it due at once.

        A lease that ran out is held until another claim. Raises LeaseLostError, and then has stored nothing.
        """

    async def remove_job(self, kind: str, id: str, state: str | None = None) -> bool:  # noqa: A002 - as in `Archive`
        """Removes a job, and ends its lease; False if there is none, or none with this ``state`` if one is given."""

    async def job(self, kind: str, id: str) -> Job | None:  # noqa: A002 - as in `Archive`
        """One job, or None."""

    async def jobs(
        self, kind: str, group: str | None = None, limit: int = MAX_LISTED_JOBS, after: str = ""
    ) -> Sequence[Job]:
        """At most ``limit`` jobs, of one group or of all, by id, those with ids above ``after``."""

    async def count_jobs(self, kind: str) -> int:
        """The number of jobs of a kind: cheap to read."""

    async def wake_jobs(self, kind: str, group: str, start: float | None = None, interval: float = 0.0) -> None:
        """Makes the idle jobs of a group due now, and leased ones once they are settled as IDLE.

        With ``start`` they are due one after another from then on, ``interval`` seconds apart, so that many jobs of
        one group do not keep others waiting.

        A job that is due at a time stays so, as it is backing off. Done in bounded steps: after a TimelineError some
        jobs are woken, and it can be done again.
        """

    async def claim_jobs(self, kind: str, now: float, limit: int, seconds: float) -> Sequence[JobLease]:
        """Leases at most ``limit`` jobs that are due and not leased, from ``now`` for ``seconds``, oldest first.

        At most MAX_JOB_LEASE_SECONDS. A job that was woken is as old as the last claim of its kind. While nothing is
        due it costs next to nothing.
        """


async def all_jobs(store: Jobs, kind: str, page: int = MAX_LISTED_JOBS) -> AsyncIterator[Job]:
    """Every job of a kind, by id, read ``page`` at a time. Raises TimelineError."""
    after = ""
    while jobs := await store.jobs(kind, limit=page, after=after):
        for job in jobs:
            yield job
        after = jobs[-1].id
