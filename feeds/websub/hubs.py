"""The hubs of followed feeds: how many requests each may keep busy, and which of them gave no answer a while ago."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Final

from feed_subscription import FeedSubscription
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeed
from feeds.websub import hub_requests
from feeds.websub.hub_requests import HubAnswer, Mode
from outbound.host_limits import host_key
from outbound.put_backs import PutBacks
from outbound.rooms import PutBackError

MAX_PER_HOST: Final = 2
"""Requests to a host that are under way or wait for a slot of it."""

DOWN_SECONDS: Final = 300.0
MAX_DOWN: Final = 1_000
"""Time for which a hub that gave no answer is not asked again, and how many such hubs are remembered."""


class Hubs:
    """Sends requests to hubs, for all subscriptions of this node. ``clock`` gives Unix seconds."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], float]) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._down: dict[str, float] = {}
        self._by_host: Counter[str] = Counter()
        self._put_backs = PutBacks(MAX_PER_HOST)

    async def ask(self, one: FeedSubscription, mode: Mode, followed: FollowedFeed | None) -> HubAnswer:
        """The answer of a hub, or of one that gave none a while ago. Raises PutBackError for a busy host.

        ``followed`` is the feed of the subscription, if it is followed still.
        """
        host = host_key(one.hub)
        if down := self._down_answer(host):
            return down
        if self._by_host[host] >= MAX_PER_HOST:
            raise PutBackError
        self._by_host[host] += 1
        try:
            async with self._fetcher.hosts.slot(host):
                # It may have gone down while this request waited.
                return self._down_answer(host) or await self._asked(one, mode, host, followed)
        finally:
            self._by_host[host] -= 1
            if not self._by_host[host]:
                del self._by_host[host]

    def later(self, one: FeedSubscription) -> float:
        """The time at which a request that was put back is to be made."""
        return self._put_backs.later(host_key(one.hub), self._clock())

    async def _asked(self, one: FeedSubscription, mode: Mode, host: str, followed: FollowedFeed | None) -> HubAnswer:
        began = monotonic()
        now = self._clock()
        answer = await hub_requests.ask(self._fetcher, one, mode, now, followed)
        self._put_backs.took(host, monotonic() - began)
        if answer.is_down:
            self._down = {hub: until for hub, until in self._down.items() if until > now}
            if len(self._down) < MAX_DOWN:
                self._down[host] = self._clock() + DOWN_SECONDS
        return answer

    def _down_answer(self, host: str) -> HubAnswer | None:
        """The answer for a host that gave none a while ago, and is not asked yet."""
        until = self._down.get(host, 0.0)
        if until <= self._clock():
            return None
        return HubAnswer("The hub gave no answer.", until + random.random() * DOWN_SECONDS)
