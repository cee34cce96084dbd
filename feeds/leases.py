"""The polls under way, and the leases that they hold on their feeds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from timeline import Lease, Timeline

logger = logging.getLogger("livelog.feeds")

LEASE_SECONDS: Final = 15.0
"""Duration of a lease: the feeds of a node that has died stay claimed until then."""

RENEW_INTERVAL: Final = 4.0


@dataclass(eq=False, slots=True)
class UnderWay:
    """A poll under way of the feed that the log calls ``name``.

    From ``committing`` on, its commit may end the lease at any moment. ``named`` is True for a feed that was claimed
    by name.
    """

    lease: Lease
    name: str
    named: bool = False
    committing: bool = False


class LeasedPolls:
    """The tasks of the polls under way; ``named`` of them are of feeds that were claimed by name, ``pushed`` read
    what hubs have pushed.

    ``on_end`` is called after each.
    """

    def __init__(self, timeline: Timeline, on_end: Callable[[], None]) -> None:
        self._timeline = timeline
        self._on_end = on_end
        self._polls: dict[asyncio.Task[None], UnderWay] = {}
        self._renew_at = 0.0
        self.named = 0
        self.pushed = 0

    def __len__(self) -> int:
        return len(self._polls)

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        return iter(self._polls)

    def begin(self, under_way: UnderWay, poll: Coroutine[None, None, None]) -> None:
        """Runs a poll in a task."""
        task = asyncio.create_task(poll)
        self._polls[task] = under_way
        self.named += under_way.named
        self.pushed += bool(under_way.lease.pushes)
        task.add_done_callback(self._ended)

    async def renew(self, now: float) -> list[UnderWay]:
        """Renews the leases every RENEW_INTERVAL; returns the polls whose leases are lost. Raises TimelineError.

        To be called before each claim, and no claim made if it raises: otherwise a lease can run out, and the node
        that holds it claim the feed again. A poll that is being committed is not lost: the commit may have ended its
        lease just now. If another claim did, the commit raises LeaseLostError.
        """
        # Both bounds: after the clock was set back, leases are renewed at once.
        if self._renew_at - RENEW_INTERVAL <= now < self._renew_at:
            return []
        polls = list(self._polls.values())
        held = await self._timeline.renew([poll.lease for poll in polls], now + LEASE_SECONDS) if polls else []
        self._renew_at = now + RENEW_INTERVAL
        fences = {(lease.url, lease.fence) for lease in held}
        return [poll for poll in polls if (poll.lease.url, poll.lease.fence) not in fences]

    def drop(self, lost: Iterable[UnderWay], claimed: Iterable[Lease]) -> None:
        """Cancels polls whose leases are lost. Feeds that this node has not ``claimed`` anew are another node's."""
        ours = {lease.url for lease in claimed}
        for poll in self.cancel(set(lost).__contains__):
            if poll.lease.url in ours:
                logger.info("Another poll of %s was quicker.", poll.name)
            elif self._timeline.is_shared:
                logger.info("Another node polls %s now.", poll.name)

    def cancel(self, chosen: Callable[[UnderWay], bool]) -> list[UnderWay]:
        """Cancels the chosen polls that are not being committed, and returns them."""
        cancelled = []
        for task, poll in self._polls.items():
            if not poll.committing and not task.done() and chosen(poll):
                task.cancel()
                cancelled.append(poll)
        return cancelled

    async def stop(self, seconds: float) -> None:
        """Cancels all polls, and waits up to ``seconds`` for their end."""
        for task in self._polls:
            task.cancel()
        if self._polls:
            await asyncio.wait(self._polls, timeout=seconds)

    def _ended(self, task: asyncio.Task[None]) -> None:
        ended = self._polls.pop(task)
        self.named -= ended.named
        self.pushed -= bool(ended.lease.pushes)
        self._on_end()
