"""Jobs in a file: what outlives the process, and claims that need no query."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.timeline.drafts import LEASE_SECONDS, NOW
from timeline import IDLE, Job, LeaseLostError
from timeline.sqlite import SqliteTimeline

JOB = Job("delivery", "a", "blog", "{}")


async def test_jobs_outlive_the_process_and_their_leases_do_not(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    await first.put_job(JOB, NOW)
    (lease,) = await first.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
    await first.close()
    second = await SqliteTimeline.open(path)
    with pytest.raises(LeaseLostError):
        await second.settle_job(lease, "late", IDLE)
    (again,) = await second.claim_jobs("delivery", NOW, 1, LEASE_SECONDS)
    assert (again.job, again.fence) == (JOB, lease.fence + 1)
    await second.close()


async def test_while_no_job_is_due_the_database_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = await SqliteTimeline.open(":memory:")
    await opened.put_job(JOB, NOW + 9)
    assert await opened.claim_jobs("delivery", NOW, 1, LEASE_SECONDS) == []
    assert await opened.claim_jobs("opml", NOW, 1, LEASE_SECONDS) == []
    with monkeypatch.context() as patch:
        patch.setattr(opened._queries, "run", None)
        assert await opened.claim_jobs("delivery", NOW + 8, 1, LEASE_SECONDS) == []
        assert await opened.claim_jobs("opml", NOW * 2, 1, LEASE_SECONDS) == []
    assert len(await opened.claim_jobs("delivery", NOW + 9, 1, LEASE_SECONDS)) == 1
    await opened.close()
