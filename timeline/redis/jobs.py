"""Jobs in Redis (`timeline.Jobs`)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import count
from typing import Final

from timeline.errors import LeaseLostError
from timeline.jobs import MAX_LISTED_JOBS, Job, JobLease
from timeline.redis.connection import Store, key
from timeline.redis.feed_jobs import FENCE_RANDOM
from timeline.redis.schema import job_keys

MAX_WOKEN_PER_STEP: Final = 1_000
"""Jobs that one script wakes: Redis serves no other client meanwhile."""

MAX_CLAIMED: Final = 1_000


class RedisJobs(Store):
    """See `timeline.Jobs`."""

    async def put_job(self, job: Job, due: float) -> None:
        """Creates or replaces a job."""
        arguments = [job.kind, job.id, job.group, job.state, due, first_fence()]
        await self._connection.run("put_job", ("jobs", *job_keys(job.kind)), arguments)

    async def replace_job(self, job: Job, state: str, due: float) -> bool:
        """Gives a job another state, unless it has another one."""
        return await self._settle(job, state, due, ("state", job.state))

    async def amend_job(self, job: Job, state: str, due: float | None = None) -> bool:
        """Gives a job another state, unless it is leased or has another one."""
        arguments = [job.id, job.state, state, "" if due is None else due]
        return bool(await self._connection.run("amend_job", job_keys(job.kind), arguments))

    async def settle_job(self, lease: JobLease, state: str, due: float) -> None:
        """Ends a lease, and stores the job's state."""
        if not await self._settle(lease.job, state, due, ("fence", lease.fence)):
            raise LeaseLostError(lease.job.kind)

    async def remove_job(self, kind: str, id: str, state: str | None = None) -> bool:  # noqa: A002 - as in `Archive`
        """Removes a job."""
        return bool(
            await self._connection.run("remove_job", job_keys(kind), [id, *([] if state is None else [state])])
        )

    async def job(self, kind: str, id: str) -> Job | None:  # noqa: A002 - as in `Archive`
        """One job, or None."""
        found = await self._found(kind, [id])
        return found[0] if found else None

    async def jobs(
        self, kind: str, group: str | None = None, limit: int = MAX_LISTED_JOBS, after: str = ""
    ) -> Sequence[Job]:
        """Jobs by id."""
        name, prefix, end = ("ids", "", "+") if group is None else ("grouped", f"{group}\0", f"({group}\1")
        members = await self._connection.ask(
            "ZRANGEBYLEX", key(f"jobs/{kind}/{name}"), f"({prefix}{after}", end, "LIMIT", 0, limit
        )
        return await self._found(kind, [member.removeprefix(prefix) for member in members])

    async def count_jobs(self, kind: str) -> int:
        """The number of jobs of a kind, which Redis knows without counting."""
        return int(await self._connection.ask("HLEN", key(f"jobs/{kind}/states")))

    async def wake_jobs(self, kind: str, group: str, start: float | None = None, interval: float = 0.0) -> None:
        """Makes idle jobs of a group due, step by step."""
        _, _, due, _, leases, wakeable, *_ = job_keys(kind)
        keys = ("jobs", due, leases, wakeable)
        for woken in count(0, MAX_WOKEN_PER_STEP):
            at = "" if start is None else start + woken * interval
            arguments = [kind, group, MAX_WOKEN_PER_STEP, at, interval]
            if await self._connection.run("wake_jobs", keys, arguments) < MAX_WOKEN_PER_STEP:
                return

    async def claim_jobs(self, kind: str, now: float, limit: int, seconds: float) -> Sequence[JobLease]:
        """Leases due jobs; at most MAX_CLAIMED, whatever the limit."""
        if limit < 1:
            return []
        arguments = [kind, now, now + seconds, secrets.randbelow(FENCE_RANDOM), min(limit, MAX_CLAIMED)]
        found = await self._connection.run("claim_jobs", ("jobs", *job_keys(kind)), arguments)
        return [JobLease(Job(kind, job_id, group, state), int(fence)) for job_id, group, state, fence in found]

    async def _settle(self, job: Job, state: str, due: float, condition: tuple[str, object]) -> bool:
        arguments = [job.kind, job.id, state, due, *condition]
        return bool(await self._connection.run("settle_job", ("jobs", *job_keys(job.kind)), arguments))

    async def _found(self, kind: str, ids: Sequence[str]) -> list[Job]:
        """The jobs of these ids, without those that were removed meanwhile."""
        if not ids:
            return []
        states, groups = [await self._connection.ask("HMGET", name, *ids) for name in map(key, job_keys(kind)[:2])]
        rows = zip(ids, groups, states, strict=True)
        return [Job(kind, job_id, group, state) for job_id, group, state in rows if None not in (group, state)]


def first_fence() -> int:
    """A random fence for what is new in this store: it may have been removed, or be leased in the store of a copy."""
    return secrets.randbelow(FENCE_RANDOM) * FENCE_RANDOM


def member(job: Job) -> str:
    """A job as a member of a sorted set by group."""
    return f"{job.group}\0{job.id}"
