"""Settles deliveries: stores what became of a target, waits for a store that is down, and gives back at a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from delivery.report import Report
from delivery.target import NEVER, Target
from timeline import JobLease, LeaseLostError, Timeline, TimelineError

RETRY_INTERVAL: Final = 1.0


class Delivery:
    """A target that is claimed. ``target`` and ``due`` are to be stored if the delivery ended now.

    ``lease`` is the latest: one that ran out during the delivery is claimed again by the same node.
    ``is_settled`` is True once the target is stored or removed.
    """

    def __init__(self, lease: JobLease, due: float) -> None:
        self.lease = lease
        self.target = Target.from_json(lease.job.state)
        self.due = due
        self.is_settled = False
        self._is_renewed = False

    @property
    def next_due(self) -> float:
        """The time to store: at once after a renewal, which forgets that events have woken the job meanwhile."""
        return 0.0 if self._is_renewed and self.due == NEVER and not self.target.ended else self.due

    def renew(self, lease: JobLease) -> None:
        """Goes on under another lease of the same job."""
        self.lease = lease
        self._is_renewed = True

    def reached(self, cursor: str) -> None:
        """Notes the cursor of an event that is done: it is not sent again, whatever comes next."""
        self.target = replace(self.target, cursor=cursor)


class Settlements:
    """Settles deliveries. ``clock`` gives Unix seconds."""

    def __init__(self, timeline: Timeline, report: Report, clock: Callable[[], float]) -> None:
        self._timeline = timeline
        self._report = report
        self._clock = clock

    async def settle(self, delivery: Delivery, target: Target, due: float) -> None:
        """Stores a target and ends its lease, unless that was lost. While the store is down it is tried again."""
        now = self._clock()
        waits = now < due < NEVER
        delivery.target = replace(target, due_at=due if waits else 0, settled_at=now if waits else 0)
        delivery.due = due
        with suppress(LeaseLostError):
            while True:
                if await self._is_stored(delivery):
                    return
                await asyncio.sleep(RETRY_INTERVAL)

    async def give_back(self, delivery: Delivery) -> None:
        """Stores a delivery that was cut off, so that another node need not wait for the lease to run out."""
        with suppress(LeaseLostError):
            await self._is_stored(delivery)

    async def _is_stored(self, delivery: Delivery) -> bool:
        """False if it has to be tried again. Raises LeaseLostError."""
        lease = delivery.lease
        try:
            await self._timeline.settle_job(lease, delivery.target.to_json(), delivery.next_due)
        except LeaseLostError:
            if delivery.lease is lease:
                raise
            return False
        except TimelineError as error:
            self._report.failed(error)
            return False
        self._report.worked()
        # A lease that was claimed since has to end, too.
        delivery.is_settled = delivery.lease is lease
        return delivery.is_settled
