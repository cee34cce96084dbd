"""`timeline.Jobs` in every store: leases, waking, listing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.timeline.drafts import LEASE_SECONDS, NOW
from timeline import IDLE, Job, JobLease, LeaseLostError, Timeline, all_jobs
from timeline.jobs import MAX_JOB_LEASE_SECONDS
from timeline.redis import jobs as redis_jobs
from timeline.sqlite import jobs as sqlite_jobs

KIND = "delivery"
JOB = Job(KIND, "a", "blog", "{}")


async def claim(timeline: Timeline, now: float = NOW, limit: int = 10) -> list[JobLease]:
    return list(await timeline.claim_jobs(KIND, now, limit, LEASE_SECONDS))


async def claimed(timeline: Timeline, now: float = NOW) -> list[str]:
    """The ids of the jobs that are claimed at a time."""
    return [lease.job.id for lease in await claim(timeline, now)]


async def test_a_job_is_found_by_kind_and_id_until_it_is_removed(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    assert await timeline.job(KIND, "a") == JOB
    assert await timeline.job("opml", "a") is None
    changed = replace(JOB, group="other", state='"Zürich 漢字 \\u0000"')
    await timeline.put_job(changed, NOW)
    assert await timeline.job(KIND, "a") == changed
    assert [await timeline.jobs(KIND, group) for group in ("blog", "other")] == [[], [changed]]
    assert (await timeline.remove_job(KIND, "a"), await timeline.remove_job(KIND, "a")) == (True, False)
    assert await timeline.job(KIND, "a") is None
    assert (await timeline.count_jobs(KIND), await timeline.jobs(KIND), await claimed(timeline)) == (0, [], [])


async def test_a_job_is_removed_only_in_the_state_that_is_given(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    removed = [await timeline.remove_job(KIND, "a", state) for state in ("other", JOB.state, JOB.state)]
    assert removed == [False, True, False]


async def test_jobs_are_listed_by_id_of_a_group_or_of_all(timeline: Timeline) -> None:
    for job_id in "cabd":
        await timeline.put_job(replace(JOB, id=job_id, group="one" if job_id in "bc" else "one b"), IDLE)
    await timeline.put_job(replace(JOB, kind="opml"), IDLE)
    assert [job.id for job in await timeline.jobs(KIND)] == ["a", "b", "c", "d"]
    assert [job.id for job in await timeline.jobs(KIND, "one")] == ["b", "c"]
    assert [job.id for job in await timeline.jobs(KIND, limit=2, after="a")] == ["b", "c"]
    assert [job.id for job in await timeline.jobs(KIND, "one b", limit=1, after="a")] == ["d"]
    assert [job.id async for job in all_jobs(timeline, KIND, page=3)] == ["a", "b", "c", "d"]
    assert await timeline.count_jobs(KIND) == 4


async def test_due_jobs_are_claimed_once_oldest_first_and_no_more_than_asked(timeline: Timeline) -> None:
    for job_id, due in {"a": NOW, "b": NOW - 2, "c": NOW - 1, "d": NOW + 1, "e": IDLE}.items():
        await timeline.put_job(replace(JOB, id=job_id), due)
    assert await claim(timeline, limit=0) == []
    assert [lease.job.id for lease in await claim(timeline, limit=2)] == ["b", "c"]
    assert await claimed(timeline) == ["a"]
    assert await claimed(timeline) == []
    assert await timeline.claim_jobs("opml", NOW, 10, LEASE_SECONDS) == []
    assert await claimed(timeline, NOW + 1) == ["d"]


async def test_a_lease_that_ran_out_is_held_until_another_claim(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    (first,) = await claim(timeline)
    assert await claimed(timeline, NOW + LEASE_SECONDS - 1) == []
    (second,) = await claim(timeline, NOW + LEASE_SECONDS)
    assert second.fence > first.fence
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(first, "late", IDLE)
    await timeline.settle_job(second, "good", NOW + 99)
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(second, "twice", NOW)
    assert await timeline.job(KIND, "a") == replace(JOB, state="good")
    assert await claimed(timeline, NOW + 98) == []
    assert await claimed(timeline, NOW + 99) == ["a"]


async def test_a_job_that_is_put_or_removed_while_it_is_leased_is_settled_no_more(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    (lease,) = await claim(timeline)
    await timeline.put_job(replace(JOB, state="put"), NOW)
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(lease, "late", IDLE)
    (again,) = await claim(timeline)
    assert again.job.state == "put"
    await timeline.remove_job(KIND, "a")
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(again, "late", IDLE)
    await timeline.put_job(JOB, NOW)
    fences = {lease.fence, again.fence}
    (third,) = await claim(timeline)
    assert third.fence not in fences
    for former in (lease, again):
        with pytest.raises(LeaseLostError):
            await timeline.settle_job(former, "late", IDLE)
    await timeline.settle_job(third, "good", IDLE)


async def test_only_a_job_of_the_same_state_is_replaced(timeline: Timeline) -> None:
    assert not await timeline.replace_job(JOB, "new", NOW)
    await timeline.put_job(JOB, NOW)
    (lease,) = await claim(timeline)
    assert not await timeline.replace_job(replace(JOB, state="other"), "new", NOW)
    assert await timeline.replace_job(JOB, "new", NOW + 9)
    assert await timeline.job(KIND, "a") == replace(JOB, state="new")
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(lease, "late", IDLE)
    assert await claimed(timeline, NOW + 8) == []
    assert await claimed(timeline, NOW + 9) == ["a"]


async def test_a_job_is_amended_in_its_state_alone_and_is_due_as_before(timeline: Timeline) -> None:
    assert not await timeline.amend_job(JOB, "new")
    await timeline.put_job(JOB, NOW + 9)
    assert not await timeline.amend_job(replace(JOB, state="other"), "new")
    assert await timeline.amend_job(JOB, "new")
    assert await claimed(timeline, NOW + 8) == []
    (lease,) = await claim(timeline, NOW + 9)
    assert lease.job == replace(JOB, state="new")
    assert not await timeline.amend_job(lease.job, "of another")
    await timeline.settle_job(lease, "good", IDLE)
    assert await timeline.amend_job(replace(JOB, state="good"), "idle")
    await timeline.wake_jobs(KIND, "blog")
    assert await claimed(timeline, NOW + 9) == ["a"], "it was woken, as it was idle"


async def test_a_job_is_amended_with_a_time(timeline: Timeline) -> None:
    await timeline.put_job(JOB, IDLE)
    assert await timeline.amend_job(JOB, "soon", NOW)
    assert await claimed(timeline) == ["a"]
    await timeline.put_job(JOB, NOW)
    assert await timeline.amend_job(JOB, "idle", IDLE)
    assert await claimed(timeline) == []
    await timeline.wake_jobs(KIND, "blog")
    assert await claimed(timeline) == ["a"]


async def test_many_jobs_are_woken_one_after_another(timeline: Timeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for store in (sqlite_jobs, redis_jobs):
        monkeypatch.setattr(store, "MAX_WOKEN_PER_STEP", 3)
    for job_id in "abcdefg":
        await timeline.put_job(replace(JOB, id=job_id), IDLE)
    await timeline.wake_jobs(KIND, "blog", NOW, 0.5)
    found = [len(await claimed(timeline, at)) for at in (NOW - 1, NOW, NOW + 1.1, NOW + 2.6, NOW + 3.1)]
    assert found == [0, 1, 2, 3, 1]


async def test_idle_jobs_of_a_group_are_woken_and_those_that_back_off_are_not(timeline: Timeline) -> None:
    for job_id, due in {"a": IDLE, "b": NOW + 9, "c": IDLE}.items():
        await timeline.put_job(replace(JOB, id=job_id), due)
    await timeline.put_job(replace(JOB, id="d", group="blog2"), IDLE)
    assert await claimed(timeline) == []
    await timeline.wake_jobs(KIND, "nothing")
    await timeline.wake_jobs("opml", "blog")
    assert await claimed(timeline) == []
    await timeline.wake_jobs(KIND, "blog")
    await timeline.wake_jobs(KIND, "blog")
    leases = await claim(timeline)
    assert [lease.job.id for lease in leases] == ["a", "c"]
    for lease in leases:
        await timeline.settle_job(lease, "{}", IDLE)
    assert await claimed(timeline) == [], "each is woken once"
    assert await claimed(timeline, NOW + 9) == ["b"]


@pytest.mark.parametrize("end", ["settle", "replace"])
async def test_a_job_that_is_woken_while_it_is_leased_is_due_as_soon_as_it_is_idle(
    timeline: Timeline, end: str
) -> None:
    await timeline.put_job(JOB, NOW)
    (lease,) = await claim(timeline)
    await timeline.wake_jobs(KIND, "blog")
    assert await claimed(timeline, NOW + 1) == [], "it stays leased"
    if end == "settle":
        await timeline.settle_job(lease, "{}", IDLE)
    else:
        assert await timeline.replace_job(JOB, "{}", IDLE)
    (lease,) = await claim(timeline, NOW + 1)
    await timeline.settle_job(lease, "{}", IDLE)
    assert await claimed(timeline, NOW + 1) == []


async def test_a_job_that_is_woken_while_it_is_leased_may_back_off(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    (lease,) = await claim(timeline)
    await timeline.wake_jobs(KIND, "blog")
    await timeline.settle_job(lease, "{}", NOW + 9)
    await timeline.wake_jobs(KIND, "blog")
    assert await claimed(timeline, NOW + 8) == []
    assert await claimed(timeline, NOW + 9) == ["a"]


async def test_a_claim_after_a_wake_needs_no_other(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    await claim(timeline)
    await timeline.wake_jobs(KIND, "blog")
    (lease,) = await claim(timeline, NOW + LEASE_SECONDS)
    await timeline.settle_job(lease, "{}", IDLE)
    assert await claimed(timeline, NOW + LEASE_SECONDS) == []
    await timeline.wake_jobs(KIND, "blog")
    assert await claimed(timeline, NOW + LEASE_SECONDS) == ["a"]


async def test_jobs_that_are_woken_again_and_again_hold_up_no_others(timeline: Timeline) -> None:
    for job_id in "abcd":
        await timeline.put_job(replace(JOB, id=job_id), IDLE)
    await timeline.put_job(replace(JOB, id="retry"), NOW + 1.5)
    done = []
    for second in range(8):
        await timeline.wake_jobs(KIND, "blog")
        (lease,) = await claim(timeline, NOW + second, limit=1)
        done.append(lease.job.id)
        await timeline.settle_job(lease, "{}", IDLE)
    assert set(done) == {"a", "b", "c", "d", "retry"}


async def test_ten_thousand_jobs_of_a_group_are_woken_and_claimed(timeline: Timeline) -> None:
    ids = [f"{n:05}" for n in range(10_000)]
    for n in range(0, len(ids), 500):
        await asyncio.gather(*(timeline.put_job(replace(JOB, id=job_id), IDLE) for job_id in ids[n : n + 500]))
    await timeline.wake_jobs(KIND, "blog")
    found: list[str] = []
    while leases := await claim(timeline, limit=1_000):
        found += [lease.job.id for lease in leases]
    assert sorted(found) == ids
    assert await timeline.count_jobs(KIND) == 10_000


async def test_leases_end_at_a_time_when_the_clock_was_ahead(timeline: Timeline) -> None:
    await timeline.put_job(JOB, NOW)
    await timeline.put_job(replace(JOB, id="b"), NOW + 9 * LEASE_SECONDS)
    (lease,) = await claim(timeline)
    await timeline.pull_back(NOW - 90 - MAX_JOB_LEASE_SECONDS, NOW)
    assert await claimed(timeline, NOW - 91) == []
    assert await claimed(timeline, NOW - 90) == ["a"]
    with pytest.raises(LeaseLostError):
        await timeline.settle_job(lease, "late", IDLE)
