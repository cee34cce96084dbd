"""Jobs in SQLite (`timeline.Jobs`).

`due` of a leased job is the end of its lease. `wakeable` is set while a job is idle, or is leased and not yet woken.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Final

from timeline.errors import LeaseLostError
from timeline.jobs import IDLE, MAX_LISTED_JOBS, Job, JobLease
from timeline.sqlite.worker import Store, Worker, rows

MAX_WOKEN_PER_STEP: Final = 1_000
"""Jobs that one transaction wakes: commits wait for it."""

_PUT: Final = (
    # The first fence is random, so that no lease from before a job was removed is ever valid again.
    "INSERT INTO jobs (kind, id, group_name, state, due, wakeable, fence) "
    "VALUES (?, ?, ?, ?, ?, ?, random() & 0xffffffffff) ON CONFLICT (kind, id) DO UPDATE SET "
    "group_name = excluded.group_name, state = excluded.state, due = excluded.due, leased = 0, "
    "wakeable = excluded.wakeable"
)
_SETTLE: Final = (
    "UPDATE jobs SET state = :state, "
    "due = CASE WHEN :due = 9e999 AND leased AND NOT wakeable THEN :now ELSE :due END, "
    "leased = 0, wakeable = :due = 9e999 AND (wakeable OR NOT leased) WHERE kind = :kind AND id = :id AND "
)
_HELD: Final = _SETTLE + "leased AND fence = :fence"
_UNCHANGED: Final = _SETTLE + "state = :former"
_AMEND: Final = (
    "UPDATE jobs SET state = :state, due = coalesce(:due, due), "
    "wakeable = CASE WHEN :due IS NULL THEN wakeable ELSE :due = 9e999 END "
    "WHERE kind = :kind AND id = :id AND state = :former AND NOT leased"
)
_WAKE: Final = (
    "UPDATE jobs SET due = CASE WHEN leased THEN due ELSE ? + ? * woken.place END, wakeable = 0 FROM "
    "(SELECT rowid AS id, row_number() OVER () - 1 AS place FROM jobs "
    "WHERE kind = ? AND group_name = ? AND wakeable LIMIT ?) AS woken WHERE jobs.rowid = woken.id"
)
_DUE: Final = (
    "SELECT rowid, id, group_name, state, fence + 1 FROM jobs WHERE kind = ? AND due <= ? ORDER BY due, id LIMIT ?"
)


class SqliteJobs(Store):
    """See `timeline.Jobs`."""

    def __init__(self, writer: Worker, queries: Worker, epoch: str) -> None:
        super().__init__(writer, queries, epoch)
        self._jobs_idle: dict[str, tuple[float, float]] = {}
        self._jobs_claimed: dict[str, float] = {}
        self._job_changes = 0

    async def put_job(self, job: Job, due: float) -> None:
        """Creates or replaces a job."""
        await self._writer.run(lambda db: put_job(db, job, due))
        self._jobs_changed()

    async def replace_job(self, job: Job, state: str, due: float) -> bool:
        """Gives a job another state, unless it has another one."""
        return await self._settle(_UNCHANGED, job, state, due, {"former": job.state})

    async def amend_job(self, job: Job, state: str, due: float | None = None) -> bool:
        """Gives a job another state, unless it is leased or has another one."""
        values = {"kind": job.kind, "id": job.id, "state": state, "former": job.state, "due": due}
        amended = await self._writer.run(lambda db: db.execute(_AMEND, values).rowcount > 0)
        self._jobs_changed()
        return amended

    async def settle_job(self, lease: JobLease, state: str, due: float) -> None:
        """Ends a lease, and stores the job's state."""
        if not await self._settle(_HELD, lease.job, state, due, {"fence": lease.fence}):
            raise LeaseLostError(lease.job.kind)

    async def remove_job(self, kind: str, id: str, state: str | None = None) -> bool:  # noqa: A002 - as in `Archive`
        """Removes a job."""
        query = "DELETE FROM jobs WHERE kind = ? AND id = ? AND state = coalesce(?, state) RETURNING 1"
        return bool(await self._writer.run(rows(query, kind, id, state)))

    async def job(self, kind: str, id: str) -> Job | None:  # noqa: A002 - as in `Archive`
        """One job, or None."""
        query = "SELECT kind, id, group_name, state FROM jobs WHERE kind = ? AND id = ?"
        found = await self._queries.run(rows(query, kind, id))
        return Job(*found[0]) if found else None

    async def jobs(
        self, kind: str, group: str | None = None, limit: int = MAX_LISTED_JOBS, after: str = ""
    ) -> Sequence[Job]:
        """Jobs by id."""
        query = "SELECT kind, id, group_name, state FROM jobs WHERE kind = ? AND id > ? {} ORDER BY id LIMIT ?"
        if group is None:
            found = await self._queries.run(rows(query.format(""), kind, after, limit))
        else:
            found = await self._queries.run(rows(query.format("AND group_name = ?"), kind, after, group, limit))
        return [Job(*row) for row in found]

    async def count_jobs(self, kind: str) -> int:
        """The number of jobs of a kind, counted in an index."""
        ((count,),) = await self._queries.run(rows("SELECT count(*) FROM jobs WHERE kind = ?", kind))
        return int(count)

    async def wake_jobs(self, kind: str, group: str, start: float | None = None, interval: float = 0.0) -> None:
        """Makes idle jobs of a group due, step by step."""
        # Most groups have no job, and then no transaction is needed.
        query = rows("SELECT 1 FROM jobs WHERE kind = ? AND group_name = ? AND wakeable LIMIT 1", kind, group)
        if not await self._queries.run(query):
            return
        # To the first step that is not full: jobs that were woken and are idle again need no more.
        for woken in count(0, MAX_WOKEN_PER_STEP):
            due = self._jobs_claimed.get(kind, 0.0) if start is None else start + woken * interval
            values = (due, interval, kind, group, MAX_WOKEN_PER_STEP)
            changed = await self._writer.run(partial(_wake, values))
            self._jobs_changed()
            if changed < MAX_WOKEN_PER_STEP:
                return

    async def claim_jobs(self, kind: str, now: float, limit: int, seconds: float) -> Sequence[JobLease]:
        """Leases due jobs."""
        since, until = self._jobs_idle.get(kind, (0.0, 0.0))
        # Both bounds: the clock may be set back.
        if limit < 1 or since <= now < until:
            return []
        changes = self._job_changes
        ((due,),) = await self._queries.run(rows("SELECT min(due) FROM jobs WHERE kind = ?", kind))
        if due is not None and due <= now:
            self._jobs_claimed[kind] = now
            return await self._writer.run(partial(_claim, kind, now, limit, seconds))
        # No other process writes to the file: until a change here nothing is due earlier.
        if changes == self._job_changes:
            self._jobs_idle[kind] = (now, math.inf if due is None else due)
        return []

    async def _settle(self, query: str, job: Job, state: str, due: float, condition: dict[str, object]) -> bool:
        now = self._jobs_claimed.get(job.kind, 0.0)
        values = {"kind": job.kind, "id": job.id, "state": state, "due": due, "now": now, **condition}
        settled = await self._writer.run(lambda db: db.execute(query, values).rowcount > 0)
        self._jobs_changed()
        return settled

    def _jobs_changed(self) -> None:
        """Called after a change that may make a job due."""
        self._job_changes += 1
        self._jobs_idle.clear()


def put_job(db: sqlite3.Connection, job: Job, due: float) -> None:
    """See `timeline.Jobs.put_job`."""
    db.execute(_PUT, (job.kind, job.id, job.group, job.state, due, due == IDLE))


def _wake(values: Sequence[object], db: sqlite3.Connection) -> int:
    return db.execute(_WAKE, values).rowcount


def _claim(kind: str, now: float, limit: int, seconds: float, db: sqlite3.Connection) -> list[JobLease]:
    due = db.execute(_DUE, (kind, now, limit)).fetchall()
    lease = "UPDATE jobs SET due = ?, leased = 1, wakeable = 1, fence = ? WHERE rowid = ?"
    db.executemany(lease, ((now + seconds, fence, row) for row, _, _, _, fence in due))
    return [JobLease(Job(kind, job_id, group, state), fence) for _, job_id, group, state, fence in due]
